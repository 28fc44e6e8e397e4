// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/vitale_desk.h"

#include "drivers/base/error.h"

namespace insd::desk {

VitaleDesk::VitaleDesk(Desk& desk, const Clock& clock) : desk_(desk), clock_(clock) {
  watch_ = desk_.watch_generations(
      [this](const std::string& generation, GenerationEnd) { shown_.erase(generation); });
}

boost::asio::awaitable<VitaleReading> VitaleDesk::read_chosen(Chosen chosen, std::stop_token stop) {
  VitaleReading reading;
  reading.content = co_await desk_.with_card<vitale::Reading>(
      chosen, [](pcsc::CardSession& session) { return vitale::read(session); }, std::move(stop));
  reading.card = std::move(chosen);
  reading.read_at = clock_.wall();
  co_return reading;
}

boost::asio::awaitable<VitaleReading> VitaleDesk::read(Selection card, ReaderFilter allowed,
                                                       std::stop_token stop) {
  VitaleReading reading = co_await read_chosen(desk_.choose(card, Wanted::VITALE, allowed), std::move(stop));
  desk_.require_current({reading.card.generation});
  shown_.insert_or_assign(reading.card.generation, reading.content);
  co_return reading;
}

boost::asio::awaitable<VitaleReading> VitaleDesk::read_again(Selection card, ReaderFilter allowed,
                                                             std::stop_token stop) {
  if (card.generation.empty()) {
    throw Error(Code::INVALID_ARGUMENT).with_field("card.card.generation", "the chosen card must be named");
  }
  const Chosen chosen = desk_.choose(card, Wanted::VITALE, allowed);
  VitaleReading reading = co_await read_chosen(chosen, std::move(stop));
  const auto shown = shown_.find(chosen.generation);
  if (shown == shown_.end() || shown->second != reading.content) {
    throw Error(Code::CARD_CHANGED, "the card does not say what it said when it was chosen");
  }
  co_return reading;
}

}  // namespace insd::desk
