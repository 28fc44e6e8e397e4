// SPDX-License-Identifier: Apache-2.0
// pkcs11/ on a real SoftHSM whose tokens are labelled as a CPS; through the shim where the test needs to know
// what the module was asked.
#include "pkcs11/token_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simulators/pkcs11_shim/soft_token.h"
#include "tests/unit/pkcs11/token_test_support.h"

namespace insd::pkcs11 {
namespace {

using sim::SoftToken;
using test::error_of;
using testing::ElementsAre;
using testing::SizeIs;

const std::string kText = "an assertion to sign";
const Bytes kMessage(kText.begin(), kText.end());

class TokenSessionTest : public testing::Test {
 protected:
  TokenSessionTest() { soft_.enter_environment(); }

  const Module& module() {
    if (!module_) module_ = std::make_unique<Module>(SoftToken::shim(), ModuleOwner::CURRENT_USER);
    return *module_;
  }
  TokenInfo token(const std::string& label = SoftToken::kLabel) {
    for (const auto& info : module().tokens()) {
      if (info.ref.label == label) return info;
    }
    ADD_FAILURE() << "no token " << label;
    return {};
  }
  std::unique_ptr<TokenSession> session(const std::string& label = SoftToken::kLabel) {
    return std::make_unique<TokenSession>(module(), token(label).ref);
  }
  std::unique_ptr<TokenSession> logged_in(const std::string& label = SoftToken::kLabel) {
    auto result = session(label);
    result->login(SecretString(SoftToken::kPin));
    return result;
  }

