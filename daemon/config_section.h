// SPDX-License-Identifier: Apache-2.0
// One TOML table being read: each key is taken with its type and range, and what nobody took is an error with
// its line.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <toml++/toml.h>

namespace insd::config {

/// The table that the text of a file is. Throws CONFIG_INVALID "file:line: what".
toml::table parse_toml(std::string_view text, const std::string& file);

/// Throws CONFIG_INVALID "file:line: what".
[[noreturn]] void fail(const std::string& file, const toml::source_region& where, const std::string& what);

class Section {
 public:
  /// `name` is how errors call the table, e.g. "insi" or "reader[0]"; empty for the whole file.
  Section(const toml::table& table, std::string name, const std::string& file);

  [[nodiscard]] bool has(std::string_view key) const { return table_.contains(key); }

  /// Each leaves `target` as it is when the key is absent.
  void text(std::string_view key, std::string& target, std::size_t max_bytes = 200);
  void path(std::string_view key, std::filesystem::path& target);
  void flag(std::string_view key, bool& target);
  void number(std::string_view key, std::size_t& target, std::size_t least, std::size_t greatest);
  void texts(std::string_view key, std::vector<std::string>& target);
  /// A duration is text with a unit: "500ms", "30s", "10min", "4h".
  void duration(std::string_view key, std::chrono::milliseconds& target, std::chrono::milliseconds least,
                std::chrono::milliseconds greatest);
  void duration(std::string_view key, std::chrono::seconds& target, std::chrono::seconds least,
                std::chrono::seconds greatest);

  template <class Enum>
  struct Choice {
    std::string_view text;
    Enum value;
  };
  template <class Enum>
  void choice(std::string_view key, Enum& target, std::initializer_list<Choice<Enum>> choices) {
    std::string given;
    std::string allowed;
    text(key, given);
    if (!has(key)) return;
    for (const auto& each : choices) {
      if (each.text == given) {
        target = each.value;
        return;
      }
      allowed += (allowed.empty() ? "" : ", ") + std::string(each.text);
    }
    refuse(key, "must be one of " + allowed);
  }

  /// Sub-tables: `[key]` once at most, `[[key]]` any number up to 1000.
  void table(std::string_view key, const std::function<void(Section&)>& read);
  void tables(std::string_view key, const std::function<void(Section&)>& read);

  /// Throws with the line of the key (of the table when the key is absent).
  [[noreturn]] void refuse(std::string_view key, const std::string& what) const;
  void require(std::string_view key) const;

  /// To be called last: throws for the first key that nobody took.
  void finish() const;

 private:
  const toml::node* take(std::string_view key);
  [[nodiscard]] std::string full(std::string_view key) const;

  const toml::table& table_;
  std::string name_;
  const std::string& file_;
  std::set<std::string, std::less<>> taken_;
};

}  // namespace insd::config
