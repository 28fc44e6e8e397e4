// SPDX-License-Identifier: Apache-2.0
// What the INSi simulator is told to do (README.md lists the keys).
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sim {

/// What the simulator does instead of answering properly.
enum class Fault : std::uint8_t {
  NONE,
  // SOAP faults of the gateway and of the service
  DESIR_550,
  DESIR_560,
  DESIR_1020,
  INSI_101,
  INSI_102,
  // an HTTP answer that is no SOAP answer
  HTTP_500_PLAIN,
  HTML,
  WRONG_CONTENT_TYPE,
  EMPTY,
  GZIP,
  REDIRECT,
  // a connection that ends, drags or never ends
  CUT_BEFORE_READ,
  CUT_AFTER_READ,
  TRUNCATED,
  SLOW_DRIP,
  ENDLESS,
  HUGE_BODY,
  // a SOAP answer that lies
  DOCTYPE,
  XXE,
  WRONG_KEY_ANSWER,
  CR00_NO_INDIVIDUAL,
  CR01_WITH_INDIVIDUAL,
  OTHER_PERSON,
  TEST_OID,
};

/// Nothing when the name is unknown.
std::optional<Fault> fault_of(std::string_view name);

/// How answers are written: the live service varies all of it from one answer to the next.
struct AnswerStyle {
  std::string namespaces = "rotating";     ///< default | recsans_default | prefixed | rotating
  std::string envelope_prefix = "soap";    ///< any XML name
  std::string given_names = "list";        ///< list: ListePrenom only | first: Prenom only | both
  std::string history_order = "contract";  ///< contract: dates last | dates_first
};

struct Config {
  std::string listen = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 = the system picks
  std::string path = "/lps";
  std::filesystem::path certificate;  ///< PEM chain, the server's first
  std::filesystem::path key;
  std::string tls_min = "1.2", tls_max = "1.3";
  std::vector<std::filesystem::path> professionals_roots;  ///< PEM files: roots and intermediates
  /// PEM files; given: every client shows a certificate of an organisation, and nobody signs
  std::vector<std::filesystem::path> organisations_roots;
  std::filesystem::path persons;
  std::filesystem::path schemas;
  std::optional<std::filesystem::path> record_dir;
  std::set<std::string> idam;
  bool unknown_is_fault = false;              ///< unknown = "insi_102": as the qualification platform
  std::string vitale_assertion = "optional";  ///< optional | required | forbidden
  Fault fault = Fault::NONE;
  std::string fault_name = "none";
  unsigned fault_count = 0;  ///< 0 = every request
  std::chrono::milliseconds delay{0};
  AnswerStyle style;
};

/// Throws std::runtime_error with the file, and the line where there is one. Relative paths start at the
/// file's directory.
Config load_config(const std::filesystem::path& file);

}  // namespace sim
