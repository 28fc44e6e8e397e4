// SPDX-License-Identifier: Apache-2.0
// What was looked at in a request, and what was found.
#pragma once

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace sim {

struct Finding {
  std::string check;  ///< e.g. "signature"
  bool ok = true;
  std::string text;   ///< what was seen, or why it is refused
  std::string fault;  ///< when refused: the code of the SOAP fault that says so
};

/// No public source gives the codes of INSi for a malformed message: this one is ours and no real server's.
inline constexpr const char* kOwnFault = "sim_refused";

class Findings {
 public:
  void good(std::string check, std::string text) {
    all_.push_back({std::move(check), true, std::move(text), {}});
  }
  void bad(std::string check, std::string why, std::string fault = kOwnFault) {
    all_.push_back({std::move(check), false, std::move(why), std::move(fault)});
  }
  /// One finding for one check: bad when `why` is not empty.
  void judge(const std::string& check, const std::string& why, const std::string& seen) {
    why.empty() ? good(check, seen) : bad(check, why);
  }

  [[nodiscard]] const std::vector<Finding>& all() const { return all_; }
  /// The first refusal; null when there is none.
  [[nodiscard]] const Finding* refusal() const {
    const auto found = std::ranges::find(all_, false, &Finding::ok);
    return found == all_.end() ? nullptr : &*found;
  }

 private:
  std::vector<Finding> all_;
};

}  // namespace sim
