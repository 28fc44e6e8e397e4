// SPDX-License-Identifier: Apache-2.0
// One login, signature, wrong PIN, removal: the same tests for every way to the professional's card.
#include <gmock/gmock.h>

#include "drivers/base/error.h"
#include "drivers/cps/cps.h"
#include "drivers/pcsc/card_session.h"
#include "tests/system/backends_desk.h"
#include "tests/system/desk_watch.h"

namespace insd::test {
namespace {

using ::testing::HasSubstr;

// What another program on this machine sees of the card.
bool pin_is_verified(Backends& desk) {
  pcsc::Context context(pcsc::system_pcsc());
  for (int looks = 0;; ++looks) {
    try {
      pcsc::CardConnection connection(context, desk.world().reader_name(0), std::chrono::seconds(3), {});
      pcsc::CardSession session(connection, {});
      return cps::pin_status(session, cps::read_layout(session)).verified;
    } catch (const Error& error) {
      // The daemon may reset the card while it is looked at: that is what is waited for.
      if (error.code() != Code::CARD_RESET || looks == 3) throw;
    }
  }
}

class BackendsTest : public ::testing::TestWithParam<Way> {
 protected:
  v1::Lease log_in(std::unique_ptr<Login>& login) {
    login = desk_.client().login();
    const auto lease = login->finish("1234");
    if (!lease) throw std::runtime_error(login->failure().detail.ShortDebugString());
    return *lease;
  }

  // Where this way to the card can sign, it signs; where not, it says so in a code of its own.
  void expect_signature(const std::string& lease) {
    const auto outcome = desk_.search(lease);
    if (desk_.signs()) {
      EXPECT_EQ(expect_value(outcome).outcome(), v1::SEARCH_OUTCOME_FOUND);
    } else {
      EXPECT_EQ(code_of(outcome), "KEY_UNSUPPORTED");
    }
  }

  bool pin_is_verified() { return insd::test::pin_is_verified(desk_); }

