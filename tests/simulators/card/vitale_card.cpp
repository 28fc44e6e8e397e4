// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/vitale_card.h"

namespace insd::simcard {
namespace {

constexpr std::uint8_t identity_sfi = 2, nir_sfi = 2;
constexpr std::uint16_t identity_id = 0xD001, nir_id = 0x2002, pointers_id = 0x2001, protected_id = 0x2003,
                        opaque_id = 0x2004, application_id = 0x2000;
constexpr std::uint16_t hidden_id = 0x20FF;  // the identity file when D001 may not find it
constexpr std::uint16_t decoy_id = 0x2F02;

Bytes word(std::uint16_t value) {
  return {static_cast<std::uint8_t>(value >> 8), static_cast<std::uint8_t>(value)};
}

// Specs: vitale 2.2.
Bytes root_name() {
  return from_hex("D2500000024D465F564954414C45");
}
Bytes application_name() {
  return from_hex("D250000002564954414C45");
}

// A Vitale card's own FCI is not public, only its size: 30 bytes with its head (specs: vitale 2.3).
Bytes describe_vitale_file(const File& file) {
  auto objects = tlv(0x83, word(file.id));
  if (!file.name.empty()) objects = std::move(objects) + tlv(0x84, file.name);
  if (!file.directory)
    objects = std::move(objects) + tlv(0x80, word(static_cast<std::uint16_t>(file.content.size())));
  if (file.sfi != 0)
    objects = std::move(objects) + tlv(0x88, Bytes{static_cast<std::uint8_t>(file.sfi << 3)});
  constexpr std::size_t wanted = 28;
  const auto filler = tlv(0x85, Bytes(wanted - 2 - objects.size(), 0));
  return std::move(objects) + filler;
}

Bytes identity_content(const VitaleProfile& profile) {
  if (profile.identity_raw) return *profile.identity_raw;
  Bytes content;
  for (const auto& person : profile.beneficiaries) {
    auto fields = tlv(0x80, person.name) + tlv(0x81, person.given) + tlv(0x82, person.birth);
    if (person.nationality) fields = std::move(fields) + tlv(0x90, *person.nationality);
    content = std::move(content) + tlv(0x65, fields);
  }
  if (profile.validity_start) content = std::move(content) + tlv(0x66, tlv(0x80, *profile.validity_start));
  return std::move(content) + Bytes(profile.padding, 0);
}

Bytes nir_content(const VitaleProfile& profile) {
  if (profile.nir_raw) return *profile.nir_raw;
  Bytes content;
  for (const auto& person : profile.beneficiaries) {
    // Nothing links the two files but the order (specs: vitale 2.5): who has no number keeps an empty place.
    content = std::move(content) + tlv(0x65, person.nir ? tlv(0x93, *person.nir) : Bytes{});
  }
  return std::move(content) + Bytes(profile.padding, 0);
}

std::uint16_t identity_file(const VitaleProfile& profile) {
  return profile.identity_by_id ? identity_id : hidden_id;
}

// Layout: specs, vitale 2.4. The file names of a real card are not public; these are of this card.
Bytes pointers_content(const VitaleProfile& profile) {
  if (profile.pointers_raw) return *profile.pointers_raw;
  const Bytes root_reference = {0x00, 0x01}, application_reference = {0x00, 0x02};
  const auto application = [](const Bytes& reference, const Bytes& name) {
    return tlv(0x82, reference + from_hex("0000") + name);
  };
  const auto file = [](std::string_view name, const Bytes& reference, std::uint16_t id) {
    return tlv(0x80, from_text(name) + reference + word(id));
  };
  // The identity comes last: who walks must pass what is protected and what is not TLV.
  return tlv(0xE0, tlv(0xA0, application(root_reference, root_name()) +
                                 application(application_reference, application_name())) +
                       file("NIR     ", application_reference, nir_id) +
                       file("PROTEGE ", application_reference, protected_id) +
                       file("OPAQUE  ", application_reference, opaque_id) +
                       file("IDENTITE", root_reference, identity_file(profile)));
}

}  // namespace

VitaleCard::VitaleCard(const VitaleProfile& profile) : atr_(profile.atr), files_(&describe_vitale_file) {
  auto& root = files_.root();
  root.name = root_name();
  const auto sfi = profile.identity_by_sfi ? identity_sfi : std::uint8_t{0};
  root.add_file(identity_file(profile), identity_content(profile), ReadAccess::FREE, sfi);
  if (profile.decoy_raw) root.add_file(decoy_id, *profile.decoy_raw, ReadAccess::FREE, identity_sfi);
  auto& application = root.add_directory(application_id, application_name());
  application.add_file(nir_id, nir_content(profile), ReadAccess::FREE, nir_sfi);
  application.add_file(pointers_id, pointers_content(profile));
  application.add_file(protected_id, Bytes(16, 0), ReadAccess::NEVER);
  application.add_file(opaque_id, from_hex("0400 0102030405060708"));
}

Answer VitaleCard::process(const Command& command) {
  if (command.cla != 0x00) return {.sw = sw::UNKNOWN_CLA, .data = {}};
  if (command.ins == 0xA4) return files_.select(command);
  if (command.ins == 0xB0) return files_.read_binary(command, false);
  return {.sw = sw::UNKNOWN_INS, .data = {}};
}

Answer Vitale1Card::process(const Command& command) {
  constexpr std::uint8_t bull_cla = 0xBC;
  return {.sw = command.cla == bull_cla ? sw::UNKNOWN_INS : sw::UNKNOWN_CLA, .data = {}};
}

}  // namespace insd::simcard
