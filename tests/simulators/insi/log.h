// SPDX-License-Identifier: Apache-2.0
// What the simulator says: lines on standard output, and one record per request in a directory.
#pragma once

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>

#include "tests/simulators/insi/findings.h"

namespace sim {

struct Record {
  std::uint64_t number = 0;
  std::string tls;
  std::string body;  ///< as received
  int status = 0;
  std::string answer;  ///< summary, no datum
  std::string fault;   ///< name of the fault that was played, "none"
};

/// Thread safe; every line is flushed.
class Log {
 public:
  /// Makes the directory when it is not there. Throws std::filesystem::filesystem_error.
  explicit Log(std::optional<std::filesystem::path> record_dir);

  void line(const std::string& text);
  /// One line per finding, one for the answer, and NNNNNN.xml + NNNNNN.json in the record directory. The
  /// .json file comes last and whole: its presence says that the record is complete.
  void request(const Record& record, const Findings& findings);

 private:
  std::optional<std::filesystem::path> record_dir_;
  std::mutex mutex_;
};

}  // namespace sim
