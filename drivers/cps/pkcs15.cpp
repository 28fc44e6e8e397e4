// SPDX-License-Identifier: Apache-2.0
#include "drivers/cps/pkcs15.h"

#include <algorithm>
#include <utility>

#include "drivers/base/error.h"
#include "drivers/cps/files.h"
#include "drivers/iso7816/tlv.h"

namespace insd::cps::pkcs15 {
namespace {

using iso7816::find_tlv;
using iso7816::parse_tlv;
using Level = std::vector<iso7816::Tlv>;

constexpr std::uint32_t kInteger = 0x02, kBitString = 0x03, kOctetString = 0x04, kOid = 0x06,
                        kEnumerated = 0x0A, kUtf8 = 0x0C, kSequence = 0x30;

[[noreturn]] void invalid(const char* what) {
  throw Error(Code::CARD_DATA_INVALID, what);
}

ByteView need(const Level& level, std::uint32_t tag, const char* what) {
  const auto value = find_tlv(level, tag);
  if (!value) invalid(what);
  return *value;
}

// A small DER INTEGER (or ENUMERATED): no negative number has a meaning in these files.
std::size_t number(ByteView value, const char* what) {
  if (value.empty() || value.size() > 4 || (value[0] & 0x80U) != 0) invalid(what);
  std::size_t result = 0;
  for (const std::uint8_t byte : value) result = result << 8U | byte;
  return result;
}

// A reference is one byte on the wire. Cards write 81 as 0081, as 81 and as FF81.
std::uint8_t reference(ByteView value, const char* what) {
  const bool one = value.size() == 1;
  const bool padded = value.size() == 2 && (value[0] == 0x00 || value[0] == 0xFF);
  if (!one && !padded) invalid(what);
  if (value.back() == 0) invalid(what);
  return value.back();
}

// Bit n of the result is flag n of a DER BIT STRING; flags beyond 31 have no meaning here.
std::uint32_t flags(ByteView value, const char* what) {
  if (value.empty() || value[0] > 7) invalid(what);
  std::uint32_t result = 0;
  for (std::size_t flag = 0; flag < 32 && flag / 8 + 1 < value.size(); ++flag) {
    const bool set = (value[flag / 8 + 1] & (0x80U >> (flag % 8))) != 0;
    if (set) result |= std::uint32_t{1} << flag;
  }
  return result;
}

bool has_flag(std::uint32_t set, unsigned flag) {
  return (set >> flag & 1U) != 0;
}

Bytes copy(ByteView value, std::size_t max_bytes, const char* what) {
  if (value.size() > max_bytes) invalid(what);
  return {value.begin(), value.end()};
}

Bytes path(ByteView value) {
  if (value.size() % 2 != 0) invalid("a path of odd length");
  return copy(value, bound::kPathBytes, "a path that is too long");
}

std::string text(ByteView value) {
  const std::string_view characters(reinterpret_cast<const char*>(value.data()), value.size());
  return printable(characters, bound::kLabelBytes);
}

// An object of a directory file: common attributes, class attributes, and [1] type attributes.
struct Entry {
  Level common, of_class, of_type;
};

Entry entry(ByteView object) {
  const Level parts = parse_tlv(object);
  if (parts.size() < 2 || parts[0].tag != kSequence) invalid("PKCS#15 object: no common attributes");
  Entry result;
  result.common = parse_tlv(parts[0].value);
  if (parts[1].tag == kSequence) result.of_class = parse_tlv(parts[1].value);
  const Level tagged = parse_tlv(need(parts, 0xA1, "PKCS#15 object: no type attributes"));
  result.of_type = parse_tlv(need(tagged, kSequence, "PKCS#15 object: empty type attributes"));
  return result;
}

// The RSA keys, X.509 certificates and PINs of a file are its plain SEQUENCEs; other types carry other tags.
std::vector<Entry> entries(ByteView file) {
  std::vector<Entry> result;
  for (const iso7816::Tlv& object : parse_tlv(file, {.max_elements = bound::kEntriesOfOneKind})) {
    if (object.tag == kSequence) result.push_back(entry(object.value));
  }
  return result;
}

std::string label(const Entry& object) {
  const auto value = find_tlv(object.common, kUtf8);
  return value ? text(*value) : std::string();
}

std::optional<Bytes> referenced_path(const Level& level) {
  const auto place = find_tlv(level, kSequence);
  if (!place) return std::nullopt;
  const auto value = find_tlv(parse_tlv(*place), kOctetString);
  if (!value) return std::nullopt;
  return path(*value);
}

// An algorithm of TokenInfo.supportedAlgorithms is known by its identifier and by what it may do.
struct Algorithm {
  ByteView oid;
  unsigned operation;  // flag of PKCS#15 Operations
  std::uint8_t TokenInfo::*reference;
};
constexpr unsigned kComputeSignature = 1, kHash = 6;

constexpr std::uint8_t kSha256[] = {0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01};
constexpr std::uint8_t kSha256Rsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x0B};
constexpr std::uint8_t kRsa[] = {0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01};
constexpr Algorithm kAlgorithms[] = {
    {kSha256, kHash, &TokenInfo::hash_reference},
    {kSha256Rsa, kComputeSignature, &TokenInfo::sign_reference},
    {kRsa, kComputeSignature, &TokenInfo::raw_sign_reference},
};

void take_algorithm(ByteView info, TokenInfo& result) {
  const Level parts = parse_tlv(info);
  const auto oid = find_tlv(parts, kOid);
  const auto operations = find_tlv(parts, kBitString);
  // reference, algorithm, ..., algRef: the third INTEGER, the last element.
  const auto integers =
      std::count_if(parts.begin(), parts.end(), [](const auto& e) { return e.tag == kInteger; });
  if (!oid || !operations || integers < 3 || parts.back().tag != kInteger) return;
  const std::uint32_t allowed = flags(*operations, "TokenInfo: operations");
  for (const Algorithm& known : kAlgorithms) {
    const bool same = std::equal(oid->begin(), oid->end(), known.oid.begin(), known.oid.end());
    if (same && has_flag(allowed, known.operation)) {
      result.*known.reference = reference(parts.back().value, "TokenInfo: algorithm reference");
    }
  }
}

// PKCS#15 PinAttributes: flags, type, min, stored, max?, [0] reference, pad?, ..., path?
constexpr unsigned kNeedsPadding = 5, kUnblockingPin = 6, kSecurityOfficerPin = 7;
constexpr std::size_t kAsciiNumeric = 1, kUtf8Pin = 2;

PinPolicy pin_policy(const Entry& object, std::uint32_t pin_flags) {
  PinPolicy pin;
  pin.label = label(object);
  pin.reference = reference(need(object.of_type, 0x80, "AODF: no PIN reference"), "AODF: PIN reference");
  const std::size_t type = number(need(object.of_type, kEnumerated, "AODF: no PIN type"), "AODF: PIN type");
  pin.plain_digits = (type == kAsciiNumeric || type == kUtf8Pin) && !has_flag(pin_flags, kNeedsPadding);
  std::vector<std::size_t> lengths;
  for (const iso7816::Tlv& element : object.of_type) {
    if (element.tag == kInteger) lengths.push_back(number(element.value, "AODF: PIN length"));
  }
  if (lengths.size() < 2) invalid("AODF: no PIN lengths");
  pin.min_length = lengths[0];
  pin.stored_length = lengths[1];
  pin.max_length = lengths.size() > 2 ? lengths[2] : lengths[1];
  if (pin.min_length == 0 || pin.min_length > pin.max_length || pin.max_length > bound::kPinBytes) {
    invalid("AODF: PIN lengths without sense");
  }
  pin.path = referenced_path(object.of_type).value_or(Bytes());
  return pin;
}

}  // namespace

