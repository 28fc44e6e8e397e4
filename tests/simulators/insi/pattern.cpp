// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/pattern.h"

#include <stdexcept>

#include <regex.h>

namespace sim {

bool matches(const std::string& text, const char* pattern, bool ignore_case) {
  if (text.find('\0') != std::string::npos) return false;
  regex_t compiled;
  const std::string whole = "^(" + std::string(pattern) + ")$";
  if (regcomp(&compiled, whole.c_str(), REG_EXTENDED | REG_NOSUB | (ignore_case ? REG_ICASE : 0)) != 0) {
    throw std::logic_error("a pattern of ours does not compile");
  }
  const bool found = regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  regfree(&compiled);
  return found;
}

}  // namespace sim