  SoftToken soft_;
  std::unique_ptr<Module> module_;
};

TEST_F(TokenSessionTest, FindsTokensWithTheirBounds) {
  const auto info = token();
  EXPECT_EQ(info.tries, Tries::NOT_LOW);
  EXPECT_EQ(info.pin_min_length, 4U);
  EXPECT_EQ(info.pin_max_length, 255U);
  EXPECT_EQ(card_number(info.ref.label), "0123456789");
  EXPECT_THAT(module().tokens(), SizeIs(2)) << "an uninitialised token is none";
}

TEST_F(TokenSessionTest, WorksOnThePlainModuleWithoutTheShim) {
  module_ = std::make_unique<Module>(SoftToken::softhsm(), ModuleOwner::ROOT);
  const auto session = logged_in();
  EXPECT_TRUE(
      test::verifies(SoftToken::certificate("sig"), kMessage, session->sign(KeyUse::SIGNATURE, kMessage)));
}

TEST_F(TokenSessionTest, ReadsDataObjectsThatThePinDoesNotProtect) {
  const auto free = session();
  const auto info = free->data_objects("CPS_INFO_PS");
  ASSERT_THAT(info, SizeIs(1));
  EXPECT_EQ(info[0].label, "CPS_INFO_PS");
  EXPECT_EQ(info[0].value, Bytes({'.', '.', 'S', 'M', '2', '6'}));
  EXPECT_THAT(free->data_objects("CPS_ACTIVITY_"), SizeIs(0));
  const auto all = logged_in()->data_objects("CPS_ACTIVITY_");
  ASSERT_THAT(all, SizeIs(1));
  EXPECT_EQ(all[0].value, Bytes({'f', 'i', 'r', 's', 't'}));
}

TEST_F(TokenSessionTest, T_P11_02_ADataObjectThatCannotBeReadHidesNoOther) {
  const auto found = session()->data_objects("CPS_");
  ASSERT_THAT(found, SizeIs(2));
  for (const auto& object : found) EXPECT_EQ(object.value.empty(), object.label == "CPS_LONG");
  const auto lied_to = logged_in();
  soft_.faults("C_GetAttributeValue length fffffffffffffff0");
  EXPECT_THAT(lied_to->data_objects("CPS_"), SizeIs(0)) << "labels that are none";
  soft_.faults("C_FindObjects endless");
  EXPECT_CODE(error_of([&] { (void)lied_to->data_objects("CPS_"); }), Code::MODULE_FAILED);
}

TEST_F(TokenSessionTest, ReadsCertificatesWithoutALogin) {
  const auto certificates = session()->certificates();
  ASSERT_THAT(certificates, SizeIs(2));
  for (const auto& certificate : certificates) {
    const bool sig = certificate.use == KeyUse::SIGNATURE;
    EXPECT_EQ(certificate.der, SoftToken::certificate(sig ? "sig" : "aut"));
    EXPECT_EQ(certificate.label, sig ? "Certificat de Signature CPS" : "Certificat d'Authentification CPS");
  }
  EXPECT_NE(certificates[0].use, certificates[1].use);
}

TEST_F(TokenSessionTest, TheSignatureKeyGetsTheMessageForTheCardToHash) {
  const auto signature = logged_in()->sign(KeyUse::SIGNATURE, kMessage);
  EXPECT_TRUE(test::verifies(SoftToken::certificate("sig"), kMessage, signature));
  EXPECT_FALSE(test::verifies(SoftToken::certificate("aut"), kMessage, signature));
  // CKM_SHA256_RSA_PKCS = 0x40
  EXPECT_THAT(soft_.trace("C_SignInit"), ElementsAre("C_SignInit mechanism=0x40 parameter=0"));
  EXPECT_THAT(soft_.trace("C_Sign "),
              ElementsAre("C_Sign length=20 data=616e20617373657274696f6e20746f207369676e"));
}

TEST_F(TokenSessionTest, TheAuthenticationKeyGetsADigestInfo) {
  const auto signature = logged_in()->sign(KeyUse::AUTHENTICATION, kMessage);
  EXPECT_TRUE(test::verifies(SoftToken::certificate("aut"), kMessage, signature));
  // CKM_RSA_PKCS = 1; 51 bytes = 19 of DigestInfo(SHA-256) and sha256sum's value for the text
  EXPECT_THAT(soft_.trace("C_SignInit"), ElementsAre("C_SignInit mechanism=0x1 parameter=0"));
  EXPECT_THAT(soft_.trace("C_Sign "),
              ElementsAre("C_Sign length=51 data=3031300d060960864801650304020105000420"
                          "3cb022bacfa5309570eae1a18ea3ce1a911ae37d84c275075f99abd7410d25f9"));
}

TEST_F(TokenSessionTest, KeysAreFoundByTheirCertificateAlsoWhenTheIdsAreSwapped) {
  const auto session = logged_in(SoftToken::kSwappedIdsLabel);
  EXPECT_TRUE(
      test::verifies(SoftToken::certificate("sig"), kMessage, session->sign(KeyUse::SIGNATURE, kMessage)));
  EXPECT_TRUE(test::verifies(SoftToken::certificate("aut"), kMessage,
                             session->sign(KeyUse::AUTHENTICATION, kMessage)));
}

TEST_F(TokenSessionTest, SigningNeedsALoginAndAMessage) {
  EXPECT_CODE(error_of([&] { (void)session()->sign(KeyUse::SIGNATURE, kMessage); }),
              Code::CARD_ACCESS_DENIED);
  const auto session = logged_in();
  EXPECT_CODE(error_of([&] { (void)session->sign(KeyUse::SIGNATURE, {}); }), Code::INVALID_ARGUMENT);
  EXPECT_CODE(error_of([&] { (void)session->sign(KeyUse::SIGNATURE, Bytes(kMaxMessageBytes + 1)); }),
              Code::INVALID_ARGUMENT);
  EXPECT_THAT(soft_.trace("C_Sign"), SizeIs(0)) << "nothing reached the module";
}

TEST_F(TokenSessionTest, TwoTokensDoNotLogEachOtherOut) {
  const auto first = logged_in();
  logged_in(SoftToken::kSwappedIdsLabel).reset();
  (void)module().tokens();
  EXPECT_NO_THROW((void)first->sign(KeyUse::SIGNATURE, kMessage));
}

TEST_F(TokenSessionTest, ASecondSessionHasNoLoginOfItsOwnAfterTheFirstEnded) {
  logged_in().reset();
  EXPECT_THAT(soft_.trace("C_Logout"), SizeIs(2)) << "before the login and at the end";
  EXPECT_CODE(error_of([&] { (void)session()->sign(KeyUse::SIGNATURE, kMessage); }),
              Code::CARD_ACCESS_DENIED);
}

// --- the PIN law ---

TEST_F(TokenSessionTest, AWrongPinSpendsExactlyOneTry) {
  const auto session = this->session();
  const auto error = error_of([&] { session->login(SecretString("4321")); });
  EXPECT_CODE(error, Code::PIN_WRONG);
  EXPECT_EQ(error->try_spent(), TrySpent::YES);
  EXPECT_THAT(soft_.trace("C_Login"), ElementsAre("C_Login length=4"));
  EXPECT_EQ(token().tries, Tries::LOW) << "the flags agree";
  EXPECT_FALSE(session->logged_in());
}

TEST_F(TokenSessionTest, AMalformedPinSpendsNone) {
  const auto session = this->session();
  for (const char* pin : {"", "123", "12a4", "1234 ", "١٢٣٤", "-123"}) {
    const auto error = error_of([&] { session->login(SecretString(pin)); });
    EXPECT_CODE(error, Code::PIN_MALFORMED);
    EXPECT_EQ(error->try_spent(), TrySpent::NO);
  }
  const auto error = error_of([&] { session->login(SecretString(std::string_view("12\0004", 4))); });
  EXPECT_CODE(error, Code::PIN_MALFORMED);
  EXPECT_CODE(error_of([&] { session->login(SecretString(std::string(256, '1'))); }), Code::PIN_MALFORMED);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
  EXPECT_EQ(token().tries, Tries::NOT_LOW);
}

TEST_F(TokenSessionTest, ABlockedPinIsNotSent) {
  const auto session = this->session();
  soft_.faults("C_GetTokenInfo flags 40000");  // CKF_USER_PIN_LOCKED
  const auto error = error_of([&] { session->login(SecretString(SoftToken::kPin), LastTry::ALLOW); });
  EXPECT_CODE(error, Code::PIN_BLOCKED);
  EXPECT_EQ(error->try_spent(), TrySpent::NO);
  EXPECT_EQ(error->tries_left(), 0);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
}

TEST_F(TokenSessionTest, TheLastTryNeedsAConsent) {
  const auto session = this->session();
  soft_.faults("C_GetTokenInfo flags 30000");  // CKF_USER_PIN_FINAL_TRY with CKF_USER_PIN_COUNT_LOW
  const auto error = error_of([&] { session->login(SecretString(SoftToken::kPin)); });
  EXPECT_CODE(error, Code::PIN_CONSENT_REQUIRED);
  EXPECT_EQ(error->tries_left(), 1);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
  EXPECT_NO_THROW(session->login(SecretString(SoftToken::kPin), LastTry::ALLOW));
}

TEST_F(TokenSessionTest, APinIsSentOnlyToTheTokenThatWasNamed) {
  const auto session = this->session();
  soft_.faults("C_GetTokenInfo serial");
  EXPECT_CODE(error_of([&] { session->login(SecretString(SoftToken::kPin)); }), Code::CARD_CHANGED);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
}

TEST_F(TokenSessionTest, EveryPinIsJudgedByTheTokenAlsoWhenSomebodyIsLoggedIn) {
  const auto first = logged_in();
  const auto second = session();
  EXPECT_CODE(error_of([&] { second->login(SecretString("4321")); }), Code::PIN_WRONG);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(2));
}

TEST_F(TokenSessionTest, ALoginThatWasCutShortLeavesTheTryUnknown) {
  const auto session = this->session();
  soft_.faults("C_Login rv 32");  // CKR_DEVICE_REMOVED
  const auto error = error_of([&] { session->login(SecretString(SoftToken::kPin)); });
  EXPECT_CODE(error, Code::CARD_REMOVED);
  EXPECT_EQ(error->try_spent(), TrySpent::UNKNOWN);
}

// --- removal ---

TEST_F(TokenSessionTest, AfterARemovalAFreshSessionWorks) {
  auto session = logged_in();
  soft_.faults("* rv 32");
  EXPECT_CODE(error_of([&] { (void)session->sign(KeyUse::SIGNATURE, kMessage); }), Code::CARD_REMOVED);
  EXPECT_THAT(error_of([&] { (void)module().tokens(); }), testing::Ne(std::nullopt));
  session.reset();
  soft_.faults("");
  EXPECT_TRUE(test::verifies(SoftToken::certificate("sig"), kMessage,
                             logged_in()->sign(KeyUse::SIGNATURE, kMessage)));
}

TEST_F(TokenSessionTest, ATokenThatIsNotThereIsAbsent) {
  auto ref = token().ref;
  ref.slot += 77;
  EXPECT_CODE(error_of([&] { TokenSession(module(), ref); }), Code::TOKEN_ABSENT);
  ref = token().ref;
  ref.serial = "0000000000000000";
  EXPECT_CODE(error_of([&] { TokenSession(module(), ref); }), Code::CARD_CHANGED);
}

TEST_F(TokenSessionTest, AKeyThatTheModuleCannotUseIsSaidSo) {
  const auto session = logged_in();
  soft_.faults("C_SignInit rv 70");  // CKR_MECHANISM_INVALID, as OpenSC on the signature key
  EXPECT_CODE(error_of([&] { (void)session->sign(KeyUse::SIGNATURE, kMessage); }), Code::KEY_UNSUPPORTED);
  soft_.faults("");
  EXPECT_NO_THROW((void)session->sign(KeyUse::AUTHENTICATION, kMessage));
}

// --- a PIN pad ---

TEST_F(TokenSessionTest, T_PIN_01_OnAPadTheModuleIsGivenNoPin) {
  soft_.faults("C_GetTokenInfo flags 100\nC_Login pad 1234");  // CKF_PROTECTED_AUTHENTICATION_PATH
  EXPECT_TRUE(token().pin_pad);
  const auto session = this->session();
  session->login_on_pad();
  EXPECT_THAT(soft_.trace("C_Login"), ElementsAre("C_Login length=0 null"));
  EXPECT_TRUE(
      test::verifies(SoftToken::certificate("sig"), kMessage, session->sign(KeyUse::SIGNATURE, kMessage)));
}

TEST_F(TokenSessionTest, T_PIN_02_WhatIsTypedWrongOnAPadSpendsOneTry) {
  soft_.faults("C_GetTokenInfo flags 100\nC_Login pad 4321");
  const auto error = error_of([&] { session()->login_on_pad(); });
  EXPECT_CODE(error, Code::PIN_WRONG);
  EXPECT_EQ(error->try_spent(), TrySpent::YES);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(1));
}

