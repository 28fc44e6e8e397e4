// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/card_session.h"

#include <algorithm>
#include <array>

#include "drivers/pcsc/errors.h"
#include "drivers/pcsc/pause.h"

namespace insd::pcsc {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kFirstPause{20};
constexpr milliseconds kLongestPause{250};

// An answer of an extended command and its status word; the cards of the tree use 258 bytes of it.
constexpr std::size_t kAnswerBytes = 65538;
constexpr std::size_t kShortestCommand = 4;
constexpr std::size_t kLongestCommand = 65544;

void refuse_when_stopped(const std::stop_token& stop, const char* where) {
  if (stop.stop_requested()) throw Error(Code::CANCELLED, where);
}

}  // namespace

Sharing sharing(const Context& context, const std::string& reader) {
  SCARD_READERSTATE state{};
  state.szReader = reader.c_str();
  state.dwCurrentState = SCARD_STATE_UNAWARE;  // answered at once
  check(context.api(), context.api().get_status_change(context.handle(), 0, &state, 1),
        "SCardGetStatusChange");
  if ((state.dwEventState & SCARD_STATE_EXCLUSIVE) != 0) return Sharing::EXCLUSIVE;
  return (state.dwEventState & SCARD_STATE_INUSE) != 0 ? Sharing::SHARED : Sharing::FREE;
}

CardConnection::CardConnection(Context& context, const std::string& reader, milliseconds patience,
                               const std::stop_token& stop)
    : context_(context) {
  const PcscApi& api = context.api();
  const auto deadline = steady_clock::now() + patience;
  milliseconds wait = kFirstPause;
  while (true) {
    refuse_when_stopped(stop, "before the card was connected");
    const LONG result = api.connect(context.handle(), reader.c_str(), SCARD_SHARE_SHARED,
                                    SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &handle_, &protocol_);
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now());
    if (result != SCARD_E_SHARING_VIOLATION || left <= milliseconds::zero()) {
      check(api, result, "SCardConnect");
      break;
    }
    // pcsc-lite tells nobody when an exclusive program lets go, so this asks again, ever less often.
    pause(stop, std::min(wait, left));
    wait = std::min(wait * 2, kLongestPause);
  }
  if (protocol_ != SCARD_PROTOCOL_T0 && protocol_ != SCARD_PROTOCOL_T1) {
    api.disconnect(handle_, SCARD_LEAVE_CARD);
    throw Error(Code::CARD_PROTOCOL, "SCardConnect: neither T=0 nor T=1");
  }
}

void CardConnection::await_others() const {
  // Whatever it says (the card may have left): the disconnection ends the transaction and the card's state.
  if (at_end_ == AtEnd::RESET) context_.api().begin_transaction(handle_);
}

CardConnection::~CardConnection() {
  context_.api().disconnect(handle_, at_end_ == AtEnd::RESET ? SCARD_RESET_CARD : SCARD_LEAVE_CARD);
}

Bytes CardConnection::atr() const {
  Bytes atr(MAX_ATR_SIZE);
  auto length = static_cast<DWORD>(atr.size());
  const LONG result = context_.api().card_atr(handle_, atr.data(), &length);
  if (result == SCARD_E_INSUFFICIENT_BUFFER || (result == SCARD_S_SUCCESS && length > atr.size())) {
    throw Error(Code::CARD_PROTOCOL, "an ATR of more than 33 bytes");
  }
  check(context_.api(), result, "SCardStatus");
  atr.resize(length);
  return atr;
}

CardSession::CardSession(CardConnection& connection, std::stop_token stop)
    : connection_(connection), stop_(std::move(stop)), answer_(kAnswerBytes) {
  refuse_when_stopped(stop_, "before the transaction began");
  const PcscApi& api = connection_.context().api();
  const LONG result = api.begin_transaction(connection_.handle());
  if (result == SCARD_W_RESET_CARD) connection_.at_end(AtEnd::LEAVE);
  check(api, result, "SCardBeginTransaction");
}

CardSession::~CardSession() {
  connection_.context().api().end_transaction(connection_.handle(), SCARD_LEAVE_CARD);
}

// `make` asks for an answer into answer_ and tells its length.
template <class Call>
Bytes CardSession::call(Call&& make, ByteView sent) {
  if (broken_) throw Error(*broken_, "this card session has ended");
  refuse_when_stopped(stop_, "before a card command");
  try {
    ++exchanges_;
    bytes_ += sent.size();
    auto length = static_cast<DWORD>(answer_.size());
    make(length);
    if (length > answer_.size()) throw Error(Code::CARD_PROTOCOL, "an answer beyond its buffer");
    if (length < 2) throw Error(Code::CARD_PROTOCOL, "an answer without a status word");
    bytes_ += length;
    return {answer_.begin(), answer_.begin() + static_cast<std::ptrdiff_t>(length)};
  } catch (const Error& error) {
    // Whatever the card knew (selected file, verified PIN) may be gone: nothing may follow in this session.
    broken_ = error.code();
    // It has been reset. What is verified since then is the other program's.
    if (broken_ == Code::CARD_RESET) connection_.at_end(AtEnd::LEAVE);
    throw;
  }
}

Bytes CardSession::exchange(ByteView command) {
  if (command.size() < kShortestCommand || command.size() > kLongestCommand) {
    throw Error(Code::INTERNAL, "a command of a length that no card command has");
  }
  const PcscApi& api = connection_.context().api();
  const auto* pci = connection_.protocol() == SCARD_PROTOCOL_T0 ? SCARD_PCI_T0 : SCARD_PCI_T1;
  return call(
      [&](DWORD& length) {
        check(
            api,
            api.transmit(connection_.handle(), pci, command.data(), command.size(), answer_.data(), &length),
            "SCardTransmit");
      },
      command);
}

Bytes CardSession::control(DWORD code, ByteView in) {
  const PcscApi& api = connection_.context().api();
  return call(
      [&](DWORD& length) {
        const DWORD room = length;
        length = 0;
        check(api,
              api.control(connection_.handle(), code, in.data(), in.size(), answer_.data(), room, &length),
              "SCardControl");
      },
      in);
}

}  // namespace insd::pcsc
