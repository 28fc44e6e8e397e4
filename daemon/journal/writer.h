// SPDX-License-Identifier: Apache-2.0
// The thread that writes the audit trail: the executor that serves the callers never waits for a disk.
#pragma once

#include <cstdint>
#include <memory>

#include <boost/asio/awaitable.hpp>

#include "daemon/journal/journal.h"

namespace insd::journal {

/// An end() reaches the journal after what was told before it. Any thread.
class Writer {
 public:
  /// `journal` outlives this object.
  explicit Writer(Journal& journal);
  /// What was told is written first.
  ~Writer();
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  /// Journal::begin(); the caller resumes where it was. What several callers begin while the disk is at work
  /// becomes durable together. At most 256 wait: JOURNAL_UNAVAILABLE.
  boost::asio::awaitable<std::uint64_t> begin(Begin record);

  /// Journal::end(), some time after this returns.
  void end(std::uint64_t id, End record) noexcept;

  /// Resumes when what was told so far is written.
  boost::asio::awaitable<void> written();

  /// Writes what was told and ends the thread; no begin() resumes its caller after this. To be called where
  /// the callers' executor does not run any more. An end() that comes later is written at once.
  void stop();

 private:
  class Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace insd::journal
