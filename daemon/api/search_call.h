// SPDX-License-Identifier: Apache-2.0
// What the calls that ask INSi have in common.
#pragma once

#include <string>
#include <vector>

#include "daemon/api/call.h"
#include "daemon/search.h"
#include "insd/v1/insi_service.pb.h"

namespace insd::api {

/// The caller and the rules of the moment as a search needs them.
Searcher searcher_of(const Backend& backend, const Call& call);

/// The field expected_generations. Throws INVALID_ARGUMENT: too many, or none that a card ever had.
std::vector<std::string> generations_of(const google::protobuf::RepeatedPtrField<std::string>& field);

/// What was sent and what came of it.
void put_attempt(const SearchAttempt& attempt, v1::SearchAttempt& proto);

/// InsiService/VerifyIdentity.
boost::asio::awaitable<v1::VerifyIdentityResponse> verify_identity(Backend& backend, Call call,
                                                                   v1::VerifyIdentityRequest request);

}  // namespace insd::api
