// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/cryptoki.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "pkcs11/errors.h"

namespace insd::pkcs11 {
namespace {

// Fixed-width fields are padded with blanks and not terminated; some modules terminate them all the same.
template <std::size_t N>
std::string text_of(const unsigned char (&field)[N]) {
  std::string_view text(reinterpret_cast<const char*>(field), N);
  text = text.substr(0, text.find('\0'));
  const auto end = text.find_last_not_of(' ');
  return printable(end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1));
}

Tries tries_of(CK_FLAGS flags) {
  if ((flags & CKF_USER_PIN_LOCKED) != 0) return Tries::LOCKED;
  if ((flags & CKF_USER_PIN_FINAL_TRY) != 0) return Tries::FINAL;
  if ((flags & CKF_USER_PIN_COUNT_LOW) != 0) return Tries::LOW;
  return Tries::NOT_LOW;
}

// PKCS#11's C signatures take non-const pointers to what they only read.
template <class T>
T* unconst(const T* pointer) {
  return const_cast<T*>(pointer);
}

}  // namespace

Cryptoki::Cryptoki(const CK_FUNCTION_LIST* functions) : functions_(functions) {
  if (functions_ == nullptr) lied("C_GetFunctionList", "no list");
  if (functions_->version.major != 2) lied("C_GetFunctionList", "not version 2");
  const auto& f = *functions_;
  const bool complete = f.C_GetInfo != nullptr && f.C_GetSlotList != nullptr && f.C_GetSlotInfo != nullptr &&
                        f.C_GetTokenInfo != nullptr && f.C_OpenSession != nullptr &&
                        f.C_CloseSession != nullptr && f.C_Login != nullptr && f.C_Logout != nullptr &&
                        f.C_FindObjectsInit != nullptr && f.C_FindObjects != nullptr &&
                        f.C_FindObjectsFinal != nullptr && f.C_GetAttributeValue != nullptr &&
                        f.C_SignInit != nullptr && f.C_Sign != nullptr;
  if (!complete) lied("C_GetFunctionList", "functions are missing");
}

std::vector<CK_SLOT_ID> Cryptoki::slots_with_token() const {
  constexpr std::string_view call = "C_GetSlotList";
  // Asking for the count first is what makes OpenSC and SoftHSM look at their readers again.
  CK_ULONG count = 0;
  check(call, functions_->C_GetSlotList(CK_TRUE, nullptr, &count));
  if (count > kMaxSlots) lied(call, "too many slots");
  std::array<CK_SLOT_ID, kMaxSlots> slots{};
  count = slots.size();
  check(call, functions_->C_GetSlotList(CK_TRUE, slots.data(), &count));
  if (count > slots.size()) lied(call, "more slots than there was room for");
  std::vector<CK_SLOT_ID> result(slots.begin(), slots.begin() + static_cast<std::ptrdiff_t>(count));
  std::sort(result.begin(), result.end());
  result.erase(std::unique(result.begin(), result.end()), result.end());
  return result;
}

std::optional<TokenInfo> Cryptoki::token_info(CK_SLOT_ID slot) const {
  CK_TOKEN_INFO raw{};
  const CK_RV rv = functions_->C_GetTokenInfo(slot, &raw);
  // One unusable card must not hide the others.
  if (rv == CKR_TOKEN_NOT_PRESENT || rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_RECOGNIZED ||
      rv == CKR_SLOT_ID_INVALID) {
    return std::nullopt;
  }
  check("C_GetTokenInfo", rv);
  if ((raw.flags & CKF_TOKEN_INITIALIZED) == 0) return std::nullopt;
  TokenInfo info;
  info.ref = {.slot = slot, .label = text_of(raw.label), .serial = text_of(raw.serialNumber)};
  info.model = text_of(raw.model);
  info.manufacturer = text_of(raw.manufacturerID);
  info.tries = tries_of(raw.flags);
  info.pin_min_length = raw.ulMinPinLen;
  info.pin_max_length = raw.ulMaxPinLen;
  info.pin_pad = (raw.flags & CKF_PROTECTED_AUTHENTICATION_PATH) != 0;
  return info;
}

bool Cryptoki::signs_with(CK_SLOT_ID slot, CK_MECHANISM_TYPE mechanism) const {
  CK_MECHANISM_INFO raw{};
  return functions_->C_GetMechanismInfo != nullptr &&
         functions_->C_GetMechanismInfo(slot, mechanism, &raw) == CKR_OK && (raw.flags & CKF_SIGN) != 0;
}

