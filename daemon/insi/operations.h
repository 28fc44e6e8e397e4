// SPDX-License-Identifier: Apache-2.0
// The two public operations: their names and bodies (specs: insi 1).
#pragma once

#include <string>
#include <string_view>

#include <libxml/tree.h>

#include "daemon/insi/exchange.h"

namespace insd::insi {

inline constexpr std::string_view kSearchByCard = "rechercherInsAvecCarteVitale";
inline constexpr std::string_view kSearchByTraits = "rechercherInsAvecTraitsIdentite";

/// RECVITALE / RECSANSVITALE, in the order of the national schema. The form of a card's numbers and date is
/// checked: NIR_MISSING, or TRAITS_INVALID with the member's name.
void add_body(xmlNode* body, const CardQuery& query, const Operation& operation);
void add_body(xmlNode* body, const TraitsQuery& query, const Operation& operation);

/// A verification's, as its descriptor lays it out. Throws TRAITS_INVALID for a mandatory value that is
/// empty.
void add_body(xmlNode* body, const VerificationQuery& query, const Operation& operation);

}  // namespace insd::insi
