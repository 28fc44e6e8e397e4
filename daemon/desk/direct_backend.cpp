// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/direct_backend.h"

#include <algorithm>
#include <functional>

#include "drivers/base/error.h"
#include "drivers/pcsc/pin_pad.h"

namespace insd::desk {
namespace asio = boost::asio;
namespace {

// A card whose last answer is lost may have verified its PIN for nobody, or go on being verified for nobody:
// it is reset, whatever becomes of cards at the end of a login. Not after another program's reset: that was
// one, and what is verified since then is that program's.
template <class Work>
auto leaving_nothing_verified(pcsc::CardSession& session, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    const bool lost = session.broken() || error.try_spent() == TrySpent::UNKNOWN;
    if (lost && error.code() != Code::CARD_RESET) session.reset_at_end();
    throw;
  } catch (...) {
    session.reset_at_end();
    throw;
  }
}

// Wrong PINs, blocked ones and forgotten logins have codes of their own: this is what no card is known to
// say.
bool unexpected(const Error& error) {
  const Code code = error.code();
  return code == Code::CARD_PROTOCOL || code == Code::CARD_UNSUPPORTED || code == Code::NOT_FOUND;
}

}  // namespace

asio::awaitable<Chosen> DirectBackend::choose(Selection selection, ReaderFilter allowed) {
  // Where a module may be installed, a CPS4 lacks that; where it may not, the card is not for this desk.
  const bool waits_for_a_module = config_.backend == CpsBackend::AUTO;
  Chosen card = desk_.choose(selection, waits_for_a_module ? Wanted::CPS_BY_MODULE : Wanted::CPS, allowed);
  if (card.kind == CardKind::CPS_4)
    throw Error(Code::CPS_MODULE_MISSING, "a CPS4 can be used by a module only");
  co_return card;
}

asio::awaitable<CpsCard> DirectBackend::read_card(Chosen chosen, Patience patience) {
  const auto cached = cards_.find(chosen.generation);
  if (cached == cards_.end()) {
    std::function<CpsCard(pcsc::CardSession&)> work = [](pcsc::CardSession& session) {
      return read_cps_card(session);
    };
    CpsCard card = co_await desk_.with_card<CpsCard>(chosen, std::move(work), std::move(patience));
    desk_.require_current({chosen.generation});
    cards_.insert_or_assign(chosen.generation, card);
    co_return card;
  }
  CpsCard card = cached->second;
  std::function<cps::PinStatus(pcsc::CardSession&)> work = [layout =
                                                                card.layout](pcsc::CardSession& session) {
    // One card's holder never stands beside another card's tries.
    if (cps::read_serial(session) != layout.serial) throw Error(Code::CARD_CHANGED, "another CPS");
    return cps::pin_status(session, layout);
  };
  card.pin = co_await desk_.with_card<cps::PinStatus>(chosen, std::move(work), std::move(patience));
  co_return card;
}

asio::awaitable<Professional> DirectBackend::read(Chosen chosen, Patience patience) {
  const CpsCard card = co_await read_card(chosen, std::move(patience));
  Professional who = to_professional(chosen, card);
  if (const auto kept = cards_.find(chosen.generation); kept != cards_.end())
    kept->second.test_pki = who.test_pki;
  const KeyState state = may_use(who) ? KeyState::USABLE : KeyState::UNUSABLE;
  who.capabilities.backend = CpsBackend::DIRECT;
  who.capabilities.signature_key = state;
  if (!card.authentication_certificate.empty()) who.capabilities.authentication_key = state;
  const pcsc::Features features = features_of(who.card);
  who.capabilities.pin_pad = features.pin_pad();
  who.capabilities.pin_pad_used = config_.pin_pad == PinPadUse::AUTO && features.verify_pin_direct != 0;
  co_return who;
}

pcsc::Features DirectBackend::features_of(const Chosen& card) const {
  const auto state = desk_.state();
  const auto reader = std::ranges::find(state->readers, card.reader, &Reader::name);
  return reader == state->readers.end() ? pcsc::Features() : reader->features.value_or(pcsc::Features());
}

bool DirectBackend::may_use(const Professional& who) const {
  return who.test_pki || config_.direct_real_cards;
}

// The direct driver has met no real card: a doctor's tries are not ours to spend (design: signing).
void DirectBackend::require_login_allowed(const Professional& who) const {
  if (!may_use(who)) {
    throw Error(config_.backend == CpsBackend::AUTO ? Code::CPS_MODULE_MISSING
                                                    : Code::CPS_DIRECT_NOT_ALLOWED);
  }
  if (who.test_pki) return;
  real_cards_.require_not_stopped();
  if (real_cards_.proven(who.card_number)) return;
  const auto card = cards_.find(who.card.generation);
  const auto max = card == cards_.end() ? std::nullopt : card->second.pin.max_tries;
  if (!who.tries_left || !max || *who.tries_left != *max) {
    throw Error(Code::CPS_DIRECT_NOT_ALLOWED, "a first login on a real card needs all its tries");
  }
}

const CpsCard& DirectBackend::card_of(const std::string& generation) const {
  const auto found = cards_.find(generation);
  if (found == cards_.end()) throw Error(Code::CARD_CHANGED, "the card has left");
  return found->second;
}

