// SPDX-License-Identifier: Apache-2.0
// Why an identity has its status, and what stands between it and "qualifiée" (specs: ins-rules 1.1 to 1.3).
#pragma once

#include <string_view>
#include <vector>

#include "daemon/identity/identity.h"

namespace insd::identity {

struct Missing {
  std::string_view code;  ///< stable
  std::string_view rule;  ///< the requirement that says so
  std::string_view remedy_en, remedy_fr;
};

struct Explanation {
  Status status = Status::PROVISIONAL;
  std::string_view status_rule;
  std::vector<Missing> missing;  ///< in the order in which a person would see to it
  bool complete = false;         ///< as good as this person's identity can be
  std::vector<std::string_view> remarks;
};

Explanation explain(const Identity& identity);

/// "PROVISIONAL", ...
std::string_view to_string(Status status);

}  // namespace insd::identity
