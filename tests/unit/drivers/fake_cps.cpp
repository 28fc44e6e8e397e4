// SPDX-License-Identifier: Apache-2.0
// A CPS3 as in specs cps 1.4, 1.5 and 1.8, with ids of the test's choosing.
#include <algorithm>
#include <memory>
#include <utility>

#include <openssl/evp.h>
#include <openssl/rsa.h>

#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/sha256_finish.h"

namespace insd::test {
namespace {

constexpr std::size_t kHashTemplate = 0, kSignatureTemplate = 1, kAuthenticationTemplate = 2;

const Bytes kAid = from_hex("E828BD080F8025000001FF0010");

Bytes path_of(const CpsIds& ids, const std::string& file) {
  return from_hex(ids.relative_paths ? file : ids.application + file);
}

Bytes algorithm(std::uint8_t number, const char* mechanism, const char* operation, const char* oid,
                std::uint8_t reference) {
  return tlv(0x30, tlv(0x02, {number}) + tlv(0x02, from_hex(mechanism)) + tlv(0x05, {}) +
                       tlv(0x03, from_hex(operation)) + tlv(0x06, from_hex(oid)) + tlv(0x02, {reference}));
}

Bytes private_key(const char* label, std::uint8_t number, const char* usage, std::uint8_t reference,
                  const Bytes& place) {
  return tlv(0x30, tlv(0x30, tlv(0x0C, text(label)) + tlv(0x03, {0x07, 0x80}) + tlv(0x04, {0x01})) +
                       tlv(0x30, tlv(0x04, kAid + Bytes{number}) + tlv(0x03, from_hex(usage)) +
                                     tlv(0x03, from_hex("03B8")) + tlv(0x02, {0x00, reference})) +
                       tlv(0xA1, tlv(0x30, tlv(0x30, tlv(0x04, place)) + tlv(0x02, {0x08, 0x00}))));
}

Bytes certificate(const char* label, std::uint8_t number, const Bytes& place) {
  return tlv(0x30, tlv(0x30, tlv(0x0C, text(label)) + tlv(0x03, {0x07, 0x00})) +
                       tlv(0x30, tlv(0x04, kAid + Bytes{number})) +
                       tlv(0xA1, tlv(0x30, tlv(0x30, tlv(0x04, place)))));
}

}  // namespace

// Generated when first needed, once a program: the tests need keys, not fresh ones.
EVP_PKEY* FakeCps::key(cps::KeyUse use) {
  static const auto fresh = [] { return std::shared_ptr<EVP_PKEY>(EVP_RSA_gen(2048), EVP_PKEY_free); };
  if (use == cps::KeyUse::SIGNATURE) {
    static const auto signature_key = fresh();
    return signature_key.get();
  }
  static const auto authentication_key = fresh();
  return authentication_key.get();
}

FakeCps::FakeCps(CpsIds ids) : ids_(std::move(ids)) {
  write_files();
}

void FakeCps::write_files() {
  const std::string& app = ids_.application;
  files["3F00"] = {};
  files["3F00D003"] = from_hex("5A0A8025000001012345678F");
  files[app] = {};
  files["3F002F00"] = tlv(0x61, tlv(0x4F, kAid) + tlv(0x50, text("CPS")) +
                                    (ids_.path_in_directory ? tlv(0x51, from_hex(app)) : Bytes()));
  const auto named = [&](std::uint8_t kind, const std::string& file) {
    return tlv(kind, tlv(0x30, tlv(0x04, path_of(ids_, file))));
  };
  files[app + "5031"] =
      named(0xA8, ids_.pins) + named(0xA0, ids_.keys) + named(0xA4, ids_.certificates) + Bytes(32, 0x00);
  files[app + "5032"] =
      tlv(0x30, tlv(0x02, {0x00}) + tlv(0x80, text("CPS3v3-0123456789")) + tlv(0x03, {0x06, 0xC0}) +
                    tlv(0xA2, algorithm(2, "0250", "0102", "608648016503040201", ids_.hash) +
                                  algorithm(4, "40", "0640", "2A864886F70D01010B", ids_.sign) +
                                  algorithm(5, "01", "0640", "2A864886F70D010101", ids_.raw_sign) +
                                  algorithm(6, "01", "0204", "2A864886F70D010101", 0x1A)));
  files[app + ids_.pins] =
      tlv(0x30, tlv(0x30, tlv(0x0C, text("Code porteur"))) + tlv(0x30, tlv(0x04, {0x01})) +
                    tlv(0xA1, tlv(0x30, from_hex("03020308 0A0101 020104 020104 020104") +
                                            tlv(0x80, {ids_.pin}) + tlv(0x30, tlv(0x04, {0x3F, 0x00})))));
  const Bytes place = ids_.relative_paths ? Bytes() : from_hex(app);
  files[app + ids_.keys] = private_key("CPS_PRIV_SIG", 1, "060040", ids_.signature_key, place) +
                           private_key("CPS_PRIV_AUT", 2, "0560", ids_.authentication_key, place);
  files[app + ids_.certificates] =
      certificate("Certificat de Signature CPS", 1, path_of(ids_, ids_.signature_certificate)) +
      certificate("Certificat d'Authentification CPS", 2, path_of(ids_, ids_.authentication_certificate));
  files[app + ids_.signature_certificate] = tlv(0x30, Bytes(1300, 0x51)) + Bytes(40, 0x00);
  files[app + ids_.authentication_certificate] = tlv(0x30, Bytes(1290, 0x52));
}

void FakeCps::add_data(const std::string& label, const std::string& file, Bytes value, bool pin_needed) {
  const std::string& app = ids_.application;
  const Bytes named = tlv(0xA7, tlv(0x30, tlv(0x04, path_of(ids_, "7005"))));
  Bytes& directory = files[app + "7005"];
  if (directory.empty()) files[app + "5031"] = named + files[app + "5031"];
  directory = directory + tlv(0x30, tlv(0x30, tlv(0x0C, text(label)) + tlv(0x03, {0x06, 0x40})) +
                                        tlv(0x30, tlv(0x0C, text("CPS"))) +
                                        tlv(0xA1, tlv(0x30, tlv(0x04, path_of(ids_, file)))));
  files[app + file] = std::move(value);
  if (pin_needed) behind_pin.insert(app + file);
}

bool FakeCps::verifies(cps::KeyUse use, ByteView message, ByteView signature) const {
  const std::shared_ptr<EVP_MD_CTX> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key(use)) == 1 &&
         EVP_DigestVerify(context.get(), signature.data(), signature.size(), message.data(),
                          message.size()) == 1;
}

