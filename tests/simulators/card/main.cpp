// SPDX-License-Identifier: Apache-2.0
// insd-sim-card: a simulated French health card in a virtual reader of a real pcscd.
#include <iostream>

#include <CLI/CLI.hpp>

#include "tests/simulators/card/simulator.h"

int main(int argc, char** argv) {
  insd::simcard::Options options;
  CLI::App app(
      "insd-sim-card: a simulated CPS3, Vitale 2 or Vitale 1 card in a reader of vsmartcard-vpcd.\n"
      "Prints READY when it sits in the reader, LOST when the reader went away (it comes back with it).\n"
      "Commands, one a line on standard input, each answered by OK or ERROR:\n"
      "  remove | insert       take the card out, put it back\n"
      "  swap FILE             another card at once in its place (profile FILE)\n"
      "  mute | unmute         commands get no answer\n"
      "  die-after N           taken out after N more answers\n"
      "  quit\n"
      "SIGTERM takes the card out and ends the program. What is simulated and what is not: README.md beside "
      "the source.",
      "insd-sim-card");
  app.add_option("--kind", options.kind, "cps3, vitale2 or vitale1")
      ->required()
      ->check(CLI::IsMember({"cps3", "vitale2", "vitale1"}));
  app.add_option("--port", options.port, "TCP port of the vpcd slot")->required();
  app.add_option("--host", options.host, "host of the vpcd slot")->capture_default_str();
  app.add_option("--profile", options.profile, "what the card holds (TOML); a vitale1 needs none");
  app.add_option("--pki", options.pki, "directory made by make-pki: keys and certificates of CPS profiles");
  app.add_option("--state", options.state, "file that keeps the PIN tries of cards between runs");
  app.add_option("--trace", options.trace, "append one line per exchange: command -> answer, PINs masked");
  app.add_option(
         "--pace", options.pace,
         "answers take the time of a real line at 4 MHz: clocks per ETU, 372 after reset, 93 after PPS")
      ->check(CLI::Range(1U, 2048U));
  app.add_flag("--trace-secrets", options.trace_secrets, "do not mask PINs in the trace");
  CLI11_PARSE(app, argc, argv);
  try {
    if (options.profile.empty() && options.kind != "vitale1")
      throw std::runtime_error("--profile is missing");
    return insd::simcard::Simulator(options).run();
  } catch (const std::exception& error) {
    std::cerr << "insd-sim-card: " << error.what() << '\n';
    return 1;
  }
}
