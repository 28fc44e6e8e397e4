// SPDX-License-Identifier: Apache-2.0
// The only place where SCARD_* codes become errors of ours.
#pragma once

#include <string_view>

#include "drivers/base/error.h"
#include "drivers/pcsc/pcsc_api.h"

namespace insd::pcsc {

/// Throws the Error for `result` unless it is SCARD_S_SUCCESS. `call` names the function in the error text.
/// NO_SERVICE-like codes ask api.probe_socket() to tell PCSC_ABSENT, PCSC_REFUSED, PCSC_OUT_OF_CONTEXTS and
/// PCSC_LOST apart (up to 100 ms).
void check(const PcscApi& api, LONG result, std::string_view call);

/// The Error itself, for code that handles some results.
Error to_error(const PcscApi& api, LONG result, std::string_view call);

/// The codes after which a context is dead and must be made again (pcscd stopped, killed or restarted).
bool context_is_dead(LONG result);

}  // namespace insd::pcsc
