// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/monitor.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "drivers/pcsc/context.h"
#include "drivers/pcsc/errors.h"
#include "drivers/pcsc/pause.h"

namespace insd::pcsc {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

// The pseudo reader whose state changes when a reader comes or goes.
constexpr const char* kPlugAndPlay = R"(\\?PnP?\Notification)";

constexpr milliseconds kFirstBackOff{50};
constexpr milliseconds kLongestBackOff{2000};
// A directory that changes all the time must not make the loop that waits for pcscd spin; and a socket is
// there a moment before anybody listens.
constexpr milliseconds kAfterSocketChange{10};
// pcsc-lite 1.9 compares the number of readers with that at the start of the same call, so a reader that
// appears just between the list and the call goes unseen. After a change one bounded wait and a new list
// catch it.
constexpr DWORD kSettleMs = 250;
constexpr DWORD kHeldMs = 500;
// A pcscd that wakes us again and again without any change must not make this loop spin.
constexpr int kFutileWakes = 32;
constexpr milliseconds kFutilePause{50};

/// One reader as we last saw it.
struct Known {
  std::string name;
  std::uint32_t arrival = 0;
  DWORD state = SCARD_STATE_UNAWARE;
  Bytes atr;
};

Slot slot_of(const Known& known) {
  Slot slot;
  slot.reader = known.name;
  slot.arrival = known.arrival;
  slot.insertions = static_cast<std::uint32_t>(known.state >> 16U) & 0xFFFFU;
  slot.held_exclusively = (known.state & SCARD_STATE_EXCLUSIVE) != 0;
  if ((known.state & (SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE | SCARD_STATE_IGNORE)) != 0) {
    slot.state = SlotState::UNUSABLE;
  } else if ((known.state & SCARD_STATE_MUTE) != 0) {
    slot.state = SlotState::MUTE;
  } else if ((known.state & SCARD_STATE_PRESENT) != 0) {
    slot.state = SlotState::PRESENT;
    slot.atr = known.atr;
  }
  return slot;
}

/// Tells the world when it has changed, and only then.
class Reporter {
 public:
  explicit Reporter(const std::function<void(const Snapshot&)>& changed) : changed_(changed) {}

  /// False when this is what was said last. What could not be said (`changed` threw) is said again.
  bool say(Snapshot snapshot) {
    if (last_ && *last_ == snapshot) return false;
    changed_(snapshot);
    last_ = std::move(snapshot);
    return true;
  }

  /// For faults: there is nobody left to tell that this could not be said.
  void say_fault(Code fault) noexcept {
    try {
      say({.service_fault = fault, .slots = {}});
    } catch (...) {
      last_.reset();
    }
  }

  /// Was pcscd there, by what was said last?
  [[nodiscard]] bool well() const { return last_ && !last_->service_fault; }

 private:
  const std::function<void(const Snapshot&)>& changed_;
  std::optional<Snapshot> last_;
};

/// The readers of one connection to pcscd.
class Watch {
 public:
  Watch(const PcscApi& api, std::stop_token stop, Reporter& reporter, Bell& bell)
      : context_(api), stop_(std::move(stop)), reporter_(reporter), canceller_(context_, stop_, bell) {}

  /// Returns when `stop` is requested; throws the Error that ended the connection.
  void run() {
    while (!stop_.stop_requested()) {
      if (canceller_.answer_bell()) look_afresh();
      list();
      if (all_seen()) report();
      wait();
    }
  }

 private:
  // pcsc-lite gives the whole state of a reader that we say to know nothing of.
  void look_afresh() {
    for (Known& known : known_) known.state = SCARD_STATE_UNAWARE;
  }

  void list() {
    std::vector<Known> now;
    for (std::string& name : context_.readers()) {
      const auto before =
          std::find_if(known_.begin(), known_.end(), [&](const Known& k) { return k.name == name; });
      // A reader that was gone when we last looked is a new one, even under the same name.
      const bool same = before != known_.end() && (before->state & SCARD_STATE_UNKNOWN) == 0;
      now.push_back(same ? std::move(*before)
                         : Known{.name = std::move(name), .arrival = ++arrivals_, .atr = {}});
    }
    known_ = std::move(now);
  }

  [[nodiscard]] bool any_held() const {
    return std::any_of(known_.begin(), known_.end(),
                       [](const Known& known) { return (known.state & SCARD_STATE_EXCLUSIVE) != 0; });
  }

  [[nodiscard]] bool all_seen() const {
    return std::none_of(known_.begin(), known_.end(),
                        [](const Known& known) { return known.state == SCARD_STATE_UNAWARE; });
  }

  void report() {
    Snapshot snapshot;
    std::transform(known_.begin(), known_.end(), std::back_inserter(snapshot.slots), slot_of);
    if (reporter_.say(std::move(snapshot))) {
      futile_ = 0;
      settled_ = false;
    } else if (++futile_ > kFutileWakes) {
      pause(stop_, kFutilePause);
    }
  }

