// SPDX-License-Identifier: Apache-2.0
// As much of HTTP/1.1 as a SOAP endpoint needs, bounded.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "tests/simulators/insi/answer.h"
#include "tests/simulators/insi/connection.h"

namespace sim {

struct HttpRequest {
  std::string method, target;
  std::map<std::string, std::string> headers;  ///< names in lower case
  std::string body;

  [[nodiscard]] std::string header(const std::string& lower_case_name) const;
  [[nodiscard]] bool keep_alive() const;
};

/// A request that is no HTTP we accept; `status` is the answer to it.
struct BadHttp : std::runtime_error {
  BadHttp(int answer_status, const std::string& why) : std::runtime_error(why), status(answer_status) {}
  int status;
};

/// Reads requests off one connection; what came too early stays for the next.
class HttpReader {
 public:
  explicit HttpReader(Connection& connection) : connection_(connection) {}

  /// Nothing when the peer closed between two requests. Throws BadHttp, ConnectionEnded.
  std::optional<HttpRequest> next();
  /// True when the peer has sent something that is not read yet; waits for it.
  bool wait_for_data() { return !pending_.empty() || connection_.wait_for_data(); }

 private:
  bool fill();

  Connection& connection_;
  std::string pending_;
};

/// Head of an answer; `length` absent = chunked.
std::string http_head(const Answer& answer, std::optional<std::size_t> length, bool keep_alive);

}  // namespace sim
