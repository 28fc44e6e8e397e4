// SPDX-License-Identifier: Apache-2.0
#include "daemon/config_section.h"

#include <charconv>

#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::config {
namespace {

constexpr std::size_t kMaxEntries = 1000;  // of one list

std::optional<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  // A million of the largest unit still fits: nothing below overflows.
  if (error != std::errc() || count < 0 || count > 1'000'000) return std::nullopt;
  const std::string_view unit = text.substr(static_cast<std::size_t>(rest - text.data()));
  if (unit == "ms") return std::chrono::milliseconds(count);
  if (unit == "s") return std::chrono::seconds(count);
  if (unit == "min") return std::chrono::minutes(count);
  if (unit == "h") return std::chrono::hours(count);
  return std::nullopt;
}

bool plain(std::string_view text) {
  return printable(text, text.size()) == text;
}

}  // namespace

toml::table parse_toml(std::string_view text, const std::string& file) {
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    fail(file, error.source(), printable(error.description(), 300));
  }
}

void fail(const std::string& file, const toml::source_region& where, const std::string& what) {
  throw Error(Code::CONFIG_INVALID, file + ":" + std::to_string(where.begin.line) + ": " + what);
}

Section::Section(const toml::table& table, std::string name, const std::string& file)
    : table_(table), name_(std::move(name)), file_(file) {}

const toml::node* Section::take(std::string_view key) {
  taken_.emplace(key);
  return table_.get(key);
}

std::string Section::full(std::string_view key) const {
  const std::string clean = printable(key, 60);
  return name_.empty() ? clean : name_ + "." + clean;
}

void Section::refuse(std::string_view key, const std::string& what) const {
  const toml::node* node = table_.get(key);
  fail(file_, node != nullptr ? node->source() : table_.source(), full(key) + " " + what);
}

void Section::require(std::string_view key) const {
  if (!has(key)) refuse(key, "is missing");
}

void Section::text(std::string_view key, std::string& target, std::size_t max_bytes) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (!node->is_string()) refuse(key, "must be a text");
  const std::string& value = node->as_string()->get();
  if (value.size() > max_bytes) refuse(key, "is longer than " + std::to_string(max_bytes) + " bytes");
  // These texts go into messages and journals: no control characters.
  if (!plain(value)) refuse(key, "has characters that cannot be printed");
  target = value;
}

void Section::path(std::string_view key, std::filesystem::path& target) {
  std::string value;
  text(key, value, 4096);
  if (!has(key)) return;
  if (!value.empty() && value.front() != '/') refuse(key, "must be an absolute path");
  target = value;
}

void Section::flag(std::string_view key, bool& target) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (!node->is_boolean()) refuse(key, "must be true or false");
  target = node->as_boolean()->get();
}

void Section::number(std::string_view key, std::size_t& target, std::size_t least, std::size_t greatest) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (!node->is_integer()) refuse(key, "must be a whole number");
  const std::int64_t value = node->as_integer()->get();
  if (value < 0 || static_cast<std::size_t>(value) < least || static_cast<std::size_t>(value) > greatest) {
    refuse(key, "must be between " + std::to_string(least) + " and " + std::to_string(greatest));
  }
  target = static_cast<std::size_t>(value);
}

void Section::texts(std::string_view key, std::vector<std::string>& target) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (!node->is_array()) refuse(key, "must be a list of texts");
  const toml::array& list = *node->as_array();
  if (list.size() > kMaxEntries) refuse(key, "has too many entries");
  std::vector<std::string> values;
  for (const toml::node& each : list) {
    if (!each.is_string()) refuse(key, "must be a list of texts");
    const std::string& value = each.as_string()->get();
    if (value.empty() || value.size() > 200 || !plain(value)) {
      refuse(key, "has an entry that is empty, too long or cannot be printed");
    }
    values.push_back(value);
  }
  target = std::move(values);
}

void Section::duration(std::string_view key, std::chrono::milliseconds& target,
                       std::chrono::milliseconds least, std::chrono::milliseconds greatest) {
  std::string given;
  text(key, given);
  if (!has(key)) return;
  const auto value = parse_duration(given);
  if (!value) refuse(key, "must be a duration such as \"500ms\", \"30s\", \"10min\" or \"4h\"");
  if (*value < least || *value > greatest) {
    refuse(key, "must be between " + std::to_string(least.count()) + "ms and " +
                    std::to_string(greatest.count()) + "ms");
  }
  target = *value;
}

void Section::duration(std::string_view key, std::chrono::seconds& target, std::chrono::seconds least,
                       std::chrono::seconds greatest) {
  std::chrono::milliseconds value = target;
  duration(key, value, least, greatest);
  target = std::chrono::duration_cast<std::chrono::seconds>(value);
  if (target != value) refuse(key, "must be whole seconds");
}

void Section::table(std::string_view key, const std::function<void(Section&)>& read) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (!node->is_table()) refuse(key, "must be a table");
  Section section(*node->as_table(), full(key), file_);
  read(section);
  section.finish();
}

void Section::tables(std::string_view key, const std::function<void(Section&)>& read) {
  const toml::node* node = take(key);
  if (node == nullptr) return;
  if (!node->is_array()) refuse(key, "must be a list of tables: [[" + std::string(key) + "]]");
  const toml::array& list = *node->as_array();
  if (list.size() > kMaxEntries) refuse(key, "has too many entries");
  std::size_t index = 0;
  for (const toml::node& each : list) {
    if (!each.is_table()) refuse(key, "must be a list of tables: [[" + std::string(key) + "]]");
    Section section(*each.as_table(), full(key) + "[" + std::to_string(index++) + "]", file_);
    read(section);
    section.finish();
  }
}

void Section::finish() const {
  for (const auto& [key, node] : table_) {
    if (!taken_.contains(key.str())) fail(file_, key.source(), "unknown key " + full(key.str()));
  }
}

}  // namespace insd::config
