// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi_monitor.h"

#include <utility>
#include <vector>

#include "daemon/insi/http_date.h"

namespace insd {
namespace {

Code code_of(FaultMeaning meaning) {
  switch (meaning) {
    case FaultMeaning::UNAVAILABLE:
      return Code::INSI_UNAVAILABLE;
    case FaultMeaning::NOT_AUTHORISED:
      return Code::INSI_NOT_AUTHORISED;
    case FaultMeaning::FAULT:
      return Code::INSI_FAULT;
  }
  return Code::INSI_FAULT;
}

bool fits(const FaultRule& rule, const InsiFault& fault) {
  const auto same = [](const std::string& wanted, const std::string& said) {
    return wanted.empty() || wanted == said;
  };
  return same(rule.subcode, fault.subcode) && same(rule.code, fault.code) &&
         same(rule.severity, fault.severity);
}

}  // namespace

Error read_by_rules(Error error, const InsiConfig& config) {
  if (!error.insi_fault()) return error;
  for (const FaultRule& rule : config.faults) {
    if (!fits(rule, *error.insi_fault())) continue;
    return Error(code_of(rule.meaning), error.detail()).with_insi_fault(*error.insi_fault());
  }
  return error;
}

bool is_half_down(const Error& error) {
  const auto& fault = error.insi_fault();
  return fault && (fault->code == "insi_101" || fault->code == "insi_102");
}

bool is_passing(const Error& error) {
  return error.code() == Code::INSI_UNAVAILABLE || error.code() == Code::INSI_UNREACHABLE;
}

void InsiMonitor::answered() {
  InsiState state;
  state.availability = InsiAvailability::AVAILABLE;
  state.last_answer = clock_.wall();
  state.clock_skew = state_.clock_skew;
  become(std::move(state));
}

void InsiMonitor::failed(const Error& error) {
  InsiState state;
  state.availability = InsiAvailability::DOWN;
  switch (error.code()) {
    case Code::INSI_UNAVAILABLE:
      if (is_half_down(error)) state.availability = InsiAvailability::DEGRADED;
      break;
    case Code::INSI_UNREACHABLE:
    case Code::INSI_NO_ANSWER:
    case Code::INSI_TLS_UNTRUSTED:
    case Code::INSI_TLS_INTERCEPTED:
    case Code::INSI_PROXY_REFUSED:
    case Code::INSI_ANSWER_INVALID:
      break;
    default:
      return;
  }
  state.last_answer = state_.last_answer;
  state.clock_skew = state_.clock_skew;
  state.code = error.code();
  state.fault = error.insi_fault();
  become(std::move(state));
}

void InsiMonitor::clock_observed(std::optional<std::chrono::seconds> skew) {
  const auto wrong = [](const std::optional<std::chrono::seconds>& each) {
    return each && std::chrono::abs(*each) > insi::kTolerableSkew;
  };
  const bool news = wrong(skew) != wrong(state_.clock_skew);
  state_.clock_skew = skew;
  if (news) tell();
}

void InsiMonitor::reset() {
  become({});
}

void InsiMonitor::become(InsiState state) {
  const bool same = state.availability == state_.availability;
  const bool news = !same || state.code != state_.code;
  if (same) {
    state.since = state_.since;
  } else if (state.availability != InsiAvailability::UNKNOWN) {
    state.since = clock_.wall();
  }
  state_ = std::move(state);
  if (news) tell();
}

void InsiMonitor::tell() {
  std::vector<std::shared_ptr<Watcher>> living;
  std::erase_if(watchers_, [&](const std::weak_ptr<Watcher>& each) {
    auto watcher = each.lock();
    if (!watcher) return true;
    living.push_back(std::move(watcher));
    return false;
  });
  const InsiState now = state_;  // a watcher may end another, or cause a change
  for (const auto& each : living) (*each)(now);
}

std::shared_ptr<void> InsiMonitor::watch(Watcher changed) {
  auto watcher = std::make_shared<Watcher>(std::move(changed));
  watchers_.push_back(watcher);
  (*watcher)(state_);
  return watcher;
}

}  // namespace insd