Bytes FakeCps::respond(ByteView command) {
  const std::string head = to_hex(command.first(4));
  if (command[1] == 0xA4) return select(command);
  if (command[1] == 0xB0) return read(command);
  if (head == "00CB3FFF") return get_data(command);
  if (command[1] == 0x20) return verify(command);
  if (command[1] == 0x22) return manage_security(command);
  if (head == "002A90A0") return hash(command);
  if (head == "002A9E9A") {
    const Bytes expected = {0x80, 0x01, ids_.sign, 0x84, 0x01, ids_.signature_key};
    if (!verified) return status(0x6982);
    if (current_ != ids_.application || templates_[kSignatureTemplate] != expected || hash_.empty()) {
      return status(0x6985);
    }
    const Bytes prefix = from_hex("3031300D060960864801650304020105000420");
    return rsa(cps::KeyUse::SIGNATURE, prefix + std::exchange(hash_, {}));
  }
  if (head == "00880000") {
    const Bytes expected = {0x80, 0x01, ids_.raw_sign, 0x84, 0x01, ids_.authentication_key};
    if (!verified) return status(0x6982);
    if (current_ != ids_.application || templates_[kAuthenticationTemplate] != expected)
      return status(0x6985);
    return rsa(cps::KeyUse::AUTHENTICATION, command.subspan(5));
  }
  return status(0x6D00);
}

Bytes FakeCps::select(ByteView command) {
  const std::string form = to_hex(command.subspan(2, 2));
  const Bytes data(command.begin() + 5, command.end());
  if (form == "0404" && data == kAid) {
    current_ = ids_.application;
    return announce(tlv(0x62, tlv(0x83, from_hex(ids_.application.substr(4))) + tlv(0x84, kAid)));
  }
  if (form != "090C") return status(0x6A86);
  if (!files.contains(to_hex(data))) return status(0x6A82);
  current_ = to_hex(data);
  return status(0x9000);
}

Bytes FakeCps::read(ByteView command) {
  if (command[2] == 0x9C)
    return current_ == "3F00" ? read_binary(files["3F00D003"], command) : status(0x6A82);
  if ((command[2] & 0x80U) != 0) return status(0x6A82);
  if (behind_pin.contains(current_) && !verified) return status(0x6982);
  return read_binary(files[current_], command);
}

Bytes FakeCps::get_data(ByteView command) {
  const Bytes asked = from_hex("4D087006BF81") + Bytes{ids_.pin} + from_hex("02A080");
  if (!gives_counter || current_ != "3F00" || !std::ranges::equal(command.subspan(5), asked)) {
    return status(0x6A88);
  }
  const Bytes parameters =
      tlv(0x9A, {3}) + tlv(0x9B, {static_cast<std::uint8_t>(tries)}) + from_hex("A1088C06F3000013FF00");
  return announce(tlv(0x70, Bytes{0xBF, 0x81, ids_.pin} +
                                Bytes{static_cast<std::uint8_t>(parameters.size() + 2)} +
                                tlv(0xA0, parameters)));
}

Bytes FakeCps::verify(ByteView command) {
  if (command[3] != ids_.pin) return status(0x6A88);
  if (tries == 0) return status(0x6983);
  if (command.size() == 5 && verified) return status(0x9000);
  if (command.size() > 5) {
    verified = std::ranges::equal(command.subspan(5), as_bytes(pin));
    tries = verified ? 3 : tries - 1;
    if (verified) return status(0x9000);
  }
  return status(static_cast<std::uint16_t>(0x63C0 | tries));
}

Bytes FakeCps::manage_security(ByteView command) {
  if (command[2] != 0x41) return status(0x6A86);
  const std::size_t which = command[3] == 0xAA   ? kHashTemplate
                            : command[3] == 0xB6 ? kSignatureTemplate
                                                 : kAuthenticationTemplate;
  templates_[which].assign(command.begin() + 5, command.end());
  return status(0x9000);
}

Bytes FakeCps::hash(ByteView command) {
  if (templates_[kHashTemplate] != Bytes{0x80, 0x01, ids_.hash}) return status(0x6985);
  const ByteView data = command.subspan(5);
  const std::size_t state = data[1];
  hash_ = finish_sha256(data.subspan(2, state), data.subspan(2 + state + 2));
  return status(0x9000);
}

Bytes FakeCps::rsa(cps::KeyUse use, ByteView digest_info) {
  if (!real_signatures) return announce(Bytes(256, 0x55));
  const std::shared_ptr<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new(key(use), nullptr), EVP_PKEY_CTX_free);
  Bytes signature(256);
  std::size_t size = signature.size();
  const bool done =
      EVP_PKEY_sign_init(context.get()) == 1 &&
      EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING) == 1 &&
      EVP_PKEY_sign(context.get(), signature.data(), &size, digest_info.data(), digest_info.size()) == 1;
  return done && size == 256 ? announce(signature) : status(0x6F00);
}

}  // namespace insd::test
