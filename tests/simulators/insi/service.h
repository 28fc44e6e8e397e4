// SPDX-License-Identifier: Apache-2.0
// One request in, findings and one answer out.
#pragma once

#include <cstdint>
#include <mutex>

#include "tests/simulators/insi/answer.h"
#include "tests/simulators/insi/assertion.h"
#include "tests/simulators/insi/config.h"
#include "tests/simulators/insi/findings.h"
#include "tests/simulators/insi/http.h"
#include "tests/simulators/insi/message.h"
#include "tests/simulators/insi/persons.h"
#include "tests/simulators/insi/script.h"

namespace sim {

/// Thread safe: examines one request at a time.
class Service {
 public:
  /// Throws std::runtime_error: a root, a schema or the persons cannot be read.
  explicit Service(const Config& config);

  /// `client`: the certificate of the organisation that asks; null: a professional signs. `step`: what was
  /// played, null when nothing; how it travels is left to deliver().
  Answer handle(std::uint64_t turn, const HttpRequest& request, X509* client, const Step*& step,
                Findings& findings);
  /// A cut that comes before a request is read; null otherwise.
  const Step* before_reading() { return script_.before_reading(); }

 private:
  Answer injected(const Step& step, std::uint64_t turn) const;
  Answer answer_to(const Message& message, std::uint64_t turn, Fault fault);
  Answer lie(Person person, std::uint64_t turn, Fault fault) const;

  const Config& config_;
  std::mutex mutex_;
  Script script_;
  Persons persons_;
  MessageChecks message_checks_;
  AssertionChecks assertion_checks_;
  AnswerWriter writer_;
};

}  // namespace sim
