// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/vitale_desk.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "daemon/desk/board.h"
#include "drivers/base/error.h"

namespace insd::desk {
namespace asio = boost::asio;

namespace {

// Masks of Vitale 2 known so far: a dozen (specs: vitale 1.1).
constexpr std::size_t kMostMasks = 32;

}  // namespace

struct VitaleDesk::UnderWay {
  /// True once the reading has ended; false when the caller gives up, or has waited as long as it may.
  asio::awaitable<bool> wait(const asio::any_io_executor& executor, const Patience& patience) {
    const auto woken =
        std::make_shared<asio::steady_timer>(executor, wait_ends(patience, std::chrono::steady_clock::now()));
    waiting.push_back(woken);
    const std::stop_callback gone(patience.stop, [executor, weak = std::weak_ptr(woken)] {
      asio::post(executor, [weak] {
        if (const auto timer = weak.lock()) timer->cancel();
      });
    });
    boost::system::error_code ignored;
    if (!patience.stop.stop_requested()) {
      co_await woken->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    co_return ended;
  }

  void end() {
    ended = true;
    for (const auto& weak : waiting) {
      if (const auto timer = weak.lock()) timer->cancel();
    }
  }

  std::vector<std::weak_ptr<asio::steady_timer>> waiting;
  bool ended = false;
};

VitaleDesk::VitaleDesk(Desk& desk, const Clock& clock) : desk_(desk), clock_(clock) {
  watch_ =
      desk_.watch_generations([this](const std::string& generation, GenerationEnd) { forget(generation); });
}

VitaleDesk::~VitaleDesk() {
  for (auto& [generation, reading] : shown_) vitale::wipe(reading.content);
}

void VitaleDesk::forget(const std::string& generation) {
  prefetched_.erase(generation);
  const auto shown = shown_.find(generation);
  if (shown == shown_.end()) return;
  vitale::wipe(shown->second.content);
  shown_.erase(shown);
}

const VitaleReading* VitaleDesk::shown_under(const std::string& generation) const {
  const auto shown = shown_.find(generation);
  return shown == shown_.end() ? nullptr : &shown->second;
}

asio::awaitable<VitaleReading> VitaleDesk::read_chosen(Chosen chosen, Patience patience) {
  std::optional<vitale::Reading> before;
  if (const VitaleReading* shown = shown_under(chosen.generation)) before = shown->content;
  const auto state = desk_.state();
  const Reader* reader = find_reader(*state, chosen.reader);
  const Bytes mask = reader == nullptr ? Bytes() : reader->atr;
  vitale::IdentitySource way = vitale::IdentitySource::SFI_2;
  if (const auto known = ways_.find(mask); known != ways_.end()) way = known->second;
  if (before) way = before->source;
  // Compared on the worker: a difference ends the generation there, so that two people never share one.
  std::function<vitale::Reading(pcsc::CardSession&)> work = [way, before](pcsc::CardSession& session) {
    vitale::Reading reading = vitale::read(session, way);
    if (before && *before != reading) {
      throw Error(Code::CARD_CHANGED, "the card does not say what it said when it was chosen");
    }
    return reading;
  };
  VitaleReading reading;
  reading.content = co_await desk_.with_card<vitale::Reading>(chosen, std::move(work), std::move(patience));
  reading.card = std::move(chosen);
  reading.read_at = clock_.wall();
  if (ways_.size() < kMostMasks || ways_.contains(mask)) ways_[mask] = reading.content.source;
  co_return reading;
}

asio::awaitable<VitaleReading> VitaleDesk::read_shown(Chosen chosen, Patience patience) {
  const std::string generation = chosen.generation;
  VitaleReading reading = co_await read_chosen(std::move(chosen), std::move(patience));
  desk_.require_current({generation});
  shown_.insert_or_assign(generation, reading);
  co_return reading;
}

asio::awaitable<VitaleReading> VitaleDesk::read(Selection card, ReaderFilter allowed, Patience patience) {
  const Chosen chosen = desk_.choose(card, Wanted::VITALE, allowed);
  const asio::any_io_executor executor = desk_.executor();
  for (auto other = under_way_.find(chosen.generation); other != under_way_.end();
       other = under_way_.find(chosen.generation)) {
    const auto reading = other->second;
    // Who cannot wait for it asks for itself, and hears why that is not possible.
    if (!co_await reading->wait(executor, patience)) co_return co_await read_shown(chosen, patience);
  }
  if (const VitaleReading* shown = shown_under(chosen.generation)) co_return *shown;
  const auto mine = std::make_shared<UnderWay>();
  under_way_.insert_or_assign(chosen.generation, mine);
  std::optional<VitaleReading> reading;
  std::exception_ptr failure;
  try {
    reading = co_await read_shown(chosen, std::move(patience));
  } catch (...) {
    failure = std::current_exception();
  }
  under_way_.erase(chosen.generation);
  mine->end();
  if (failure) std::rethrow_exception(failure);
  co_return std::move(*reading);
}

asio::awaitable<VitaleReading> VitaleDesk::read_again(Selection card, ReaderFilter allowed,
                                                      Patience patience) {
  if (card.generation.empty()) {
    throw Error(Code::INVALID_ARGUMENT).with_field("card.card.generation", "the chosen card must be named");
  }
  const Chosen chosen = desk_.choose(card, Wanted::VITALE, allowed);
  if (shown_under(chosen.generation) == nullptr) {
    throw Error(Code::CARD_CHANGED, "that card has not been read");
  }
  co_return co_await read_chosen(chosen, std::move(patience));
}

void VitaleDesk::prefetch(const State& state, const ReaderFilter& may) {
  for (const Reader& reader : state.readers) {
    if (reader.kind != CardKind::VITALE_2 || reader.generation.empty() || !reader.enabled) continue;
    if (may && !may(reader)) continue;
    if (!prefetched_.insert(reader.generation).second) continue;
    asio::co_spawn(desk_.executor(), read({reader.name, reader.generation}, {}, {}),
                   [](const std::exception_ptr& failure, const VitaleReading&) {
                     // Whoever asks for this card hears why it cannot be read.
                     if (failure) spdlog::debug("a Vitale card could not be read ahead");
                   });
  }
}

}  // namespace insd::desk
