// SPDX-License-Identifier: Apache-2.0
// Which document proves an identity, for whom, and with which trust (specs: ins-rules 1.12). Who is in front
// of the desk is told by a person; this table only says what cannot be.
#pragma once

#include <span>
#include <string_view>

#include "daemon/identity/identity.h"

namespace insd::identity {

enum class Trust : std::uint8_t { NONE, HIGH };
enum class Holder : std::uint8_t { ANYBODY, NATIONAL, FOREIGNER, MINOR, FOREIGN_MINOR, NURSING_HOME };
enum class Companion : std::uint8_t { NONE, GUARDIAN };

struct EvidenceKind {
  EvidenceType type;
  std::string_view name;          ///< stable, e.g. "PASSPORT"
  Trust trust;                    ///< NONE: known, and refused
  Holder holder;                  ///< whom it can prove
  Companion companion;            ///< what must come with it
  bool proves_guardian;           ///< may be the device of an adult who stands by a minor
  std::string_view fr_core_code;  ///< FR Core 2.2, empty: none
  std::string_view pam_code;      ///< IHE PAM France, ZFD-7; empty: none
};

std::span<const EvidenceKind> evidence_kinds();

/// nullptr for UNSPECIFIED and anything not in the table.
const EvidenceKind* find_evidence(EvidenceType type);

bool is_high_trust(EvidenceType type);

/// A state whose national identity card counts: the European Union and CH, LI, NO, IS, VA, MC, SM, AD. ISO
/// 3166-1 alpha-2, upper case.
bool issues_accepted_cards(std::string_view country);

/// Throws EVIDENCE_REFUSED (not of high trust; for somebody else; incomplete company of a minor) or
/// INVALID_ARGUMENT (contradictory fields), with a violation for each field: `path` + ".type",
/// ".issuing_country", ".guardian", ".guardian_evidence", ".court_decision_seen", ".expire_date". `traits`
/// are those of the person, `today` (AAAA-MM-JJ) tells whether he is a minor. APPLICATION_CARTE_VITALE is
/// refused: it is not looked at, it is received.
void check_evidence(const Evidence& evidence, const Traits& traits, std::string_view today,
                    std::string_view path);

}  // namespace insd::identity
