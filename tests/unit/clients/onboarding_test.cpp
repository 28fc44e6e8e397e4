// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/onboarding.h"

#include <gtest/gtest.h>

namespace insd::cli {
namespace {

constexpr std::int64_t kNow = 1'000'000;

void add_reader(Observed& seen, v1::CardKind kind) {
  auto& reader = *seen.readers->add_readers();
  reader.set_name("R" + std::to_string(seen.readers->readers_size()));
  reader.set_card_kind(kind);
}

void add_check(Observed& seen, const char* name, v1::CheckState state, const char* code = "") {
  auto& check = *seen.insi->add_checks();
  check.set_name(name);
  check.set_state(state);
  check.set_code(code);
  check.set_remedy("remedy of " + std::string(name));
}

Observed whole() {
  Observed seen;
  seen.info.emplace().set_insi_mode(v1::INSI_MODE_CPS);
  seen.readers.emplace().mutable_pcsc()->set_state(v1::PCSC_STATE_AVAILABLE);
  add_reader(seen, v1::CARD_KIND_CPS_3);
  add_reader(seen, v1::CARD_KIND_VITALE_2);
  seen.card.emplace().mutable_card()->mutable_not_after()->set_seconds(kNow + 1);
  seen.insi.emplace();
  for (const char* name : {"environment", "trust_store", "proxy", "editor", "profile", "connection", "tls",
                           "host_name", "server_certificate", "clock"})
    add_check(seen, name, v1::CHECK_STATE_OK);
  seen.journal.emplace().set_record_count(3);
  return seen;
}

std::string next_of(const Observed& seen) {
  const auto steps = onboarding_steps(Language::ENGLISH, seen, kNow);
  const Step* const next = next_step(steps);
  return next == nullptr ? "" : next->name;
}

Step step_of(const Observed& seen, const std::string& name) {
  for (Step& step : onboarding_steps(Language::ENGLISH, seen, kNow)) {
    if (step.name == name) return step;
  }
  ADD_FAILURE() << "no step " << name;
  return {};
}

TEST(Onboarding, AllIsDoneWhereEverythingIsInPlace) {
  for (const Step& step : onboarding_steps(Language::FRENCH, whole(), kNow))
    EXPECT_EQ(step.state, StepState::DONE) << step.name << " " << step.code;
  EXPECT_EQ(next_of(whole()), "");
}

TEST(Onboarding, WithoutADaemonItIsTheFirstStepAndNothingElseCanBeTold) {
  Observed seen;
  seen.failures["info"].set_code("DAEMON_ABSENT");
  seen.failures["info"].set_remedy("start it");
  EXPECT_EQ(next_of(seen), "service");
  EXPECT_EQ(step_of(seen, "service").remedy, "start it");
  for (const Step& step : onboarding_steps(Language::FRENCH, seen, kNow)) {
    EXPECT_EQ(step.state, step.name == "service" ? StepState::TO_DO : StepState::UNKNOWN) << step.name;
  }
}

TEST(Onboarding, TheStepsComeInTheirOrder) {
  Observed seen = whole();
  add_check(seen, "editor", v1::CHECK_STATE_FAILED, "EDITOR_NOT_CONFIGURED");
  EXPECT_EQ(next_of(seen), "editor");
  EXPECT_EQ(step_of(seen, "editor").remedy, "remedy of editor");
  seen.card->mutable_card()->mutable_not_after()->set_seconds(kNow - 1);
  EXPECT_EQ(next_of(seen), "certificate");
  seen.readers->clear_readers();
  EXPECT_EQ(next_of(seen), "readers");
  EXPECT_EQ(step_of(seen, "readers").code, "READER_NOT_FOUND");
}

TEST(Onboarding, ACardThatIsMissingIsNamed) {
  Observed seen = whole();
  seen.readers->mutable_readers(1)->set_card_kind(v1::CARD_KIND_UNSPECIFIED);
  EXPECT_EQ(step_of(seen, "cards").code, "VITALE_CARD_MISSING");
  seen.readers->mutable_readers(0)->set_card_kind(v1::CARD_KIND_UNSPECIFIED);
  EXPECT_EQ(step_of(seen, "cards").code, "PROFESSIONAL_CARD_MISSING");
  EXPECT_EQ(step_of(seen, "module").state, StepState::UNKNOWN);
  seen.info->set_insi_mode(v1::INSI_MODE_ORGANISATION);
  EXPECT_EQ(step_of(seen, "cards").code, "VITALE_CARD_MISSING");
}

TEST(Onboarding, ThePersonalCertificateOfAnOrganisationIsThatOfTheChecks) {
  Observed seen = whole();
  seen.info->set_insi_mode(v1::INSI_MODE_ORGANISATION);
  add_check(seen, "credential", v1::CHECK_STATE_FAILED, "ORGANISATION_CERTIFICATE_NAME");
  EXPECT_EQ(step_of(seen, "certificate").code, "ORGANISATION_CERTIFICATE_NAME");
}

TEST(Onboarding, WhatWasNotLookedAtIsNeverDone) {
  Observed seen = whole();
  seen.journal.reset();
  seen.failures["journal"].set_code("PERMISSION_DENIED");
  EXPECT_EQ(step_of(seen, "journal").state, StepState::UNKNOWN);
  EXPECT_EQ(step_of(seen, "journal").code, "ASK_AN_ADMINISTRATOR");
  add_check(seen, "clock", v1::CHECK_STATE_SKIPPED);
  EXPECT_EQ(step_of(seen, "clock").state, StepState::UNKNOWN);
  EXPECT_EQ(next_of(seen), "clock");
  add_check(seen, "proxy", v1::CHECK_STATE_FAILED, "CONFIG_INVALID");
  EXPECT_EQ(next_of(seen), "proxy") << "what is to do comes before what cannot be told";
}

TEST(Onboarding, AClockThatIsWrongAndABrokenTrailAreToDo) {
  Observed seen = whole();
  seen.journal->set_bad_sequence(2);
  EXPECT_EQ(next_of(seen), "journal");
  add_check(seen, "clock", v1::CHECK_STATE_WARNING, "CLOCK_SKEWED");
  EXPECT_EQ(next_of(seen), "clock");
}

}  // namespace
}  // namespace insd::cli
