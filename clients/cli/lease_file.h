// SPDX-License-Identifier: Apache-2.0
// The token of a detached login between two runs of insctl: $XDG_RUNTIME_DIR/insd/lease (the PIN law, rule
// 6).
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "clients/cli/words.h"

namespace insd::cli {

/// The file that keeps the token. The directory given by the login session (systemd) is private and dies with
/// it; there is no other place: without it nothing is kept.
class LeaseFile {
 public:
  /// `runtime_dir`: value of XDG_RUNTIME_DIR; empty or null when unset.
  LeaseFile(const char* runtime_dir, Language language);

  /// Throws Failure(NO_RUNTIME_DIR) unless the directory is absolute, ours and closed to everybody else.
  void require_directory() const;
  /// Writes the file anew in one step: mode 0600 in a directory of mode 0700, no link followed. Throws
  /// Failure.
  void store(const std::string& token) const;
  /// The token; nothing when there is no file. Throws Failure(LEASE_FILE_UNSAFE) for a link, a file of
  /// somebody else, an open mode, or a content that no daemon wrote.
  [[nodiscard]] std::optional<std::string> load() const;
  /// Deletes the file, if there is one.
  void remove() const noexcept;

  [[nodiscard]] std::filesystem::path path() const { return directory_ / "insd" / "lease"; }

 private:
  [[noreturn]] void unsafe() const;
  [[noreturn]] void no_directory() const;

  std::filesystem::path directory_;
  Language language_;
};

}  // namespace insd::cli