  // Sleeps until something happens to a reader, to the list of readers, or to pcscd.
  void wait() {
    std::vector<SCARD_READERSTATE> states(known_.size());
    for (std::size_t i = 0; i < known_.size(); ++i) {
      states[i].szReader = known_[i].name.c_str();
      states[i].dwCurrentState = known_[i].state;
    }
    const LONG result = get_status_change(states);
    switch (result) {
      case SCARD_S_SUCCESS:
        remember(states);
        return;
      case SCARD_E_TIMEOUT:
        settled_ = true;
        return;
      case SCARD_E_CANCELLED:
      case SCARD_E_UNKNOWN_READER:  // it left after the list was made
      case SCARD_E_READER_UNAVAILABLE:
      case SCARD_E_NO_READERS_AVAILABLE:
        if (++futile_ > kFutileWakes) pause(stop_, kFutilePause);
        return;
      default:
        throw to_error(context_.api(), result, "SCardGetStatusChange");
    }
  }

  LONG get_status_change(std::vector<SCARD_READERSTATE>& states) {
    const DWORD timeout = !settled_ ? kSettleMs : any_held() ? kHeldMs : INFINITE;
    SCARD_READERSTATE plug_and_play{};
    plug_and_play.szReader = kPlugAndPlay;
    plug_and_play.dwCurrentState = plug_and_play_;
    states.push_back(plug_and_play);
    LONG result = context_.api().get_status_change(context_.handle(), timeout, states.data(), states.size());
    // Newer pcsc-lite counts reader events in the upper word: given back, none goes unseen.
    if (result == SCARD_S_SUCCESS) plug_and_play_ = states.back().dwEventState & ~DWORD{SCARD_STATE_CHANGED};
    states.pop_back();
    if (result == SCARD_E_INVALID_PARAMETER && !states.empty()) {
      // As many readers as the library can watch (16 in pcsc-lite 1.9): no other can come before one leaves,
      // and each tells of its own leaving.
      result = context_.api().get_status_change(context_.handle(), timeout, states.data(), states.size());
    }
    return result;
  }

  void remember(const std::vector<SCARD_READERSTATE>& states) {
    for (std::size_t i = 0; i < known_.size(); ++i) {
      known_[i].state = states[i].dwEventState & ~DWORD{SCARD_STATE_CHANGED};
      // An ATR longer than any ATR is none.
      const std::size_t length = states[i].cbAtr <= sizeof states[i].rgbAtr ? states[i].cbAtr : 0;
      known_[i].atr.assign(states[i].rgbAtr, states[i].rgbAtr + length);
    }
  }

  Context context_;
  std::stop_token stop_;
  Reporter& reporter_;
  std::vector<Known> known_;
  std::uint32_t arrivals_ = 0;
  DWORD plug_and_play_ = SCARD_STATE_UNAWARE;
  bool settled_ = false;
  int futile_ = 0;
  Canceller canceller_;
};

// Watches until `stop` is requested (then nothing) or pcscd is lost (then why).
std::optional<Code> watch(const PcscApi& api, const std::stop_token& stop, Reporter& reporter, Bell& bell) {
  try {
    Watch(api, stop, reporter, bell).run();
    return std::nullopt;
  } catch (const Error& error) {
    return error.code();
  } catch (...) {
    return Code::INTERNAL;  // out of memory or of threads, a fault of ours: none may end the monitor for good
  }
}

// What such a failure says about the service.
Code service_fault(Code failure, bool was_well) {
  switch (failure) {
    case Code::PCSC_LOST:
      return was_well ? Code::PCSC_LOST : Code::PCSC_RESTARTING;  // it listens, and does not answer yet
    case Code::PCSC_ABSENT:
    case Code::PCSC_REFUSED:
    case Code::PCSC_OUT_OF_CONTEXTS:
      return was_well ? Code::PCSC_LOST : failure;  // what it is now, the next attempt tells
    case Code::INTERNAL:
      return failure;
    default:
      return Code::PCSC_FAILED;
  }
}

}  // namespace

void run_monitor(const PcscApi& api, const std::stop_token& stop,
                 const std::function<void(const Snapshot&)>& changed, Bell& bell) {
  Reporter reporter(changed);
  milliseconds back_off = kFirstBackOff;
  while (!stop.stop_requested()) {
    const auto begin = steady_clock::now();
    const auto failure = watch(api, stop, reporter, bell);
    if (!failure) return;
    const bool was_well = reporter.well();
    reporter.say_fault(service_fault(*failure, was_well));
    // A connection that held shows that pcscd was well: this fault is a new one.
    if (steady_clock::now() - begin > kLongestBackOff) back_off = kFirstBackOff;
    if (api.await_socket(stop, back_off)) {
      back_off = kFirstBackOff;
      pause(stop, kAfterSocketChange);
    } else {
      back_off = std::min(back_off * 2, kLongestBackOff);
    }
    if (was_well) reporter.say_fault(Code::PCSC_RESTARTING);
  }
}

}  // namespace insd::pcsc