void Cryptoki::describe_slot(TokenInfo& token) const {
  CK_SLOT_INFO raw{};
  if (functions_->C_GetSlotInfo(token.ref.slot, &raw) != CKR_OK) return;
  token.slot_description = text_of(raw.slotDescription);
  token.removable = (raw.flags & CKF_REMOVABLE_DEVICE) != 0;
}

std::string Cryptoki::module_description() const {
  CK_INFO raw{};
  if (functions_->C_GetInfo(&raw) != CKR_OK) return {};
  return text_of(raw.manufacturerID) + ", " + text_of(raw.libraryDescription) + " " +
         std::to_string(raw.libraryVersion.major) + "." + std::to_string(raw.libraryVersion.minor);
}

CK_SESSION_HANDLE Cryptoki::open_session(CK_SLOT_ID slot) const {
  CK_SESSION_HANDLE session = CK_INVALID_HANDLE;
  check("C_OpenSession", functions_->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session));
  if (session == CK_INVALID_HANDLE) lied("C_OpenSession", "no session");
  return session;
}

void Cryptoki::close_session(CK_SESSION_HANDLE session) const noexcept {
  functions_->C_CloseSession(session);
}

CK_RV Cryptoki::login(CK_SESSION_HANDLE session, const SecretString& pin) const {
  auto* text = unconst(reinterpret_cast<const CK_UTF8CHAR*>(pin.view().data()));
  return functions_->C_Login(session, CKU_USER, text, pin.size());
}

CK_RV Cryptoki::login_on_pad(CK_SESSION_HANDLE session) const {
  return functions_->C_Login(session, CKU_USER, nullptr, 0);
}

void Cryptoki::logout(CK_SESSION_HANDLE session) const noexcept {
  functions_->C_Logout(session);
}

std::vector<CK_OBJECT_HANDLE> Cryptoki::find(CK_SESSION_HANDLE session, CK_OBJECT_CLASS object_class) const {
  CK_ATTRIBUTE wanted{CKA_CLASS, &object_class, sizeof object_class};
  check("C_FindObjectsInit", functions_->C_FindObjectsInit(session, &wanted, 1));
  std::array<CK_OBJECT_HANDLE, kMaxObjects> room{};
  std::vector<CK_OBJECT_HANDLE> found;
  CK_RV rv = CKR_OK;
  CK_ULONG count = 0;
  do {
    count = 0;
    rv = functions_->C_FindObjects(session, room.data(), room.size(), &count);
    if (rv != CKR_OK || count > room.size()) break;
    found.insert(found.end(), room.begin(), room.begin() + static_cast<std::ptrdiff_t>(count));
  } while (count > 0 && found.size() <= kMaxObjects);
  functions_->C_FindObjectsFinal(session);
  check("C_FindObjects", rv);
  if (count > room.size()) lied("C_FindObjects", "more objects than there was room for");
  if (found.size() > kMaxObjects) lied("C_FindObjects", "too many objects");
  return found;
}

std::optional<Bytes> Cryptoki::attribute(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object,
                                         CK_ATTRIBUTE_TYPE type, std::size_t max_bytes) const {
  constexpr std::string_view call = "C_GetAttributeValue";
  // One call with room for the most we take: a length asked for first is one more thing to lie about.
  Bytes value(max_bytes);
  CK_ATTRIBUTE wanted{type, value.data(), value.size()};
  const CK_RV rv = functions_->C_GetAttributeValue(session, object, &wanted, 1);
  if (rv == CKR_ATTRIBUTE_TYPE_INVALID || rv == CKR_ATTRIBUTE_SENSITIVE) return std::nullopt;
  check(call, rv);
  if (wanted.ulValueLen == CK_UNAVAILABLE_INFORMATION) return std::nullopt;
  if (wanted.ulValueLen > max_bytes) lied(call, "a longer value than there was room for");
  value.resize(wanted.ulValueLen);
  return value;
}

Bytes Cryptoki::sign(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key, CK_MECHANISM_TYPE mechanism,
                     ByteView data) const {
  CK_MECHANISM wanted{mechanism, nullptr, 0};
  check("C_SignInit", functions_->C_SignInit(session, &wanted, key));
  Bytes signature(kMaxSignatureBytes);
  CK_ULONG length = signature.size();
  const CK_RV rv = functions_->C_Sign(session, unconst(data.data()), data.size(), signature.data(), &length);
  if (rv != CKR_OK) throw sign_error(rv);
  if (length > signature.size()) throw impossible_signature("longer than there was room for");
  signature.resize(length);
  return signature;
}

}  // namespace insd::pkcs11
