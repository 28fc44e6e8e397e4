// SPDX-License-Identifier: Apache-2.0
// The two signatures of a CPS, as ANS's own module asks for them (specs: cps 1.8, TESTED on a simulated
// card).
#include <algorithm>
#include <array>
#include <utility>

#include <openssl/evp.h>
#include <openssl/sha.h>

#include "drivers/base/error.h"
#include "drivers/cps/cps.h"
#include "drivers/cps/exchange.h"
#include "drivers/cps/sha256_midstate.h"

namespace insd::cps {
namespace {

constexpr std::uint8_t kHashTemplate = 0xAA, kSignatureTemplate = 0xB6, kAuthenticationTemplate = 0xA4;
constexpr std::uint8_t kAlgorithmTag = 0x80, kKeyTag = 0x84;

// DigestInfo of SHA-256 up to the digest (RFC 8017, 9.2).
constexpr std::uint8_t kSha256DigestInfo[] = {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                              0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};

const Key& find_key(const Layout& layout, KeyUse use) {
  const auto key =
      std::find_if(layout.keys.begin(), layout.keys.end(), [&](const Key& k) { return k.use == use; });
  if (key == layout.keys.end()) throw Error(Code::KEY_NOT_FOUND, "no key for this use on the card");
  return *key;
}

void need_algorithm(std::uint8_t reference, const char* what) {
  if (reference == 0) throw Error(Code::KEY_UNSUPPORTED, what);
}

Bytes short_tlv(std::uint8_t tag, ByteView value) {
  Bytes bytes = {tag, static_cast<std::uint8_t>(value.size())};
  bytes.insert(bytes.end(), value.begin(), value.end());
  return bytes;
}

// PSO HASH input: 90 = the state so far, 80 = the rest, which the card hashes last.
Bytes hash_input(ByteView message) {
  const Sha256Midstate midstate = sha256_midstate(message);
  Bytes data = short_tlv(0x90, midstate.state);
  const Bytes rest = short_tlv(0x80, midstate.tail);
  data.insert(data.end(), rest.begin(), rest.end());
  return data;
}

Bytes digest_info(ByteView message) {
  std::array<std::uint8_t, SHA256_DIGEST_LENGTH> digest{};
  unsigned size = 0;
  if (EVP_Digest(message.data(), message.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) {
    throw Error(Code::INTERNAL, "SHA-256");
  }
  Bytes info(std::begin(kSha256DigestInfo), std::end(kSha256DigestInfo));
  info.insert(info.end(), digest.begin(), digest.end());
  return info;
}

// The command that makes the signature. Once it is on its way, only a status word tells that none was made.
Bytes make_signature(iso7816::Channel& channel, const iso7816::Command& command, std::string_view what) {
  if (channel.stop().stop_requested())
    throw Error(Code::CANCELLED, std::string("before ") + std::string(what));
  iso7816::Response answer;
  try {
    answer = iso7816::transmit(channel, command);
  } catch (Error& error) {
    error.mark_signature_unknown();
    error.prefix(what);
    throw;
  }
  if (!answer.ok()) throw iso7816::sw_error(answer.sw, what);
  return std::move(answer.data);
}

Bytes sign_for_signature(iso7816::Channel& channel, const Layout& layout, const Key& key, ByteView message) {
  need_algorithm(layout.hash_reference, "TokenInfo offers no SHA-256");
  need_algorithm(layout.sign_reference, "TokenInfo offers no SHA256-RSA-PKCS");
  select_path(channel, layout.application_path, "SELECT CPS application");
  manage_security(channel, kHashTemplate, {kAlgorithmTag, 0x01, layout.hash_reference}, "MSE hash");
  iso7816::transmit_ok(
      channel,
      {.cla = 0x00, .ins = 0x2A, .p1 = 0x90, .p2 = 0xA0, .data = hash_input(message), .le = std::nullopt},
      "PSO HASH");
  // ANS's module selects it again between hash and signature; the hash lives on (TESTED).
  select_path(channel, layout.application_path, "SELECT CPS application");
  manage_security(channel, kSignatureTemplate,
                  {kAlgorithmTag, 0x01, layout.sign_reference, kKeyTag, 0x01, key.reference},
                  "MSE signature");
  return make_signature(
      channel, {.cla = 0x00, .ins = 0x2A, .p1 = 0x9E, .p2 = 0x9A, .data = {}, .le = std::uint16_t{256}},
      "PSO COMPUTE SIGNATURE");
}

Bytes sign_for_authentication(iso7816::Channel& channel, const Layout& layout, const Key& key,
                              ByteView message) {
  need_algorithm(layout.raw_sign_reference, "TokenInfo offers no RSA-PKCS");
  select_path(channel, layout.application_path, "SELECT CPS application");
  manage_security(channel, kAuthenticationTemplate,
                  {kAlgorithmTag, 0x01, layout.raw_sign_reference, kKeyTag, 0x01, key.reference},
                  "MSE authentication");
  return make_signature(
      channel,
      {.cla = 0x00, .ins = 0x88, .p1 = 0x00, .p2 = 0x00, .data = digest_info(message), .le = std::nullopt},
      "INTERNAL AUTHENTICATE");
}

}  // namespace

Bytes sign(iso7816::Channel& channel, const Layout& layout, KeyUse use, ByteView message) {
  const Key& key = find_key(layout, use);
  Bytes signature = on_announced([&] {
    return use == KeyUse::SIGNATURE ? sign_for_signature(channel, layout, key, message)
                                    : sign_for_authentication(channel, layout, key, message);
  });
  if (signature.size() != key.modulus_bits / 8) {
    Error error(Code::CARD_PROTOCOL, "a signature that is not as long as the key");
    error.mark_signature_unknown();
    throw Error(std::move(error));
  }
  return signature;
}

}  // namespace insd::cps
