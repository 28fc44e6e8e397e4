// SPDX-License-Identifier: Apache-2.0
// The PIN: its state, and the one VERIFY (design: the PIN law).
#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "drivers/base/error.h"
#include "drivers/cps/cps.h"
#include "drivers/cps/exchange.h"
#include "drivers/cps/files.h"
#include "drivers/iso7816/tlv.h"

namespace insd::cps {
namespace {

constexpr std::uint16_t kBlocked = 0x6983;
constexpr std::uint8_t kVerify = 0x20;

bool is_counter(std::uint16_t sw) {
  return (sw & 0xFFF0U) == 0x63C0;
}

// The DF that holds the PIN: the MF on every card seen, but the AODF has the word.
void select_pin_place(iso7816::Channel& channel, const Layout& layout) {
  const ByteView place = layout.pin.path.empty() ? ByteView(name::kMasterFile) : ByteView(layout.pin.path);
  on_announced([&] { select_path(channel, place, "SELECT PIN directory"); });
}

// GET DATA of the PIN object's public parameters, in the current DF (specs: cps 1.4 step 6). Leaves `status`
// as it is when the card does not give them: an empty VERIFY says the same.
void read_counter(iso7816::Channel& channel, const Layout& layout, PinStatus& status) {
  // The high bit of a reference means "local"; it is no part of the object's number.
  const auto object = static_cast<std::uint8_t>(layout.pin.reference & 0x7FU);
  const iso7816::Response answer =
      iso7816::transmit(channel, {.cla = 0x00,
                                  .ins = 0xCB,
                                  .p1 = 0x3F,
                                  .p2 = 0xFF,
                                  .data = {0x4D, 0x08, 0x70, 0x06, 0xBF, 0x81, object, 0x02, 0xA0, 0x80},
                                  .le = std::nullopt});
  if (!answer.ok()) return;
  const std::uint32_t object_tag = 0xBF8100U | object;
  const auto parameters = iso7816::find_path(answer.data, {0x70, object_tag, 0xA0});
  if (!parameters) return;
  const auto level = iso7816::parse_tlv(*parameters);
  const auto left = iso7816::find_tlv(level, 0x9B);
  const auto most = iso7816::find_tlv(level, 0x9A);
  if (left && left->size() == 1) status.tries_left = left->front();
  if (most && most->size() == 1) status.max_tries = most->front();
  // ANS's module takes a PIN without uses left for a blocked one (specs: cps 2.2).
  const auto uses = iso7816::find_tlv(level, 0x9D);
  const auto zero = [](std::uint8_t byte) { return byte == 0; };
  if (uses && !uses->empty() && std::all_of(uses->begin(), uses->end(), zero)) status.tries_left = 0;
}

// VERIFY without data asks for the state and costs no try.
void ask_by_empty_verify(iso7816::Channel& channel, const Layout& layout, PinStatus& status) {
  const std::uint16_t sw = iso7816::transmit(channel, {.cla = 0x00,
                                                       .ins = kVerify,
                                                       .p1 = 0x00,
                                                       .p2 = layout.pin.reference,
                                                       .data = {},
                                                       .le = std::nullopt})
                               .sw;
  if (sw == 0x9000) status.verified = true;
  if (sw == kBlocked) status.tries_left = 0;
  if (is_counter(sw)) {
    const int left = sw & 0x0F;
    status.tries_left = std::min(status.tries_left.value_or(left), left);
  }
}

void judge_form(const PinPolicy& policy, ByteView pin) {
  const auto is_digit = [](std::uint8_t byte) { return byte >= '0' && byte <= '9'; };
  const bool fits = pin.size() >= policy.min_length && pin.size() <= policy.max_length;
  // The policy is the card's word and the layout the caller's: an empty PIN would be a question, not a login.
  if (!fits || pin.empty() || pin.size() > bound::kPinBytes ||
      !std::all_of(pin.begin(), pin.end(), is_digit)) {
    throw Error(Code::PIN_MALFORMED, "the PIN does not have the form that the card announces");
  }
  if (!policy.plain_digits) throw Error(Code::CARD_UNSUPPORTED, "the card wants its PIN in another encoding");
}

void judge_counter(const PinStatus& status, LastTry last_try) {
  if (status.tries_left == 0) {
    throw Error(Code::PIN_BLOCKED, "no try left, nothing was sent").with_try(TrySpent::NO, 0);
  }
  // A card that does not tell may be at its last try, except when it is verified: that filled the counter.
  const bool may_be_last = status.tries_left == 1 || (!status.tries_left && !status.verified);
  if (may_be_last && last_try == LastTry::REFUSE) {
    throw Error(Code::PIN_CONSENT_REQUIRED, "it may be the last try, nothing was sent")
        .with_try(TrySpent::NO, status.tries_left);
  }
}

// The command that holds the PIN, wiped when it goes.
class VerifyCommand {
 public:
  VerifyCommand(std::uint8_t reference, ByteView pin) : size_(kHeader + pin.size()) {
    const std::array<std::uint8_t, kHeader> header = {0x00, kVerify, 0x00, reference,
                                                      static_cast<std::uint8_t>(pin.size())};
    std::copy(pin.begin(), pin.end(), std::copy(header.begin(), header.end(), bytes_.begin()));
  }
  VerifyCommand(const VerifyCommand&) = delete;
  VerifyCommand& operator=(const VerifyCommand&) = delete;
  ~VerifyCommand() { wipe(bytes_.data(), bytes_.size()); }

