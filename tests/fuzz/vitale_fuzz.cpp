// SPDX-License-Identifier: Apache-2.0
// A Vitale card that answers anything: a reading within the promised bounds, or an error of the catalogue.
#include "drivers/vitale/vitale.h"
#include "tests/fuzz/channel.h"

namespace {

void read(insd::ByteView input, insd::fuzz::WhenUsedUp when_used_up) {
  insd::fuzz::FuzzedChannel channel(input, when_used_up);
  try {
    const auto reading = insd::vitale::read(channel);
    constexpr std::size_t kMostPeople = 19;
    if (reading.beneficiaries.empty() || reading.beneficiaries.size() > kMostPeople) __builtin_trap();
  } catch (const insd::Error& error) {
    const auto layer = error.entry().layer;
    if (layer != insd::Layer::CARD && layer != insd::Layer::READER) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  for (const auto when : {insd::fuzz::WhenUsedUp::REMOVED, insd::fuzz::WhenUsedUp::REPEAT})
    read({data, size}, when);
  return 0;
}
