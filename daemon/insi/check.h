// SPDX-License-Identifier: Apache-2.0
// Everything that a search needs, looked at without one: no operation about a patient is called, nothing is
// signed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/insi/http_client.h"
#include "drivers/base/error.h"

namespace insd::insi {

enum class CheckState : std::uint8_t { OK, WARNING, FAILED, SKIPPED };

struct Check {
  std::string name;
  CheckState state = CheckState::OK;
  std::optional<Code> code;  ///< of WARNING and FAILED
  std::string detail;        ///< English, no secret
};

/// A certificate that ends sooner is warned of: a renewal takes weeks.
inline constexpr std::chrono::hours kSoon{60 * 24};

/// HttpClient::probe() with what the configuration names: its key is in no token.
boost::asio::awaitable<Probe> probe(InsiConfig config, std::stop_token stop);

Check failed(std::string name, Code code, std::string detail);

/// "environment", "trust_store", "proxy", and in mode organisation "credential", "certificate_chain",
/// "certificate_validity": once for each certificate. Reads the files that the configuration names.
std::vector<Check> check_configuration(const InsiConfig& config, Clock::Wall now);

/// "connection", "tls", "host_name", "server_certificate", "clock" from what probe() met. `skew`:
/// nothing when no answer told the time.
std::vector<Check> check_connection(const InsiConfig& config, const Probe& probe,
                                    std::optional<std::chrono::seconds> skew, Clock::Wall now);
std::vector<Check> check_connection(const Error& failure);
/// The same names, not looked at.
std::vector<Check> connection_skipped(const std::string& why);

}  // namespace insd::insi
