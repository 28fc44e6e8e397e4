// SPDX-License-Identifier: Apache-2.0
// How logins through a module end, and what they leave on the card.
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <spdlog/spdlog.h>

#include "daemon/desk/module_backend.h"
#include "drivers/base/error.h"

namespace insd::desk {
namespace asio = boost::asio;

namespace {

// Ends what the last lease leaves behind. The reader's connection, which resets the card, goes after the
// logout.
asio::awaitable<void> log_out(std::shared_ptr<token::TokenProcess> process, pkcs11::TokenRef token,
                              std::shared_ptr<void> in_reader) {
  try {
    co_await process->logout(std::move(token));
  } catch (const Error& error) {
    spdlog::warn("logout of a token: {}", error.what());
  }
  in_reader.reset();
}

asio::awaitable<void> let_go(std::shared_ptr<token::TokenProcess> process) {
  try {
    co_await process->let_go();
  } catch (const Error& error) {
    spdlog::warn("a module does not let go: {}", error.what());
  }
}

}  // namespace

void ModuleBackend::card_left(const std::string& generation, GenerationEnd cause) {
  const bool known = cards_.erase(generation) > 0;
  if (!known || cause != GenerationEnd::RELEASED) return;
  // The reader is another program's now, but a module keeps the cards that it has seen open.
  asio::co_spawn(executor_, let_go(process_), asio::detached);
  end_logins();
}

// A process that has ended took every login with it; the cards are still there.
void ModuleBackend::end_logins() {
  std::vector<std::string> generations;
  for (const auto& [generation, card] : cards_) generations.push_back(generation);
  for (const auto& generation : generations) logins_ended_(generation, GenerationEnd::RESET);
}

void ModuleBackend::login_ended(const std::string& generation, Code code) {
  const bool gone = code == Code::CARD_REMOVED || code == Code::TOKEN_ABSENT;
  // Nobody else tells the end of a token in no reader.
  if (gone && is_token(generation)) cards_.erase(generation);
  logins_ended_(generation, gone ? GenerationEnd::REMOVED : GenerationEnd::RESET);
}

// The PIN may have been right: the card would then be verified for nobody.
asio::awaitable<void> ModuleBackend::forget(Chosen card, Patience patience) {
  try {
    co_await touch(std::move(card), {}, true, std::move(patience));
  } catch (const Error& error) {
    spdlog::warn("a card whose login was lost is not reset: {}", error.what());
  }
}

std::shared_ptr<void> ModuleBackend::hold(const Chosen& chosen) {
  Card& card = card_of(chosen.generation);
  if (!card.hold.expired()) return card.hold.lock();
  auto in_reader = card.in_reader ? desk_.hold(chosen) : nullptr;
  std::shared_ptr<void> held(nullptr, [executor = executor_, weak = std::weak_ptr(process_),
                                       token = card.token, in_reader = std::move(in_reader)](void*) mutable {
    // Without the process nobody is logged in any more.
    if (auto process = weak.lock(); process && !process->stopped()) {
      asio::co_spawn(executor, log_out(std::move(process), token->ref, std::move(in_reader)), asio::detached);
    }
  });
  card.hold = held;
  return held;
}

asio::awaitable<void> ModuleBackend::settle(Chosen chosen) {
  const auto found = cards_.find(chosen.generation);
  if (found == cards_.end() || !found->second.hold.expired()) co_return;
  const bool in_reader = found->second.in_reader;
  // Served in turn: once this one has ended, that of the last hold has, too.
  co_await log_out(process_, found->second.token->ref, nullptr);
  if (in_reader) {
    co_await desk_.settle(std::move(chosen));
  }
}

}  // namespace insd::desk
