// SPDX-License-Identifier: Apache-2.0
// Identities and comparisons as text for a person.
#pragma once

#include <iosfwd>

#include "clients/cli/render.h"
#include "insd/v1/identity_service.pb.h"

namespace insd::cli {

void print_traits(std::ostream& out, Language language, const v1::IdentityTraits& traits);
/// A line for each trait, the numbers, and why.
void print_comparison(std::ostream& out, Language language, const v1::Comparison& comparison);
/// Status, traits, the number of a qualified identity only, and exactly what is missing.
void print_identity(std::ostream& out, Language language, const v1::IdentityReport& identity);

}  // namespace insd::cli
