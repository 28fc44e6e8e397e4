// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace sim {

/// True when the whole text matches a POSIX extended regular expression. (std::regex recurses on its subject,
/// and GCC 12 warns in its headers under sanitizers.)
bool matches(const std::string& text, const char* pattern, bool ignore_case = false);

}  // namespace sim
