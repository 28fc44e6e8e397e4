// SPDX-License-Identifier: Apache-2.0
// Answers as the live service writes them (specs: insi 1.3, 2.4).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/simulators/insi/config.h"
#include "tests/simulators/insi/persons.h"

namespace sim {

/// One HTTP answer.
struct Answer {
  int status = 200;
  std::string content_type = "application/soap+xml; charset=utf-8";
  std::string body;
  std::vector<std::string> headers;  ///< more of them, "Name: value"
  std::string summary;               ///< for the log: no datum
};

class AnswerWriter {
 public:
  explicit AnswerWriter(AnswerStyle style) : style_(std::move(style)) {}

  /// Whatever code is given, with `person` or without an identity, also where the contract forbids it.
  [[nodiscard]] Answer result(const std::string& code, std::uint64_t turn,
                              const Person* person = nullptr) const;
  /// A SOAP fault, HTTP 500. Gateway faults echo the message id.
  [[nodiscard]] Answer fault(const SoapFault& fault, std::string_view message_id) const;

  /// Any other content, HTTP 200.
  [[nodiscard]] Answer wrapped(const std::string& content, std::string summary) const;

 private:
  [[nodiscard]] std::string envelope(const std::string& body) const;
  [[nodiscard]] std::string resultat(const std::string& code, const Person* person, std::uint64_t turn) const;

  AnswerStyle style_;
};

}  // namespace sim
