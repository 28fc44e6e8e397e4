// SPDX-License-Identifier: Apache-2.0
// The PKCS#15 files of a CPS as values (ISO 7816-15): pure, total, no card. Every function takes a whole file
// and throws CARD_DATA_INVALID when it is not what the standard says.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "drivers/cps/cps.h"

namespace insd::cps::pkcs15 {

/// An application template of EF.DIR.
struct Application {
  Bytes aid;
  Bytes path;  ///< empty when the template names none
};

/// The files that the ODF names, as it writes them (absolute or relative to the application).
struct ObjectDirectory {
  std::vector<Bytes> pins, keys, certificates, data;
};

/// The label and the references of the three algorithms that sign() needs; 0 when not offered.
struct TokenInfo {
  std::string label;
  std::uint8_t hash_reference = 0;      ///< SHA-256
  std::uint8_t sign_reference = 0;      ///< SHA256-RSA-PKCS
  std::uint8_t raw_sign_reference = 0;  ///< RSA-PKCS, for computing signatures
};

/// A private RSA key. `usage`: bit n is the n-th flag of PKCS#15 KeyUsageFlags.
struct PrivateKey {
  std::string label;
  Bytes id;
  std::uint32_t usage = 0;
  std::uint8_t reference = 0;
  std::size_t modulus_bits = 0;
};

struct Certificate {
  Bytes id;
  Bytes path;
};

/// A data object that lies in a file of its own.
struct DataObject {
  std::string label;
  Bytes path;
};

std::vector<Application> parse_directory(ByteView file);
ObjectDirectory parse_object_directory(ByteView file);
TokenInfo parse_token_info(ByteView file);
/// The cardholder's PINs: unblocking and security-officer PINs are left out.
std::vector<PinPolicy> parse_pins(ByteView file);
std::vector<PrivateKey> parse_private_keys(ByteView file);
/// X.509 certificates that lie in a file of their own.
std::vector<Certificate> parse_certificates(ByteView file);
/// Data objects that lie in a file of their own.
std::vector<DataObject> parse_data_objects(ByteView file);

/// What a key is for, by its usage bits: nonRepudiation means SIGNATURE, sign or decrypt mean AUTHENTICATION.
/// The label decides only when the bits say nothing; nothing when neither does.
std::optional<KeyUse> key_use(const PrivateKey& key);

}  // namespace insd::cps::pkcs15