std::vector<Application> parse_directory(ByteView file) {
  std::vector<Application> result;
  for (const iso7816::Tlv& element : parse_tlv(file, {.max_elements = bound::kEntriesOfOneKind})) {
    if (element.tag != 0x61) continue;
    const Level parts = parse_tlv(element.value);
    const auto aid = find_tlv(parts, 0x4F);
    if (!aid) continue;
    const auto place = find_tlv(parts, 0x51);
    result.push_back({copy(*aid, 16, "an AID that is too long"), place ? path(*place) : Bytes()});
  }
  return result;
}

ObjectDirectory parse_object_directory(ByteView file) {
  ObjectDirectory result;
  for (const iso7816::Tlv& element : parse_tlv(file, {.max_elements = bound::kEntriesOfOneKind})) {
    std::vector<Bytes>* files = element.tag == 0xA8   ? &result.pins
                                : element.tag == 0xA0 ? &result.keys
                                : element.tag == 0xA4 ? &result.certificates
                                : element.tag == 0xA7 ? &result.data
                                                      : nullptr;
    if (files == nullptr) continue;
    const auto place = referenced_path(parse_tlv(element.value));
    if (!place || place->empty()) invalid("ODF: an entry without a path");
    if (files->size() == bound::kFilesOfOneKind) invalid("ODF: too many files of one kind");
    files->push_back(*place);
  }
  return result;
}

