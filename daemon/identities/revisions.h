// SPDX-License-Identifier: Apache-2.0
// The highest revision of every identity that has left as a token, until that token ends: an older token is
// not taken back, also not by a daemon that was started anew. On disk is an HMAC, a number and a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "daemon/clock.h"
#include "daemon/keys/site_keys.h"

struct sqlite3;

namespace insd {

/// One thread at a time. Failures are JOURNAL_UNAVAILABLE.
class Revisions {
 public:
  /// Makes the file (0600) when it is not there, and forgets what has ended.
  Revisions(const std::filesystem::path& file, keys::SiteKeyPtr key, const Clock& clock);
  ~Revisions();
  Revisions(const Revisions&) = delete;
  Revisions& operator=(const Revisions&) = delete;

  struct Kept {
    std::uint64_t revision = 0;
    Clock::Wall expires;
  };
  /// Nothing when no token of that identity is about.
  [[nodiscard]] std::optional<Kept> find(const std::string& identity_id) const;

  /// On disk when it returns. Neither the revision nor the time goes down.
  void raise(const std::string& identity_id, std::uint64_t revision, Clock::Wall expires);

 private:
  [[nodiscard]] Bytes name_of(const std::string& identity_id) const;
  void run(const char* sql);
  [[noreturn]] void fail(const char* what) const;

  struct Close {
    void operator()(sqlite3* database) const;
  };
  const keys::SiteKeyPtr key_;
  const Clock& clock_;
  std::unique_ptr<sqlite3, Close> database_;
};

}  // namespace insd
