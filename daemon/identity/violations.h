// SPDX-License-Identifier: Apache-2.0
// Gathers what is wrong with a form, so that a person corrects it once.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/base/error.h"

namespace insd::identity {

class Violations {
 public:
  /// `path` is put before each field, with a dot unless it is empty.
  explicit Violations(std::string_view path) : path_(path) {}

  [[nodiscard]] std::string path_of(std::string_view field) const {
    return path_.empty() ? std::string(field) : path_ + "." + std::string(field);
  }

  /// `why` must not repeat the value.
  void add(std::string_view field, std::string why) { found_.push_back({path_of(field), std::move(why)}); }

  /// What `normalise_name(text, path)` returns, or an empty text and its violations kept.
  template <typename Normalise>
  std::string take(const std::string& text, std::string_view field, Normalise normalise_name) {
    try {
      return normalise_name(text, path_of(field));
    } catch (const Error& error) {
      found_.insert(found_.end(), error.fields().begin(), error.fields().end());
      return {};
    }
  }

  void absorb(const Violations& other) {
    found_.insert(found_.end(), other.found_.begin(), other.found_.end());
  }

  [[nodiscard]] bool empty() const { return found_.empty(); }

  void throw_if_any(Code code = Code::TRAITS_INVALID) const {
    if (found_.empty()) return;
    Error error(code);
    for (const auto& violation : found_) error.add_field(violation.path, violation.description);
    throw Error(std::move(error));
  }

 private:
  std::string path_;
  std::vector<FieldViolation> found_;
};

}  // namespace insd::identity
