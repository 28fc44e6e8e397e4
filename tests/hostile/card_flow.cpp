// SPDX-License-Identifier: Apache-2.0
#include "tests/hostile/card_flow.h"

#include <chrono>

#include <gtest/gtest.h>

#include "drivers/card_kind.h"
#include "drivers/cps/card_data.h"
#include "drivers/pcsc/card_session.h"
#include "drivers/vitale/vitale.h"

namespace insd::test {
namespace {

using cps::KeyUse;
using iso7816::Channel;

constexpr const char* kVitaleAtr = "3B751300004509EA9000";
constexpr const char* kCpsAtr = "3BAC00402A00122500648000031000 9000";

template <class Prepare>
std::function<std::unique_ptr<CardDouble>()> vitale_with(Prepare prepare) {
  return [prepare] {
    auto card = std::make_unique<FakeVitale>();
    prepare(*card);
    return card;
  };
}

Bytes people() {
  return vitale_person("DURAND", "NATHALIE", "19690527") + vitale_person("DURAND", "LEO", "20100931");
}
Bytes nirs() {
  return vitale_nir("269054958815780") + vitale_nir("269054958815780");
}
Bytes many(std::size_t count) {
  Bytes file;
  for (std::size_t i = 0; i < count; ++i) file = file + vitale_person("DURAND", "ENFANT", "20100101");
  return file;
}

std::unique_ptr<CardDouble> cps_card(bool verified) {
  auto card = std::make_unique<FakeCps>();
  card->verified = verified;
  card->real_signatures = false;
  return card;
}

const cps::Layout& layout() {
  static const cps::Layout found = [] {
    FakeCps card;
    return cps::read_layout(card);
  }();
  return found;
}

// What a desk does from the insertion of the professional's card to the signed assertion.
void whole_job(Channel& card) {
  const cps::Layout found = cps::read_layout(card);
  for (const cps::Key& key : found.keys) cps::read_certificate(card, found, key.use);
  cps::pin_status(card, found);
  cps::verify_pin(card, found, SecretString("1234"));
  for (const cps::Key& key : found.keys) cps::sign(card, found, key.use, as_bytes("message"));
}

std::unique_ptr<CardDouble> cps_card_with_data(bool verified) {
  auto card = std::make_unique<FakeCps>();
  card->verified = verified;
  card->add_data("CPS_INFO_PS", "D104", text("..SM26"));
  card->add_data("CPS_ACTIVITY_01_PS", "D110", tlv(0xEE, tlv(0x84, text("CABINET"))), true);
  card->add_data("CPS_ACTIVITY_02_PS", "D111", tlv(0xEE, tlv(0x86, text("SA07"))), true);
  return card;
}

void read_data(Channel& card, std::string_view prefix) {
  cps::read_data_objects(card, cps::read_layout(card), prefix);
}

void sign_with(Channel& card, KeyUse use) {
  cps::sign(card, layout(), use, as_bytes("message"));
}

std::vector<CardFlow> make_flows() {
  const auto open = [] { return cps_card(false); };
  const auto verified = [] { return cps_card(true); };
  const auto read_vitale = [](Channel& card) { vitale::read(card); };
  const auto vitale_sfi = vitale_with([](FakeVitale& card) { card.sfi_2 = people(), card.nirs = nirs(); });
  const auto vitale_d001 = vitale_with([](FakeVitale& card) { card.d001 = people(), card.nirs = nirs(); });
  const auto vitale_pointed = vitale_with([](FakeVitale& card) {
    const std::string root = kRootName, identity = root + "/4711", other = std::string(kVitaleName) + "/2002";
    card.pointers = vitale_pointers({other, root + "/0815", identity});
    card.pointed = {{other, from_hex("5A00")}, {identity, people()}};
    card.nirs = nirs();
  });
  const auto known_mask = [](vitale::IdentitySource way) {
    return [way](Channel& card) { vitale::read(card, way); };
  };
  const auto vitale_long = vitale_with([](FakeVitale& card) { card.sfi_2 = many(19), card.nirs = nirs(); });
  return {
      {"vitale by SFI 2", kVitaleAtr, vitale_sfi, read_vitale},
      {"vitale by D001", kVitaleAtr, vitale_d001, read_vitale},
      {"vitale with a long file", kVitaleAtr, vitale_long, read_vitale},
      {"vitale by D001 of a known mask", kVitaleAtr, vitale_d001,
       known_mask(vitale::IdentitySource::FILE_D001)},
      {"vitale by the pointer file", kVitaleAtr, vitale_pointed, read_vitale},
      {"vitale by the pointer file of a known mask", kVitaleAtr, vitale_pointed,
       known_mask(vitale::IdentitySource::POINTERS)},
      {"vitale asked of a CPS", kCpsAtr, open,
       [](Channel& card) {
         try {
           vitale::read(card);
         } catch (const Error& error) {
           if (error.code() != Code::CARD_WRONG_KIND) throw;
         }
       }},
      {"cps serial", kCpsAtr, open, [](Channel& card) { cps::read_serial(card); }},
      {"cps layout", kCpsAtr, open, [](Channel& card) { cps::read_layout(card); }},
      {"cps signature certificate", kCpsAtr, open,
       [](Channel& card) { cps::read_certificate(card, layout(), KeyUse::SIGNATURE); }},
      {"cps authentication certificate", kCpsAtr, open,
       [](Channel& card) { cps::read_certificate(card, layout(), KeyUse::AUTHENTICATION); }},
      {"cps PIN status", kCpsAtr, open, [](Channel& card) { cps::pin_status(card, layout()); }},
      {"cps verify", kCpsAtr, open,
       [](Channel& card) { cps::verify_pin(card, layout(), SecretString("1234")); }},
      {"cps signature", kCpsAtr, verified, [](Channel& card) { sign_with(card, KeyUse::SIGNATURE); }},
      {"cps authentication", kCpsAtr, verified,
       [](Channel& card) { sign_with(card, KeyUse::AUTHENTICATION); }},
      {"cps speciality", kCpsAtr, [] { return cps_card_with_data(false); },
       [](Channel& card) { read_data(card, cps::kInfoLabel); }},
      {"cps activities", kCpsAtr, [] { return cps_card_with_data(true); },
       [](Channel& card) { read_data(card, cps::kActivityPrefix); }},
      {"cps whole job", kCpsAtr, open, whole_job},
  };
}

bool carries_a_pin(ByteView command) {
  return command.size() > 5 && command[1] == 0x20;
}

}  // namespace

const std::vector<CardFlow>& card_flows() {
  static const std::vector<CardFlow> flows = make_flows();
  return flows;
}

FlowStage::FlowStage(const CardFlow& flow) : flow_(flow), card_(flow.card()) {
  pcscd.add_reader(reader);
  pcscd.insert(reader, from_hex(flow.atr), [this](ByteView command) {
    ++end_.exchanges;
    if (carries_a_pin(command)) ++end_.pins_sent;
    if (lie) {
      if (auto answer = lie(end_.exchanges, command)) return *answer;
    }
    return card_->exchange(command);
  });
}

FlowEnd FlowStage::play() {
  constexpr std::chrono::seconds kHang(20);  // milliseconds are what it takes
  const auto begin = std::chrono::steady_clock::now();
  try {
    pcsc::Context context(pcscd.api());
    pcsc::CardConnection connection(context, reader, std::chrono::milliseconds(0), {});
    EXPECT_NE(classify_atr(connection.atr()), CardKind::UNKNOWN) << flow_.name;
    pcsc::CardSession session(connection, {});
    try {
      flow_.run(session);
    } catch (...) {
      end_.bytes = session.bytes();
      throw;
    }
    end_.bytes = session.bytes();
  } catch (const Error& error) {
    end_.error = error;
  }
  EXPECT_LT(std::chrono::steady_clock::now() - begin, kHang) << flow_.name;
  EXPECT_EQ(pcscd.open_transactions(), 0) << flow_.name;
  EXPECT_EQ(pcscd.open_cards(), 0U) << flow_.name;
  EXPECT_EQ(pcscd.open_contexts(), 0U) << flow_.name;
  EXPECT_LE(end_.pins_sent, 1U) << flow_.name << ": no answer makes a PIN go twice";
  return end_;
}

}  // namespace insd::test
