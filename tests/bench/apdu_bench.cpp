// SPDX-License-Identifier: Apache-2.0
// What our way to the card costs over a raw SCardTransmit: both on the same connection, in turns, through a
// real pcscd and the simulated card. Run under tests/isolate. Prints; asserts nothing.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <vector>

#include "drivers/iso7816/apdu.h"
#include "drivers/pcsc/card_session.h"
#include "tests/world/world.h"

namespace {

using Microseconds = std::chrono::duration<double, std::micro>;

constexpr int kRounds = 5000;

class Series {
 public:
  void time(const std::function<void()>& deed) {
    const auto begin = std::chrono::steady_clock::now();
    deed();
    microseconds_.push_back(Microseconds(std::chrono::steady_clock::now() - begin).count());
  }
  void print(const char* name) {
    std::sort(microseconds_.begin(), microseconds_.end());
    const auto at = [&](double part) {
      return microseconds_[static_cast<std::size_t>(part * static_cast<double>(microseconds_.size() - 1))];
    };
    std::printf("%-34s p50 %7.1f us  p99 %7.1f us\n", name, at(0.5), at(0.99));
  }

 private:
  std::vector<double> microseconds_;
};

void measure(insd::pcsc::CardConnection& connection) {
  const insd::iso7816::Command read{.cla = 0x00, .ins = 0xB0, .p1 = 0x82, .p2 = 0x00, .data = {}, .le = 16};
  const insd::Bytes bytes = read.encode();
  Series raw, exchange, command, transaction;
  {
    insd::pcsc::CardSession session(connection, {});
    insd::Bytes answer(258);
    for (int round = 0; round < kRounds; ++round) {
      raw.time([&] {
        DWORD length = answer.size();
        SCardTransmit(connection.handle(), SCARD_PCI_T0, bytes.data(), bytes.size(), nullptr, answer.data(),
                      &length);
      });
      exchange.time([&] { session.exchange(bytes); });
      command.time([&] { insd::iso7816::transmit(session, read); });
    }
  }
  for (int round = 0; round < kRounds; ++round) {
    transaction.time([&] { const insd::pcsc::CardSession session(connection, {}); });
  }
  raw.print("SCardTransmit");
  exchange.print("CardSession::exchange");
  command.print("iso7816::transmit");
  transaction.print("CardSession, begin and end");
}

}  // namespace

int main() try {
  insd::world::World world;
  world.start_pcscd(1);
  world.insert_card(0, "vitale2", "vitale-demo");
  insd::pcsc::Context context(insd::pcsc::system_pcsc());
  insd::pcsc::CardConnection connection(context, world.reader_name(0), std::chrono::seconds(3), {});
  measure(connection);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "apdu_bench: %s\n", error.what());
  return 1;
}
