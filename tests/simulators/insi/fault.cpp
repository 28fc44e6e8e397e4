// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/fault.h"

#include <array>
#include <utility>

namespace sim {

std::optional<Fault> fault_of(std::string_view name) {
  static constexpr std::array<std::pair<std::string_view, Fault>, 23> kFaults = {{
      {"none", Fault::NONE},
      {"http_500_plain", Fault::HTTP_500_PLAIN},
      {"html", Fault::HTML},
      {"wrong_content_type", Fault::WRONG_CONTENT_TYPE},
      {"empty", Fault::EMPTY},
      {"gzip", Fault::GZIP},
      {"gzip_bomb", Fault::GZIP_BOMB},
      {"redirect", Fault::REDIRECT},
      {"huge_headers", Fault::HUGE_HEADERS},
      {"chunk_extensions", Fault::CHUNK_EXTENSIONS},
      {"cut_before_read", Fault::CUT_BEFORE_READ},
      {"cut_after_read", Fault::CUT_AFTER_READ},
      {"truncated", Fault::TRUNCATED},
      {"slow_drip", Fault::SLOW_DRIP},
      {"endless", Fault::ENDLESS},
      {"huge", Fault::HUGE_BODY},
      {"doctype", Fault::DOCTYPE},
      {"xxe", Fault::XXE},
      {"wrong_key_answer", Fault::WRONG_KEY_ANSWER},
      {"cr00_no_individual", Fault::CR00_NO_INDIVIDUAL},
      {"cr01_with_individual", Fault::CR01_WITH_INDIVIDUAL},
      {"other_person", Fault::OTHER_PERSON},
      {"test_oid", Fault::TEST_OID},
  }};
  for (const auto& [text, fault] : kFaults) {
    if (text == name) return fault;
  }
  return std::nullopt;
}

}  // namespace sim
