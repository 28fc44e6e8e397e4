// SPDX-License-Identifier: Apache-2.0
// What goes wrong at a desk, and the words for it. Every test plays the fault with the real parts.
#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

#include "drivers/cps/cps.h"
#include "drivers/pcsc/card_session.h"
#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using world::InsiOptions;
using world::World;

std::size_t verify_commands(const world::Card& card) {
  const auto exchanges = card.exchanges();
  return static_cast<std::size_t>(std::ranges::count_if(exchanges, [](const std::string& line) {
    std::string command = line.substr(0, line.find("->"));
    std::erase(command, ' ');
    // VERIFY with data: an empty one only asks for the counter.
    return command.find("00200001") != std::string::npos && command.find("0020000100") == std::string::npos;
  }));
}

class FaultsTest : public ::testing::Test {
 protected:
  void start_insd() {
    world_.start_insd(world_.insd_config());
    client_.emplace(world_.socket());
  }

  world::Card& start_with_cps(const std::string& profile = "cps-dr-exemple") {
    world_.start_pcscd();
    world::Card& card = world_.insert_card(0, "cps3", profile);
    start_insd();
    return card;
  }

  // A desk with both cards, logged in; the teleservice is the test's to start.
  void start_desk() {
    world_.start_pcscd();
    cps_ = &world_.insert_card(0, "cps3", "cps-dr-exemple");
    vitale_ = &world_.insert_card(1, "vitale2", "vitale-demo");
    start_insd();
    login_ = client_->login();
    lease_ = login_->finish("1234");
    ASSERT_TRUE(lease_) << login_->failure().detail.ShortDebugString();
    reading_ = expect_value(client_->vitale());
  }

  v1::SearchByVitaleRequest request() const {
    v1::SearchByVitaleRequest request;
    *request.mutable_context() = DeskClient::context(lease_->lease());
    request.mutable_card()->mutable_card()->set_generation(reading_.generation());
    return request;
  }

  Failure search_failure() {
    const auto outcome = client_->search(request());
    const auto* failure = std::get_if<Failure>(&outcome);
    return failure == nullptr ? Failure{} : *failure;
  }

  // Ends the login; was the card reset for it?
  bool card_reset_by_logout() {
    v1::LogoutRequest logout;
    logout.set_lease(lease_->lease());
    v1::LogoutResponse gone;
    grpc::ClientContext context;
    context.set_deadline(deadline());
    const auto status = client_->professional_->Logout(&context, logout, &gone);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return gone.card_reset();
  }

  World world_;
  world::Card* cps_ = nullptr;
  world::Card* vitale_ = nullptr;
  std::optional<DeskClient> client_;
  std::unique_ptr<Login> login_;
  std::optional<v1::Lease> lease_;
  v1::VitaleReading reading_;
};

TEST_F(FaultsTest, NoPcscd) {
  start_insd();
  const auto outcome = client_->vitale();
  EXPECT_EQ(code_of(outcome), "PCSC_ABSENT");
  EXPECT_FALSE(std::get<Failure>(outcome).detail.remedy().empty());
}

TEST_F(FaultsTest, NoCard) {
  world_.start_pcscd();
  start_insd();
  EXPECT_EQ(code_of(client_->vitale()), "CARD_ABSENT");
  EXPECT_EQ(code_of(client_->vitale("no such reader")), "READER_NOT_FOUND");
}

TEST_F(FaultsTest, AVitale1IsRecognisedAndRefused) {
  world_.start_pcscd();
  const auto profile = world_.write_file("vitale1.toml", "kind = \"vitale1\"\n");
  auto& card = world_.insert_card(1, "vitale1", profile);
  start_insd();
  EXPECT_EQ(code_of(client_->vitale()), "CARD_UNSUPPORTED");
  EXPECT_EQ(client_->readers()[1].card_kind(), v1::CARD_KIND_VITALE_1);
  EXPECT_TRUE(card.exchanges().empty()) << "nothing is sent to a card that cannot be read";
}

