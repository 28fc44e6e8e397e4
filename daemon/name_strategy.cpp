// SPDX-License-Identifier: Apache-2.0
#include "daemon/name_strategy.h"

#include "daemon/identity/name.h"

namespace insd {

using insi::Outcome;

NameStrategy::NameStrategy(const identity::SearchTraits& traits)
    : names_(traits.given_names), joined_(identity::joined_given_names(traits)), place_(traits.birth_place) {
  if (names_.empty()) phase_ = Phase::DONE;
}

std::optional<NameStrategy::Step> NameStrategy::next() const {
  switch (phase_) {
    case Phase::ALONE:
      return Step{names_[index_], std::nullopt};
    case Phase::ALL:
      return Step{joined_, std::nullopt};
    case Phase::PLACE:
      return Step{narrowest_, place_};
    case Phase::DONE:
      return std::nullopt;
  }
  return std::nullopt;
}

void NameStrategy::answered(Outcome outcome) {
  const auto step = next();
  if (!step) return;
  if (outcome == Outcome::FOUND) {
    found_ = true;
    if (step->given_name != names_.front()) matched_ = step->given_name;
    phase_ = Phase::DONE;
    return;
  }
  if (outcome == Outcome::SEVERAL) {
    several_ = true;
    narrowest_ = step->given_name;
  }
  if (phase_ == Phase::ALONE && outcome == Outcome::NOT_FOUND && index_ + 1 < names_.size()) {
    ++index_;
  } else if (phase_ == Phase::ALONE) {
    go_on(Phase::ALL);
  } else if (phase_ == Phase::ALL) {
    go_on(Phase::PLACE);
  } else {
    phase_ = Phase::DONE;
  }
}

// To that phase, or past it when the caller has not given what it needs.
void NameStrategy::go_on(Phase phase) {
  phase_ = phase;
  // One name joined is the name again; a list longer than a name may be cannot be sent.
  if (phase_ == Phase::ALL && (names_.size() == 1 || joined_.size() > identity::kMaxNameSize)) {
    phase_ = Phase::PLACE;
  }
  if (phase_ == Phase::PLACE && (!several_ || !place_)) phase_ = Phase::DONE;
}

Outcome NameStrategy::outcome() const {
  if (found_) return Outcome::FOUND;
  return several_ ? Outcome::SEVERAL : Outcome::NOT_FOUND;
}

std::string NameStrategy::matched_given_name() const {
  return matched_;
}

std::vector<std::string> NameStrategy::next_steps() const {
  if (found_) return {};
  std::vector<std::string> steps;
  if (several_ && names_.size() == 1) steps.emplace_back("OTHER_GIVEN_NAMES");
  if (several_ && !place_) steps.emplace_back("BIRTH_PLACE");
  if (steps.empty()) steps.emplace_back("CHECK_TRAITS");
  steps.emplace_back("KEEP_PROVISIONAL");
  return steps;
}

}  // namespace insd
