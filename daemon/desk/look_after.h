// SPDX-License-Identifier: Apache-2.0
// Another program's reset of a card wakes nobody (pcscd counts insertions only): while a card has a lease, it
// is looked at every few seconds.
#pragma once

#include <functional>

#include "daemon/desk/desk.h"

namespace insd::desk {

/// Opens and ends an empty transaction on the card every 5 s, as long as `leased` says so; a reset that is
/// met ends the generation, as any work on the card would. `leased` must say no once `desk` has gone.
boost::asio::awaitable<void> look_after(Desk& desk, Chosen card, std::function<bool()> leased);

}  // namespace insd::desk
