// SPDX-License-Identifier: Apache-2.0
// The one place where the return codes of PKCS#11 become ours.
#pragma once

#include <string_view>

#include <p11-kit/pkcs11.h>

#include "drivers/base/error.h"

namespace insd::pkcs11 {

/// The Error of a failed call, e.g. "C_Sign: CKR_DEVICE_REMOVED". Codes outside the standard: MODULE_FAILED.
/// Not for C_Login, whose codes say what became of a PIN try: see login_error().
Error to_error(std::string_view call, CK_RV rv);

/// Throws to_error() unless `rv` is CKR_OK.
void check(std::string_view call, CK_RV rv);

/// The Error of a failed C_Login, with try_spent() by what the code alone says; UNKNOWN where it says
/// nothing.
Error login_error(CK_RV rv);

/// The same for C_Sign, marked where the module may have signed all the same: only some codes say that it has
/// not.
Error sign_error(CK_RV rv);

/// lied() of C_Sign, not thrown: it may have signed.
Error impossible_signature(std::string_view what);

/// MODULE_FAILED for a module that succeeded with an impossible answer.
[[noreturn]] void lied(std::string_view call, std::string_view what);

}  // namespace insd::pkcs11
