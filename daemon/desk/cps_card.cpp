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
  card.pin = cps::pin_status(channel, card.layout);
  return card;
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
  return who;
}

bool cards_open_to_all_users() {
  struct stat info {};
  return stat(pcsc::socket_path().c_str(), &info) == 0 && (info.st_mode & S_IWOTH) != 0;
}

}  // namespace insd::desk
