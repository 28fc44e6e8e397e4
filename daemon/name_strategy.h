// SPDX-License-Identifier: Apache-2.0
// In which order one person's traits are asked for: each given name alone, then all of them joined; after
// several identities only what tells them apart, all given names and then the birth place, as far as the
// caller has given it (specs: insi 5 and 7, ins-rules 1.9). About one person only, and bounded. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/identity/traits.h"
#include "daemon/insi/exchange.h"

namespace insd {

class NameStrategy {
 public:
  /// `traits`: normalised.
  explicit NameStrategy(const identity::SearchTraits& traits);

  struct Step {
    std::string given_name;
    std::optional<std::string> birth_place;
  };
  /// What is asked now; nothing when there is nothing left to ask.
  [[nodiscard]] std::optional<Step> next() const;

  /// What came of next().
  void answered(insi::Outcome outcome);

  /// SEVERAL once it was heard, whatever narrower questions found: those people exist.
  [[nodiscard]] insi::Outcome outcome() const;

  /// The given name of a 00 when it was not the first alone; else empty.
  [[nodiscard]] std::string matched_given_name() const;

  /// What to ask the patient or to do, stable codes; empty after a 00.
  [[nodiscard]] std::vector<std::string> next_steps() const;

 private:
  enum class Phase : std::uint8_t { ALONE, ALL, PLACE, DONE };
  void go_on(Phase phase);

  std::vector<std::string> names_;
  std::string joined_;
  std::optional<std::string> place_;
  Phase phase_ = Phase::ALONE;
  std::size_t index_ = 0;
  std::string narrowest_;  // the given name that several people have
  bool several_ = false;
  bool found_ = false;
  std::string matched_;
};

}  // namespace insd
