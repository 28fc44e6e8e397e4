// SPDX-License-Identifier: Apache-2.0
// What can go wrong on purpose.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sim {

/// What the simulator does instead of answering properly, SOAP faults aside.
enum class Fault : std::uint8_t {
  NONE,
  // an HTTP answer that is no SOAP answer
  HTTP_500_PLAIN,
  HTML,
  WRONG_CONTENT_TYPE,
  EMPTY,
  GZIP,
  GZIP_BOMB,
  REDIRECT,
  HUGE_HEADERS,
  CHUNK_EXTENSIONS,
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

/// A SOAP fault. What is empty is filled in by what traces show of its code (specs: insi 5).
struct SoapFault {
  std::string code = {};  ///< empty: no fault
  std::string subcode = {}, severity = {}, role = {}, label = {};
};

/// True for a code that public traces show.
bool is_known_soap_fault(std::string_view code);

}  // namespace sim
