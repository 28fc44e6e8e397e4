// SPDX-License-Identifier: Apache-2.0
// Unit verification as this project infers it: the contract is public only in part (README.md).
#pragma once

#include <string>

#include "tests/simulators/insi/answer.h"
#include "tests/simulators/insi/findings.h"
#include "tests/simulators/insi/persons.h"

namespace sim {

inline constexpr const char* kVerification = "verifierInsAvecTraitsIdentite";

/// True when the body asks for a verification; then `query` holds it.
bool read_verification(const xmlNode* body, Query& query, Findings& findings);

/// 00 when somebody here has that number and OID, with the key and the traits that were sent; else 01.
Answer verification_answer(const Persons& persons, const Query& query, const AnswerWriter& writer);

}  // namespace sim
