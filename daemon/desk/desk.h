// SPDX-License-Identifier: Apache-2.0
// The async face of drivers/: which readers and cards there are, and work on a card by that reader's own
// worker.
#pragma once

#include <any>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/desk/orders.h"
#include "daemon/desk/patience.h"
#include "drivers/card_kind.h"
#include "drivers/pcsc/card_session.h"
#include "drivers/pcsc/features.h"
#include "drivers/pcsc/monitor.h"
#include "drivers/pcsc/no_driver.h"
#include "drivers/pcsc/usb_watch.h"

namespace insd::desk {

enum class ReaderState : std::uint8_t { EMPTY, CARD_PRESENT, CARD_MUTE, HELD, UNUSABLE, DISABLED };

struct Reader {
  std::string name;  ///< pcscd's name
  std::string alias;
  ReaderRole role = ReaderRole::ANY;
  ReaderState state = ReaderState::EMPTY;
  CardKind kind = CardKind::UNKNOWN;
  std::string generation;  ///< "<daemon start id>-<counter>"; empty without a card
  Clock::Wall since;
  bool enabled = true;
  bool card_left = false;  ///< its card has been told as left behind (Desk::leave)
  std::optional<Code> problem;
  Bytes atr;
  std::string desk;      ///< of the configuration; empty: none
  std::string usb_path;  ///< as pcsc::ReaderPlace; empty until located, or when its driver does not tell
  std::string serial;    ///< likewise
  bool located = false;  ///< its driver has been asked
  std::optional<pcsc::NoDriver> no_driver = {};  ///< on USB, and pcscd knows nothing of it: why
  std::optional<pcsc::Features> features = {};   ///< what it offers; nothing until located, or when unknown
  bool operator==(const Reader&) const = default;
};

/// The smart card service went, or came back.
struct ServiceEvent {
  enum class Kind : std::uint8_t { LOST, RECOVERING, RECOVERED };
  std::uint64_t number = 0;  ///< from 1, each one more than the one before
  Kind kind = Kind::LOST;
  Clock::Wall time;
  std::optional<Code> cause;            ///< not of RECOVERED
  std::chrono::milliseconds outage{0};  ///< of RECOVERED: since the loss or the start; at least one
};

/// The whole desk after a change. Immutable once published.
struct State {
  std::uint64_t sequence = 0;
  std::optional<Code> pcsc_fault;  ///< of pcsc::Snapshot: nothing while pcscd answers
  Clock::Wall pcsc_since;
  std::vector<ServiceEvent> service_events;  ///< of the newest outage, in their order: at most three
  std::vector<Reader> readers;               ///< pcscd's, then known ones that it has no driver for
  std::shared_ptr<const std::vector<ReaderConfig>> entries;  ///< the configuration; nullptr: none
};

/// Which card a caller wants.
struct Selection {
  std::string reader;      ///< name or alias; empty = the only one that fits
  std::string generation;  ///< empty = the current one
  std::string desk = {};   ///< only its readers; empty = not limited
};
enum class Wanted : std::uint8_t {
  VITALE,
  CPS,            ///< that the direct driver knows
  CPS_BY_MODULE,  ///< also a CPS4: the module decides
};

/// A card that was there when it was chosen.
struct Chosen {
  std::string reader;
  std::string generation;
  CardKind kind = CardKind::UNKNOWN;
  std::string alias = {};  ///< of the reader
  std::string desk = {};   ///< of the reader
  bool operator==(const Chosen&) const = default;
};

/// Why a generation ended: what was read or verified under it is worth nothing any more.
enum class GenerationEnd : std::uint8_t {
  REMOVED,   ///< taken out, swapped, or the reader went away
  RESET,     ///< another program reset the card
  SERVICE,   ///< pcscd was lost
  FAILED,    ///< a PC/SC failure: whether it is still the same card cannot be known
  RELEASED,  ///< an administrator disabled the reader
  LEFT,      ///< its holder has gone without it
};

/// May the caller use this reader (policy)? Readers that may not be used are as if they were not there.
using ReaderFilter = std::function<bool(const Reader&)>;

/// All but state() on the executor, which is one thread. It must have ended before this object does.
class Desk {
 public:
  /// `executor` is where watchers are called and awaitables resume. Nothing runs before start(). `orders`
  /// keeps which readers are disabled; `usb` is where the kernel tells of USB.
  Desk(boost::asio::any_io_executor executor, const pcsc::PcscApi& api, std::vector<ReaderConfig> readers,
       std::string start_id, const Clock& clock, Orders orders = Orders({}), pcsc::UsbBus usb = {});
  ~Desk();
  Desk(const Desk&) = delete;
  Desk& operator=(const Desk&) = delete;

