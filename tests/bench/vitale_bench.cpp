// SPDX-License-Identifier: Apache-2.0
// What a Vitale identity read costs on the card's line: exchanges and characters, counted from what the card
// program wrote down, against the floor of the way taken (specs: vitale 6); and the time, with the card
// program keeping the pace of a real line (T=0, 12 ETU a character, 4 MHz) at 372 and 93 clocks per ETU,
// against the time these characters alone take. Through a real pcscd. Run under tests/isolate. Prints;
// asserts nothing.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <string>

#include "drivers/pcsc/card_session.h"
#include "drivers/vitale/vitale.h"
#include "tests/simulators/card/line.h"
#include "tests/world/world.h"

namespace {

using insd::vitale::IdentitySource;

constexpr std::size_t kIdentityFile =
    124;  // of a real card, as one published reader saw it (specs: vitale 2.3)
constexpr std::size_t kNirEntry = 19;

struct Way {
  const char* name;
  const char* lines;       // of the card's profile
  IdentitySource first;    // what the desk has learned of this mask
  std::size_t selections;  // characters of the SELECTs of this way
};

// SELECT MF 10, SELECT VITALE 19, SELECT D001 10.
constexpr Way kWays[] = {
    {"SFI 2", "", IdentitySource::SFI_2, 29},
    {"D001, first card of its mask", "identity_by_sfi = false\n", IdentitySource::SFI_2, 39},
    {"D001, mask known", "identity_by_sfi = false\n", IdentitySource::FILE_D001, 39},
};

std::string profile_of(const Way& way, unsigned people) {
  std::string profile = "kind = \"vitale2\"\n" + std::string(way.lines);
  std::string persons, identity;
  for (unsigned i = 0; i < people; ++i) {
    persons += "[[beneficiary]]\nname = \"DURAND\"\ngiven = \"PERSONNE\"\nbirth = \"1969052" +
               std::to_string(i) + "\"\nnir = \"269054958815780\"\n";
    // 651C 8006 DURAND 8108 PERSONNE 8208 1969052i
    identity += "651C8006445552414E448108504552534F4E4E458208313936393035323" + std::to_string(i);
  }
  // Padded to the size of a real one, so that the numbers compare with those of specs: vitale 6.
  if (identity.size() < 2 * kIdentityFile) identity.resize(2 * kIdentityFile, '0');
  return profile + "identity_raw = \"" + identity + "\"\n" + persons;
}

struct Cost {
  std::size_t exchanges = 0, characters = 0, floor = 0;
  double milliseconds = 0;
};

Cost read_once(insd::world::World& world, const Way& way, unsigned people, unsigned pace) {
  std::vector<std::string> options;
  if (pace != 0) options = {"--pace", std::to_string(pace)};
  auto& card =
      world.insert_card(0, "vitale2", world.write_file("people.toml", profile_of(way, people)), options);
  Cost cost;
  {
    insd::pcsc::Context context(insd::pcsc::system_pcsc());
    insd::pcsc::CardConnection connection(context, world.reader_name(0), std::chrono::seconds(3), {});
    insd::pcsc::CardSession session(connection, {});
    const auto start = std::chrono::steady_clock::now();
    const auto reading = insd::vitale::read(session, way.first);
    cost.milliseconds =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
    if (reading.beneficiaries.size() != people) throw std::runtime_error("not everybody was read");
  }
  for (const auto& line : card.exchanges()) {
    const auto arrow = line.find(" -> ");
    const auto command = insd::from_hex(line.substr(0, arrow)),
               answer = insd::from_hex(line.substr(arrow + 4));
    cost.characters += insd::simcard::line_characters(command, answer);
    ++cost.exchanges;
  }
  // Exact lengths known, no 61xx followed, no attempt that fails.
  const std::size_t identity = std::max<std::size_t>(kIdentityFile, 30 * people);
  cost.floor = way.selections + identity + 8 * ((identity + 255) / 256) + kNirEntry * people + 8;
  card.remove();
  world.await_card(0, false);
  return cost;
}

double milliseconds(std::size_t characters, unsigned pace) {
  return std::chrono::duration<double, std::milli>(insd::simcard::line_time(characters, pace)).count();
}

void measure(insd::world::World& world, const Way& way, unsigned people) {
  const Cost counted = read_once(world, way, people, 0);
  std::printf("%-28s %u people: %2zu exchanges %4zu characters, floor %4zu, ratio %.3f;", way.name, people,
              counted.exchanges, counted.characters, counted.floor,
              static_cast<double>(counted.characters) / static_cast<double>(counted.floor));
  for (const unsigned pace : {372U, 93U}) {
    const Cost paced = read_once(world, way, people, pace);
    const double floor = milliseconds(counted.floor, pace);
    std::printf("  %3u clocks: %4.0f ms, floor %4.0f, ratio %.3f", pace, paced.milliseconds, floor,
                paced.milliseconds / floor);
  }
  std::printf("\n");
}

}  // namespace

int main() try {
  insd::world::World world;
  world.start_pcscd(1);
  for (const Way& way : kWays) measure(world, way, 1);
  for (const unsigned people : {2U, 3U, 6U}) measure(world, kWays[0], people);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "vitale_bench: %s\n", error.what());
  return 1;
}
