// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/look_after.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "drivers/base/error.h"

namespace insd::desk {
namespace asio = boost::asio;

asio::awaitable<void> look_after(Desk& desk, Chosen card, std::function<bool()> leased) {
  asio::steady_timer timer(co_await asio::this_coro::executor);
  while (true) {
    timer.expires_after(std::chrono::seconds(5));
    co_await timer.async_wait(asio::use_awaitable);
    if (!leased()) co_return;
    std::function<bool(pcsc::CardSession&)> nothing = [](pcsc::CardSession&) { return true; };
    try {
      co_await desk.with_card<bool>(card, std::move(nothing), {});
    } catch (const Error&) {
      // What ends the lease is told by the desk; a card that is busy is looked at again.
    }
  }
}

}  // namespace insd::desk
