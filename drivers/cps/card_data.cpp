// SPDX-License-Identifier: Apache-2.0
#include "drivers/cps/card_data.h"

#include <algorithm>

#include "drivers/base/error.h"
#include "drivers/iso7816/tlv.h"

namespace insd::cps {
namespace {

constexpr std::size_t kCodeLength = 4, kMaxTextBytes = 200, kMaxIdBytes = 20;
constexpr std::uint32_t kActivityTag = 0xEE, kNameTag = 0x84, kIdTag = 0x85, kSectorTag = 0x86;

bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view characters(ByteView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Codes of the national tables: "SM26", "SA07".
bool is_code(std::string_view text) {
  return text.size() == kCodeLength && is_capital(text[0]) && is_capital(text[1]) && is_digit(text[2]) &&
         is_digit(text[3]);
}

// In which alphabet the card writes is not public: what is not UTF-8 is not told.
std::string text_of(ByteView value) {
  const std::string_view text = characters(value);
  return printable(text, kMaxTextBytes) == text ? std::string(text) : std::string();
}

std::string id_of(ByteView value) {
  const std::string_view text = characters(value);
  const bool known = text.size() <= kMaxIdBytes &&
                     std::ranges::all_of(text, [](char c) { return is_digit(c) || is_capital(c); });
  return known ? std::string(text) : std::string();
}

std::string sector_of(ByteView value) {
  const std::string_view text = characters(value);
  return is_code(text) && text.starts_with("SA") ? std::string(text) : std::string();
}

}  // namespace

std::optional<std::string> speciality_code(ByteView info) {
  if (info.size() < kCodeLength) return std::nullopt;
  const std::string_view end = characters(info.last(kCodeLength));
  return is_code(end) ? std::optional(std::string(end)) : std::nullopt;
}

std::optional<unsigned> activity_number(std::string_view label) {
  constexpr std::string_view suffix = "_PS";
  if (!label.starts_with(kActivityPrefix) || !label.ends_with(suffix)) return std::nullopt;
  if (label.size() != kActivityPrefix.size() + 2 + suffix.size()) return std::nullopt;
  const char tens = label[kActivityPrefix.size()], ones = label[kActivityPrefix.size() + 1];
  if (!is_digit(tens) || !is_digit(ones)) return std::nullopt;
  const auto number = static_cast<unsigned>((tens - '0') * 10 + (ones - '0'));
  return number > 0 ? std::optional(number) : std::nullopt;
}

std::optional<Activity> parse_activity(unsigned number, ByteView value) try {
  const auto content = iso7816::find_tlv(iso7816::parse_tlv(value), kActivityTag);
  if (!content) return std::nullopt;
  const auto parts = iso7816::parse_tlv(*content);
  const auto part = [&](std::uint32_t tag) { return iso7816::find_tlv(parts, tag).value_or(ByteView()); };
  Activity activity{number, text_of(part(kNameTag)), id_of(part(kIdTag)), sector_of(part(kSectorTag))};
  const bool nothing =
      activity.structure_name.empty() && activity.structure_id.empty() && activity.sector_code.empty();
  return nothing ? std::nullopt : std::optional(std::move(activity));
} catch (const Error&) {
  return std::nullopt;
}

}  // namespace insd::cps
