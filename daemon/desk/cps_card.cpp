// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/cps_card.h"

#include <algorithm>

#include <sys/stat.h>

#include "daemon/insi/certificate.h"
#include "drivers/base/error.h"
#include "drivers/pcsc/pcsc_api.h"

namespace insd::desk {
namespace {

CardType card_type(const std::optional<insi::CardTypeCode>& code) {
  if (!code) return CardType::UNKNOWN;
  switch (*code) {
    case insi::CardTypeCode::CPS:
      return CardType::CPS;
    case insi::CardTypeCode::CPF:
      return CardType::CPF;
    case insi::CardTypeCode::CPE:
      return CardType::CPE;
    case insi::CardTypeCode::CPA:
      return CardType::CPA;
  }
  return CardType::UNKNOWN;
}

// Is it the content of the object, and not the card or the reader?
bool is_of_the_content(Code code) {
  return code == Code::CARD_DATA_INVALID || code == Code::NOT_FOUND || code == Code::CARD_ACCESS_DENIED ||
         code == Code::CARD_UNSUPPORTED || code == Code::CARD_PROTOCOL;
}

bool has_key(const cps::Layout& layout, cps::KeyUse use) {
  return std::ranges::any_of(layout.keys, [use](const cps::Key& key) { return key.use == use; });
}

}  // namespace

std::string Professional::holder() const {
  std::string text = title;
  for (const auto& part : {given_name, family_name}) {
    if (!text.empty() && !part.empty()) text += ' ';
    text += part;
  }
  return printable(text.empty() ? national_id : text);
}

CpsCard read_cps_card(iso7816::Channel& channel) {
  CpsCard card;
  card.layout = cps::read_layout(channel);
  card.signature_certificate = cps::read_certificate(channel, card.layout, cps::KeyUse::SIGNATURE);
  if (has_key(card.layout, cps::KeyUse::AUTHENTICATION)) {
    card.authentication_certificate =
        cps::read_certificate(channel, card.layout, cps::KeyUse::AUTHENTICATION);
  }
  card.free_data = read_card_data(channel, card.layout, cps::kInfoLabel);
  card.pin = cps::pin_status(channel, card.layout);
  return card;
}

std::optional<CardData> read_card_data(iso7816::Channel& channel, const cps::Layout& layout,
                                       std::string_view label_prefix) {
  try {
    return cps::read_data_objects(channel, layout, label_prefix);
  } catch (const Error& error) {
    if (!is_of_the_content(error.code())) throw;
    // Refused although the PIN is verified: that is the object's own law.
    const bool refused = error.code() == Code::CARD_ACCESS_DENIED;
    if (refused && label_prefix != cps::kInfoLabel && !cps::pin_status(channel, layout).verified) throw;
    return std::nullopt;
  }
}

void set_speciality(Professional& who, const std::optional<CardData>& data) {
  who.speciality_source = DataSource::UNSUPPORTED;
  if (!data) return;
  const auto info = std::ranges::find(*data, cps::kInfoLabel, &cps::DataObject::label);
  if (info == data->end()) {
    who.speciality_source = DataSource::NOT_PRESENT;
  } else if (auto code = cps::speciality_code(info->value)) {
    who.speciality_code = *std::move(code);
    who.speciality_source = DataSource::READ;
  }
}

Activities to_activities(const std::optional<CardData>& data) {
  Activities activities;
  activities.source = DataSource::UNSUPPORTED;
  if (!data) return activities;
  bool told = false;
  for (const cps::DataObject& object : *data) {
    const auto number = cps::activity_number(object.label);
    if (!number || activities.list.size() == cps::kMostActivities) continue;
    auto activity = cps::parse_activity(*number, object.value);
    told = told || activity;
    activities.list.push_back(activity ? *std::move(activity) : cps::Activity{*number, {}, {}, {}});
  }
  std::ranges::stable_sort(activities.list, {}, &cps::Activity::number);
  if (activities.list.empty()) activities.source = DataSource::NOT_PRESENT;
  if (told) activities.source = DataSource::READ;
  return activities;
}

void set_signature_certificate(Professional& who, Bytes certificate) {
  const insi::CertificateFacts facts = insi::certificate_facts(certificate);
  who.type = card_type(facts.card_type);
  who.national_id = facts.common_name;
  who.family_name = facts.family_name;
  who.given_name = facts.given_name;
  who.title = facts.title;
  who.organisation_id = facts.organisation_unit;
  who.issuer = facts.issuer;
  who.not_before = facts.not_before;
  who.not_after = facts.not_after;
  who.test_pki = facts.test_pki;
  who.national_id_kind = national_id_kind(facts.common_name);
  // A student's or an employee's title need not be the person's profession.
  if (who.type == CardType::CPS) who.profession_code = profession_code(facts.title);
  who.signature_certificate = std::move(certificate);
}

Professional to_professional(const Chosen& chosen, const CpsCard& card) {
  Professional who;
  set_signature_certificate(who, card.signature_certificate);
  who.card = chosen;
  who.card_number = printable(card.layout.card_number);
  who.label = printable(card.layout.label);
  who.serial = card.layout.serial;
  who.tries_left = card.pin.tries_left;
  who.pin_blocked = card.pin.blocked;
  // A card that does not tell may be at its last try.
  who.last_try = card.pin.tries_left == 1 || (!card.pin.tries_left && !card.pin.verified);
  who.authentication_certificate = card.authentication_certificate;
  who.pin_min_length = card.layout.pin.min_length;
  who.pin_max_length = card.layout.pin.max_length;
  set_speciality(who, card.free_data);
  return who;
}

bool cards_open_to_all_users() {
  struct stat info {};
  return stat(pcsc::socket_path().c_str(), &info) == 0 && (info.st_mode & S_IWOTH) != 0;
}

}  // namespace insd::desk
