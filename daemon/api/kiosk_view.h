// SPDX-License-Identifier: Apache-2.0
// What a kiosk is told: of the person who stands before it the given name, of nobody a number or a trait.
#pragma once

#include "daemon/api/backend.h"
#include "daemon/api/call.h"
#include "daemon/search.h"
#include "insd/v1/insi_service.pb.h"
#include "insd/v1/vitale_service.pb.h"

namespace insd::api {

[[nodiscard]] bool is_kiosk(const Call& call);

/// "AAAA-MM-JJ", possibly lunar; throws INVALID_ARGUMENT with the field "birth_date".
void check_kiosk_birth_date(const std::string& birth_date);

/// Begins the visit of the one person of `reading` with that birth date, and leaves of the reading that
/// person's index, given name and the date that was given. Throws BENEFICIARY_UNCLEAR: nobody has it, or
/// several, or too many dates were tried on this card.
v1::VitaleReading kiosk_reading(Backend& backend, const Call& call, const v1::VitaleReading& reading,
                                const std::string& birth_date);

/// Throws INVALID_ARGUMENT unless the person is the one whose visit this is.
void require_visit(const Backend& backend, const Call& call, const CardChoice& choice);

/// Leaves outcome, codes, times and ids.
void hide_person(v1::SearchResult& result);

}  // namespace insd::api