TokenInfo parse_token_info(ByteView file) {
  const Level outer = parse_tlv(file);
  const Level parts = parse_tlv(need(outer, kSequence, "TokenInfo: no SEQUENCE"));
  TokenInfo result;
  if (const auto value = find_tlv(parts, 0x80)) result.label = text(*value);
  if (const auto algorithms = find_tlv(parts, 0xA2)) {
    for (const iso7816::Tlv& info : parse_tlv(*algorithms, {.max_elements = bound::kEntriesOfOneKind})) {
      if (info.tag == kSequence) take_algorithm(info.value, result);
    }
  }
  return result;
}

std::vector<PinPolicy> parse_pins(ByteView file) {
  std::vector<PinPolicy> result;
  for (const Entry& object : entries(file)) {
    const std::uint32_t set =
        flags(need(object.of_type, kBitString, "AODF: no PIN flags"), "AODF: PIN flags");
    if (has_flag(set, kUnblockingPin) || has_flag(set, kSecurityOfficerPin)) continue;
    result.push_back(pin_policy(object, set));
  }
  return result;
}

std::vector<PrivateKey> parse_private_keys(ByteView file) {
  std::vector<PrivateKey> result;
  for (const Entry& object : entries(file)) {
    // Without a reference no MSE can name it: a key of some other application.
    const auto key_reference = find_tlv(object.of_class, kInteger);
    if (!key_reference) continue;
    PrivateKey key;
    key.label = label(object);
    key.id = copy(need(object.of_class, kOctetString, "PrKDF: no id"), bound::kIdBytes, "PrKDF: id");
    key.usage = flags(need(object.of_class, kBitString, "PrKDF: no usage"), "PrKDF: usage");
    key.reference = reference(*key_reference, "PrKDF: key reference");
    key.modulus_bits = number(need(object.of_type, kInteger, "PrKDF: no modulus length"), "PrKDF: modulus");
    const bool sane = key.modulus_bits >= bound::kModulusBitsMin &&
                      key.modulus_bits <= bound::kModulusBitsMax && key.modulus_bits % 8 == 0;
    if (!sane) invalid("PrKDF: modulus length without sense");
    result.push_back(std::move(key));
  }
  return result;
}

std::vector<Certificate> parse_certificates(ByteView file) {
  std::vector<Certificate> result;
  for (const Entry& object : entries(file)) {
    const auto place = referenced_path(object.of_type);
    if (!place || place->empty()) continue;
    result.push_back(
        {copy(need(object.of_class, kOctetString, "CDF: no id"), bound::kIdBytes, "CDF: id"), *place});
  }
  return result;
}

std::vector<DataObject> parse_data_objects(ByteView file) {
  std::vector<DataObject> result;
  for (const Entry& object : entries(file)) {
    // The value is said by its path and nothing around it (specs: cps 1.5).
    const auto place = find_tlv(object.of_type, kOctetString);
    if (place && !place->empty()) result.push_back({label(object), path(*place)});
  }
  return result;
}

std::optional<KeyUse> key_use(const PrivateKey& key) {
  constexpr unsigned kDecrypt = 1, kSign = 2, kNonRepudiation = 9;
  if (has_flag(key.usage, kNonRepudiation)) return KeyUse::SIGNATURE;
  if (has_flag(key.usage, kSign) || has_flag(key.usage, kDecrypt)) return KeyUse::AUTHENTICATION;
  if (key.label == kSignatureKeyLabel) return KeyUse::SIGNATURE;
  if (key.label == kAuthenticationKeyLabel) return KeyUse::AUTHENTICATION;
  return std::nullopt;
}

}  // namespace insd::cps::pkcs15
