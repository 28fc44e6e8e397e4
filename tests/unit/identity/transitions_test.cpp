// SPDX-License-Identifier: Apache-2.0
#include "daemon/identity/transitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/base/error.h"
#include "tests/unit/identity/people.h"

namespace insd::identity {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

struct Refused {
  Code code;
  std::vector<std::string> fields;
};

// The refusal; and whatever was refused changed nothing.
template <typename Work>
std::optional<Refused> refused(Identity& identity, Work work) {
  const Identity before = identity;
  try {
    work(identity);
  } catch (const Error& error) {
    EXPECT_EQ(identity, before);
    Refused result{error.code(), {}};
    for (const auto& field : error.fields()) result.fields.push_back(field.path);
    return result;
  }
  EXPECT_GT(identity.revision, before.revision);
  return std::nullopt;
}

Identity known_by_first_name() {
  Identity identity = typed_identity();
  identity.traits.given_names.clear();
  return identity;
}

TEST(Accept, TakesOverWhatInsiSaidByteForByte) {
  Identity identity = typed_identity();
  identity.traits.given_names = "PIERRE-PAUL JACQUES";
  identity.used = {"Houilles-Martin", "Pierrot"};
  const auto accepted = accept(identity, houilles(), {}, kSecretary);
  EXPECT_EQ(identity.traits.given_names, "PIERRE PAUL JACQUES");
  EXPECT_EQ(identity.traits.first_given_name, "PIERRE");
  EXPECT_EQ(identity.number, houilles().number);
  EXPECT_EQ(identity.acceptance->accepted_by, "secretary-1");
  EXPECT_EQ(identity.used, (UsedNames{"Houilles-Martin", "Pierrot"}));
  EXPECT_THAT(accepted.changed, ElementsAre(TraitName::GIVEN_NAMES));
  EXPECT_EQ(status_of(identity), Status::RETRIEVED);
}

TEST(Accept, WithoutAnythingKnownEveryTraitIsConfirmed) {
  Identity identity;
  const auto first = refused(identity, [](Identity& id) {
    accept(id, houilles(), {"PIERRE", {}, false}, kSecretary);
  });
  ASSERT_TRUE(first);
  EXPECT_EQ(first->code, Code::CONFIRMATION_REQUIRED);
  EXPECT_EQ(first->fields.size(), 5U);
  const AcceptOrder all{"PIERRE",
                        {TraitName::BIRTH_NAME, TraitName::GIVEN_NAMES, TraitName::SEX, TraitName::BIRTH_DATE,
                         TraitName::BIRTH_PLACE},
                        false};
  EXPECT_FALSE(refused(identity, [&](Identity& id) { accept(id, houilles(), all, kSecretary); }));
}

TEST(Accept, AFilledInListAndAPrefixWaitForAPerson) {
  Identity identity = known_by_first_name();
  const auto hasty = refused(identity, [](Identity& id) { accept(id, houilles(), {}, kSecretary); });
  EXPECT_EQ(hasty->code, Code::CONFIRMATION_REQUIRED);
  EXPECT_THAT(hasty->fields, ElementsAre("confirmed_traits", "confirmed_traits"));
  const AcceptOrder order{"", {TraitName::GIVEN_NAMES, TraitName::FIRST_GIVEN_NAME}, false};
  EXPECT_FALSE(refused(identity, [&](Identity& id) { accept(id, houilles(), order, kSecretary); }));
}

TEST(Accept, TheFirstGivenNameIsChosenNeverComputed) {
  Identity identity = typed_identity();
  identity.traits.first_given_name.clear();
  EXPECT_THAT(refused(identity, [](Identity& id) { accept(id, houilles(), {}, kSecretary); })->fields,
              ElementsAre("first_given_name"));
  EXPECT_THAT(refused(identity,
                      [](Identity& id) {
                        accept(id, houilles(), {"PAUL", {}, false}, kSecretary);
                      })
                  ->fields,
              ElementsAre("first_given_name"));
  EXPECT_FALSE(refused(identity, [](Identity& id) {
    accept(id, houilles(), {"PIERRE PAUL", {}, false}, kSecretary);
  }));
  EXPECT_EQ(identity.traits.first_given_name, "PIERRE PAUL");
}

TEST(Accept, EvidenceLapsesWhenATraitItWasCheckedAgainstChanges) {
  Identity identity = validated_identity();
  Answer answer = houilles();
  answer.traits.birth_place = "63221";
  const AcceptOrder order{"", {TraitName::BIRTH_PLACE}, false};
  EXPECT_FALSE(refused(identity, [&](Identity& id) { accept(id, answer, order, kSecretary); }));
  EXPECT_EQ(status_of(identity), Status::RETRIEVED);
  EXPECT_TRUE(identity.evidence);
  EXPECT_EQ(refused(identity, [](Identity& id) { confirm_evidence(id, "0", kSecretary); })->code,
            Code::IDENTITY_STALE);
  EXPECT_FALSE(
      refused(identity, [](Identity& id) { confirm_evidence(id, traits_digest(id.traits), kSecretary); }));
  EXPECT_EQ(status_of(identity), Status::QUALIFIED);
}

TEST(Accept, T_INS_01_AnAnswerAboutSomebodyElseIsRefused) {
  Identity identity = typed_identity();
  Answer answer = houilles();
  answer.blocked = true;
  EXPECT_EQ(refused(identity, [&](Identity& id) { accept(id, answer, {}, kSecretary); })->code,
            Code::ANSWER_BLOCKED);
  answer = houilles();
  answer.number.oid = "1.2.250.1.213.1.4.2";
  EXPECT_EQ(refused(identity, [&](Identity& id) { accept(id, answer, {}, kSecretary); })->code,
            Code::ANSWER_BLOCKED);
}

TEST(Accept, ACollisionStops) {
  Identity identity = qualified_identity();
  Answer answer = houilles();
  answer.number.number = "2090763220834";
  EXPECT_EQ(refused(identity,
                    [&](Identity& id) {
                      accept(id, answer, {"", {}, true}, kSecretary);
                    })
                ->code,
            Code::IDENTITY_COLLISION);
}

TEST(Accept, DoubtfulAndFictitiousIdentitiesTakeNoAnswer) {
  for (const Attributes& attributes : {Attributes{false, true, false}, Attributes{false, false, true}}) {
    Identity identity = typed_identity();
    identity.attributes = attributes;
    EXPECT_EQ(refused(identity, [](Identity& id) { accept(id, houilles(), {}, kSecretary); })->code,
              Code::IDENTITY_STATE);
  }
}

TEST(Accept, AChangedNumberIsSeenAndItsHistoryKept) {
  Identity identity = qualified_identity();
  const NationalNumber nia{"1090763220888", "35", kNia, "2020-01-01", ""};
  identity.number = nia;
  identity.history = {{"1090763220111", "", kNia, "", ""}};
  identity.used.used_name = "Martin";
  Answer answer = houilles();
  answer.history = {nia, nia};
  EXPECT_THAT(refused(identity, [&](Identity& id) { accept(id, answer, {}, kSecretary); })->fields,
              ElementsAre("number_change_confirmed"));
  EXPECT_FALSE(refused(identity, [&](Identity& id) { accept(id, answer, {"", {}, true}, kSecretary); }));
  EXPECT_EQ(identity.number->oid, kNir);
  EXPECT_EQ(identity.replaced_number, nia);
  EXPECT_EQ(identity.history.size(), 3U);  // as received, and what was known before
  EXPECT_EQ(identity.used.used_name, "Martin");
  EXPECT_EQ(status_of(identity), Status::QUALIFIED);
}

TEST(Accept, ATestAnswerMarksTheIdentityForEver) {
  Identity identity = typed_identity();
  Answer answer = houilles();
  answer.test_environment = true;
  accept(identity, answer, {}, kSecretary);
  EXPECT_TRUE(identity.test_environment);
  EXPECT_EQ(refused(identity, [](Identity& id) { accept(id, houilles(), {}, kSecretary); })->code,
            Code::IDENTITY_STATE);
  demote(identity, Demotion::ALL);
  accept(identity, houilles(), {}, kSecretary);
  EXPECT_TRUE(identity.test_environment);
}

TEST(Validate, RecordsWhoWhenAndAgainstWhat) {
  Identity identity = typed_identity();
  Evidence evidence = passport();
  evidence.checked_by = "somebody else";
  evidence.traits_digest = std::string(64, '0');
  validate(identity, evidence, traits_digest(identity.traits), kSecretary);
  EXPECT_EQ(identity.evidence->checked_by, "secretary-1");
  EXPECT_EQ(identity.evidence->checked_at, kNow);
  EXPECT_EQ(identity.evidence->traits_digest, traits_digest(typed_houilles()));
}

TEST(Validate, WhatWasCheckedIsWhatIsThere) {
  Identity identity = typed_identity();
  EXPECT_EQ(refused(identity, [](Identity& id) { validate(id, passport(), "", kSecretary); })->code,
            Code::IDENTITY_STALE);
  Identity bare;
  EXPECT_EQ(
      refused(bare, [](Identity& id) { validate(id, passport(), traits_digest(id.traits), kSecretary); })
          ->code,
      Code::IDENTITY_STATE);
  identity.attributes.doubtful = true;
  EXPECT_EQ(
      refused(identity, [](Identity& id) { validate(id, passport(), traits_digest(id.traits), kSecretary); })
          ->code,
      Code::IDENTITY_STATE);
  Identity valid = validated_identity();
  EXPECT_EQ(
      refused(valid, [](Identity& id) { confirm_evidence(id, traits_digest(id.traits), kSecretary); })->code,
      Code::IDENTITY_STATE);
}

TEST(Attributes, DoubtWithdrawsEverythingAndNothingComesBack) {
  Identity identity = qualified_identity();
  set_attributes(identity, {false, true, false});
  EXPECT_EQ(status_of(identity), Status::PROVISIONAL);
  EXPECT_FALSE(identity.number);
  EXPECT_EQ(identity.replaced_number, houilles().number);
  set_attributes(identity, {});
  EXPECT_EQ(status_of(identity), Status::PROVISIONAL);
  EXPECT_FALSE(identity.evidence);
}

TEST(Attributes, OnlyDoubtfulAndHomonymGoTogether) {
  Identity identity = qualified_identity();
  EXPECT_FALSE(refused(identity, [](Identity& id) { set_attributes(id, {true, true, false}); }));
  for (const Attributes& bad : {Attributes{true, false, true}, {false, true, true}, {true, true, true}}) {
    EXPECT_THAT(refused(identity, [&](Identity& id) { set_attributes(id, bad); })->fields,
                ElementsAre("attributes"));
  }
}

TEST(Demote, TakesBackOneHalfOrBoth) {
  Identity identity = qualified_identity();
  demote(identity, Demotion::EVIDENCE);
  EXPECT_EQ(status_of(identity), Status::RETRIEVED);
  identity = qualified_identity();
  demote(identity, Demotion::ACCEPTANCE);
  EXPECT_EQ(status_of(identity), Status::VALIDATED);
  EXPECT_FALSE(identity.number);
  EXPECT_EQ(refused(identity, [](Identity& id) { demote(id, Demotion::ACCEPTANCE); })->code,
            Code::IDENTITY_STATE);
  demote(identity, Demotion::ALL);
  EXPECT_EQ(status_of(identity), Status::PROVISIONAL);
  EXPECT_EQ(refused(identity, [](Identity& id) { demote(id, Demotion::ALL); })->code, Code::IDENTITY_STATE);
}

}  // namespace
}  // namespace insd::identity
