// SPDX-License-Identifier: Apache-2.0
// Every error the product knows, in one table: the documentation page is generated from it.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace insd {

/// Where the fault lies.
enum class Layer : std::uint8_t { API, CONFIG, READER, CARD, PIN, TOKEN, INSI, IDENTITY, INTERNAL };

/// May the same request be sent again? OUTCOME_UNKNOWN is for operations that change something.
enum class Retry : std::uint8_t { NEVER, AFTER_USER_ACTION, NOW, LATER, OUTCOME_UNKNOWN };

/// Did this failure cost a PIN try?
enum class TrySpent : std::uint8_t { NO, YES, UNKNOWN };

/// Stable codes. The enumerator is the text clients see: never rename one.
enum class Code : std::uint16_t {
  // the request or the caller
  INVALID_ARGUMENT,
  PERMISSION_DENIED,
  RATE_LIMITED,
  CANCELLED,
  DEADLINE_EXCEEDED,
  BUSY,
  SHUTTING_DOWN,
  NOT_FOUND,
  UNSUPPORTED,
  INTERNAL,
  // configuration
  CONFIG_INVALID,
  PROFILE_REQUIRED,
  PROFILE_UNKNOWN,
  EDITOR_NOT_CONFIGURED,
  INSI_NOT_CONFIGURED,
  // pcscd and readers
  PCSC_ABSENT,
  PCSC_REFUSED,
  PCSC_OUT_OF_CONTEXTS,
  PCSC_LOST,
  READER_NOT_FOUND,
  READER_AMBIGUOUS,
  READER_DISABLED,
  READER_HELD,
  READER_STUCK,
  READER_FAILED,
  READER_NO_DRIVER,
  // cards
  CARD_ABSENT,
  CARD_MUTE,
  CARD_REMOVED,
  CARD_CHANGED,
  CARD_RESET,
  CARD_UNSUPPORTED,
  CARD_WRONG_KIND,
  CARD_AMBIGUOUS,
  CARD_PROTOCOL,
  CARD_DATA_INVALID,
  CARD_ACCESS_DENIED,
  // PIN and leases
  PIN_WRONG,
  PIN_BLOCKED,
  PIN_MALFORMED,
  PIN_CANCELLED,
  PIN_PROMPT_EXPIRED,
  PIN_PROMPT_BUSY,
  PIN_CONSENT_REQUIRED,
  LEASE_REQUIRED,
  LEASE_INVALID,
  LEASE_LOST,
  LEASE_NOT_DETACHABLE,
  // tokens, keys, certificates
  CPS_MODULE_MISSING,
  CPS_DIRECT_NOT_ALLOWED,
  MODULE_REFUSED,
  MODULE_STUCK,
  MODULE_CRASHED,
  MODULE_FAILED,
  TOKEN_ABSENT,
  KEY_NOT_FOUND,
  KEY_UNSUPPORTED,
  SIGNATURE_INVALID,
  CERTIFICATE_INVALID,
  // the INSi exchange
  INSI_UNREACHABLE,
  INSI_TLS_UNTRUSTED,
  INSI_NO_ANSWER,
  INSI_UNAVAILABLE,
  INSI_NOT_AUTHORISED,
  INSI_FAULT,
  INSI_ANSWER_INVALID,
  BENEFICIARY_NOT_FOUND,
  BIRTH_RANK_REQUIRED,
  NIR_MISSING,
  VITALE_SERIAL_UNAVAILABLE,
  TEST_CARD_REFUSED,
  // identity rules
  TRAITS_INVALID,
  IDENTITY_FORBIDS_CALL,
  // the audit trail
  JOURNAL_UNAVAILABLE,
  // pcscd, seen by the watch over it
  PCSC_RESTARTING,
  PCSC_FAILED,
  // cards and the readers they belong in
  CARDS_SWAPPED,
  DESK_MISMATCH,
  // the organisation's certificate (mode organisation)
  ORGANISATION_CERTIFICATE_INVALID,
  ORGANISATION_CERTIFICATE_REFUSED,
  // between insd and the teleservice
  INSI_TLS_INTERCEPTED,
  INSI_PROXY_REFUSED,
  CLOCK_SKEWED,
  CERTIFICATE_EXPIRES_SOON,
  // from an answer to a qualified identity
  IDENTITY_STALE,
  IDENTITY_TOKEN_INVALID,
  IDENTITY_COLLISION,
  IDENTITY_STATE,
  ANSWER_BLOCKED,
  CONFIRMATION_REQUIRED,
  EVIDENCE_REFUSED,
  // descriptors of the national operations; the name in the organisation's certificate
  OPERATION_NOT_CONFIGURED,
  OPERATION_UNVERIFIED,
  ORGANISATION_CERTIFICATE_NAME,
  // the profile and the card in use
  PROFILE_NOT_ON_CARD,
  // what must not be asked
  APCV_IDENTITY_REFUSED,
  // the card before a kiosk
  BENEFICIARY_UNCLEAR,
};

struct CatalogueEntry {
  Code code;
  std::string_view name;  ///< the code's stable text, e.g. "CARD_CHANGED"
  Layer layer;
  Retry retry;
  std::string_view summary_en;  ///< what happened, one sentence
  std::string_view summary_fr;  ///< the same in the desk's words: no English, no hex, no PROV/QUAL
  std::string_view remedy_en;   ///< what to do, one sentence
  std::string_view remedy_fr;
};

/// The whole table, in the order of Code.
std::span<const CatalogueEntry> error_catalogue();

/// The entry of a code; total over Code.
const CatalogueEntry& catalogue_entry(Code code);

std::string_view to_string(Layer layer);
std::string_view to_string(Retry retry);
std::string_view to_string(TrySpent spent);

}  // namespace insd
