// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/cps_objects.h"

#include <algorithm>
#include <numeric>
#include <random>

namespace insd::simcard {
namespace {

constexpr std::uint32_t sequence = 0x30, octets = 0x04, bits = 0x03, integer = 0x02, utf8 = 0x0C;

Bytes word(std::uint16_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

// AID of the contact application "CPx IAS" (specs: cps 1.2).
Bytes application_aid() {
  return from_hex("E828BD080F8025000001FF0010");
}

// One absolute path: master file, application, file.
Bytes application_path(std::uint16_t id) {
  return from_hex("3F000001") + word(id);
}

// A path as PKCS#15 writes it.
Bytes path_object(ByteView path) {
  return tlv(sequence, tlv(octets, path));
}

// Label and flags that open each PKCS#15 object; `rest` is already encoded.
Bytes common_attributes(std::string_view label, ByteView flags, ByteView rest = {}) {
  return tlv(sequence, tlv(utf8, from_text(label)) + tlv(bits, flags) + rest);
}

Bytes ef_atr() {
  return from_hex(
      "80 4301B8 460404B0ECC1 4703940180 E010 02020104 02020104 02020100 02020100 7808 06062B8122F87802 "
      "82029000");
}

Bytes ef_dir() {
  return tlv(0x61,
             tlv(0x4F, application_aid()) + tlv(0x50, from_text("CPS")) + tlv(0x51, from_hex("3F000001")));
}

Bytes algorithm(std::uint8_t reference, std::string_view mechanism, std::string_view operations,
                std::string_view oid, std::uint8_t card_reference) {
  return tlv(sequence, tlv(integer, Bytes{reference}) + tlv(integer, from_hex(mechanism)) + from_hex("0500") +
                           tlv(bits, from_hex(operations)) + tlv(0x06, from_hex(oid)) +
                           tlv(integer, Bytes{card_reference}));
}

// The list of a real card (specs: cps 1.4, end). The last number is what the card wants in MSE.
Bytes token_info(const CpsProfile& profile) {
  const auto algorithms = algorithm(1, "0220", "0102", "2B0E03021A", 0x10) +          // SHA-1
                          algorithm(2, "0250", "0102", "608648016503040201", 0x40) +  // SHA-256
                          algorithm(3, "06", "0640", "2A864886F70D010105", 0x12) +    // SHA-1 with RSA
                          algorithm(4, "40", "0640", "2A864886F70D01010B", 0x42) +    // SHA-256 with RSA
                          algorithm(5, "01", "0640", "2A864886F70D010101", 0x02) +    // RSA, signature
                          algorithm(6, "01", "0204", "2A864886F70D010101", 0x1A);     // RSA, decipherment
  return tlv(sequence, tlv(integer, Bytes{0}) + tlv(utf8, from_text("SIMULATION")) +
                           tlv(0x80, from_text(profile.label_prefix + profile.number)) +
                           from_hex("030206C0") + tlv(0xA2, algorithms));
}

Bytes object_directory(const CpsLayout& layout) {
  const auto entry = [](std::uint32_t tag, std::uint16_t id) {
    return tlv(tag, path_object(application_path(id)));
  };
  return entry(0xA8, layout.aodf) + entry(0xA0, layout.prkdf) + entry(0xA4, layout.cdf) +
         entry(0xA7, layout.dodf) + Bytes(20, 0);
}

Bytes pin_directory(const CpsProfile& profile) {
  const auto length = [](std::size_t value) { return tlv(integer, Bytes{static_cast<std::uint8_t>(value)}); };
  const auto attributes = from_hex("03020308 0A0101") + length(profile.pin_min) + length(profile.pin_max) +
                          length(profile.pin_max) + tlv(0x80, Bytes{cps_pin_reference}) +
                          path_object(from_hex("3F00"));
  return tlv(sequence, common_attributes("Code porteur", from_hex("06C0")) +
                           tlv(sequence, tlv(octets, Bytes{0x01})) + tlv(0xA1, tlv(sequence, attributes)));
}

Bytes key_id(std::uint8_t number) {
  return application_aid() + Bytes{number};
}

Bytes private_key(std::string_view label, std::uint8_t number, std::string_view usage,
                  std::uint8_t reference) {
  const auto identity = tlv(octets, key_id(number)) + tlv(bits, from_hex(usage)) +
                        tlv(bits, from_hex("03B8")) + tlv(integer, Bytes{0x00, reference});
  const auto modulus_bits = from_hex("02020800");
  return tlv(sequence, common_attributes(label, from_hex("0780"), tlv(octets, Bytes{0x01})) +
                           tlv(sequence, identity) +
                           tlv(0xA1, tlv(sequence, path_object(from_hex("3F000001")) + modulus_bits)));
}

Bytes certificate(std::string_view label, std::uint8_t number, std::uint16_t file) {
  return tlv(sequence, common_attributes(label, from_hex("0640")) +
                           tlv(sequence, tlv(octets, key_id(number))) +
                           tlv(0xA1, tlv(sequence, path_object(application_path(file)))));
}

Bytes data_object(std::string_view label, bool needs_pin, std::uint16_t file) {
  const auto flags = from_hex(needs_pin ? "06C0" : "0640");
  return tlv(sequence, common_attributes(label, flags, needs_pin ? tlv(octets, Bytes{0x01}) : Bytes{}) +
                           tlv(sequence, tlv(utf8, from_text("CPS"))) +
                           tlv(0xA1, path_object(application_path(file))));
}

std::string activity_label(std::size_t index) {
  const auto number = std::to_string(index + 1);
  return "CPS_ACTIVITY_" + std::string(2 - std::min<std::size_t>(2, number.size()), '0') + number + "_PS";
}

}  // namespace

CpsLayout cps_layout(const CpsProfile& profile) {
  if (!profile.shuffle) return {};
  std::mt19937 random(profile.shuffle_seed);
  const auto draw = [&](unsigned first, unsigned last) {
    std::vector<std::uint16_t> values(last - first + 1);
    std::iota(values.begin(), values.end(), static_cast<std::uint16_t>(first));
    std::ranges::shuffle(values, random);
    return values;
  };
  const auto directories = draw(0x7001, 0x70FF), certificates = draw(0xC001, 0xC0FF), keys = draw(0x81, 0x9F);
  const auto data = draw(0xD110, 0xD1E0);
  return {.aodf = directories[0],
          .prkdf = directories[1],
          .cdf = directories[2],
          .dodf = directories[3],
          .sign_certificate = certificates[0],
          .authentication_certificate = certificates[1],
          .info = 0xD104,
          .first_activity = data[0],
          .sign_key = static_cast<std::uint8_t>(keys[0]),
          .authentication_key = static_cast<std::uint8_t>(keys[1])};
}

Bytes describe_cps_file(const File& file) {
  if (file.directory) {
    const auto name = file.name.empty() ? Bytes{} : tlv(0x84, file.name);
    return from_hex("820138") + tlv(0x83, word(file.id)) + name + from_hex("8A0105 A104 8C020200");
  }
  const auto short_id = file.sfi == 0 ? Bytes{} : tlv(0x88, Bytes{static_cast<std::uint8_t>(file.sfi << 3)});
  // Access modes update and read: update never, read free (00) or after the PIN in environment 1 (11), or
  // never.
  const std::uint8_t read = file.read == ReadAccess::FREE ? 0x00 : file.read == ReadAccess::PIN ? 0x11 : 0xFF;
  return tlv(0x80, word(static_cast<std::uint16_t>(file.content.size()))) + from_hex("820101") +
         tlv(0x83, word(file.id)) + short_id + from_hex("8A0105") +
         tlv(0xA1, tlv(0x8C, Bytes{0x03, 0xFF, read}));
}

void fill_cps_files(File& root, const CpsProfile& profile, const CpsLayout& layout) {
  root.add_file(0x2F01, ef_atr(), ReadAccess::FREE, 0x1D);
  root.add_file(0x2F00, ef_dir(), ReadAccess::FREE, 0x1E);
  root.add_file(0xD003, tlv(0x5A, profile.serial), ReadAccess::FREE, 0x1C);

  auto& application = root.add_directory(cps_application_id, application_aid());
  application.add_file(0x5031, object_directory(layout));
  application.add_file(0x5032, token_info(profile));
  application.add_file(layout.aodf, pin_directory(profile));
  application.add_file(layout.prkdf,
                       private_key("CPS_PRIV_SIG", 0x01, "060040", layout.sign_key) +
                           private_key("CPS_PRIV_AUT", 0x02, "0560", layout.authentication_key));
  application.add_file(layout.cdf, certificate("Certificat de Signature CPS", 0x01, layout.sign_certificate) +
                                       certificate("Certificat d'Authentification CPS", 0x02,
                                                   layout.authentication_certificate));
  application.add_file(layout.sign_certificate, profile.sign_certificate);
  application.add_file(layout.authentication_certificate, profile.authentication_certificate);

  auto directory = data_object("CPS_INFO_PS", false, layout.info);
  // Only what ends the value is known: the four characters of the speciality (specs: cps 2.2).
  application.add_file(layout.info, tlv(0xEC, tlv(0x80, from_text(profile.specialty))));
  for (std::size_t i = 0; i < profile.activities.size(); ++i) {
    const auto& activity = profile.activities[i];
    const auto id = static_cast<std::uint16_t>(layout.first_activity + i);
    directory = std::move(directory) + data_object(activity_label(i), true, id);
    application.add_file(
        id,
        tlv(0xEE, tlv(0x84, from_text(activity.name)) + tlv(0x85, from_text(activity.structure)) +
                      tlv(0x86, from_text(activity.sector))),
        ReadAccess::PIN);
  }
  application.add_file(layout.dodf, std::move(directory));
}

}  // namespace insd::simcard