TEST_F(FaultsTest, TheWrongCardInTheReader) {
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-dr-exemple");
  world_.insert_card(1, "vitale2", "vitale-demo");
  start_insd();
  EXPECT_EQ(code_of(client_->vitale(world_.reader_name(0))), "CARD_WRONG_KIND");
  EXPECT_EQ(code_of(client_->professional(world_.reader_name(1))), "CARD_WRONG_KIND");
}

TEST_F(FaultsTest, ACardPulledBetweenSelectionAndSearch) {
  world_.start_insi();
  start_desk();
  vitale_->remove();
  world_.await_card(1, false);
  EXPECT_EQ(search_failure().detail.code(), "CARD_CHANGED");
  vitale_->insert();
  world_.await_card(1, true);
  // Even the same card back is another insertion: what was chosen is void.
  EXPECT_EQ(search_failure().detail.code(), "CARD_CHANGED");
}

TEST_F(FaultsTest, T_CARD_11_ACardSwappedWithoutAnEventIsNotSearchedFor) {
  world_.start_insi();
  start_desk();
  vitale_->swap(World::profile("vitale-family"));
  const auto code = search_failure().detail.code();
  EXPECT_TRUE(code == "CARD_CHANGED" || code == "CARD_REMOVED") << code;
}

TEST_F(FaultsTest, TheProfessionalsCardPulledEndsTheLease) {
  world_.start_insi();
  start_desk();
  cps_->remove();
  world_.await_card(0, false);
  const auto step = login_->next();
  ASSERT_TRUE(step && step->has_ended());
  EXPECT_EQ(step->ended().cause(), v1::LEASE_END_CAUSE_CARD_REMOVED);
  EXPECT_EQ(search_failure().detail.code(), "LEASE_LOST");
}

// ---- the PIN ----

TEST_F(FaultsTest, T_PIN_02_AWrongPinSpendsExactlyOneTryAndTheAnswerSaysSo) {
  start_with_cps();
  auto login = client_->login();
  EXPECT_FALSE(login->finish("9999"));
  const Failure failure = login->failure();
  EXPECT_EQ(failure.detail.code(), "PIN_WRONG");
  EXPECT_EQ(failure.detail.pin_try_spent(), v1::PIN_TRY_SPENT_YES);
  EXPECT_EQ(failure.detail.pin_tries_left(), 2);
  EXPECT_EQ(expect_value(client_->professional()).pin_tries_left(), 2);
}

TEST_F(FaultsTest, T_PIN_03_ABlockedCardIsSentNothing) {
  auto& card = start_with_cps("cps-blocked");
  auto login = client_->login();
  EXPECT_FALSE(login->finish("1234"));
  EXPECT_EQ(login->failure().detail.code(), "PIN_BLOCKED");
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
  EXPECT_TRUE(login->prompts().empty()) << "nobody is asked for a PIN that cannot be used";
  EXPECT_EQ(verify_commands(card), 0U);
}

TEST_F(FaultsTest, T_PIN_03_TheLastTryNeedsConsent) {
  auto& card = start_with_cps("cps-last-try");
  auto login = client_->login();
  const auto first = login->next();
  ASSERT_TRUE(first && first->has_prompt());
  EXPECT_EQ(first->prompt().kind(), v1::PROMPT_KIND_LAST_TRY_CONSENT);
  login->consent(first->prompt().prompt_id(), false);
  EXPECT_EQ(login->failure().detail.code(), "PIN_CONSENT_REQUIRED");
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
  EXPECT_EQ(verify_commands(card), 0U);
  EXPECT_TRUE(client_->login()->finish("1234")) << "with consent the right PIN works";
}

