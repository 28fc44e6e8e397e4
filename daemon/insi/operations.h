// SPDX-License-Identifier: Apache-2.0
// The two public operations: their names, actions and bodies (specs: insi 1).
#pragma once

#include <string>
#include <string_view>

#include <libxml/tree.h>

#include "daemon/insi/exchange.h"

namespace insd::insi {

inline constexpr std::string_view kSearchByCard = "rechercherInsAvecCarteVitale";
inline constexpr std::string_view kSearchByTraits = "rechercherInsAvecTraitsIdentite";

/// wsa:Action of an operation; the gateway routes by it.
std::string action_of(std::string_view operation);

/// RECVITALE / RECSANSVITALE, in the order of the national schema. The form of a card's numbers and date is
/// checked: NIR_MISSING, or TRAITS_INVALID with the member's name.
void add_body(xmlNode* body, const CardQuery& query);
void add_body(xmlNode* body, const TraitsQuery& query);

}  // namespace insd::insi
