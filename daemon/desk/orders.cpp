// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/orders.h"

#include <fstream>
#include <system_error>

#include <spdlog/spdlog.h>

namespace insd::desk {
namespace {

constexpr std::uintmax_t kLargest = 64UL * 1024;

// A name that holds a line end would be two: such a reader is enabled again by a restart.
bool keepable(const std::string& name) {
  return !name.empty() && name.find('\n') == std::string::npos;
}

}  // namespace

std::set<std::string> Orders::load() const {
  std::error_code failure;
  if (file_.empty() || !std::filesystem::exists(file_, failure)) return {};
  const auto size = std::filesystem::file_size(file_, failure);
  std::ifstream in(file_, std::ios::binary);
  if (failure || size > kLargest || !in) {
    spdlog::warn("{}: not read: every reader is enabled", file_.string());
    return {};
  }
  std::set<std::string> disabled;
  for (std::string name; std::getline(in, name);) {
    if (keepable(name)) disabled.insert(name);
  }
  return disabled;
}

void Orders::save(const std::set<std::string>& disabled) const {
  if (file_.empty()) return;
  const std::filesystem::path next = file_.string() + ".new";
  std::ofstream out(next, std::ios::binary | std::ios::trunc);
  for (const auto& name : disabled) {
    if (keepable(name)) out << name << '\n';
  }
  out.close();
  std::error_code failure;
  if (out) std::filesystem::rename(next, file_, failure);
  if (!out || failure) spdlog::warn("{}: not written: a restart enables every reader", file_.string());
}

}  // namespace insd::desk
