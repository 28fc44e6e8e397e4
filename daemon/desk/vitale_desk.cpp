// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/vitale_desk.h"

#include "drivers/base/error.h"

namespace insd::desk {

VitaleDesk::VitaleDesk(Desk& desk, const Clock& clock) : desk_(desk), clock_(clock) {
  watch_ = desk_.watch_generations(
      [this](const std::string& generation, GenerationEnd) { shown_.erase(generation); });
}

std::optional<vitale::Reading> VitaleDesk::shown_under(const std::string& generation) const {
  const auto shown = shown_.find(generation);
  return shown == shown_.end() ? std::nullopt : std::optional(shown->second);
}

boost::asio::awaitable<VitaleReading> VitaleDesk::read_chosen(Chosen chosen, Patience patience) {
  // Compared on the worker: a difference ends the generation there, so that two people never share one.
  std::function<vitale::Reading(pcsc::CardSession&)> work =
      [shown = shown_under(chosen.generation)](pcsc::CardSession& session) {
        vitale::Reading reading = vitale::read(session);
        if (shown && *shown != reading) {
          throw Error(Code::CARD_CHANGED, "the card does not say what it said when it was chosen");
        }
        return reading;
      };
  VitaleReading reading;
  reading.content = co_await desk_.with_card<vitale::Reading>(chosen, std::move(work), std::move(patience));
  reading.card = std::move(chosen);
  reading.read_at = clock_.wall();
  co_return reading;
}

boost::asio::awaitable<VitaleReading> VitaleDesk::read(Selection card, ReaderFilter allowed,
                                                       Patience patience) {
  const Chosen chosen = desk_.choose(card, Wanted::VITALE, allowed);
  VitaleReading reading = co_await read_chosen(chosen, std::move(patience));
  desk_.require_current({chosen.generation});
  shown_.insert_or_assign(chosen.generation, reading.content);
  co_return reading;
}

boost::asio::awaitable<VitaleReading> VitaleDesk::read_again(Selection card, ReaderFilter allowed,
                                                             Patience patience) {
  if (card.generation.empty()) {
    throw Error(Code::INVALID_ARGUMENT).with_field("card.card.generation", "the chosen card must be named");
  }
  const Chosen chosen = desk_.choose(card, Wanted::VITALE, allowed);
  if (!shown_under(chosen.generation)) throw Error(Code::CARD_CHANGED, "that card has not been read");
  co_return co_await read_chosen(chosen, std::move(patience));
}

}  // namespace insd::desk
