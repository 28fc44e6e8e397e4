// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/module_backend.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "daemon/desk/cps_card.h"
#include "drivers/base/error.h"
#include "drivers/base/random.h"

namespace insd::desk {
namespace asio = boost::asio;

namespace {

// Fixed width in PKCS#11: a longer reader name is cut.
constexpr std::size_t kDescriptionBytes = 64;

std::string as_description(const std::string& reader) {
  std::string text = reader.substr(0, kDescriptionBytes);
  text.erase(text.find_last_not_of(' ') + 1);
  return printable(text);
}

std::string label(const pkcs11::TokenInfo& token) {
  return token.ref.label + " (" + token.slot_description + ")";
}

// After these the child has thrown the token's session away, and its login with it (daemon/token/server.cpp).
bool ends_login(Code code) {
  switch (code) {
    case Code::CARD_REMOVED:
    case Code::CARD_CHANGED:
    case Code::TOKEN_ABSENT:
    case Code::MODULE_FAILED:
    case Code::CARD_ACCESS_DENIED:
      return true;
    default:
      return false;
  }
}

pkcs11::LastTry to_token(LastTry last_try) {
  return last_try == LastTry::ALLOW ? pkcs11::LastTry::ALLOW : pkcs11::LastTry::REFUSE;
}

// A question on a PIN pad, which nothing takes back.
struct PadWork {
  explicit PadWork(const asio::any_io_executor& executor)
      : over(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer over;  // cancelled when it is
  bool done = false;
  std::exception_ptr failure;
};

asio::awaitable<void> ask_pad(std::shared_ptr<token::TokenProcess> process, pkcs11::TokenRef token,
                              pkcs11::LastTry last_try, std::stop_token stop,
                              std::shared_ptr<std::atomic<bool>> asked, std::shared_ptr<PadWork> work) {
  try {
    co_await process->login_on_pad(std::move(token), last_try, std::move(stop), std::move(asked));
  } catch (...) {
    work->failure = std::current_exception();
  }
  work->done = true;
  work->over.cancel();
}

// Ends early, by an exception, when its caller does not want to know any more.
asio::awaitable<void> ended(std::shared_ptr<PadWork> work) {
  while (!work->done) {
    boost::system::error_code ignored;
    co_await work->over.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  if (work->failure) std::rethrow_exception(work->failure);
}

}  // namespace

std::filesystem::path find_module(const std::filesystem::path& configured,
                                  const std::vector<std::filesystem::path>& places) {
  if (!configured.empty()) return configured;
  const auto found = std::ranges::find_if(places, [](const auto& place) {
    std::error_code ignored;
    return std::filesystem::exists(place, ignored);
  });
  return found == places.end() ? std::filesystem::path() : *found;
}

ModuleBackend::ModuleBackend(asio::any_io_executor executor, Desk& desk, token::ChildOptions module,
                             OnLeaseEnd on_lease_end, PinPadUse pin_pad, LoginsEnded logins_ended)
    : executor_(std::move(executor)),
      desk_(desk),
      module_(module.module),
      on_lease_end_(on_lease_end),
      pin_pad_(pin_pad),
      logins_ended_(std::move(logins_ended)),
      process_(std::make_shared<token::TokenProcess>(std::move(module))) {}

void ModuleBackend::stop() {
  process_->stop();
}

ModuleBackend::Card& ModuleBackend::card_of(const std::string& generation) {
  const auto found = cards_.find(generation);
  if (found == cards_.end()) throw Error(Code::CARD_CHANGED, "the card has left");
  return found->second;
}

bool ModuleBackend::is_token(const std::string& generation) const {
  const auto found = cards_.find(generation);
  return found != cards_.end() && !found->second.in_reader;
}

template <class T>
asio::awaitable<T> ModuleBackend::guarded(asio::awaitable<T> call) {
  try {
    co_return co_await std::move(call);
  } catch (const Error& error) {
    if (error.code() == Code::MODULE_STUCK || error.code() == Code::MODULE_CRASHED) {
      spdlog::error("{}: {}; its logins have ended, the next call starts it again", printable(module_),
                    error.what());
      end_logins();
    }
    throw;
  }
}

// ---- which card ----

// What the module sees in no reader begins and ends a generation of its own.
void ModuleBackend::note(const std::vector<pkcs11::TokenInfo>& tokens) {
  std::vector<std::string> gone;
  for (auto& [generation, card] : cards_) {
    const auto same = std::ranges::find_if(
        tokens, [&held = card](const auto& token) { return token.ref == held.token->ref; });
    if (same != tokens.end()) {
      *card.token = *same;
    } else if (!card.in_reader) {
      gone.push_back(generation);
    }
  }
  for (const auto& generation : gone) login_ended(generation, Code::TOKEN_ABSENT);
  for (const auto& token : tokens) {
    const auto known = [&](const auto& entry) {
      return !entry.second.in_reader && entry.second.token->ref == token.ref;
    };
    if (token.removable || std::ranges::any_of(cards_, known)) continue;
    Card card;
    *card.token = token;
    cards_.emplace("token-" + random_hex(8), std::move(card));
  }
}

std::vector<Chosen> ModuleBackend::tokens_in_no_reader(const ReaderFilter& allowed) const {
  std::vector<Chosen> found;
  for (const auto& [generation, card] : cards_) {
    if (card.in_reader || pkcs11::card_number(card.token->ref.label).empty()) continue;
    Reader as_reader;
    as_reader.name = card.token->slot_description;
    if (!allowed || allowed(as_reader)) found.push_back({as_reader.name, generation, CardKind::UNKNOWN});
  }
  return found;
}

// The token that is the card in this reader.
Chosen ModuleBackend::take(const std::vector<pkcs11::TokenInfo>& tokens, const Chosen& chosen) {
  const auto state = desk_.state();
  std::vector<pkcs11::TokenInfo> here, elsewhere;
  for (const auto& token : tokens) {
    if (!token.removable) continue;
    if (token.slot_description == as_description(chosen.reader)) {
      here.push_back(token);
    } else if (std::ranges::none_of(state->readers, [&](const Reader& reader) {
                 return token.slot_description == as_description(reader.name);
               })) {
      elsewhere.push_back(token);
    }
  }
  // A module that gives slots names of its own is believed when there is nothing to choose.
  auto& fitting = here.empty() ? elsewhere : here;
  if (fitting.size() > 1) {
    std::erase_if(fitting, [](const auto& token) { return pkcs11::card_number(token.ref.label).empty(); });
  }
  if (fitting.empty()) throw Error(Code::TOKEN_ABSENT, printable(chosen.reader));
  if (fitting.size() > 1) {
    std::string names;
    for (const auto& token : fitting) names += (names.empty() ? "" : ", ") + label(token);
    throw Error(Code::CARD_AMBIGUOUS, names);
  }
  auto& card = cards_[chosen.generation];
  const pkcs11::TokenRef &before = card.token->ref, &now = fitting.front().ref;
  // The slot's number may change with the module's process.
  if (card.in_reader && (before.label != now.label || before.serial != now.serial)) {
    throw Error(Code::CARD_CHANGED, "the module sees another card than before");
  }
  card.in_reader = true;
  *card.token = fitting.front();
  return chosen;
}

asio::awaitable<Chosen> ModuleBackend::choose(Selection selection, ReaderFilter allowed) {
  const auto tokens = co_await guarded(process_->list_tokens());
  note(tokens);
  // A token in no reader is of no desk.
  const auto loose = selection.desk.empty() ? tokens_in_no_reader(allowed) : std::vector<Chosen>();
  if (!selection.reader.empty() || !selection.generation.empty()) {
    for (const auto& token : loose) {
      const bool reader = selection.reader.empty() || selection.reader == token.reader;
      if (reader && (selection.generation.empty() || selection.generation == token.generation))
        co_return token;
    }
    co_return take(tokens, desk_.choose(selection, Wanted::CPS_BY_MODULE, allowed));
  }
  const bool sees_readers = std::ranges::any_of(tokens, &pkcs11::TokenInfo::removable);
  if (loose.size() == 1 && !sees_readers) co_return loose.front();
  if (loose.empty()) co_return take(tokens, desk_.choose(selection, Wanted::CPS_BY_MODULE, allowed));
  std::string names;
  for (const auto& token : tokens) names += (names.empty() ? "" : ", ") + token.slot_description;
  throw Error(Code::CARD_AMBIGUOUS, names);
}

// ---- work on it ----

// Another program's reset, a removal or another card show themselves here, before the module is asked.
asio::awaitable<void> ModuleBackend::touch(Chosen card, std::string serial, bool reset, Patience patience) {
  std::function<bool(pcsc::CardSession&)> work = [serial = std::move(serial),
                                                  reset](pcsc::CardSession& session) {
    if (!serial.empty() && cps::read_serial(session) != serial)
      throw Error(Code::CARD_CHANGED, "another CPS");
    // From now on, however this connection ends, a verified state ends with it.
    if (reset) session.reset_at_end();
    return true;
  };
  co_await desk_.with_card<bool>(std::move(card), std::move(work), std::move(patience));
}

asio::awaitable<Professional> ModuleBackend::read(Chosen chosen, Patience patience) {
  if (card_of(chosen.generation).certificates.empty()) {
    const pkcs11::TokenRef token = card_of(chosen.generation).token->ref;
    std::string serial;
    // How a CPS4 tells its serial is not public.
    if (card_of(chosen.generation).in_reader && chosen.kind == CardKind::CPS_3) {
      std::function<std::string(pcsc::CardSession&)> work = [](pcsc::CardSession& session) {
        return cps::read_serial(session);
      };
      serial = co_await desk_.with_card<std::string>(chosen, std::move(work), std::move(patience));
    }
    auto certificates = co_await guarded(process_->certificates(token));
    auto data = co_await data_objects(token, std::string(cps::kInfoLabel), false);
    Card& card = card_of(chosen.generation);
    if (card.in_reader) desk_.require_current({chosen.generation});
    card.serial = std::move(serial);
    card.certificates = std::move(certificates);
    card.free_data = std::move(data);
  }
  const Card& card = card_of(chosen.generation);
  const pkcs11::TokenInfo& token = *card.token;
  Professional who;
  who.card = chosen;
  who.label = token.ref.label;
  who.card_number = pkcs11::card_number(token.ref.label);
  who.serial = card.serial.empty() ? token.ref.serial : card.serial;
  // The flags count exactly only with a limit of three tries; sure for every limit are the last try and none.
  if (token.tries == pkcs11::Tries::LOCKED) who.tries_left = 0;
  if (token.tries == pkcs11::Tries::FINAL) who.tries_left = 1;
  who.pin_blocked = token.tries == pkcs11::Tries::LOCKED;
  who.last_try = token.tries == pkcs11::Tries::FINAL;
  const auto bounds = pkcs11::pin_bounds(token);
  who.pin_min_length = bounds.min;
  who.pin_max_length = bounds.max;
  who.capabilities.backend = CpsBackend::MODULE;
  who.capabilities.module = module_;
  who.capabilities.module_description = token.module;
  who.capabilities.pin_pad = token.pin_pad;
  who.capabilities.pin_pad_used = token.pin_pad && pin_pad_ == PinPadUse::AUTO;
  who.capabilities.signature_key = signature_key_;
  set_speciality(who, card.free_data);
  set_signature_certificate(who,
                            pkcs11::choose_certificate(card.certificates, pkcs11::KeyUse::SIGNATURE).der);
  const auto serves_authentication = [](const auto& each) {
    return each.use == pkcs11::KeyUse::AUTHENTICATION;
  };
  if (std::ranges::any_of(card.certificates, serves_authentication)) {
    who.authentication_certificate =
        pkcs11::choose_certificate(card.certificates, pkcs11::KeyUse::AUTHENTICATION).der;
    who.capabilities.authentication_key = authentication_key_;
  }
  co_return who;
}

asio::awaitable<void> ModuleBackend::verify(Professional who, std::shared_ptr<SecretString> pin,
                                            LastTry last_try, Patience patience) {
  const Card& card = card_of(who.card.generation);
  // The token judges the form again; here, before another program's login is put at risk by a reset.
  pkcs11::require_pin_form(*pin, *card.token);
  const pkcs11::TokenRef token = card.token->ref;
  if (card.in_reader) {
    co_await touch(who.card, card.serial, on_lease_end_ == OnLeaseEnd::RESET, patience);
  }
  if (patience.stop.stop_requested()) throw Error(Code::CANCELLED);
  auto login = process_->login(token, std::move(*pin), to_token(last_try));
  co_await log_in(who.card, std::move(login), std::move(patience));
}

asio::awaitable<void> ModuleBackend::log_in(Chosen chosen, asio::awaitable<void> login, Patience patience) {
  const bool in_reader = card_of(chosen.generation).in_reader;
  std::optional<Error> failure;
  try {
    co_await guarded(std::move(login));
  } catch (const Error& error) {
    failure = error;
  }
  if (!failure) co_return;
  if (in_reader && failure->try_spent() == TrySpent::UNKNOWN) {
    patience.stop = {};
    co_await forget(std::move(chosen), std::move(patience));
  }
  throw Error(*std::move(failure));
}

asio::awaitable<void> ModuleBackend::verify_on_pad(Professional who, LastTry last_try, Patience patience,
                                                   std::shared_ptr<std::atomic<bool>> asked) {
  const Card& card = card_of(who.card.generation);
  const pkcs11::TokenRef token = card.token->ref;
  if (card.in_reader) {
    co_await touch(who.card, card.serial, on_lease_end_ == OnLeaseEnd::RESET, patience);
  }
  // Whoever waits for it may go: the hold of the login that goes with them logs out behind it.
  const auto work = std::make_shared<PadWork>(executor_);
  asio::co_spawn(executor_,
                 ask_pad(process_, token, to_token(last_try), patience.stop, std::move(asked), work),
                 asio::detached);
  co_await log_in(who.card, ended(work), std::move(patience));
}

asio::awaitable<Bytes> ModuleBackend::sign(Chosen chosen, KeyUse use, std::shared_ptr<Bytes> message,
                                           Patience patience) {
  const bool signature_key = use == KeyUse::SIGNATURE;
  KeyState& state = signature_key ? signature_key_ : authentication_key_;
  const Card& card = card_of(chosen.generation);
  const pkcs11::TokenRef token = card.token->ref;
  if (card.in_reader) {
    co_await touch(chosen, {}, false, patience);
  }
  if (patience.stop.stop_requested()) throw Error(Code::CANCELLED);
  Bytes signature;
  try {
    signature = co_await guarded(process_->sign(
        token, signature_key ? pkcs11::KeyUse::SIGNATURE : pkcs11::KeyUse::AUTHENTICATION, *message));
  } catch (const Error& error) {
    if (error.code() == Code::KEY_UNSUPPORTED) state = KeyState::UNUSABLE;
    if (ends_login(error.code())) login_ended(chosen.generation, error.code());
    throw;
  }
  state = KeyState::USABLE;
  try {
    if (!is_token(chosen.generation)) desk_.require_current({chosen.generation});
  } catch (Error& error) {
    error.mark_signature_unknown();
    throw;
  }
  co_return signature;
}

// What a module fails at here it need not be able to do.
asio::awaitable<std::optional<CardData>> ModuleBackend::data_objects(pkcs11::TokenRef token,
                                                                     std::string label_prefix,
                                                                     bool with_protected) {
  try {
    const auto objects =
        co_await guarded(process_->data_objects(std::move(token), std::move(label_prefix), with_protected));
    CardData data;
    for (const auto& object : objects) data.push_back({object.label, object.value});
    co_return data;
  } catch (const Error& error) {
    if (error.code() != Code::MODULE_FAILED) throw;
    spdlog::info("data objects of a token: {}", error.what());
    co_return std::nullopt;
  }
}

asio::awaitable<std::optional<CardData>> ModuleBackend::protected_data(Chosen chosen,
                                                                       std::string label_prefix,
                                                                       Patience patience) {
  const Card& card = card_of(chosen.generation);
  const pkcs11::TokenRef token = card.token->ref;
  if (card.in_reader) {
    co_await touch(chosen, {}, false, patience);
  }
  try {
    auto data = co_await data_objects(token, std::move(label_prefix), true);
    if (!is_token(chosen.generation)) desk_.require_current({chosen.generation});
    co_return data;
  } catch (const Error& error) {
    if (ends_login(error.code())) login_ended(chosen.generation, error.code());
    throw;
  }
}

}  // namespace insd::desk