TEST_F(FaultsTest, T_PIN_04_AMalformedPinIsSentToNoCard) {
  auto& card = start_with_cps();
  using namespace std::string_literals;
  std::size_t right = 0;
  for (const std::string& pin :
       {""s, "123"s, "123456789"s, "12a4"s, "12\0"s + "4", "１２３４"s, std::string(300, '1')}) {
    auto login = client_->login();
    EXPECT_FALSE(login->finish(pin));
    EXPECT_EQ(login->failure().detail.code(), "PIN_MALFORMED") << pin.size();
    EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
    EXPECT_EQ(verify_commands(card), right);
    // Three of them in a row would make their user wait.
    EXPECT_TRUE(client_->login()->finish("1234"));
    ++right;
  }
  EXPECT_EQ(expect_value(client_->professional()).pin_tries_left(), 3);
}

TEST_F(FaultsTest, T_PIN_02_ACancelSpendsNothing) {
  auto& card = start_with_cps();
  auto login = client_->login();
  const auto prompt = login->next();
  ASSERT_TRUE(prompt && prompt->has_prompt());
  login->cancel(prompt->prompt().prompt_id());
  EXPECT_EQ(login->failure().detail.code(), "PIN_CANCELLED");
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
  EXPECT_EQ(verify_commands(card), 0U);
}

TEST_F(FaultsTest, T_PIN_05_QuestionsLeftUnansweredMakeTheirUserWait) {
  start_with_cps();
  for (const char* code : {"PIN_CANCELLED", "PIN_CANCELLED", "PIN_CANCELLED", "RATE_LIMITED"}) {
    auto login = client_->login();
    const auto prompt = login->next();
    if (prompt && prompt->has_prompt()) login->cancel(prompt->prompt().prompt_id());
    EXPECT_EQ(login->failure().detail.code(), code);
  }
}

TEST_F(FaultsTest, T_PIN_06_MalformedPinsAndRefusedConsentsMakeTheirUserWait) {
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-last-try");
  start_insd();
  auto refused = client_->login();
  const auto question = refused->next();
  ASSERT_TRUE(question && question->has_prompt());
  refused->consent(question->prompt().prompt_id(), false);
  EXPECT_EQ(refused->failure().detail.code(), "PIN_CONSENT_REQUIRED");
  for (const char* code : {"PIN_MALFORMED", "PIN_MALFORMED", "RATE_LIMITED"}) {
    auto login = client_->login();
    EXPECT_FALSE(login->finish("12a4"));
    EXPECT_EQ(login->failure().detail.code(), code);
    EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
  }
}

TEST_F(FaultsTest, T_PIN_06_ACallerThatGoesAwayTakesItsQuestionWithIt) {
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-dr-exemple");
  start_insd();
  auto first = client_->login();
  const auto prompt = first->next();
  ASSERT_TRUE(prompt && prompt->has_prompt());
  first.reset();
  // The daemon hears of it by itself: ask until it has.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  std::optional<v1::Lease> lease;
  std::string code = "PIN_PROMPT_BUSY";
  while (!lease && code == "PIN_PROMPT_BUSY" && std::chrono::steady_clock::now() < until) {
    auto second = client_->login();
    lease = second->finish("1234");
    if (!lease) code = second->failure().detail.code();
  }
  EXPECT_TRUE(lease) << code;
}

TEST_F(FaultsTest, T_PIN_06_AQuestionNamesWhoAsks) {
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-dr-exemple");
  start_insd();
  auto login = client_->login();
  const auto step = login->next();
  ASSERT_TRUE(step && step->has_prompt());
  const passwd* me = getpwuid(getuid());
  const std::string name = me != nullptr ? me->pw_name : "uid " + std::to_string(getuid());
  EXPECT_TRUE(step->prompt().caller().starts_with(name)) << step->prompt().caller();
  EXPECT_NE(step->prompt().caller().find("(" + std::to_string(getpid()) + ")"), std::string::npos)
      << step->prompt().caller();
}