  Backends desk_{GetParam()};
};

TEST_P(BackendsTest, SaysWhoItIsAndWhatItCan) {
  desk_.start();
  const auto response = desk_.professional();
  EXPECT_EQ(response.card().national_id(), "899900000017");
  EXPECT_EQ(response.card().family_name(), "EXEMPLE");
  EXPECT_EQ(response.card().card_number(), "0098765052");
  EXPECT_EQ(response.card().card_type(), v1::PROFESSIONAL_CARD_TYPE_CPS);
  EXPECT_EQ(response.card().given_name(), "CLAUDE");
  EXPECT_EQ(response.card().title(), "Médecin");
  EXPECT_EQ(response.card().profession_code(), "10");
  EXPECT_EQ(response.card().national_id_kind(), v1::NATIONAL_ID_KIND_RPPS);
  EXPECT_EQ(response.card().speciality_code(), "SM26");
  EXPECT_EQ(response.card().speciality_source(), v1::DATUM_SOURCE_READ);
  EXPECT_EQ(response.activities_source(), v1::DATUM_SOURCE_UNSPECIFIED) << "the PIN protects them";
  EXPECT_THAT(response.card().issuer(), HasSubstr("CN=TEST AC IGC-SANTE FORT PERSONNES"));
  EXPECT_TRUE(response.card().test_pki());
  EXPECT_FALSE(response.card().pin_blocked());
  EXPECT_EQ(response.card().certificate_trust(), v1::CERTIFICATE_TRUST_TRUSTED);
  EXPECT_FALSE(response.card().authentication_certificate().empty());
  const auto& can = response.capabilities();
  EXPECT_EQ(can.backend(), response.card().backend());
  if (GetParam() == Way::DIRECT) {
    EXPECT_EQ(can.backend(), v1::CPS_BACKEND_DIRECT);
    EXPECT_EQ(can.signature_key(), v1::KEY_STATE_USABLE);
    EXPECT_EQ(can.module(), "");
  } else {
    EXPECT_EQ(can.backend(), v1::CPS_BACKEND_MODULE);
    EXPECT_EQ(can.signature_key(), v1::KEY_STATE_UNTRIED);
    EXPECT_EQ(can.authentication_key(), v1::KEY_STATE_UNTRIED);
    EXPECT_THAT(can.module(), HasSubstr(".so"));
    EXPECT_THAT(can.module_description(), HasSubstr(GetParam() == Way::OPENSC ? "OpenSC" : "SoftHSM"));
  }
  EXPECT_EQ(desk_.pins_sent(), 0U);
}

TEST_P(BackendsTest, LogsInSignsAndLogsOut) {
  desk_.start();
  std::unique_ptr<Login> login;
  const auto lease = log_in(login);
  ASSERT_EQ(login->prompts().size(), 1U);
  EXPECT_EQ(login->prompts()[0].card_number(), "0098765052");
  EXPECT_EQ(login->prompts()[0].holder(), "Médecin CLAUDE EXEMPLE");
  EXPECT_FALSE(login->prompts()[0].card_serial().empty());
  const auto told = desk_.professional(lease.lease());
  EXPECT_EQ(told.activities_source(), v1::DATUM_SOURCE_READ);
  ASSERT_EQ(told.activities_size(), 1);
  EXPECT_EQ(told.activities(0).number(), 1U);
  EXPECT_EQ(told.activities(0).structure_name(), "CABINET EXEMPLE");
  EXPECT_EQ(told.activities(0).structure_id(), "399999999900027");
  EXPECT_EQ(told.activities(0).sector_code(), "SA07");
  expect_signature(lease.lease());
  expect_signature(lease.lease());
  EXPECT_EQ(desk_.professional().capabilities().signature_key(),
            desk_.signs() ? v1::KEY_STATE_USABLE : v1::KEY_STATE_UNUSABLE);
  EXPECT_EQ(desk_.pins_sent(), 1U) << "one PIN for all of it";
  EXPECT_TRUE(desk_.logout(lease.lease()));
  EXPECT_EQ(code_of(desk_.search(lease.lease())), "LEASE_INVALID");
  EXPECT_THROW(desk_.professional(lease.lease()), std::runtime_error) << "no activities without the lease";
  if (desk_.in_reader()) {
    EXPECT_FALSE(pin_is_verified());
  } else {
    EXPECT_FALSE(desk_.soft().trace("C_Logout").empty());
  }
}

TEST_P(BackendsTest, T_PIN_02_AWrongPinSpendsExactlyOneTryAndTheAnswerSaysSo) {
  desk_.start();
  auto login = desk_.client().login();
  EXPECT_FALSE(login->finish("9999"));
  EXPECT_EQ(login->failure().detail.code(), "PIN_WRONG");
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_YES);
  EXPECT_EQ(desk_.pins_sent(), 1U);
  std::unique_ptr<Login> right;
  expect_signature(log_in(right).lease());
}

TEST_P(BackendsTest, T_PIN_04_AMalformedPinIsSentToNoCard) {
  desk_.start();
  using namespace std::string_literals;
  // SoftHSM's bounds are 4 to 255, and a PIN is never longer than that.
  for (const std::string& pin : {""s, "123"s, "12a4"s, "12\0"s + "4", "１２３４"s, std::string(300, '1')}) {
    const auto sent = desk_.pins_sent();
    auto login = desk_.client().login();
    EXPECT_FALSE(login->finish(pin));
    EXPECT_EQ(login->failure().detail.code(), "PIN_MALFORMED") << pin.size();
    EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
    EXPECT_EQ(desk_.pins_sent(), sent);
    // Three of them in a row would make their user wait. OpenSC spares the card a PIN that it knows to be
    // verified.
    EXPECT_TRUE(desk_.client().login()->finish("1234"));
  }
}

TEST_P(BackendsTest, T_PIN_03_TheLastTryNeedsConsent) {
  desk_.start(1);
  EXPECT_EQ(desk_.professional().card().pin_tries_left(), 1);
  auto login = desk_.client().login();
  const auto first = login->next();
  ASSERT_TRUE(first && first->has_prompt()) << login->failure().detail.ShortDebugString();
  EXPECT_EQ(first->prompt().kind(), v1::PROMPT_KIND_LAST_TRY_CONSENT);
  EXPECT_EQ(first->prompt().tries_left(), 1);
  login->consent(first->prompt().prompt_id(), false);
  EXPECT_EQ(login->failure().detail.code(), "PIN_CONSENT_REQUIRED");
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
  EXPECT_EQ(desk_.pins_sent(), 0U);
  EXPECT_TRUE(desk_.client().login()->finish("1234")) << "with consent the right PIN works";
}

TEST_P(BackendsTest, T_PIN_03_ABlockedCardIsSentNothing) {
  desk_.start(0);
  EXPECT_TRUE(desk_.professional().card().pin_blocked());
  auto login = desk_.client().login();
  EXPECT_FALSE(login->finish("1234"));
  EXPECT_EQ(login->failure().detail.code(), "PIN_BLOCKED");
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
  EXPECT_TRUE(login->prompts().empty()) << "nobody is asked for a PIN that cannot be used";
  EXPECT_EQ(desk_.pins_sent(), 0U);
}

TEST_P(BackendsTest, OneOfTwoLeasesEndsAndTheOtherGoesOn) {
  desk_.start();
  std::unique_ptr<Login> first, second;
  const auto one = log_in(first);
  const auto other = log_in(second);
  EXPECT_EQ(one.generation(), other.generation());
  EXPECT_FALSE(desk_.logout(one.lease()));
  expect_signature(other.lease());
  EXPECT_TRUE(desk_.logout(other.lease()));
}

TEST_P(BackendsTest, T_PIN_05_AWrongPinOfOneEndsTheLoginOfAllAndSaysSo) {
  desk_.start();
  std::unique_ptr<Login> login;
  const auto lease = log_in(login);
  EXPECT_FALSE(desk_.client().login()->finish("9999"));
  // The card has forgotten the PIN: nothing of an earlier login is left to use.
  EXPECT_EQ(code_of(desk_.search(lease.lease())), "LEASE_LOST");
}

TEST_P(BackendsTest, T_CARD_07_ACertificateOfAStrangerIsRefusedBeforeAPinIsAskedFor) {
  desk_.authorities("insi-trust.pem");
  desk_.start();
  EXPECT_EQ(desk_.professional().card().certificate_trust(), v1::CERTIFICATE_TRUST_UNTRUSTED);
  auto login = desk_.client().login();
  EXPECT_FALSE(login->finish("1234"));
  EXPECT_EQ(login->failure().detail.code(), "CERTIFICATE_INVALID");
  EXPECT_TRUE(login->prompts().empty());
  EXPECT_EQ(desk_.pins_sent(), 0U);
}

INSTANTIATE_TEST_SUITE_P(Ways, BackendsTest, ::testing::Values(Way::DIRECT, Way::OPENSC, Way::SOFTHSM),
                         ::testing::PrintToStringParamName());

// ---- what happens in a reader ----

// Not for SoftHSM: its token is a directory and can be taken out of nothing.
class ReaderBackendsTest : public BackendsTest {};

TEST_P(ReaderBackendsTest, ARemovalEndsTheLeaseAndTheCardBackNeedsItsPinAgain) {
  desk_.start();
  std::unique_ptr<Login> login;
  const auto lease = log_in(login);
  desk_.card().remove();
  desk_.world().await_card(0, false);
  const auto step = login->next();
  ASSERT_TRUE(step && step->has_ended());
  EXPECT_EQ(step->ended().cause(), v1::LEASE_END_CAUSE_CARD_REMOVED);
  EXPECT_EQ(code_of(desk_.search(lease.lease())), "LEASE_LOST");
  EXPECT_EQ(code_of(desk_.client().professional()), "CARD_ABSENT");
  DeskWatch watch(*desk_.client().reader_);
  desk_.card().insert();
  ASSERT_TRUE(watch.wait_for(card_is(desk_.world().reader_name(0), v1::CARD_KIND_CPS_3, lease.generation())));
  EXPECT_EQ(code_of(desk_.search(lease.lease())), "LEASE_LOST") << "the same card back is another insertion";
  std::unique_ptr<Login> again;
  const auto fresh = log_in(again);
  EXPECT_NE(fresh.generation(), lease.generation());
  expect_signature(fresh.lease());
  EXPECT_EQ(desk_.pins_sent(), 2U);
}

TEST_P(ReaderBackendsTest, T_CARD_10_AResetByAnotherProgramEndsTheLeaseAndSendsNoPinByItself) {
  desk_.start();
  std::unique_ptr<Login> login;
  const auto lease = log_in(login);
  {
    pcsc::Context context(pcsc::system_pcsc());
    pcsc::CardConnection connection(context, desk_.world().reader_name(0), std::chrono::seconds(3), {});
    connection.at_end(pcsc::AtEnd::RESET);
  }
  const auto code = code_of(desk_.search(lease.lease()));
  EXPECT_TRUE(code == "CARD_RESET" || code == "LEASE_LOST") << code;
  EXPECT_EQ(code_of(desk_.search(lease.lease())), "LEASE_LOST");
  EXPECT_EQ(desk_.pins_sent(), 1U);
  std::unique_ptr<Login> again;
  expect_signature(log_in(again).lease());
}

TEST_P(ReaderBackendsTest, T_CARD_11_ACardSwappedUnderTheQuestionGetsNoPin) {
  desk_.start();
  auto login = desk_.client().login();
  const auto question = login->next();
  ASSERT_TRUE(question && question->has_prompt());
  desk_.card().swap(world::World::profile("cps-dr-second"));
  login->pin(question->prompt().prompt_id(), "1234");
  EXPECT_FALSE(login->next());
  const auto code = login->failure().detail.code();
  EXPECT_TRUE(code == "CARD_CHANGED" || code == "CARD_REMOVED" || code == "CARD_RESET") << code;
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
  EXPECT_EQ(desk_.pins_sent(), 0U);
}

TEST_P(ReaderBackendsTest, TheDaemonLeavesNoCardVerifiedBehind) {
  desk_.start();
  std::unique_ptr<Login> login;
  log_in(login);
  ASSERT_TRUE(pin_is_verified());
  desk_.world().stop_insd();
  EXPECT_FALSE(pin_is_verified());
}

// Verified for nobody: whatever cards are left like at the end of a login, this one is reset.
TEST(ModuleInReaderTest, ALoginWhoseAnswerIsLostLeavesNoCardVerified) {
  Backends desk(Way::OPENSC);
  desk.world().start_insi();
  desk.world().start_pcscd();
  desk.world().insert_card(0, "cps3", "cps-dr-exemple");
  const auto faults = desk.world().write_file("faults", "C_Login lost 30\n");  // CKR_DEVICE_ERROR
  desk.start_insd(desk.copy_of(sim::SoftToken::shim(), "shim.so"),
                  "on_lease_end = \"leave\"\nmodule_environment = [\"INSD_SHIM_MODULE=" +
                      desk.copy_of(INSD_OPENSC_MODULE, "opensc.so").string() +
                      "\", \"INSD_SHIM_TRACE=/dev/null\", \"INSD_SHIM_FAULTS=" + faults.string() + "\"]\n");
  auto login = desk.client().login();
  EXPECT_FALSE(login->finish("1234"));
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_UNKNOWN)
      << login->failure().detail.ShortDebugString();
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (pin_is_verified(desk) && std::chrono::steady_clock::now() < until) {
  }
  EXPECT_FALSE(pin_is_verified(desk));
}

