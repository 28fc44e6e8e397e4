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

  /// CR 00.
  [[nodiscard]] Answer found(const Person& person, std::uint64_t turn) const;
  /// CR 01, or whatever code is given, without an identity; `person` adds one against the contract.
  [[nodiscard]] Answer without(std::string_view code, std::uint64_t turn,
                               const Person* person = nullptr) const;
  /// A SOAP fault, HTTP 500. `code` decides subcode and severity as far as traces show them (specs: insi 5);
  /// gateway faults echo the message id.
  [[nodiscard]] Answer fault(std::string_view code, std::string_view label,
                             std::string_view message_id) const;

 private:
  [[nodiscard]] std::string envelope(const std::string& body) const;
  [[nodiscard]] std::string result(const std::string& code, const Person* person, std::uint64_t turn) const;

  AnswerStyle style_;
};

}  // namespace sim
