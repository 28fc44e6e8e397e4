// SPDX-License-Identifier: Apache-2.0
#include <fstream>

#include "tests/world/world.h"

namespace insd::world {

Card::Card(unsigned reader, std::unique_ptr<Process> process, std::filesystem::path trace)
    : reader_(reader), process_(std::move(process)), trace_(std::move(trace)) {}

void Card::send(const std::string& command) {
  process_->write_line(command);
  for (;;) {
    const auto line = process_->wait_for_line("");
    if (line.starts_with("OK")) return;
    if (line.starts_with("ERROR")) throw WorldError("card: " + line);
  }
}

void Card::remove() {
  send("remove");
  inserted_ = false;
}

void Card::insert() {
  send("insert");
  process_->wait_for_line("READY");
  inserted_ = true;
}

void Card::swap(const std::filesystem::path& profile) {
  send("swap " + profile.string());
  process_->wait_for_line("READY");
  inserted_ = true;
}

std::vector<std::string> Card::exchanges() const {
  std::ifstream in(trace_);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

}  // namespace insd::world
