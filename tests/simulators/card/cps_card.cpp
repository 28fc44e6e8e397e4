// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/cps_card.h"

#include <fstream>
#include <map>

namespace insd::simcard {
namespace {

// The algorithm references that TokenInfo gives (cps_objects.cpp).
constexpr std::uint8_t sha256_reference = 0x40, sha256_rsa_reference = 0x42, rsa_reference = 0x02;
// A chip takes at most 40 % of the modulus: room for its own padding (specs: cps 1.4, 8).
constexpr std::size_t max_authentication_input = 102;

std::uint16_t tries_status(int left) {
  return left == 0 ? sw::PIN_BLOCKED : static_cast<std::uint16_t>(0x63C0 | left);
}

Answer refuse(std::uint16_t word) {
  return {.sw = word, .data = {}};
}

}  // namespace

int TriesFile::load(const std::string& serial, int otherwise) const {
  if (!path_) return otherwise;
  std::ifstream in(*path_);
  std::string name;
  for (int left = 0; in >> name >> left;) {
    if (name == serial) return left;
  }
  return otherwise;
}

void TriesFile::save(const std::string& serial, int tries) const {
  if (!path_) return;
  std::map<std::string, int> all;
  {
    std::ifstream in(*path_);
    std::string name;
    for (int left = 0; in >> name >> left;) all[name] = left;
  }
  all[serial] = tries;
  std::ofstream out(*path_, std::ios::trunc);
  for (const auto& [name, left] : all) out << name << ' ' << left << '\n';
}

CpsCard::CpsCard(CpsProfile profile, TriesFile tries)
    : profile_(std::move(profile)),
      layout_(cps_layout(profile_)),
      tries_(std::move(tries)),
      tries_left_(tries_.load(to_hex(profile_.serial), profile_.tries_left)),
      files_(&describe_cps_file),
      sign_key_(profile_.sign_key),
      authentication_key_(profile_.authentication_key) {
  fill_cps_files(files_.root(), profile_, layout_);
}

void CpsCard::reset() {
  files_.reset();
  verified_ = hash_chosen_ = sign_chosen_ = authentication_chosen_ = false;
  hash_.reset();
}

Answer CpsCard::process(const Command& command) {
  if (command.cla != 0x00) return refuse(sw::UNKNOWN_CLA);
  switch (command.ins) {
    case 0xA4:
      return files_.select(command);
    case 0xB0:
      return files_.read_binary(command, verified_);
    case 0x20:
      return verify(command);
    case 0xCB:
      return get_data(command);
    case 0x22:
      return manage_environment(command);
    case 0x2A:
      return perform_security_operation(command);
    case 0x88:
      return internal_authenticate(command);
    default:
      return refuse(sw::UNKNOWN_INS);
  }
}

bool CpsCard::in_application() const {
  return files_.current_directory().id == cps_application_id;
}

void CpsCard::spend_try() {
  --tries_left_;
  tries_.save(to_hex(profile_.serial), tries_left_);
}

Answer CpsCard::verify(const Command& command) {
  if (command.p1 != 0 || command.p2 != cps_pin_reference) return refuse(sw::REFERENCE_NOT_FOUND);
  if (command.data.empty()) return refuse(verified_ ? sw::OK : tries_status(tries_left_));
  if (tries_left_ == 0) return refuse(sw::PIN_BLOCKED);
  verified_ = command.data == from_text(profile_.pin);
  if (!verified_) {
    spend_try();
    return refuse(tries_status(tries_left_));
  }
  tries_left_ = profile_.tries;
  tries_.save(to_hex(profile_.serial), tries_left_);
  return {};
}

Answer CpsCard::get_data(const Command& command) const {
  // 4D L 70 L BF cc rr L <wanted>: the object of class cc, reference rr (specs: cps 1.4).
  const ByteView data = command.data;
  constexpr std::size_t head = 8;
  if (command.p1 != 0x3F || command.p2 != 0xFF) return refuse(sw::WRONG_P1_P2);
  if (data.size() < head || data[0] != 0x4D || data[1] != data.size() - 2 || data[2] != 0x70 ||
      data[3] != data.size() - 4 || data[4] != 0xBF || data[7] != data.size() - head) {
    return refuse(sw::WRONG_DATA);
  }
  // Anything but the control parameters (A0 80) would be a public value, which these objects lack.
  const auto wanted = to_hex(data.subspan(head));
  const bool control_parameters = wanted == "A080";
  if (data[5] == 0x81 && data[6] == cps_pin_reference)
    return control_parameters ? get_pin_data() : refuse(sw::WRONG_DATA);
  const auto sign = layout_.sign_key & 0x1F, authentication = layout_.authentication_key & 0x1F;
  if (data[5] == 0x90 && (data[6] == sign || data[6] == authentication)) {
    return control_parameters ? get_key_data(data[6]) : refuse(sw::WRONG_DATA);
  }
  return refuse(sw::REFERENCE_NOT_FOUND);
}

Answer CpsCard::get_pin_data() const {
  const auto left = static_cast<std::uint8_t>(tries_left_), most = static_cast<std::uint8_t>(profile_.tries);
  const auto parameters =
      tlv(0x9A, Bytes{most}) + tlv(0x9B, Bytes{left}) + from_hex("A108 8C06 F3 00 00 13 FF 00");
  return {.sw = sw::OK, .data = tlv(0x70, tlv(0xBF8101, tlv(0xA0, parameters)))};
}

Answer CpsCard::get_key_data(std::uint8_t reference) const {
  // Access modes: 40 sign, 20 internal authenticate, 10 decipher, 01 get data; 11 is "after the PIN".
  const bool sign = reference == (layout_.sign_key & 0x1F);
  const auto access = from_hex(sign ? "8C03 41 11 00" : "8C04 31 11 11 00");
  const auto parameters = from_hex("80020100") + tlv(0xA1, access);
  return {.sw = sw::OK, .data = tlv(0x70, tlv(0xBF9000U | reference, tlv(0xA0, parameters)))};
}

Answer CpsCard::manage_environment(const Command& command) {
  if (command.p1 != 0x41) return refuse(sw::WRONG_P1_P2);
  std::optional<std::uint8_t> algorithm, key;
  for (const auto& item : parse_simple_tlvs(command.data)) {
    if (item.value.size() != 1 || (item.tag != 0x80 && item.tag != 0x84)) return refuse(sw::WRONG_DATA);
    (item.tag == 0x80 ? algorithm : key) = item.value[0];
  }
  const auto choose = [&](bool& chosen, std::uint8_t wanted_algorithm, std::uint8_t wanted_key) {
    chosen = false;
    if (algorithm != wanted_algorithm) return refuse(sw::WRONG_DATA);
    if (!in_application() || key != wanted_key) return refuse(sw::REFERENCE_NOT_FOUND);
    chosen = true;
    return Answer{};
  };
  switch (command.p2) {
    case 0xAA:
      hash_.reset();
      hash_chosen_ = algorithm == sha256_reference && !key;
      return refuse(hash_chosen_ ? sw::OK : sw::WRONG_DATA);
    case 0xB6:
      return choose(sign_chosen_, sha256_rsa_reference, layout_.sign_key);
    case 0xA4:
      return choose(authentication_chosen_, rsa_reference, layout_.authentication_key);
    default:
      return refuse(sw::WRONG_P1_P2);
  }
}

Answer CpsCard::perform_security_operation(const Command& command) {
  if (command.p1 == 0x90 && command.p2 == 0xA0) return hash(command);
  if (command.p1 == 0x9E && command.p2 == 0x9A) return compute_signature(command);
  return refuse(sw::WRONG_P1_P2);
}

Answer CpsCard::hash(const Command& command) {
  if (!hash_chosen_) return refuse(sw::CONDITIONS);
  const auto items = parse_simple_tlvs(command.data);
  if (items.size() != 2 || items[0].tag != 0x90 || items[1].tag != 0x80) return refuse(sw::WRONG_DATA);
  hash_ = finish_sha256(items[0].value, items[1].value);
  return refuse(hash_ ? sw::OK : sw::WRONG_DATA);
}

Answer CpsCard::compute_signature(const Command& command) {
  if (!verified_) return refuse(sw::ACCESS_DENIED);
  if (!sign_chosen_ || !hash_) return refuse(sw::CONDITIONS);
  if (!command.data.empty()) return refuse(sw::WRONG_LENGTH);
  // The reader may first ask with a wrong length; the hash is spent with the answer that carries the
  // signature.
  auto signature = sign_key_.sign(digest_info(*hash_));
  if (command.le == signature.size()) hash_.reset();
  return {.sw = sw::OK, .data = std::move(signature)};
}

Answer CpsCard::internal_authenticate(const Command& command) {
  if (!verified_) return refuse(sw::ACCESS_DENIED);
  if (!authentication_chosen_) return refuse(sw::CONDITIONS);
  if (command.data.empty() || command.data.size() > max_authentication_input) return refuse(sw::WRONG_LENGTH);
  return {.sw = sw::OK, .data = authentication_key_.sign(command.data)};
}

}  // namespace insd::simcard
