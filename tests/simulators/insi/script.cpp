// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/script.h"

#include <algorithm>

#include "tests/simulators/insi/message.h"

namespace sim {
namespace {

bool agrees(const std::optional<std::string>& wanted, const std::string& sent) {
  return !wanted || *wanted == sent;
}

}  // namespace

bool Step::conditional() const {
  return operation || birth_name || given_name || sex || birth_date || birth_place;
}

bool Step::fits(const Query& query) const {
  return agrees(operation, query.operation()) && agrees(birth_name, query.birth_name) &&
         agrees(given_name, query.given_name) && agrees(sex, query.sex) &&
         agrees(birth_date, query.birth_date) && agrees(birth_place, query.birth_place);
}

Script::Script(std::vector<Step> steps) {
  for (auto& step : steps) entries_.push_back({std::move(step)});
}

const Step* Script::before_reading() {
  const std::lock_guard lock(mutex_);
  const auto entry = std::ranges::find_if(entries_, &Entry::alive);
  if (entry == entries_.end() || entry->step.fault != Fault::CUT_BEFORE_READ) return nullptr;
  ++entry->played;
  return &entry->step;
}

const Step* Script::next(const Query& query) {
  const std::lock_guard lock(mutex_);
  const auto entry = std::ranges::find_if(entries_, [&](const Entry& each) {
    return each.alive() && each.step.fault != Fault::CUT_BEFORE_READ && each.step.fits(query);
  });
  if (entry == entries_.end()) return nullptr;
  ++entry->played;
  return &entry->step;
}

}  // namespace sim
