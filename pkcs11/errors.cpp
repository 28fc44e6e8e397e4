// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/errors.h"

#include <array>
#include <string>

#include "drivers/base/bytes.h"

namespace insd::pkcs11 {
namespace {

struct Row {
  CK_RV rv;
  const char* name;
  Code code;
};

constexpr std::array kRows = {
    // the card has gone: a stale session is how a module says so after a re-insertion (specs: cps 1.6)
    Row{CKR_DEVICE_REMOVED, "CKR_DEVICE_REMOVED", Code::CARD_REMOVED},
    Row{CKR_TOKEN_NOT_PRESENT, "CKR_TOKEN_NOT_PRESENT", Code::CARD_REMOVED},
    Row{CKR_SESSION_HANDLE_INVALID, "CKR_SESSION_HANDLE_INVALID", Code::CARD_REMOVED},
    Row{CKR_SESSION_CLOSED, "CKR_SESSION_CLOSED", Code::CARD_REMOVED},
    Row{CKR_SLOT_ID_INVALID, "CKR_SLOT_ID_INVALID", Code::TOKEN_ABSENT},
    Row{CKR_TOKEN_NOT_RECOGNIZED, "CKR_TOKEN_NOT_RECOGNIZED", Code::CARD_UNSUPPORTED},
    Row{CKR_USER_NOT_LOGGED_IN, "CKR_USER_NOT_LOGGED_IN", Code::CARD_ACCESS_DENIED},
    // this module cannot use that key in this way (OpenSC and the signature key of a CPS: specs, cps 1.6)
    Row{CKR_MECHANISM_INVALID, "CKR_MECHANISM_INVALID", Code::KEY_UNSUPPORTED},
    Row{CKR_MECHANISM_PARAM_INVALID, "CKR_MECHANISM_PARAM_INVALID", Code::KEY_UNSUPPORTED},
    Row{CKR_FUNCTION_NOT_SUPPORTED, "CKR_FUNCTION_NOT_SUPPORTED", Code::KEY_UNSUPPORTED},
    Row{CKR_KEY_TYPE_INCONSISTENT, "CKR_KEY_TYPE_INCONSISTENT", Code::KEY_UNSUPPORTED},
    Row{CKR_KEY_FUNCTION_NOT_PERMITTED, "CKR_KEY_FUNCTION_NOT_PERMITTED", Code::KEY_UNSUPPORTED},
    // named for support only
    Row{CKR_GENERAL_ERROR, "CKR_GENERAL_ERROR", Code::MODULE_FAILED},
    Row{CKR_DEVICE_ERROR, "CKR_DEVICE_ERROR", Code::MODULE_FAILED},
    Row{CKR_DEVICE_MEMORY, "CKR_DEVICE_MEMORY", Code::MODULE_FAILED},
    Row{CKR_HOST_MEMORY, "CKR_HOST_MEMORY", Code::MODULE_FAILED},
    Row{CKR_FUNCTION_FAILED, "CKR_FUNCTION_FAILED", Code::MODULE_FAILED},
    Row{CKR_OPERATION_ACTIVE, "CKR_OPERATION_ACTIVE", Code::MODULE_FAILED},
    Row{CKR_BUFFER_TOO_SMALL, "CKR_BUFFER_TOO_SMALL", Code::MODULE_FAILED},
    Row{CKR_SESSION_COUNT, "CKR_SESSION_COUNT", Code::MODULE_FAILED},
};

std::string describe(std::string_view call, const char* name, CK_RV rv) {
  std::string text(call);
  if (name != nullptr) return text + ": " + name;
  Bytes number;
  for (int shift = 56; shift >= 0; shift -= 8) number.push_back(static_cast<std::uint8_t>(rv >> shift));
  return text + ": code 0x" + to_hex(number);
}

}  // namespace

Error to_error(std::string_view call, CK_RV rv) {
  for (const auto& row : kRows) {
    if (row.rv == rv) return Error(row.code, describe(call, row.name, rv));
  }
  return Error(Code::MODULE_FAILED, describe(call, nullptr, rv));
}

void check(std::string_view call, CK_RV rv) {
  if (rv != CKR_OK) throw to_error(call, rv);
}

Error login_error(CK_RV rv) {
  constexpr std::string_view call = "C_Login";
  switch (rv) {
    case CKR_PIN_INCORRECT:
      return Error(Code::PIN_WRONG, describe(call, "CKR_PIN_INCORRECT", rv)).with_try(TrySpent::YES);
    case CKR_PIN_LOCKED:
      // Either this try was the last one or the flags had not said that none was left.
      return Error(Code::PIN_BLOCKED, describe(call, "CKR_PIN_LOCKED", rv)).with_try(TrySpent::UNKNOWN, 0);
    case CKR_PIN_LEN_RANGE:
      return Error(Code::PIN_MALFORMED, describe(call, "CKR_PIN_LEN_RANGE", rv));
    case CKR_PIN_INVALID:
      return Error(Code::PIN_MALFORMED, describe(call, "CKR_PIN_INVALID", rv));
    case CKR_FUNCTION_CANCELED:
      return Error(Code::PIN_CANCELLED, describe(call, "CKR_FUNCTION_CANCELED", rv));
    default:
      return to_error(call, rv).with_try(TrySpent::UNKNOWN);
  }
}

Error sign_error(CK_RV rv) {
  Error error = to_error("C_Sign", rv);
  const bool refused = error.code() == Code::CARD_ACCESS_DENIED || error.code() == Code::KEY_UNSUPPORTED;
  if (!refused) error.mark_signature_unknown();
  return error;
}

namespace {
Error impossible(std::string_view call, std::string_view what) {
  return Error(Code::MODULE_FAILED,
               std::string(call) + ": the module's answer is impossible: " + std::string(what));
}
}  // namespace

Error impossible_signature(std::string_view what) {
  Error error = impossible("C_Sign", what);
  error.mark_signature_unknown();
  return error;
}

void lied(std::string_view call, std::string_view what) {
  throw impossible(call, what);
}

}  // namespace insd::pkcs11
