// SPDX-License-Identifier: Apache-2.0
// Which readers an administrator took away from the daemon, kept across restarts: a reader that another
// program was given is not taken back because the daemon was restarted.
#pragma once

#include <filesystem>
#include <set>
#include <string>

namespace insd::desk {

/// A file with one reader name or alias a line. An empty path keeps nothing.
class Orders {
 public:
  explicit Orders(std::filesystem::path file) : file_(std::move(file)) {}

  /// Empty without a file. A file that cannot be read, or not one of ours, is empty as well, and logged.
  [[nodiscard]] std::set<std::string> load() const;
  /// Replaces the file as a whole; a failure is logged: the order holds until the daemon ends.
  void save(const std::set<std::string>& disabled) const;

 private:
  std::filesystem::path file_;
};

}  // namespace insd::desk