// The card is logged in, and the other program's user is the same: without the token it has nothing of it.
TEST_F(FaultsTest, T_PIN_05_ALeaseServesNoOtherProgramOfTheSameUserWithoutItsToken) {
  world_.start_insi();
  start_desk();
  const auto verified = verify_commands(*cps_);
  DeskClient other(world_.socket());
  auto without = request();
  without.mutable_context()->clear_lease();
  EXPECT_EQ(code_of(other.search(without)), "LEASE_REQUIRED");
  auto invented = request();
  std::string token = lease_->lease();
  token.back() = token.back() == '0' ? '1' : '0';
  invented.mutable_context()->set_lease(token);
  EXPECT_EQ(code_of(other.search(invented)), "LEASE_INVALID");
  EXPECT_EQ(verify_commands(*cps_), verified);
  EXPECT_EQ(expect_value(client_->search(request())).outcome(), v1::SEARCH_OUTCOME_FOUND)
      << "its holder is served";
}

TEST_F(FaultsTest, T_PIN_05_ASearchWithoutOrWithAnotherLeaseIsRefused) {
  world_.start_insi();
  start_desk();
  auto without = request();
  without.mutable_context()->clear_lease();
  EXPECT_EQ(code_of(client_->search(without)), "LEASE_REQUIRED");
  auto invented = request();
  invented.mutable_context()->set_lease(std::string(64, '0'));
  EXPECT_EQ(code_of(client_->search(invented)), "LEASE_INVALID");
}

// What another program on this machine sees of the card.
bool pin_is_verified(const std::string& reader) {
  pcsc::Context context(pcsc::system_pcsc());
  pcsc::CardConnection connection(context, reader, std::chrono::seconds(3), {});
  pcsc::CardSession session(connection, {});
  return cps::pin_status(session, cps::read_layout(session)).verified;
}

TEST_F(FaultsTest, LogoutDropsTheVerifiedStateOfTheCard) {
  start_desk();
  ASSERT_TRUE(pin_is_verified(world_.reader_name(0)));
  EXPECT_TRUE(card_reset_by_logout());
  EXPECT_FALSE(pin_is_verified(world_.reader_name(0)));
  EXPECT_EQ(search_failure().detail.code(), "LEASE_INVALID");
}

TEST_F(FaultsTest, OnlyTheLastLeaseOfACardDropsItsVerifiedState) {
  start_desk();
  auto second = client_->login();
  const auto other = second->finish("1234");
  ASSERT_TRUE(other) << second->failure().detail.ShortDebugString();
  EXPECT_FALSE(card_reset_by_logout());
  EXPECT_TRUE(pin_is_verified(world_.reader_name(0)));
}

TEST_F(FaultsTest, TheDaemonLeavesNoCardVerifiedBehind) {
  start_desk();
  world_.stop_insd();
  EXPECT_FALSE(pin_is_verified(world_.reader_name(0)));
}

TEST_F(FaultsTest, T_PCSC_04_AFrozenPcscdDoesNotKeepTheDaemonFromEnding) {
  world_.start_pcscd();
  start_insd();
  ASSERT_EQ(client_->readers().size(), 2U);
  world_.pcscd().signal(SIGSTOP);
  world_.insd().signal(SIGTERM);
  const int status = world_.insd().wait(std::chrono::seconds(30));
  world_.pcscd().signal(SIGCONT);
  EXPECT_LE(status, 1) << "by itself; 1 when it had to leave its monitor behind";
}

TEST_F(FaultsTest, T_PIN_06_OneQuestionAtATimePerCard) {
  start_with_cps();
  auto first = client_->login();
  const auto prompt = first->next();
  ASSERT_TRUE(prompt && prompt->has_prompt());
  auto second = client_->login();
  EXPECT_EQ(second->failure().detail.code(), "PIN_PROMPT_BUSY");
  first->pin(prompt->prompt().prompt_id(), "1234");
  const auto lease = first->next();
  EXPECT_TRUE(lease && lease->has_lease()) << "the second caller did not disturb the first";
}

