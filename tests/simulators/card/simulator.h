// SPDX-License-Identifier: Apache-2.0
// One card in one reader: the loop between vpcd, the card, and whoever steers the scenario on standard input.
#pragma once

#include <fstream>
#include <map>
#include <memory>

#include "tests/simulators/card/t0.h"
#include "tests/simulators/card/vpcd_link.h"

namespace insd::simcard {

struct Options {
  std::string kind;
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;
  std::string profile, pki, state, trace;
  bool trace_secrets = false;
  unsigned pace = 0;  ///< clocks per ETU of the line at 4 MHz; 0: the line takes no time
};

class Simulator {
 public:
  explicit Simulator(Options options);
  /// Until `quit`, SIGTERM or SIGINT. Returns the exit status.
  int run();

 private:
  struct Inserted {
    std::unique_ptr<Card> card;
    std::unique_ptr<T0> t0;
  };

  void take(const std::string& kind, const std::string& profile);
  void serve_reader();
  void serve_command(ByteView apdu);
  void serve_control();
  void obey(const std::string& line);
  void remove();
  void say(const std::string& line);
  void write_trace(ByteView apdu, ByteView answer);

  Options options_;
  VpcdLink link_;
  std::map<std::string, Inserted> cards_;  // by profile: a card put back has kept its tries
  T0* t0_ = nullptr;
  Card* card_ = nullptr;
  std::ofstream trace_;
  std::string control_;  // an unfinished line
  bool control_open_ = true, wanted_ = true, mute_ = false, stop_ = false;
  std::optional<unsigned long> answers_left_;
};

}  // namespace insd::simcard
