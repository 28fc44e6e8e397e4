// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/user_name.h"

#include <array>
#include <system_error>
#include <thread>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pwd.h>

#include "drivers/base/bytes.h"

namespace insd::api {
namespace {

constexpr int kMostLookups = 4;
constexpr std::size_t kLongestName = 64;
constexpr std::chrono::milliseconds kLookEvery{2};

}  // namespace

std::string UserName::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

void UserName::tell(const std::string& name) {
  if (!name.empty()) {
    const std::lock_guard lock(mutex_);
    text_ = printable(name, kLongestName);
  }
  told_ = true;
}

std::string UserNames::by_system(uid_t uid) {
  std::array<char, 16384> buffer{};
  passwd record{};
  passwd* found = nullptr;
  const bool known = getpwuid_r(uid, &record, buffer.data(), buffer.size(), &found) == 0 &&
                     found != nullptr && found->pw_name != nullptr;
  return known ? found->pw_name : "";
}

std::shared_ptr<const UserName> UserNames::look_up(uid_t uid) const {
  auto name = std::make_shared<UserName>(uid);
  const std::shared_ptr<void> place(nullptr, [looking = looking_](void*) { --*looking; });
  if (looking_->fetch_add(1) >= kMostLookups) {
    name->tell({});
    return name;
  }
  try {
    // Detached: a database that does not answer may keep it for ever. It owns all that it touches.
    std::thread([name, place, database = database_, uid] { name->tell(database(uid)); }).detach();
  } catch (const std::system_error&) {
    name->tell({});  // no thread to be had
  }
  return name;
}

// The thread knows no executor, which may be gone before it: so it is looked at.
boost::asio::awaitable<void> wait_for(std::shared_ptr<const UserName> name,
                                      std::chrono::milliseconds patience) {
  boost::asio::steady_timer timer(co_await boost::asio::this_coro::executor);
  const auto until = std::chrono::steady_clock::now() + patience;
  while (!name->told() && std::chrono::steady_clock::now() < until) {
    timer.expires_after(kLookEvery);
    co_await timer.async_wait(boost::asio::use_awaitable);
  }
}

}  // namespace insd::api
