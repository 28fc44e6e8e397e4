// SPDX-License-Identifier: Apache-2.0
// The direct CPS3 driver: PKCS#15 found through EF.DIR -> ODF -> AODF, PrKDF, CDF, never by fixed file ids.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/base/secret.h"
#include "drivers/iso7816/channel.h"

namespace insd::cps {

/// The two keys of a CPS. SIGNATURE signs assertions (the card finishes the hash); AUTHENTICATION proves
/// presence.
enum class KeyUse : std::uint8_t { SIGNATURE, AUTHENTICATION };

/// What the AODF says of the PIN ("Code porteur").
struct PinPolicy {
  std::uint8_t reference = 0;
  Bytes path;  ///< absolute, from the AODF; empty when it names none
  std::size_t min_length = 0, max_length = 0, stored_length = 0;
  std::string label;
  bool plain_digits = true;  ///< ASCII digits without padding: the only form verify_pin() sends
};

struct PinStatus {
  std::optional<int> tries_left;  ///< the lower of what the DOCP and an empty VERIFY (63Cx) say
  std::optional<int> max_tries;   ///< from the DOCP
  bool blocked = false;
  bool verified = false;
};

struct Key {
  KeyUse use;
  std::string label;
  Bytes id;                    ///< joins key and certificate; never used to choose a key
  std::uint8_t reference = 0;  ///< the MSE key reference
  std::size_t modulus_bits = 0;
  Bytes certificate_path;  ///< absolute path of its certificate file
};

/// Everything needed to use the card again under the same generation without reading its directory files.
struct Layout {
  std::string serial;       ///< EF.SN.ICC, upper-case hex of the 5A value: names this very card
  std::string card_number;  ///< the 10 digits of the token label or of the serial
  std::string label;        ///< TokenInfo label, e.g. "CPS3v3-0123456789"
  Bytes application_path;   ///< DF of the PKCS#15 application
  PinPolicy pin;
  std::vector<Key> keys;
  std::vector<Bytes> data_directories;  ///< absolute paths of the files that name the data objects
  std::uint8_t hash_reference = 0;      ///< algRef of SHA-256 in TokenInfo
  std::uint8_t sign_reference = 0;      ///< algRef of SHA256-RSA-PKCS (signature key)
  std::uint8_t raw_sign_reference = 0;  ///< algRef of RSA-PKCS (authentication key)
};

/// EF.SN.ICC alone: one exchange or two. Upper-case hex. Used before each VERIFY (PIN law, rule 4).
std::string read_serial(iso7816::Channel& channel);

/// Walks the PKCS#15 structure. Errors: CARD_WRONG_KIND (no CPS application), CARD_DATA_INVALID,
/// KEY_NOT_FOUND.
Layout read_layout(iso7816::Channel& channel);

/// The X.509 certificate (DER) of the key; bounded to 8 KiB; parsed by nobody here.
Bytes read_certificate(iso7816::Channel& channel, const Layout& layout, KeyUse use);

/// A data object of the card, as it stands there.
struct DataObject {
  std::string label;  ///< printable
  Bytes value;        ///< at most 1 KiB; empty: it holds nothing, or cannot be read
};

/// The data objects whose label begins with `label_prefix`, in the card's order. Errors: CARD_ACCESS_DENIED
/// (the PIN protects one of them and is not verified); of the files that name them, CARD_DATA_INVALID.
std::vector<DataObject> read_data_objects(iso7816::Channel& card, const Layout& layout,
                                          std::string_view label_prefix);

/// Costs no try.
PinStatus pin_status(iso7816::Channel& channel, const Layout& layout);

/// May the only try that is left be used? ALLOW only after the person's second consent (PIN law, rule 2).
enum class LastTry : std::uint8_t { REFUSE, ALLOW };

/// Sends VERIFY once. Before it: the PIN's form against the policy (PIN_MALFORMED), the serial read again in
/// this transaction (CARD_CHANGED when it is not `layout.serial`), the counter (PIN_BLOCKED at zero,
/// PIN_CONSENT_REQUIRED with LastTry::REFUSE at one or when the card does not tell). Every Error says whether
/// a try was spent and, when known, how many are left.
void verify_pin(iso7816::Channel& channel, const Layout& layout, const SecretString& pin,
                LastTry last_try = LastTry::REFUSE);

/// What a reader's pad has to be told: the header of VERIFY and the lengths that the AODF announces.
struct PadQuestion {
  std::array<std::uint8_t, 4> header{};  ///< CLA INS P1 P2
  std::size_t min_length = 0, max_length = 0;
};
/// Sends that VERIFY with what the person types on the pad; the status word, the card's or the pad's own
/// (6400 time-out, 6401 cancelled, 6402 and 6403 malformed, 6B80 not understood: PC/SC part 10, 2.6).
using PinPad = std::function<std::uint16_t(const PadQuestion& question)>;

/// As verify_pin(), with a PIN that only the reader sees. Also PIN_PROMPT_EXPIRED and PIN_CANCELLED, from the
/// pad, and READER_FAILED when it does not understand: no try is spent then.
void verify_pin_on_pad(iso7816::Channel& channel, const Layout& layout, const PinPad& pad,
                       LastTry last_try = LastTry::REFUSE);

/// RSA PKCS#1 v1.5 signature over SHA-256 of `message` (the message, not its digest: the card finishes the
/// hash). Needs a verified PIN: CARD_ACCESS_DENIED otherwise. SIGNATURE: MSE HT, PSO HASH with midstate, MSE
/// DST, PSO CDS; AUTHENTICATION: MSE AT, INTERNAL AUTHENTICATE over the DigestInfo.
Bytes sign(iso7816::Channel& channel, const Layout& layout, KeyUse use, ByteView message);

}  // namespace insd::cps