  [[nodiscard]] ByteView view() const { return ByteView(bytes_).first(size_); }

 private:
  static constexpr std::size_t kHeader = 5;
  std::size_t size_;
  std::array<std::uint8_t, kHeader + bound::kPinBytes> bytes_{};
};

// Not through transmit(): a card that answers 6Cxx must not make anybody send a PIN twice.
std::uint16_t send_once(iso7816::Channel& channel, const VerifyCommand& command) {
  if (channel.stop().stop_requested()) throw Error(Code::CANCELLED, "before VERIFY");
  try {
    const Bytes answer = channel.exchange(command.view());
    if (answer.size() < 2) throw Error(Code::CARD_PROTOCOL, "VERIFY: no status word");
    return static_cast<std::uint16_t>(answer[answer.size() - 2] << 8 | answer.back());
  } catch (Error& error) {
    // The card may have counted before it was lost.
    throw std::move(error).with_try(TrySpent::UNKNOWN);
  }
}

void judge_answer(std::uint16_t sw) {
  if (sw == 0x9000) return;
  const int left = sw & 0x0F;
  if (is_counter(sw) && left > 0) {
    throw Error(Code::PIN_WRONG, "VERIFY: " + iso7816::sw_text(sw)).with_try(TrySpent::YES, left);
  }
  if (is_counter(sw)) {
    throw Error(Code::PIN_BLOCKED, "wrong, and it was the last try").with_try(TrySpent::YES, 0);
  }
  if (sw == 0x6300) throw Error(Code::PIN_WRONG, "VERIFY: 6300").with_try(TrySpent::YES);
  if (sw == kBlocked) {
    // Some cards answer this to the try that blocks them, others to every later one.
    throw Error(Code::PIN_BLOCKED, "VERIFY: 6983").with_try(TrySpent::UNKNOWN, 0);
  }
  throw Error(Code::CARD_PROTOCOL, "VERIFY: status " + iso7816::sw_text(sw)).with_try(TrySpent::UNKNOWN);
}

// A pad's own words: it has sent nothing to the card (PC/SC part 10, 2.6).
void judge_pad(std::uint16_t sw) {
  switch (sw) {
    case 0x6400:
      throw Error(Code::PIN_PROMPT_EXPIRED, "on the PIN pad");
    case 0x6401:
      throw Error(Code::PIN_CANCELLED, "on the PIN pad");
    case 0x6402:
    case 0x6403:
      throw Error(Code::PIN_MALFORMED, "too short or too long, said the PIN pad");
    case 0x6B80:
      throw Error(Code::READER_FAILED, "the PIN pad does not understand what it is asked")
          .with_try(TrySpent::NO);
    default:
      return;
  }
}

// Everything that stands between a question and its VERIFY (PIN law, rules 2 and 4).
void prepare(iso7816::Channel& channel, const Layout& layout, LastTry last_try) {
  if (read_serial(channel) != layout.serial) {
    throw Error(Code::CARD_CHANGED, "another CPS than the one of the question");
  }
  PinStatus status;
  // read_serial() left the MF selected.
  const bool elsewhere = !layout.pin.path.empty() && !std::ranges::equal(layout.pin.path, name::kMasterFile);
  if (elsewhere) select_pin_place(channel, layout);
  read_counter(channel, layout, status);
  if (!status.tries_left) ask_by_empty_verify(channel, layout, status);
  judge_counter(status, last_try);
}

}  // namespace

PinStatus pin_status(iso7816::Channel& channel, const Layout& layout) {
  PinStatus status;
  select_pin_place(channel, layout);
  read_counter(channel, layout, status);
  ask_by_empty_verify(channel, layout, status);
  status.blocked = status.tries_left == 0;
  return status;
}

void verify_pin(iso7816::Channel& channel, const Layout& layout, const SecretString& pin, LastTry last_try) {
  judge_form(layout.pin, pin.bytes());
  prepare(channel, layout, last_try);
  judge_answer(send_once(channel, VerifyCommand(layout.pin.reference, pin.bytes())));
}

void verify_pin_on_pad(iso7816::Channel& channel, const Layout& layout, const PinPad& pad, LastTry last_try) {
  const PinPolicy& policy = layout.pin;
  if (!policy.plain_digits) throw Error(Code::CARD_UNSUPPORTED, "the card wants its PIN in another encoding");
  // The policy is the card's word: a pad is told nothing that verify_pin() would not send.
  if (policy.min_length == 0 || policy.min_length > policy.max_length || policy.max_length > bound::kPinBytes)
    throw Error(Code::CARD_DATA_INVALID, "the card announces lengths that no PIN has");
  prepare(channel, layout, last_try);
  if (channel.stop().stop_requested()) throw Error(Code::CANCELLED, "before VERIFY");
  std::uint16_t sw = 0;
  try {
    sw = pad({{0x00, kVerify, 0x00, policy.reference}, policy.min_length, policy.max_length});
  } catch (Error& error) {
    // The card may have been asked before the reader was lost.
    throw std::move(error).with_try(TrySpent::UNKNOWN);
  }
  judge_pad(sw);
  judge_answer(sw);
}

}  // namespace insd::cps
