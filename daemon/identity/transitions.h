// SPDX-License-Identifier: Apache-2.0
// What people may do to an identity (specs: ins-rules 1.2). Each either changes it wholly, with a new
// revision, or throws and leaves it as it was.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/identity/compare.h"

namespace insd::identity {

/// Who acts, and when.
struct Act {
  std::string by;
  Time at;
};

struct AcceptOrder {
  std::string first_given_name;      ///< as a person chose it; empty: the known one
  std::vector<TraitName> confirmed;  ///< one by one
  bool number_change_confirmed = false;
};

struct Accepted {
  Comparison comparison;           ///< what the acceptance was given on
  std::vector<TraitName> changed;  ///< traits whose value is another now
};

/// Takes over number, history and traits byte for byte; used names stay. Evidence stays too, and proves
/// nothing any more when a trait that it was checked against has changed. Throws IDENTITY_STATE (doubtful,
/// fictitious, or of another environment), ANSWER_BLOCKED, IDENTITY_COLLISION, CONFIRMATION_REQUIRED (fields
/// "confirmed_traits", "number_change_confirmed"), INVALID_ARGUMENT ("first_given_name").
Accepted accept(Identity& identity, const Answer& answer, const AcceptOrder& order, const Act& act);

/// A document was checked against the traits whose digest is `shown`. Throws IDENTITY_STATE (doubtful,
/// fictitious, minimal traits missing), IDENTITY_STALE (other traits), and what check_evidence() throws with
/// `path` "evidence".
void validate(Identity& identity, Evidence evidence, std::string_view shown, const Act& act);

/// The document of before shows the traits of now. IDENTITY_STATE also when there is none that has lapsed.
void confirm_evidence(Identity& identity, std::string_view shown, const Act& act);

/// Doubtful and fictitious withdraw number, acceptance and evidence: nothing comes back when the doubt is
/// gone. Throws INVALID_ARGUMENT ("attributes") for a combination that does not exist.
void set_attributes(Identity& identity, const Attributes& attributes);

enum class Demotion : std::uint8_t { ACCEPTANCE, EVIDENCE, ALL };

/// Throws IDENTITY_STATE when there is nothing to take back.
void demote(Identity& identity, Demotion demotion);

/// Has everything that an identity cannot be without: birth name, a given name, birth date and sex.
bool has_minimal_traits(const Traits& traits);

/// The day of `at`, UTC, AAAA-MM-JJ.
std::string day_of(Time at);

}  // namespace insd::identity