TEST_P(ReaderBackendsTest, AReaderGivenToAnotherProgramIsLetGoOf) {
  desk_.start();
  std::unique_ptr<Login> login;
  log_in(login);
  v1::SetReaderEnabledRequest request;
  request.set_reader(desk_.world().reader_name(0));
  v1::SetReaderEnabledResponse response;
  grpc::ClientContext call;
  call.set_deadline(deadline());
  ASSERT_TRUE(desk_.client().reader_->SetReaderEnabled(&call, request, &response).ok());
  const auto step = login->next();
  EXPECT_TRUE(step && step->has_ended());
  // Whoever is still connected ends soon, the module's process among them.
  pcsc::Context context(pcsc::system_pcsc());
  SCARDHANDLE card = 0;
  DWORD protocol = 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  LONG result = SCARD_E_SHARING_VIOLATION;
  while (result == SCARD_E_SHARING_VIOLATION && std::chrono::steady_clock::now() < until) {
    result = SCardConnect(context.handle(), desk_.world().reader_name(0).c_str(), SCARD_SHARE_EXCLUSIVE,
                          SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol);
  }
  EXPECT_EQ(result, SCARD_S_SUCCESS);
  SCardDisconnect(card, SCARD_LEAVE_CARD);
}

TEST_P(ReaderBackendsTest, TwoCardsAreTwoProfessionals) {
  desk_.start();
  desk_.world().insert_card(1, "cps3", "cps-dr-second");
  desk_.client().await_cards(2);
  const auto name = [&](unsigned reader) { return desk_.world().reader_name(reader); };
  EXPECT_EQ(expect_value(desk_.client().professional(name(1))).national_id(), "899900000025");
  EXPECT_EQ(expect_value(desk_.client().professional(name(0))).national_id(), "899900000017");
  EXPECT_EQ(code_of(desk_.client().professional()), "CARD_AMBIGUOUS");
  v1::LoginStart start;
  start.mutable_card()->set_reader(name(0));
  auto first = desk_.client().login(start);
  const auto lease = first->finish("1234");
  ASSERT_TRUE(lease) << first->failure().detail.ShortDebugString();
  start.mutable_card()->set_reader(name(1));
  auto other = desk_.client().login(start);
  const auto theirs = other->finish("246801");
  ASSERT_TRUE(theirs) << other->failure().detail.ShortDebugString();
  EXPECT_EQ(theirs->holder(), "Médecin DOMINIQUE SECOND");
  EXPECT_TRUE(desk_.logout(theirs->lease()));
  expect_signature(lease->lease());
}

INSTANTIATE_TEST_SUITE_P(Ways, ReaderBackendsTest, ::testing::Values(Way::DIRECT, Way::OPENSC),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace insd::test