TEST_F(TokenSessionTest, T_PIN_03_TheLastTryOnAPadNeedsAConsentToo) {
  soft_.faults("C_GetTokenInfo flags 20100\nC_Login pad 1234");
  EXPECT_CODE(error_of([&] { session()->login_on_pad(); }), Code::PIN_CONSENT_REQUIRED);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
  soft_.faults("C_GetTokenInfo flags 40100\nC_Login pad 1234");
  EXPECT_CODE(error_of([&] { session()->login_on_pad(LastTry::ALLOW); }), Code::PIN_BLOCKED);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
}

TEST_F(TokenSessionTest, ATokenWithoutAPadIsNotAskedWithoutAPin) {
  EXPECT_CODE(error_of([&] { session()->login_on_pad(); }), Code::MODULE_FAILED);
  EXPECT_THAT(soft_.trace("C_Login"), SizeIs(0));
}

// --- a signature that is asked for and does not come ---

TEST_F(TokenSessionTest, OnlyARefusalSaysThatNothingWasSigned) {
  // CKR_DEVICE_ERROR, CKR_DEVICE_REMOVED, CKR_FUNCTION_FAILED, a length that cannot be
  for (const char* lost :
       {"C_Sign rv 30", "C_Sign rv 32", "C_Sign rv 6", "C_Sign length ffffff", "C_Sign length 3"}) {
    const auto session = logged_in();
    soft_.faults(lost);
    const auto error = error_of([&] { (void)session->sign(KeyUse::SIGNATURE, kMessage); });
    ASSERT_TRUE(error) << lost;
    EXPECT_TRUE(error->signature_unknown()) << lost;
    soft_.faults("");
  }
  // CKR_USER_NOT_LOGGED_IN, CKR_KEY_FUNCTION_NOT_PERMITTED, and what fails before
  for (const char* refused : {"C_Sign rv 101", "C_Sign rv 68", "C_SignInit rv 32"}) {
    const auto session = logged_in();
    soft_.faults(refused);
    const auto error = error_of([&] { (void)session->sign(KeyUse::SIGNATURE, kMessage); });
    ASSERT_TRUE(error) << refused;
    EXPECT_FALSE(error->signature_unknown()) << refused;
    soft_.faults("");
  }
}

}  // namespace
}  // namespace insd::pkcs11
