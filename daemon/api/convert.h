// SPDX-License-Identifier: Apache-2.0
// Values of the daemon as messages of the contract, where several services need them.
#pragma once

#include <string>

#include <google/protobuf/timestamp.pb.h>

#include "daemon/api/error_status.h"
#include "daemon/clock.h"
#include "daemon/config.h"
#include "daemon/desk/desk.h"
#include "insd/v1/common.pb.h"
#include "insd/v1/reader_service.pb.h"

namespace insd::api {

google::protobuf::Timestamp to_proto(Clock::Wall time);
v1::CardKind to_proto(CardKind kind);
v1::Environment to_proto(InsiEnvironment environment);
v1::Reader to_proto(const desk::Reader& reader, Language language);
v1::CardUsed to_proto(const desk::Chosen& card);
/// The smart card service's part of a state.
v1::PcscStatus pcsc_to_proto(const desk::State& state, Language language);
v1::PcscEvent to_proto(const desk::ServiceEvent& event);

/// Throws INVALID_ARGUMENT; `path` is the field's, e.g. "card".
desk::Selection from_proto(const v1::CardSelection& selection, const std::string& path);

}  // namespace insd::api
