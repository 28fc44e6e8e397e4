// SPDX-License-Identifier: Apache-2.0
// The rules of a search that need no card and no network: gates, profile, the body made of a reading, the
// check of an answer against the person chosen. Pure functions.
#pragma once

#include "daemon/identity/traits.h"
#include "daemon/search.h"

namespace insd {

/// What a caller wants of INSi: a caller that keeps no identities may verify one, not retrieve it.
enum class InsiUse : std::uint8_t { RETRIEVE, VERIFY };

/// Throws IDENTITY_FORBIDS_CALL, APCV_IDENTITY_REFUSED, INSI_NOT_CONFIGURED, INVALID_ARGUMENT (mode
/// organisation: nobody acts, or nobody says how that person was recognised), PERMISSION_DENIED,
/// EDITOR_NOT_CONFIGURED: in this order.
void check_gates(const SearchContext& context, const Searcher& searcher, InsiUse use = InsiUse::RETRIEVE);

/// Whom a profile can belong to.
struct ProfileHolder {
  std::string national_id;              ///< of the card; empty in mode organisation
  std::vector<std::string> structures;  ///< OU of the card, or of each of the organisation's certificates
};

/// The profile named, or the only one that belongs to the professional or to a structure of theirs. Throws
/// PROFILE_UNKNOWN (no such name, or it belongs to somebody else) and PROFILE_REQUIRED (none or several).
const ProfileConfig& choose_profile(const std::vector<ProfileConfig>& profiles, const std::string& name,
                                    const ProfileHolder& holder);

/// TEST when a number on the card cannot be a person's: letters that are not Corsica's (specs: vitale 2.5).
/// Otherwise unknown, and not to be known from what is readable: the card's own word for it is only told by
/// the official interface.
CardNature card_nature(const vitale::Reading& reading);

/// Throws TEST_CARD_REFUSED for a test or demonstration card where the real service is configured.
void refuse_test_card(CardNature nature, InsiEnvironment environment);

/// True when the person's number has the key that belongs to it.
bool key_is_right(const vitale::Beneficiary& person);

/// The body for one person of a card (specs: insi 1.2). Throws BENEFICIARY_NOT_FOUND, NIR_MISSING,
/// BIRTH_RANK_REQUIRED, CARD_DATA_INVALID.
insi::CardQuery card_query(const vitale::Reading& reading, std::size_t beneficiary_index,
                           std::optional<unsigned> birth_rank);

/// The body of a reading that the application supplied. Throws INVALID_ARGUMENT with every refused field.
insi::CardQuery card_query(const SuppliedCard& supplied, std::optional<unsigned> birth_rank, Clock::Wall now);

/// Throws VITALE_SERIAL_UNAVAILABLE when the card's serial number is needed (insi.vitale_serial) and not
/// known.
void require_serial(const insi::CardQuery& query, const InsiConfig& config);

/// Throws TRAITS_INVALID with paths "traits....".
identity::SearchTraits normalised_traits(const TraitsSearch& search);

/// Could the person whom INSi found be the one chosen on the card? The card's given name must be among the
/// answer's, and the birth dates agree (the years, when one of them is lunar).
bool is_beneficiary(const insi::Answer& answer, const vitale::Beneficiary& beneficiary);

/// Could the person whom INSi found be the one asked for? Every trait that was both sent and received agrees.
bool answers_what_was_asked(const insi::Answer& answer, const SentTraits& sent);

}  // namespace insd
