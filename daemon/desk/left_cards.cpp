// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/left_cards.h"

#include <boost/asio/steady_timer.hpp>

#include "daemon/desk/board.h"

namespace insd::desk {

struct LeftCards::Stay {
  Stay(const boost::asio::any_io_executor& executor, std::chrono::seconds allowed)
      : limit(allowed), timer(executor, allowed) {}
  std::chrono::seconds limit;
  boost::asio::steady_timer timer;
};

LeftCards::LeftCards(Desk& desk, Limit limit) : desk_(desk), limit_(std::move(limit)) {
  watch_ = desk_.watch([this](const std::shared_ptr<const State>& state) { look(*state); });
}

LeftCards::~LeftCards() = default;

void LeftCards::look(const State& state) {
  std::erase_if(stays_, [&](const auto& stay) { return !is_current(state, stay.first); });
  for (const Reader& reader : state.readers) {
    if (reader.kind != CardKind::VITALE_2 || reader.generation.empty() || reader.card_left) continue;
    const auto limit = limit_(reader);
    const auto known = stays_.find(reader.generation);
    if (known != stays_.end() && known->second->limit == limit) continue;
    stays_.erase(reader.generation);
    if (limit.count() == 0) continue;
    const auto stay = std::make_shared<Stay>(desk_.executor(), limit);
    stays_.emplace(reader.generation, stay);
    // A stay that is no more has a timer that was cancelled.
    stay->timer.async_wait([this, generation = reader.generation](const boost::system::error_code& error) {
      if (!error) desk_.leave(generation);
    });
  }
}

}  // namespace insd::desk
