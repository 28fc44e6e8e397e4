// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/drivers/card_double.h"

#include <algorithm>
#include <utility>

#include "drivers/base/error.h"

namespace insd::test {

Bytes CardDouble::exchange(ByteView command) {
  if (remove_after && log.size() >= *remove_after) throw Error(Code::CARD_REMOVED, "taken out by the test");
  log.push_back(to_hex(command));
  if (lie) {
    if (auto answer = lie(command)) return *answer;
  }
  if (command.size() < 5) return status(0x6700);
  if (command[0] != 0x00) return status(0x6E00);
  return command[1] == 0xC0 ? get_response(command) : respond(command);
}

std::size_t CardDouble::sent(std::string_view prefix) const {
  return static_cast<std::size_t>(std::count_if(
      log.begin(), log.end(), [&](const std::string& line) { return line.starts_with(prefix); }));
}

Bytes CardDouble::announce(Bytes data) {
  waiting_ = std::move(data);
  return {0x61, static_cast<std::uint8_t>(waiting_.size())};
}

Bytes CardDouble::get_response(ByteView command) {
  const std::size_t wanted = command[4] == 0 ? 256 : command[4];
  if (wanted != waiting_.size()) return status(0x6985);
  return std::exchange(waiting_, {}) + status(0x9000);
}

Bytes CardDouble::read_binary(const Bytes& file, ByteView command) {
  const bool by_short_id = (command[2] & 0x80U) != 0;
  const std::size_t offset =
      by_short_id ? command[3] : static_cast<std::size_t>(command[2] << 8 | command[3]);
  if (offset > 0 && offset >= file.size()) return status(0x6B00);
  const std::size_t wanted = command[4] == 0 ? 256 : command[4];
  const std::size_t rest = file.size() - offset;
  if (wanted > rest) return {0x6C, static_cast<std::uint8_t>(rest)};
  const auto start = file.begin() + static_cast<std::ptrdiff_t>(offset);
  return Bytes(start, start + static_cast<std::ptrdiff_t>(wanted)) + status(0x9000);
}

Bytes CardDouble::status(std::uint16_t sw) {
  return {static_cast<std::uint8_t>(sw >> 8U), static_cast<std::uint8_t>(sw & 0xFFU)};
}

Bytes operator+(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Bytes text(std::string_view characters) {
  return {characters.begin(), characters.end()};
}

Bytes tlv(std::uint8_t tag, const Bytes& value) {
  Bytes head = {tag};
  if (value.size() > 255) {
    head = head + Bytes{0x82, static_cast<std::uint8_t>(value.size() >> 8U)};
  } else if (value.size() > 127) {
    head.push_back(0x81);
  }
  head.push_back(static_cast<std::uint8_t>(value.size() & 0xFFU));
  return head + value;
}

Bytes vitale_person(std::string_view usual_name, std::string_view given_name, std::string_view birth_date) {
  return tlv(0x65, tlv(0x80, text(usual_name)) + tlv(0x81, text(given_name)) + tlv(0x82, text(birth_date)));
}

Bytes vitale_nir(std::string_view nir) {
  return tlv(0x65, tlv(0x93, text(nir)));
}

Bytes vitale_pointers(const std::vector<std::string>& files) {
  const auto application = [](const char* reference, const char* name) {
    return tlv(0x82, from_hex(reference) + from_hex("0000") + from_hex(name));
  };
  Bytes entries;
  for (const std::string& file : files) {
    const auto slash = file.find('/');
    const char* reference = file.substr(0, slash) == kRootName ? "0001" : "0002";
    entries = entries + tlv(0x80, text("FICHIER ") + from_hex(reference) + from_hex(file.substr(slash + 1)));
  }
  return tlv(0xE0, tlv(0xA0, application("0001", kRootName) + application("0002", kVitaleName)) + entries);
}

const Bytes* FakeVitale::selected_file(bool short_id) const {
  const auto& named = place_ == Place::VITALE ? nirs : place_ == Place::D001 ? d001 : sfi_2;
  if (place_ == Place::FILE && !short_id) return file_;
  if (place_ == Place::APPLICATION || place_ == Place::FILE) return nullptr;
  return named ? &*named : nullptr;
}

// The forms of specs vitale 2.1; anything else is refused, so that the driver cannot invent commands.
Bytes FakeVitale::respond(ByteView command) {
  const std::string hex = to_hex(command);
  const auto selected = [this](Place place) {
    place_ = place;
    return announce(Bytes(30, 0x6F));
  };
  if (hex == "00A40000023F00") return selected(Place::MASTER_FILE);
  if (hex == "00A4020002D001" && d001 && place_ == Place::MASTER_FILE) return selected(Place::D001);
  if (hex == std::string("00A404000B") + kVitaleName && vitale_application) {
    application_ = kVitaleName;
    return selected(Place::VITALE);
  }
  if (hex == std::string("00A404000E") + kRootName) {
    application_ = kRootName;
    return selected(Place::APPLICATION);
  }
  if (hex.starts_with("00A4020002")) {
    const auto found = pointed.find(application_ + "/" + hex.substr(10));
    const bool is_pointers = hex == "00A40200022001" && place_ == Place::VITALE;
    file_ = is_pointers && pointers ? &*pointers : found == pointed.end() ? nullptr : &found->second;
    return file_ != nullptr ? selected(Place::FILE) : status(0x6A82);
  }
  if (command[1] == 0xB0) {
    const bool short_id = (command[2] & 0x80U) != 0;
    if (short_id && command[2] != 0x82) return status(0x6A82);
    const Bytes* file = selected_file(short_id);
    return file != nullptr ? read_binary(*file, command) : status(0x6A82);
  }
  return status(command[1] == 0xA4 ? 0x6A82 : 0x6D00);
}

}  // namespace insd::test
