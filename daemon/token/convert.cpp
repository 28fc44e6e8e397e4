// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/convert.h"

#include <algorithm>

namespace insd::token {
namespace {

[[noreturn]] void impossible(const char* what) {
  throw Error(Code::MODULE_FAILED, std::string("insd-token answered ") + what);
}

Bytes bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

std::string string_of(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

}  // namespace

pkcs11::TokenRef from_wire(const wire::TokenRef& ref) {
  return {.slot = ref.slot(), .label = printable(ref.label()), .serial = printable(ref.serial())};
}

void to_wire(const pkcs11::TokenRef& ref, wire::TokenRef& out) {
  out.set_slot(ref.slot);
  out.set_label(ref.label);
  out.set_serial(ref.serial);
}

std::vector<pkcs11::TokenInfo> tokens_of(const wire::Answer& answer) {
  if (static_cast<std::size_t>(answer.tokens_size()) > pkcs11::kMaxSlots) impossible("too many tokens");
  std::vector<pkcs11::TokenInfo> result;
  for (const auto& token : answer.tokens()) {
    if (!wire::Tries_IsValid(token.tries())) impossible("an unknown PIN state");
    pkcs11::TokenInfo info;
    info.ref = from_wire(token.ref());
    info.model = printable(token.model());
    info.manufacturer = printable(token.manufacturer());
    info.tries = static_cast<pkcs11::Tries>(token.tries());
    info.pin_min_length = token.pin_min_length();
    info.pin_max_length = token.pin_max_length();
    info.pin_pad = token.pin_pad();
    info.removable = token.removable();
    info.slot_description = printable(token.slot_description());
    info.module = printable(token.module());
    result.push_back(std::move(info));
  }
  return result;
}

static_assert(static_cast<int>(pkcs11::Tries::NOT_LOW) == wire::TRIES_NOT_LOW);
static_assert(static_cast<int>(pkcs11::Tries::LOW) == wire::TRIES_LOW);
static_assert(static_cast<int>(pkcs11::Tries::FINAL) == wire::TRIES_FINAL);
static_assert(static_cast<int>(pkcs11::Tries::LOCKED) == wire::TRIES_LOCKED);

void to_wire(const pkcs11::TokenInfo& info, wire::TokenInfo& out) {
  to_wire(info.ref, *out.mutable_ref());
  out.set_model(info.model);
  out.set_manufacturer(info.manufacturer);
  out.set_tries(static_cast<wire::Tries>(info.tries));
  out.set_pin_min_length(info.pin_min_length);
  out.set_pin_max_length(info.pin_max_length);
  out.set_pin_pad(info.pin_pad);
  out.set_removable(info.removable);
  out.set_slot_description(info.slot_description);
  out.set_module(info.module);
}

std::vector<pkcs11::Certificate> certificates_of(const wire::Answer& answer) {
  if (static_cast<std::size_t>(answer.certificates_size()) > pkcs11::kMaxCertificates) {
    impossible("too many certificates");
  }
  std::vector<pkcs11::Certificate> result;
  for (const auto& certificate : answer.certificates()) {
    if (certificate.der().size() > pkcs11::kMaxCertificateBytes) impossible("a certificate that is too long");
    pkcs11::Certificate value;
    value.der = bytes_of(certificate.der());
    value.label = printable(certificate.label());
    value.id = bytes_of(certificate.id());
    if (certificate.use() != wire::KEY_USE_UNSPECIFIED) value.use = from_wire(certificate.use());
    result.push_back(std::move(value));
  }
  return result;
}

void to_wire(const pkcs11::Certificate& certificate, wire::Certificate& out) {
  out.set_der(string_of(certificate.der));
  out.set_label(certificate.label);
  out.set_id(string_of(certificate.id));
  if (certificate.use) out.set_use(to_wire(*certificate.use));
}

std::vector<pkcs11::DataObject> data_objects_of(const wire::Answer& answer) {
  if (static_cast<std::size_t>(answer.data_objects_size()) > pkcs11::kMaxDataObjects) {
    impossible("too many data objects");
  }
  std::vector<pkcs11::DataObject> result;
  for (const auto& object : answer.data_objects()) {
    if (object.value().size() > pkcs11::kMaxDataObjectBytes) impossible("a data object that is too long");
    result.push_back({printable(object.label()), bytes_of(object.value())});
  }
  return result;
}

void to_wire(const pkcs11::DataObject& object, wire::DataObject& out) {
  out.set_label(object.label);
  out.set_value(string_of(object.value));
}

pkcs11::KeyUse from_wire(wire::KeyUse use) {
  switch (use) {
    case wire::KEY_USE_SIGNATURE:
      return pkcs11::KeyUse::SIGNATURE;
    case wire::KEY_USE_AUTHENTICATION:
      return pkcs11::KeyUse::AUTHENTICATION;
    default:
      throw Error(Code::INVALID_ARGUMENT, "unknown key use");
  }
}

wire::KeyUse to_wire(pkcs11::KeyUse use) {
  return use == pkcs11::KeyUse::SIGNATURE ? wire::KEY_USE_SIGNATURE : wire::KEY_USE_AUTHENTICATION;
}

Error error_of(const wire::Failure& failure, Role role) {
  const auto allowed = [role](const CatalogueEntry& entry) {
    if (entry.layer == Layer::CARD || entry.layer == Layer::PIN || entry.layer == Layer::TOKEN) return true;
    return role == Role::TLS && (entry.layer == Layer::INSI || entry.code == Code::CONFIG_INVALID);
  };
  const auto catalogue = error_catalogue();
  const auto* entry = &catalogue_entry(Code::MODULE_FAILED);
  const auto found = std::find_if(catalogue.begin(), catalogue.end(),
                                  [&](const auto& candidate) { return candidate.name == failure.code(); });
  if (found != catalogue.end() && allowed(*found)) entry = &*found;
  auto spent = TrySpent::UNKNOWN;
  if (failure.try_spent() == wire::TRY_SPENT_NO) spent = TrySpent::NO;
  if (failure.try_spent() == wire::TRY_SPENT_YES) spent = TrySpent::YES;
  std::optional<int> left;
  if (failure.has_tries_left() && failure.tries_left() >= 0) left = failure.tries_left();
  Error error(entry->code, printable(failure.detail(), 500));
  if (failure.signature_unknown()) error.mark_signature_unknown();
  return std::move(error).with_try(spent, left);
}

void to_wire(const Error& error, wire::Failure& out) {
  out.set_code(std::string(error.entry().name));
  out.set_detail(printable(error.detail(), 500));
  out.set_try_spent(error.try_spent() == TrySpent::YES  ? wire::TRY_SPENT_YES
                    : error.try_spent() == TrySpent::NO ? wire::TRY_SPENT_NO
                                                        : wire::TRY_SPENT_UNKNOWN);
  if (error.tries_left()) out.set_tries_left(*error.tries_left());
  out.set_signature_unknown(error.signature_unknown());
}

}  // namespace insd::token
