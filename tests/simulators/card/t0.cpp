// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/t0.h"

namespace insd::simcard {
namespace {

constexpr std::size_t header_length = 5;  // CLA INS P1 P2 P3
constexpr std::uint8_t get_response_ins = 0xC0;

Bytes status(unsigned word) {
  return {static_cast<std::uint8_t>(word >> 8), static_cast<std::uint8_t>(word)};
}

// xx of 61xx and 6Cxx: 256 bytes or more is written 00.
Bytes length_status(std::uint8_t sw1, std::size_t length) {
  return {sw1, static_cast<std::uint8_t>(length > 255 ? 0 : length)};
}

std::optional<Command> parse(ByteView apdu) {
  if (apdu.size() < header_length - 1) return std::nullopt;
  Command command{.cla = apdu[0], .ins = apdu[1], .p1 = apdu[2], .p2 = apdu[3], .data = {}, .le = {}};
  if (apdu.size() == header_length - 1) return command;
  const std::size_t p3 = apdu[4];
  if (apdu.size() == header_length) {
    command.le = p3 == 0 ? 256 : p3;
    return command;
  }
  const auto body = apdu.subspan(header_length);
  // Readers differ in whether they cut the Le of a command that also brings data: both forms are taken.
  if (p3 == 0 || (body.size() != p3 && body.size() != p3 + 1)) return std::nullopt;
  command.data.assign(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(p3));
  return command;
}

}  // namespace

void T0::reset() {
  pending_.clear();
  sent_6c_ = false;
  card_.reset();
}

Bytes T0::transmit(ByteView apdu) {
  const auto command = parse(apdu);
  if (!command) return status(sw::WRONG_LENGTH);
  if (command->ins == get_response_ins && command->cla == 0) return get_response(command->le.value_or(256));
  pending_.clear();

  Answer answer = card_.process(*command);
  if (answer.data.empty() || answer.sw != sw::OK) return status(answer.sw);
  if (command->le && command->data.empty()) return answer_read(*command, std::move(answer));
  pending_ = std::move(answer.data);
  return length_status(0x61, pending_.size());
}

Bytes T0::answer_read(const Command& command, Answer answer) {
  if (*command.le != answer.data.size() || (repeat_6c_ && sent_6c_)) {
    sent_6c_ = true;
    return length_status(0x6C, answer.data.size());
  }
  return std::move(answer.data) + status(answer.sw);
}

Bytes T0::get_response(std::size_t le) {
  if (pending_.empty()) return status(sw::CONDITIONS);
  if (le > pending_.size()) return length_status(0x6C, pending_.size());
  Bytes answer(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(le));
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(le));
  return std::move(answer) + (pending_.empty() ? status(sw::OK) : length_status(0x61, pending_.size()));
}

}  // namespace insd::simcard
