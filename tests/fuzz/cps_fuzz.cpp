// SPDX-License-Identifier: Apache-2.0
// A CPS that answers anything while its PKCS#15 files are walked, and then while its PIN and its keys are
// used: a layout that the contract allows, or an error of the catalogue; and whatever it answers, a PIN goes
// once at most.
#include "drivers/cps/card_data.h"
#include "drivers/cps/cps.h"
#include "tests/fuzz/channel.h"

namespace {

using insd::cps::KeyUse;

void use(insd::fuzz::FuzzedChannel& card) {
  const auto layout = insd::cps::read_layout(card);
  (void)insd::cps::pin_status(card, layout);
  (void)insd::cps::read_certificate(card, layout, KeyUse::SIGNATURE);
  for (const auto& object : insd::cps::read_data_objects(card, layout, "CPS_")) {
    (void)insd::cps::speciality_code(object.value);
    if (const auto number = insd::cps::activity_number(object.label))
      (void)insd::cps::parse_activity(*number, object.value);
  }
  insd::cps::verify_pin(card, layout, insd::SecretString("1234"), insd::cps::LastTry::ALLOW);
  for (const auto& key : layout.keys) (void)insd::cps::sign(card, layout, key.use, insd::as_bytes("message"));
}

void play(insd::ByteView input, insd::fuzz::WhenUsedUp when_used_up) {
  insd::fuzz::FuzzedChannel card(input, when_used_up);
  try {
    use(card);
  } catch (const insd::Error& error) {
    const auto layer = error.entry().layer;
    if (layer != insd::Layer::CARD && layer != insd::Layer::READER && layer != insd::Layer::TOKEN &&
        layer != insd::Layer::PIN) {
      __builtin_trap();
    }
  }
  if (card.pins_sent() > 1) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto when : {insd::fuzz::WhenUsedUp::REMOVED, insd::fuzz::WhenUsedUp::REPEAT})
    play({data, size}, when);
  return 0;
}
