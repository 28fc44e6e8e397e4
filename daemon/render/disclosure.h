// SPDX-License-Identifier: Apache-2.0
// What an identity may tell the outside, decided in one place before any format is written: only a qualified
// identity carries its number and OID outwards (specs: ins-rules 1.1, EXI ID 29). Renderers see nothing else.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/identity/birth_date.h"
#include "daemon/identity/evidence.h"
#include "daemon/identity/identity.h"
#include "daemon/identity/oid.h"

namespace insd::render {

/// A national number fit to leave: 13 characters and key, with its authority.
struct OutNumber {
  std::string text;  ///< 15 characters; the key as received, or the computed one when none came (INFERRED)
  identity::Oid authority;
  std::string start_date, end_date;  ///< AAAA-MM-JJ, or empty

  [[nodiscard]] bool is_same(const OutNumber& other) const {
    return text.substr(0, 13) == other.text.substr(0, 13) && authority.dotted == other.authority.dotted;
  }
};

/// The identifier under which the caller's own system knows the patient (IPP).
struct LocalIdentifier {
  std::string value;         ///< 1..60 characters
  std::string oid;           ///< of the assigning authority, dotted
  std::string namespace_id;  ///< its short name, for HL7 v2; may be empty
};

inline constexpr std::size_t kMostLocalIdentifiers = 10;

/// Values are UTF-8 without control characters or bidirectional marks, of bounded length. Made by disclose()
/// only.
class Disclosure {
 public:
  identity::Status status = identity::Status::PROVISIONAL;
  identity::Attributes attributes;
  bool test_environment = false;
  std::optional<OutNumber> number;         ///< QUALIFIED only
  std::optional<OutNumber> replaced;       ///< QUALIFIED only: what `number` took the place of
  std::vector<OutNumber> history;          ///< QUALIFIED only: distinct, in order, without the active one
  std::optional<identity::Oid> withdrawn;  ///< not qualified: authority of a number that was sent before
  identity::Traits traits;
  identity::UsedNames used;
  std::optional<identity::CompletedDate>
      birth_date;                                    ///< of the health identity; nothing when it is not known
  const identity::EvidenceKind* evidence = nullptr;  ///< when the status rests on one
  std::string evidence_expire_date;                  ///< AAAA-MM-JJ, or empty
  std::string checked_on, asked_on;                  ///< AAAA-MM-JJ (UTC), or empty
  identity::Source source = identity::Source::NONE;
  std::vector<LocalIdentifier> local_identifiers;
  std::vector<std::string> warnings;  ///< stable codes, "RETURNED_KEY_INVALID"

 private:
  Disclosure() = default;
  friend Disclosure disclose(const identity::Identity&, std::vector<LocalIdentifier>);
};

/// The status is computed here, from the facts. Throws TRAITS_INVALID with a violation for each value that no
/// message may carry ("identity.traits.birth_name", ...), INVALID_ARGUMENT for "local_identifiers[0].oid" and
/// the like. In the test environment a NIR leaves under the national test authority (INS-NIR-TEST), so that
/// no receiver takes it for a patient's (INFERRED: the authority exists for that).
Disclosure disclose(const identity::Identity& identity, std::vector<LocalIdentifier> local_identifiers);

/// Throws IDENTITY_STATE unless the disclosure carries a number. `what` is named in the support detail.
const OutNumber& require_number(const Disclosure& disclosure, std::string_view what);

/// Throws TRAITS_INVALID naming `path` when the text is empty: a format that cannot do without.
void require_trait(std::string_view text, std::string_view path);

/// "AAAA-MM-JJ" without its hyphens.
std::string compact_date(std::string_view date);

/// "provisoire", "récupérée", "validée", "qualifiée".
std::string_view status_word(identity::Status status);

}  // namespace insd::render
