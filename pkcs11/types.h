// SPDX-License-Identifier: Apache-2.0
// What a PKCS#11 token shows, as plain values: the daemon uses them without seeing PKCS#11 or loading a
// module.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drivers/base/bytes.h"
#include "drivers/base/secret.h"

namespace insd::pkcs11 {

/// The two keys of a CPS. SIGNATURE signs assertions; AUTHENTICATION proves presence.
enum class KeyUse : std::uint8_t { SIGNATURE, AUTHENTICATION };

/// What the token's flags say of the PIN's tries: with three tries exactly 3, 2, 1 and 0 left (specs: cps
/// 1.6).
enum class Tries : std::uint8_t { NOT_LOW, LOW, FINAL, LOCKED };

/// May the only try that is left be used? ALLOW only after the person's second consent (PIN law, rule 2).
enum class LastTry : std::uint8_t { REFUSE, ALLOW };

/// Whose file may be loaded as a module. CURRENT_USER also accepts the effective uid: for tests and for a
/// module built by hand; the daemon uses ROOT.
enum class ModuleOwner : std::uint8_t { ROOT, CURRENT_USER };

/// Which token is meant. All three must still agree when it is used: slot ids are reused and serials repeat.
struct TokenRef {
  std::uint64_t slot = 0;
  std::string label;   ///< e.g. "CPS3v3-0123456789"
  std::string serial;  ///< differs between modules for one card
  bool operator==(const TokenRef&) const = default;
};

struct TokenInfo {
  TokenRef ref;
  std::string model;         ///< "IAS ECC" (CPS3), "ChipDoc" (CPS4), "PKCS#15 emulated" (OpenSC)
  std::string manufacturer;  ///< of the token
  Tries tries = Tries::NOT_LOW;
  std::size_t pin_min_length = 0, pin_max_length = 0;
  bool pin_pad = false;  ///< the PIN can be typed on the reader itself
  // Of Module::tokens() only:
  bool removable = false;        ///< the slot is a card reader
  std::string slot_description;  ///< the reader's name, as far as 64 bytes hold it, or the module's own words
  std::string module;            ///< who made the module and what it calls itself
};

/// The number of digits that a PIN of this token has. Never impossible, whatever the module says.
struct PinBounds {
  std::size_t min = 0, max = 0;
};
PinBounds pin_bounds(const TokenInfo& token);

/// Throws PIN_MALFORMED unless the PIN is made of as many digits as the token asks for.
void require_pin_form(const SecretString& pin, const TokenInfo& token);

struct Certificate {
  Bytes der;
  std::string label;
  std::optional<KeyUse> use;  ///< from its KeyUsage; empty when it serves neither
  Bytes id;                   ///< CKA_ID: may join it with a key, never chooses one (specs: cps 2.2)
};

/// A data object (CKO_DATA).
struct DataObject {
  std::string label;  ///< printable
  Bytes value;        ///< empty: it holds nothing, or cannot be read
};

// Bounds on what a module may return. A CPS has 1 token, 2 certificates and 2 keys; generous, and finite.
inline constexpr std::size_t kMaxSlots = 64;
inline constexpr std::size_t kMaxObjects = 64;
inline constexpr std::size_t kMaxCertificates = 6;
inline constexpr std::size_t kMaxCertificateBytes = 8'192;
inline constexpr std::size_t kMaxDataObjects = 32;
inline constexpr std::size_t kMaxDataObjectBytes = 1024;
inline constexpr std::size_t kMaxMessageBytes = 32'768;
inline constexpr std::size_t kMaxSignatureBytes = 1024;  ///< RSA 8192

/// The one certificate for `use`: KeyUsage decides, the label only among several. KEY_NOT_FOUND when none or
/// several remain.
const Certificate& choose_certificate(const std::vector<Certificate>& certificates, KeyUse use);

/// "0123456789" from "CPS3v3-0123456789 (Code porteur)" (specs: cps 3); empty when the label is not a CPS's.
/// Joins the token with the card that a reader shows.
std::string card_number(const std::string& label);

}  // namespace insd::pkcs11
