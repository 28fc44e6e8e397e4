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

#include "tests/simulators/insi/script.h"

namespace sim {

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
  /// A second endpoint for organisations (0 = the system picks); absent: one endpoint, whose clients show a
  /// certificate when there are organisations_roots.
  std::optional<std::uint16_t> organisations_port;
  std::string path = "/lps";
  std::filesystem::path certificate;  ///< PEM chain, the server's first
  std::filesystem::path key;
  std::string tls_min = "1.2", tls_max = "1.3";
  std::vector<std::filesystem::path> professionals_roots;  ///< PEM files: roots and intermediates
  /// PEM files: clients show a certificate of an organisation, and nobody signs
  std::vector<std::filesystem::path> organisations_roots;
  std::filesystem::path persons;
  std::filesystem::path schemas;
  std::optional<std::filesystem::path> record_dir;
  std::set<std::string> idam;
  bool unknown_is_fault = false;              ///< unknown = "insi_102": as the qualification platform
  std::string vitale_assertion = "optional";  ///< optional | required | forbidden
  std::vector<Step> steps;
  std::chrono::milliseconds delay{0};
  std::chrono::seconds clock_shift{0};  ///< of the simulator's clock against the machine's
  std::chrono::seconds date_shift{0};   ///< of the header Date against the simulator's clock
  bool date_header = true;
  AnswerStyle style;
};

/// Throws std::runtime_error with the file, and the line where there is one. Relative paths start at the
/// file's directory.
Config load_config(const std::filesystem::path& file);

}  // namespace sim
