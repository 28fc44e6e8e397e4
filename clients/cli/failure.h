// SPDX-License-Identifier: Apache-2.0
// What went wrong, as insctl tells it: a stable code, what happened, what to do.
#pragma once

#include <exception>
#include <iosfwd>
#include <string>

#include <grpcpp/support/status.h>

#include "clients/cli/words.h"
#include "insd/v1/error.pb.h"
#include "insd/v1/insi_service.pb.h"

namespace insd::cli {

/// Exit statuses of insctl; part of its contract (docs/man/insctl.1).
enum ExitStatus : int { EXIT_OK = 0, EXIT_NEGATIVE = 1, EXIT_USAGE = 2, EXIT_ERROR = 3 };

/// An error to report with EXIT_ERROR. The detail has at least code, summary and remedy.
class Failure : public std::exception {
 public:
  explicit Failure(v1::ErrorDetail detail) : detail_(std::move(detail)) {}
  /// A fault that insctl found itself.
  Failure(std::string code, std::string summary, std::string remedy);

  [[nodiscard]] const v1::ErrorDetail& detail() const { return detail_; }
  /// What a search sent before it failed, for the record of each exchange; none of other commands.
  [[nodiscard]] const v1::ListSearchAttemptsResponse& search() const { return search_; }
  void set_search(v1::ListSearchAttemptsResponse search) { search_ = std::move(search); }
  [[nodiscard]] const char* what() const noexcept override { return detail_.code().c_str(); }

 private:
  v1::ErrorDetail detail_;
  v1::ListSearchAttemptsResponse search_;
};

/// A wrong command line, EXIT_USAGE; the text is already in the user's language.
class UsageError : public std::exception {
 public:
  explicit UsageError(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const char* what() const noexcept override { return text_.c_str(); }

 private:
  std::string text_;
};

/// Reads the ErrorDetail of a failed call. Without one, tells apart: no daemon, no permission (both found out
/// by a plain connect to `target`, "unix:PATH"), lost, too slow, not understood.
Failure failure_of(const grpc::Status& status, const std::string& target, Language language);

/// Code, summary, remedy, spent try, refused fields, the INSi fault and what a search sent; `verbose` adds
/// the English support detail.
void report(std::ostream& out, const Failure& failure, Language language, bool verbose);

}  // namespace insd::cli
