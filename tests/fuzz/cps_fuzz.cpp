// SPDX-License-Identifier: Apache-2.0
// A CPS that answers anything while its PKCS#15 files are walked: a layout with keys that the contract
// allows, or an error of the catalogue.
#include "drivers/cps/cps.h"
#include "tests/fuzz/channel.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  insd::fuzz::FuzzedChannel channel(insd::ByteView(data, size));
  try {
    const auto layout = insd::cps::read_layout(channel);
    (void)insd::cps::pin_status(channel, layout);
    (void)insd::cps::read_certificate(channel, layout, insd::cps::KeyUse::SIGNATURE);
  } catch (const insd::Error& error) {
    const auto layer = error.entry().layer;
    if (layer != insd::Layer::CARD && layer != insd::Layer::READER && layer != insd::Layer::TOKEN &&
        layer != insd::Layer::PIN) {
      __builtin_trap();
    }
  }
  return 0;
}