TEST_F(FaultsTest, T_PIN_06_AnAnswerToAnotherQuestionIsRefused) {
  auto& card = start_with_cps();
  auto login = client_->login();
  const auto prompt = login->next();
  ASSERT_TRUE(prompt && prompt->has_prompt());
  login->pin(std::string(32, '0'), "1234");
  EXPECT_EQ(login->failure().detail.code(), "INVALID_ARGUMENT");
  EXPECT_EQ(login->failure().detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
  EXPECT_EQ(verify_commands(card), 0U);
}

TEST_F(FaultsTest, ALeaseOfOneSignatureSignsOnce) {
  world_.start_insi();
  start_desk();
  v1::LoginStart start;
  start.set_max_signatures(1);
  auto login = client_->login(start);
  const auto once = login->finish("1234");
  ASSERT_TRUE(once);
  auto first = request();
  first.mutable_context()->set_lease(once->lease());
  EXPECT_EQ(expect_value(client_->search(first)).outcome(), v1::SEARCH_OUTCOME_FOUND);
  EXPECT_EQ(code_of(client_->search(first)), "LEASE_INVALID");
  const auto step = login->next();
  ASSERT_TRUE(step && step->has_ended());
  EXPECT_EQ(step->ended().cause(), v1::LEASE_END_CAUSE_SIGNATURES_USED);
}

TEST_F(FaultsTest, T_CARD_10_AResetByAnotherProgramEndsTheLeaseAndSendsNoPinByItself) {
  world_.start_insi();
  start_desk();
  const auto verified = verify_commands(*cps_);
  {
    pcsc::Context context(pcsc::system_pcsc());
    pcsc::CardConnection connection(context, world_.reader_name(0), std::chrono::seconds(3), {});
    connection.at_end(pcsc::AtEnd::RESET);
  }
  const auto code = search_failure().detail.code();
  EXPECT_TRUE(code == "CARD_RESET" || code == "LEASE_LOST") << code;
  EXPECT_EQ(verify_commands(*cps_), verified);
  EXPECT_EQ(search_failure().detail.code(), "LEASE_LOST");
}

TEST_F(FaultsTest, AHeldLeaseEndsWithItsStream) {
  world_.start_insi();
  start_desk();
  login_.reset();
  // The daemon hears of the end of the stream by itself: ask until it has.
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::string code;
  while (code != "LEASE_INVALID" && std::chrono::steady_clock::now() < until) {
    code = search_failure().detail.code();
  }
  EXPECT_EQ(code, "LEASE_INVALID");
}

TEST_F(FaultsTest, T_PIN_01_ThePinAppearsInNoLogAtAnyLevel) {
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-dr-second");
  std::string config = world_.insd_config();
  const auto level = config.find("log_level");
  ASSERT_NE(level, std::string::npos) << "the world's configuration sets a level";
  config.replace(level, config.find('\n', level) - level, "log_level = \"trace\"");
  world_.start_insd(config);
  client_.emplace(world_.socket());
  auto login = client_->login();
  ASSERT_TRUE(login->finish("246801")) << login->failure().detail.ShortDebugString();
  EXPECT_FALSE(client_->login()->finish("864209"));
  const auto log_path = world_.insd().log();
  world_.stop_insd();
  std::ifstream file(log_path, std::ios::binary);
  const std::string log(std::istreambuf_iterator<char>(file), {});
  ASSERT_FALSE(log.empty()) << "at level trace the daemon says something";
  for (const std::string pin : {"246801", "864209"}) {
    std::string hex, reversed(pin.rbegin(), pin.rend());
    for (const char digit : pin) hex += "3" + std::string(1, digit);
    for (const auto& form : {pin, hex, reversed}) EXPECT_EQ(log.find(form), std::string::npos) << form;
  }
}

// ---- the teleservice ----

struct InsiFault {
  const char* name;
  InsiOptions options;
  const char* code;
  v1::RetryRule retry;
};

void PrintTo(const InsiFault& fault, std::ostream* out) {
  *out << fault.name;
}

class InsiFaultsTest : public FaultsTest, public ::testing::WithParamInterface<InsiFault> {};

TEST_P(InsiFaultsTest, HasItsCodeAndIsNeverNotFound) {
  world_.start_insi(GetParam().options);
  start_desk();
  const auto outcome = client_->search(request());
  ASSERT_TRUE(std::holds_alternative<Failure>(outcome)) << "not found is an answer, this is none";
  const auto& detail = std::get<Failure>(outcome).detail;
  EXPECT_EQ(detail.code(), GetParam().code) << detail.technical_detail();
  EXPECT_EQ(detail.layer(), v1::LAYER_INSI);
  EXPECT_EQ(detail.retry(), GetParam().retry);
  EXPECT_EQ(detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
}

InsiFault with_fault(const char* name, const char* fault, const char* code, v1::RetryRule retry) {
  return {name, {"good", std::string("fault = \"") + fault + "\"\n"}, code, retry};
}

INSTANTIATE_TEST_SUITE_P(
    Faults, InsiFaultsTest,
    ::testing::Values(
        InsiFault{"WrongHost", {"wrong-host", ""}, "INSI_TLS_UNTRUSTED", v1::RETRY_RULE_NEVER},
        InsiFault{"SelfSigned", {"self-signed", ""}, "INSI_TLS_UNTRUSTED", v1::RETRY_RULE_NEVER},
        InsiFault{"Expired", {"expired", ""}, "INSI_TLS_UNTRUSTED", v1::RETRY_RULE_NEVER},
        InsiFault{"WrongRoot", {"wrong-root", ""}, "INSI_TLS_INTERCEPTED", v1::RETRY_RULE_NEVER},
        with_fault("ServiceDown", "desir_1020", "INSI_UNAVAILABLE", v1::RETRY_RULE_LATER),
        with_fault("SecondSearchDown", "insi_101", "INSI_UNAVAILABLE", v1::RETRY_RULE_LATER),
        with_fault("UnknownSoftware", "desir_550", "INSI_NOT_AUTHORISED", v1::RETRY_RULE_NEVER),
        with_fault("Html", "html", "INSI_ANSWER_INVALID", v1::RETRY_RULE_LATER),
        with_fault("EmptyBody", "empty", "INSI_ANSWER_INVALID", v1::RETRY_RULE_LATER),
        with_fault("PlainError", "http_500_plain", "INSI_ANSWER_INVALID", v1::RETRY_RULE_LATER),
        with_fault("CutAfterReading", "cut_after_read", "INSI_NO_ANSWER", v1::RETRY_RULE_NOW)),
    [](const auto& each) { return std::string(each.param.name); });

TEST_F(FaultsTest, InsiUnreachable) {
  world_.start_insi();
  world_.stop_insi();
  start_desk();
  const Failure failure = search_failure();
  EXPECT_EQ(failure.detail.code(), "INSI_UNREACHABLE") << failure.detail.technical_detail();
  EXPECT_EQ(failure.detail.retry(), v1::RETRY_RULE_LATER);
}

TEST_F(FaultsTest, AnIdentityInDoubtIsNotSent) {
  world_.start_insi();
  start_desk();
  for (const auto attribute : {v1::IDENTITY_ATTRIBUTE_DOUBTFUL, v1::IDENTITY_ATTRIBUTE_FICTITIOUS}) {
    auto doubtful = request();
    doubtful.mutable_context()->clear_identity_attributes();
    doubtful.mutable_context()->add_identity_attributes(attribute);
    EXPECT_EQ(code_of(client_->search(doubtful)), "IDENTITY_FORBIDS_CALL");
  }
  auto silent = request();
  silent.mutable_context()->clear_identity_attributes();
  silent.mutable_context()->clear_purpose_id();
  const auto refused = client_->search(silent);
  ASSERT_EQ(code_of(refused), "INVALID_ARGUMENT");
  EXPECT_EQ(std::get<Failure>(refused).detail.field_violations_size(), 2);
}

}  // namespace
}  // namespace insd::test