  void start();
  /// Ends the monitor and the workers, and waits a second each for them and their connections; what is inside
  /// a blocking call (a stuck card, a frozen pcscd) is left behind: then false.
  bool stop();

  /// Any thread.
  [[nodiscard]] std::shared_ptr<const State> state() const;

  [[nodiscard]] boost::asio::any_io_executor executor() const;

  /// Called on the executor with every new state until the returned handle dies; the first call has the
  /// present state.
  using Watcher = std::function<void(const std::shared_ptr<const State>&)>;
  [[nodiscard]] std::shared_ptr<void> watch(Watcher watcher);

  /// Calls every watcher with the present state: what it may see of that has changed.
  void tell_again();

  /// Called on the executor once for each generation that ends, until the returned handle dies.
  using GenerationWatcher = std::function<void(const std::string& generation, GenerationEnd cause)>;
  [[nodiscard]] std::shared_ptr<void> watch_generations(GenerationWatcher watcher);

  /// The card of this generation was left behind: the generation ends, the reader says so until the card
  /// goes.
  void leave(const std::string& generation);

  /// The readers that `name_or_alias` means: those that are there, else one that the configuration names and
  /// that is away (its name is empty then, its problem READER_NOT_FOUND), else none.
  [[nodiscard]] std::vector<Reader> meant_by(const std::string& name_or_alias) const;

  /// Disabled: the work under way is cut short (READER_DISABLED), and this returns once the card is let go
  /// of: another program may open it for itself. Enabled: a card there is a new generation. For an alias the
  /// order is one about whichever reader has it, now or later, until the opposite one. Throws
  /// READER_NOT_FOUND when it means nothing, READER_STUCK when the reader does not let go: it is disabled
  /// then all the same.
  boost::asio::awaitable<Reader> set_enabled(std::string name_or_alias, bool enabled);

  /// Throws PCSC_*, READER_NOT_FOUND, READER_AMBIGUOUS (a name that several readers have; several desks and
  /// none named), READER_DISABLED, READER_HELD, CARD_ABSENT, CARD_MUTE, CARD_WRONG_KIND, CARD_UNSUPPORTED
  /// (Vitale 1), CARDS_SWAPPED (a card is in a reader of the other role), CARD_AMBIGUOUS (lists the readers),
  /// CARD_CHANGED (selection.generation is not current).
  [[nodiscard]] Chosen choose(const Selection& selection, Wanted wanted, const ReaderFilter& allowed) const;

  /// Throws CARD_CHANGED unless every generation is current.
  void require_current(const std::vector<std::string>& generations) const;

  /// Runs `work` inside one transaction on the card, on the reader's worker, and returns its result on the
  /// executor. CARD_CHANGED when the generation is not current before or after. Any PC/SC failure ends the
  /// generation. The callers of a reader take turns (daemon/desk/fair_queue.h). Whoever must wait longer than
  /// his patience is told READER_HELD when another program holds the reader, else BUSY, also when too many
  /// wait already; from then on nothing is sent for him. A reader silent for longer than
  /// Patience::silence: READER_STUCK. Once its
  /// work has begun, a caller who goes away ends it before the next card command.
  template <class T>
  boost::asio::awaitable<T> with_card(Chosen card, std::function<T(pcsc::CardSession&)> work,
                                      Patience patience) {
    std::function<std::any(pcsc::CardSession&)> any_work =
        [work = std::move(work)](pcsc::CardSession& session) { return std::any(work(session)); };
    std::any result = co_await run(std::move(card), std::move(any_work), std::move(patience));
    co_return std::any_cast<T>(std::move(result));
  }

  /// While the handle lives, the connection to this card stays open between jobs: pcscd would power an unused
  /// card down, and its verified state with it.
  [[nodiscard]] std::shared_ptr<void> hold(const Chosen& card);

  /// Returns once the reader's worker has closed a connection that nobody holds any more. Throws nothing.
  boost::asio::awaitable<void> settle(Chosen card);

 private:
  boost::asio::awaitable<std::any> run(Chosen card, std::function<std::any(pcsc::CardSession&)> work,
                                       Patience patience);
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace insd::desk
