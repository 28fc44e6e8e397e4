// SPDX-License-Identifier: Apache-2.0
// The one place where an Error becomes a grpc::Status. Its details carry an insd.v1.RpcStatus with one
// insd.v1.ErrorDetail.
#pragma once

#include <exception>
#include <string_view>

#include <grpcpp/support/status.h>

#include "drivers/base/error.h"
#include "insd/v1/error.pb.h"

namespace insd::api {

enum class Language : std::uint8_t { FRENCH, ENGLISH };

/// From the metadata `accept-language` (RFC 9110, 12.5.4): the better weighted of fr and en; French when it
/// names neither.
Language language_from(std::string_view accept_language);

/// As received, unreadable bytes replaced.
void put_insi_fault(const InsiFault& fault, v1::InsiFault& proto);

/// The catalogue's sentences in that language.
std::string_view summary(const CatalogueEntry& entry, Language language);
std::string_view remedy(const CatalogueEntry& entry, Language language);

/// Never throws but for memory. What is longer than a client's metadata allows is cut.
grpc::Status to_status(const Error& error, Language language);

/// Any exception; what is not an Error is INTERNAL and its text stays here.
grpc::Status to_status(const std::exception_ptr& exception, Language language);

}  // namespace insd::api
