// SPDX-License-Identifier: Apache-2.0
// The module's functions behind bounds: every count, length and pointer that a module returns is a lie until
// checked (T-P11-02). Answers that cannot be are MODULE_FAILED.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include <p11-kit/pkcs11.h>

#include "drivers/base/secret.h"
#include "pkcs11/types.h"

namespace insd::pkcs11 {

class Cryptoki {
 public:
  /// `functions` is what C_GetFunctionList gave; it outlives this object.
  explicit Cryptoki(const CK_FUNCTION_LIST* functions);

  /// Slots with a token, each once. The call that makes modules look at their readers again is part of it.
  [[nodiscard]] std::vector<CK_SLOT_ID> slots_with_token() const;

  /// Nothing when the slot has no usable token (absent, unknown to the module, not initialised).
  [[nodiscard]] std::optional<TokenInfo> token_info(CK_SLOT_ID slot) const;

  /// Does the token sign by this mechanism? False also when the module does not say.
  [[nodiscard]] bool signs_with(CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism) const;

  /// Fills in what the module says of the token's slot; leaves it as it is when the module does not answer.
  void describe_slot(TokenInfo& token) const;
  /// What the module says of itself; empty when it does not.
  [[nodiscard]] std::string module_description() const;

  [[nodiscard]] CK_SESSION_HANDLE open_session(CK_SLOT_ID slot) const;
  void close_session(CK_SESSION_HANDLE session) const noexcept;

  /// The raw answer: what became of the try depends on it (pkcs11/token_session.cpp).
  [[nodiscard]] CK_RV login(CK_SESSION_HANDLE session, const SecretString& pin) const;
  /// The same without a PIN: the module has the person asked on the reader
  /// (CKF_PROTECTED_AUTHENTICATION_PATH).
  [[nodiscard]] CK_RV login_on_pad(CK_SESSION_HANDLE session) const;
  void logout(CK_SESSION_HANDLE session) const noexcept;

  /// At most kMaxObjects objects of one class; more is MODULE_FAILED.
  [[nodiscard]] std::vector<CK_OBJECT_HANDLE> find(CK_SESSION_HANDLE session,
                                                   CK_OBJECT_CLASS object_class) const;

  /// Nothing when the object has no such attribute or does not reveal it.
  [[nodiscard]] std::optional<Bytes> attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                               CK_ATTRIBUTE_TYPE type, std::size_t max_bytes) const;

  /// C_SignInit and one C_Sign over `data`.
  [[nodiscard]] Bytes sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism,
                           ByteView data) const;

 private:
  const CK_FUNCTION_LIST* functions_;
};

/// A read-only session, closed with the object.
class Session {
 public:
  Session(const Cryptoki& cryptoki, CK_SLOT_ID slot)
      : cryptoki_(cryptoki), handle_(cryptoki.open_session(slot)) {}
  ~Session() { cryptoki_.close_session(handle_); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  [[nodiscard]] CK_SESSION_HANDLE handle() const { return handle_; }

 private:
  const Cryptoki& cryptoki_;
  CK_SESSION_HANDLE handle_;
};

}  // namespace insd::pkcs11
