// SPDX-License-Identifier: Apache-2.0
// A card connection and, inside it, a transaction. Good neighbour: SHARE_SHARED, LEAVE_CARD, one transaction
// per sequence.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>

#include "drivers/base/error_catalogue.h"
#include "drivers/iso7816/channel.h"
#include "drivers/pcsc/context.h"

namespace insd::pcsc {

enum class AtEnd : std::uint8_t { LEAVE, RESET };

/// What other programs do with a reader, as pcscd says at once. A reader that nobody has open cannot be kept
/// by a transaction.
enum class Sharing : std::uint8_t { FREE, SHARED, EXCLUSIVE };
/// Throws READER_NOT_FOUND, PCSC_*.
Sharing sharing(const Context& context, const std::string& reader);

/// Connected to the card in one reader. Where another program has a transaction open, the constructor waits
/// for its end inside pcscd, which cannot be cancelled (measured). Throws CARD_ABSENT, CARD_MUTE, READER_HELD
/// (after `patience` of retries when another program is exclusive), READER_NOT_FOUND, PCSC_*.
class CardConnection {
 public:
  CardConnection(Context& context, const std::string& reader, std::chrono::milliseconds patience,
                 const std::stop_token& stop);
  ~CardConnection();
  CardConnection(const CardConnection&) = delete;
  CardConnection& operator=(const CardConnection&) = delete;

  /// 0 to 33 bytes. Throws CARD_PROTOCOL on more, CARD_REMOVED, CARD_RESET, PCSC_*.
  [[nodiscard]] Bytes atr() const;
  [[nodiscard]] SCARDHANDLE handle() const { return handle_; }
  [[nodiscard]] Context& context() const { return context_; }
  [[nodiscard]] DWORD protocol() const { return protocol_; }
  /// How the card is left by the destructor; RESET drops its verified state (PIN law, rule 6).
  void at_end(AtEnd what) { at_end_ = what; }
  /// Before an end with a reset: waits for other programs' transactions, which would keep the destructor
  /// waiting as well. Throws nothing.
  void await_others() const;

 private:
  Context& context_;
  SCARDHANDLE handle_ = 0;
  DWORD protocol_ = 0;
  AtEnd at_end_ = AtEnd::LEAVE;
};

/// An open transaction: the only thing that can transmit. The constructor waits for other programs'
/// transactions (pcscd cannot cancel that wait); SCARD_W_RESET_CARD there or in exchange() is CARD_RESET,
/// removal is CARD_REMOVED: reconnecting is the caller's decision. A failure that is not a status word ends
/// the session: every later exchange() throws the same code at once. Counts what it does. Of one thread.
class CardSession final : public iso7816::Channel {
 public:
  CardSession(CardConnection& connection, std::stop_token stop);
  ~CardSession() override;

  Bytes exchange(ByteView command) override;

  /// Has the reader itself do something with the card, e.g. ask for the PIN on its pad: `code` is of its
  /// Features, `in` and the answer are as PC/SC part 10 says. Blocks for as long as the reader takes, which
  /// no stop can shorten. A failure ends the session as one of exchange() does; the same codes.
  Bytes control(DWORD code, ByteView in);
  [[nodiscard]] std::stop_token stop() const override { return stop_; }

  /// True after a failure that was not a status word: whether it is still the same card cannot be known.
  [[nodiscard]] bool broken() const { return broken_.has_value(); }
  /// The connection resets the card when it ends: a verified state must not outlive it (PIN law, rule 6).
  void reset_at_end() { connection_.at_end(AtEnd::RESET); }

  [[nodiscard]] unsigned exchanges() const { return exchanges_; }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }  ///< both directions

 private:
  template <class Call>
  Bytes call(Call&& make, ByteView sent);

  CardConnection& connection_;
  std::stop_token stop_;
  Bytes answer_;  // the buffer of every answer, made once
  std::optional<Code> broken_;
  unsigned exchanges_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace insd::pcsc
