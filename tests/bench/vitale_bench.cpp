// SPDX-License-Identifier: Apache-2.0
// What a Vitale identity read costs on the card's line: exchanges and characters, counted by the channel, for
// one to six people; and the time a real reader would need at both speeds (T=0, 12 ETU a character: specs,
// vitale 6). Through a real pcscd and the simulated card. Run under tests/isolate. Prints; asserts nothing.
#include <cstdio>
#include <exception>
#include <string>

#include "drivers/pcsc/card_session.h"
#include "drivers/vitale/vitale.h"
#include "tests/world/world.h"

namespace {

// 372 clocks per ETU at reset, 93 after PPS, at 4 MHz.
double milliseconds(std::size_t characters, double clocks_per_etu) {
  return static_cast<double>(characters) * 12 * clocks_per_etu / 4000.0;
}

void measure(insd::world::World& world, unsigned people) {
  std::string profile = "kind = \"vitale2\"\n";
  for (unsigned i = 0; i < people; ++i) {
    profile += "[[beneficiary]]\nname = \"DURAND\"\ngiven = \"PERSONNE\"\nbirth = \"1969052" +
               std::to_string(i) + "\"\nnir = \"269054958815780\"\n";
  }
  auto& card = world.insert_card(0, "vitale2", world.write_file("people.toml", profile));
  {
    insd::pcsc::Context context(insd::pcsc::system_pcsc());
    insd::pcsc::CardConnection connection(context, world.reader_name(0), std::chrono::seconds(3), {});
    insd::pcsc::CardSession session(connection, {});
    const auto reading = insd::vitale::read(session);
    // On the line each T=0 command has one procedure byte more than the bytes that pass here.
    const std::size_t characters = session.bytes() + session.exchanges();
    std::printf("%zu people: %2u exchanges %4zu characters  %4.0f ms at reset speed  %3.0f ms after PPS\n",
                reading.beneficiaries.size(), session.exchanges(), characters, milliseconds(characters, 372),
                milliseconds(characters, 93));
  }
  card.remove();
  world.await_card(0, false);
}

}  // namespace

int main() try {
  insd::world::World world;
  world.start_pcscd(1);
  for (const unsigned people : {1U, 2U, 3U, 6U}) measure(world, people);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "vitale_bench: %s\n", error.what());
  return 1;
}
