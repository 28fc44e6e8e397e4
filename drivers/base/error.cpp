// SPDX-License-Identifier: Apache-2.0
#include "drivers/base/error.h"

#include <utility>

namespace insd {

Error::Error(Code code, std::string detail) : entry_(&catalogue_entry(code)), detail_(std::move(detail)) {
  rebuild_what();
}

Error&& Error::with_try(TrySpent spent, std::optional<int> tries_left) && {
  try_spent_ = spent;
  tries_left_ = tries_left;
  return std::move(*this);
}

Error&& Error::with_field(std::string path, std::string description) && {
  add_field(std::move(path), std::move(description));
  return std::move(*this);
}

void Error::add_field(std::string path, std::string description) {
  fields_.push_back({std::move(path), std::move(description)});
  rebuild_what();
}

Error&& Error::with_insi_fault(InsiFault fault) && {
  insi_fault_ = std::move(fault);
  return std::move(*this);
}

void Error::prefix(std::string_view where) {
  detail_ = detail_.empty() ? std::string(where) : std::string(where) + ": " + detail_;
  rebuild_what();
}

void Error::rebuild_what() {
  what_ = entry_->name;
  if (!detail_.empty()) what_ += ": " + detail_;
  for (const auto& field : fields_) what_ += " [" + field.path + ": " + field.description + "]";
}

}  // namespace insd