asio::awaitable<void> DirectBackend::verify(Professional who, std::shared_ptr<SecretString> pin,
                                            LastTry last_try, Patience patience) {
  const bool reset = config_.on_lease_end == OnLeaseEnd::RESET;
  const auto allowed = last_try == LastTry::ALLOW ? cps::LastTry::ALLOW : cps::LastTry::REFUSE;
  std::function<bool(pcsc::CardSession&)> work = [layout = card_of(who.card.generation).layout,
                                                  pin = std::move(pin), allowed,
                                                  reset](pcsc::CardSession& session) {
    leaving_nothing_verified(session, [&] { cps::verify_pin(session, layout, *pin, allowed); });
    // From now on, however this connection ends, the verified state ends with it.
    if (reset) session.reset_at_end();
    return true;
  };
  co_await send_verify(std::move(who), std::move(work), std::move(patience));
}

asio::awaitable<void> DirectBackend::verify_on_pad(Professional who, LastTry last_try, Patience patience,
                                                   std::shared_ptr<std::atomic<bool>> asked) {
  const bool reset = config_.on_lease_end == OnLeaseEnd::RESET;
  const auto allowed = last_try == LastTry::ALLOW ? cps::LastTry::ALLOW : cps::LastTry::REFUSE;
  const DWORD control_code = features_of(who.card).verify_pin_direct;
  if (control_code == 0) throw Error(Code::READER_FAILED, "its PIN pad has gone");
  patience.silence = 2 * kSilence;  // the pad's own patience, and the card's
  std::function<bool(pcsc::CardSession&)> work = [layout = card_of(who.card.generation).layout, control_code,
                                                  allowed, reset, asked](pcsc::CardSession& session) {
    const cps::PinPad pad = [&](const cps::PadQuestion& question) {
      *asked = true;
      if (session.stop().stop_requested()) throw Error(Code::CANCELLED, "before the PIN pad was asked");
      return pcsc::verify_on_pad(session, control_code,
                                 {question.header, question.min_length, question.max_length});
    };
    leaving_nothing_verified(session, [&] { cps::verify_pin_on_pad(session, layout, pad, allowed); });
    // Nobody waits for it any more: the card is verified for nobody.
    if (reset || session.stop().stop_requested()) session.reset_at_end();
    return true;
  };
  co_await send_verify(std::move(who), std::move(work), std::move(patience));
}

asio::awaitable<void> DirectBackend::send_verify(Professional who,
                                                 std::function<bool(pcsc::CardSession&)> work,
                                                 Patience patience) {
  // Once more: another card may have stopped the driver while the question was open.
  if (!who.test_pki) real_cards_.require_not_stopped();
  try {
    co_await desk_.with_card<bool>(who.card, std::move(work), std::move(patience));
  } catch (const Error& error) {
    if (!who.test_pki && unexpected(error)) real_cards_.stop("login: " + error.detail());
    // VERIFY may be under way in a reader that does not come back.
    if (error.code() == Code::READER_STUCK)
      throw Error(Code::READER_STUCK, error.detail()).with_try(TrySpent::UNKNOWN);
    throw;
  }
  if (!who.test_pki) real_cards_.prove(who.card_number);
}

asio::awaitable<Bytes> DirectBackend::sign(Chosen card, KeyUse use, std::shared_ptr<Bytes> message,
                                           Patience patience) {
  const auto key = use == KeyUse::SIGNATURE ? cps::KeyUse::SIGNATURE : cps::KeyUse::AUTHENTICATION;
  const bool real = !card_of(card.generation).test_pki;
  if (real) real_cards_.require_not_stopped();
  const auto maybe_made = std::make_shared<std::atomic<bool>>(false);
  std::function<Bytes(pcsc::CardSession&)> work = [layout = card_of(card.generation).layout, key,
                                                   message = std::move(message),
                                                   maybe_made](pcsc::CardSession& session) {
    *maybe_made = true;  // for whoever gives this reader up
    try {
      return leaving_nothing_verified(session, [&] { return cps::sign(session, layout, key, *message); });
    } catch (const Error& error) {
      *maybe_made = error.signature_unknown();
      throw;
    }
  };
  try {
    co_return co_await desk_.with_card<Bytes>(std::move(card), std::move(work), std::move(patience));
  } catch (Error& error) {
    if (real && unexpected(error)) real_cards_.stop("signature: " + error.detail());
    if (*maybe_made) error.mark_signature_unknown();
    throw;
  }
}

asio::awaitable<std::optional<CardData>> DirectBackend::protected_data(Chosen card, std::string label_prefix,
                                                                       Patience patience) {
  std::function<std::optional<CardData>(pcsc::CardSession&)> work =
      [layout = card_of(card.generation).layout,
       prefix = std::move(label_prefix)](pcsc::CardSession& session) {
        return leaving_nothing_verified(session, [&] { return read_card_data(session, layout, prefix); });
      };
  return desk_.with_card<std::optional<CardData>>(std::move(card), std::move(work), std::move(patience));
}

}  // namespace insd::desk
