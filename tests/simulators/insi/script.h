// SPDX-License-Identifier: Apache-2.0
// What is answered instead of the truth: steps, tried in their order for each request (README.md, "Steps").
#pragma once

#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/simulators/insi/fault.h"

namespace sim {

struct Query;

/// One step. What is empty or absent asks for nothing.
struct Step {
  // Which requests it is for; a text that is empty: only those that do not send it.
  std::optional<std::string> operation;  ///< traits | card | verification
  std::optional<std::string> birth_name, given_name, sex, birth_date, birth_place;
  unsigned times = 0;  ///< how many requests it plays for; 0 = every one

  // What it plays.
  Fault fault = Fault::NONE;
  std::string name = "none";        ///< for the log
  SoapFault soap_fault;             ///< when it has a code
  std::string code;                 ///< CodeCR of an injected answer
  std::string person;               ///< id of the person in an injected answer
  std::optional<std::string> body;  ///< an injected answer, byte for byte
  int status = 200;
  std::string content_type = "application/soap+xml; charset=utf-8";
  std::optional<std::chrono::milliseconds> delay;  ///< instead of the general one

  [[nodiscard]] bool conditional() const;
  [[nodiscard]] bool fits(const Query& query) const;
};

/// Thread safe.
class Script {
 public:
  explicit Script(std::vector<Step> steps);

  /// The next step when it cuts the connection before the request is read; null otherwise.
  const Step* before_reading();
  /// The first step that fits and is not used up, which it uses; null: the truth.
  const Step* next(const Query& query);

 private:
  struct Entry {
    Step step;
    unsigned played = 0;
    [[nodiscard]] bool alive() const { return step.times == 0 || played < step.times; }
  };
  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace sim
