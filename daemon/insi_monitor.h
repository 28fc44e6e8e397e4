// SPDX-License-Identifier: Apache-2.0
// Can INSi be asked? What the daemon's own exchanges say; and what a fault of the service means, by the
// configuration.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <optional>

#include "daemon/clock.h"
#include "daemon/config.h"
#include "drivers/base/error.h"

namespace insd {

/// `error` as [[insi.fault]] reads its fault; unchanged when none of them fits.
Error read_by_rules(Error error, const InsiConfig& config);

/// True for insi_101 and insi_102: one half of the service fails (specs: insi 5).
bool is_half_down(const Error& error);

/// May the same question be asked once more, as another message? Never after INSI_NO_ANSWER: that is the
/// caller's to decide.
bool is_passing(const Error& error);

enum class InsiAvailability : std::uint8_t { UNKNOWN, AVAILABLE, DEGRADED, DOWN };

struct InsiState {
  InsiAvailability availability = InsiAvailability::UNKNOWN;
  std::optional<Clock::Wall> since;
  std::optional<Clock::Wall> last_answer;
  std::optional<Code> code;  ///< of the last failure, unless AVAILABLE
  std::optional<InsiFault> fault;
  std::optional<std::chrono::seconds> clock_skew;  ///< the service's clock less ours; none: not known
};

/// On the executor only.
class InsiMonitor {
 public:
  explicit InsiMonitor(const Clock& clock) : clock_(clock) {}

  void answered();
  /// Failures that say nothing of the service (of a card, of the caller, a refused authorisation) are let
  /// pass.
  void failed(const Error& error);
  /// The service's clock less ours, as Exchange::clock_skew() knows it. To be told before answered() and
  /// failed().
  void clock_observed(std::optional<std::chrono::seconds> skew);
  /// Another service, or the same by another way, is configured.
  void reset();

  [[nodiscard]] const InsiState& state() const { return state_; }

  /// `changed` is called at once and then for each change of availability or code, and of whether
  /// the clock is right (insi::kTolerableSkew), until the handle dies.
  using Watcher = std::function<void(const InsiState&)>;
  [[nodiscard]] std::shared_ptr<void> watch(Watcher changed);

 private:
  void become(InsiState state);
  void tell();

  const Clock& clock_;
  InsiState state_;
  std::list<std::weak_ptr<Watcher>> watchers_;
};

}  // namespace insd
