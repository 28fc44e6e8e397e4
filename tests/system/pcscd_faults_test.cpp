// SPDX-License-Identifier: Apache-2.0
// A daemon at work while its pcscd is killed, frozen or full, and while cards leave and are swapped under it.
#include <algorithm>
#include <future>
#include <map>
#include <set>

#include <gtest/gtest.h>
#include <winscard.h>

#include "tests/system/pcscd_killer.h"

namespace insd::test {
namespace {

using std::chrono::seconds;

TEST(PcscdFaults, T_PCSC_01_PcscdKilledTwentyTimes) {
  PcscdKiller(seed_of_this_run()).run(20);
}

std::size_t pins_sent(const world::Card& card) {
  const auto exchanges = card.exchanges();
  return static_cast<std::size_t>(std::ranges::count_if(
      exchanges, [](const std::string& line) { return line.starts_with("0020") && line[8] != '0'; }));
}

// What pcscd counts for a reader: one for each insertion and each removal that its poll has seen (400 ms).
class EventCounter {
 public:
  explicit EventCounter(std::string reader) : reader_(std::move(reader)) {
    EXPECT_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_), SCARD_S_SUCCESS);
    state_.szReader = reader_.c_str();
    wait(0);
  }
  ~EventCounter() { SCardReleaseContext(context_); }
  EventCounter(const EventCounter&) = delete;
  EventCounter& operator=(const EventCounter&) = delete;

  /// Waits until it has moved. A reader may be called empty before that: a reset that fails on a card that
  /// has just left says so at once, and a card that comes back before the poll is then never seen.
  bool has_moved() {
    const DWORD before = counter();
    const auto until = std::chrono::steady_clock::now() + seconds(30);
    while (counter() == before && std::chrono::steady_clock::now() < until) {
      constexpr DWORD kAtMost = 1000;
      wait(kAtMost);
    }
    return counter() != before;
  }

 private:
  [[nodiscard]] DWORD counter() const { return state_.dwEventState >> 16U; }
  void wait(DWORD milliseconds) {
    state_.dwCurrentState = state_.dwEventState & ~DWORD{SCARD_STATE_CHANGED};
    SCardGetStatusChange(context_, milliseconds, &state_, 1);
  }

  std::string reader_;
  SCARDCONTEXT context_ = 0;
  SCARD_READERSTATE state_{};
};

class DeskFaults : public testing::Test {
 protected:
  void start() {
    world_.start_pcscd();
    cps_ = &world_.insert_card(0, "cps3", "cps-dr-exemple");
    vitale_ = &world_.insert_card(1, "vitale2", "vitale-demo");
    start_insd();
    ASSERT_TRUE(sees_both());
  }
  void start_insd() {
    std::string config = world_.insd_config();
    const std::string section = "[daemon]\n";
    config.insert(config.find(section) + section.size(), "requests_per_minute = 60000\n");
    world_.start_insd(config);
    client_.emplace(world_.socket());
    watch_.emplace(*client_->reader_);
  }

  bool sees(unsigned reader, v1::CardKind kind) {
    return watch_->wait_for(card_is(world_.reader_name(reader), kind)).has_value();
  }
  bool sees_both() { return sees(0, v1::CARD_KIND_CPS_3) && sees(1, v1::CARD_KIND_VITALE_2); }
  // Out, and back in once pcscd has seen it gone.
  void take_out_and_back(world::Card& card, v1::CardKind kind) {
    EventCounter events(world_.reader_name(card.reader()));
    card.remove();
    ASSERT_TRUE(events.has_moved());
    ASSERT_TRUE(sees_empty(card.reader()));
    card.insert();
    ASSERT_TRUE(sees(card.reader(), kind));
  }
  bool sees_empty(unsigned reader) {
    return watch_->wait_for(reader_is(world_.reader_name(reader), v1::READER_STATE_EMPTY)).has_value();
  }
  bool sees_service(v1::PcscState state) {
    return watch_
        ->wait_for([state](const DeskWatch::Picture& picture) { return picture.pcsc.state() == state; })
        .has_value();
  }

  // `card` leaves after every `step`th of the answers that `flow` needs, and comes back. `flow` gives its
  // code.
  void take_out_after_each_answer(world::Card& card, v1::CardKind kind,
                                  const std::function<std::string()>& flow, std::size_t step = 1) {
    const std::size_t before = card.exchanges().size();
    ASSERT_EQ(flow(), "OK");
    const std::size_t answers = card.exchanges().size() - before;
    ASSERT_GT(answers, 0U);
    for (std::size_t k = answers % step + (answers % step == 0 ? step : 0); k <= answers; k += step) {
      SCOPED_TRACE("after answer " + std::to_string(k));
      take_out_and_back(card, kind);
      if (HasFatalFailure()) return;
      EventCounter events(world_.reader_name(card.reader()));
      card.send("die-after " + std::to_string(k));
      const std::string code = flow();
      // The last answer was given: what it is good for depends on when the daemon hears of the removal.
      const bool whole = k == answers && code == "OK";
      // CARD_PROTOCOL: on a busy machine vpcd hands over an empty answer when its card has gone.
      EXPECT_TRUE(whole || code == "CARD_REMOVED" || code == "CARD_CHANGED" || code == "CARD_PROTOCOL")
          << code;
      card.process().wait_for_line("REMOVED");
      ASSERT_TRUE(events.has_moved());
      ASSERT_TRUE(sees_empty(card.reader()));
      card.insert();
      ASSERT_TRUE(sees(card.reader(), kind));
    }
    // The daemon is none the worse for it.
    take_out_and_back(card, kind);
    EXPECT_EQ(flow(), "OK");
  }

  std::string logging_in() {
    auto login = client_->login();
    return login->finish("1234") ? "OK" : login->failure().detail.code();
  }

  world::World world_;
  world::Card* cps_ = nullptr;
  world::Card* vitale_ = nullptr;
  std::optional<DeskClient> client_;
  std::optional<DeskWatch> watch_;
  std::function<void()> sign_now_;  // called between the login and the signature
};

TEST_F(DeskFaults, T_PCSC_01_PcscdStoppedForAnUpgradeAndStartedAgain) {
  start();
  for (int upgrade = 0; upgrade < 3; ++upgrade) {
    world_.stop_pcscd(SIGTERM);
    ASSERT_TRUE(sees_service(v1::PCSC_STATE_ABSENT));
    EXPECT_EQ(code_of(client_->vitale()), "PCSC_ABSENT");
    world_.start_pcscd();
    ASSERT_TRUE(sees_both());
    EXPECT_EQ(code_of(client_->vitale()), "OK");
  }
}

// Every context that pcscd has left, for as long as this object lives.
class AllContexts {
 public:
  AllContexts() {
    constexpr std::size_t kMoreThanPcscdHas = 300;
    for (SCARDCONTEXT next = 0; taken_.size() < kMoreThanPcscdHas; taken_.push_back(next)) {
      if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &next) != SCARD_S_SUCCESS) return;
    }
    ADD_FAILURE() << "pcscd has more contexts than that";
  }
  ~AllContexts() {
    for (const SCARDCONTEXT context : taken_) SCardReleaseContext(context);
  }
  AllContexts(const AllContexts&) = delete;
  AllContexts& operator=(const AllContexts&) = delete;

 private:
  std::vector<SCARDCONTEXT> taken_;
};

TEST_F(DeskFaults, T_PCSC_01_AnotherProgramUsesUpAllContexts) {
  start();
  {
    const AllContexts taken;
    EXPECT_EQ(code_of(client_->vitale()), "PCSC_OUT_OF_CONTEXTS")
        << "the monitor has its own, a reading finds none";
    watch_.reset();
    client_.reset();
    world_.stop_insd();
    const AllContexts those_of_the_daemon_too;
    start_insd();
    ASSERT_TRUE(sees_service(v1::PCSC_STATE_OUT_OF_CONTEXTS)) << "a daemon that starts now finds none at all";
    EXPECT_EQ(code_of(client_->vitale()), "PCSC_OUT_OF_CONTEXTS");
  }
  ASSERT_TRUE(sees_both()) << "recovers by itself";
  EXPECT_EQ(code_of(client_->vitale()), "OK");
}

TEST_F(DeskFaults, T_PCSC_04_AFrozenPcscdHoldsUpNobodyButItsCards) {
  start();
  world_.pcscd().signal(SIGSTOP);
  auto reading = std::async(std::launch::async, [this] { return client_->vitale(); });
  // A caller with less patience is told so when it ends.
  grpc::ClientContext hurried;
  hurried.set_deadline(std::chrono::system_clock::now() + seconds(1));
  v1::GetProfessionalCardResponse response;
  const auto status = client_->professional_->GetProfessionalCard(&hurried, {}, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED) << status.error_message();
  EXPECT_EQ(client_->readers().size(), 2U) << "what needs no card is answered";
  EXPECT_EQ(reading.wait_for(seconds(0)), std::future_status::timeout);
  world_.pcscd().signal(SIGCONT);
  EXPECT_EQ(code_of(reading.get()), "OK") << "it waited, and nothing was lost";
  EXPECT_EQ(code_of(client_->professional()), "OK");
}

TEST_F(DeskFaults, T_CARD_09_TheVitaleLeavesAfterEachAnswerOfItsReading) {
  start();
  take_out_after_each_answer(*vitale_, v1::CARD_KIND_VITALE_2, [this] { return code_of(client_->vitale()); });
}

TEST_F(DeskFaults, T_CARD_09_TheProfessionalsCardLeavesAfterEachAnswerOfALogin) {
  start();
  // The counter is asked for without a PIN: whatever happened, no try was spent by a right PIN.
  // Not every answer: a real pcscd needs a second for each, and hostile/card_flows_test leaves none out.
  take_out_after_each_answer(
      *cps_, v1::CARD_KIND_CPS_3, [this] { return logging_in(); }, 5);
  EXPECT_EQ(expect_value(client_->professional()).pin_tries_left(), 3);
}

TEST_F(DeskFaults, T_CARD_09_TheProfessionalsCardLeavesAfterEachAnswerOfASignature) {
  world_.start_insi();
  start();
  const auto sign = [this] {
    auto login = client_->login();
    const auto lease = login->finish("1234");
    if (!lease) return "login: " + login->failure().detail.code();
    const auto request = DeskClient::zoe(DeskClient::context(lease->lease()));
    if (sign_now_) sign_now_();
    return code_of(client_->search(request));
  };
  const std::size_t before = cps_->exchanges().size();
  std::size_t until_signing = 0;
  sign_now_ = [&] { until_signing = cps_->exchanges().size(); };
  ASSERT_EQ(sign(), "OK");
  const std::size_t answers = cps_->exchanges().size() - until_signing;
  ASSERT_GT(answers, 3U) << (until_signing - before);
  for (std::size_t k = 1; k <= answers; ++k) {
    sign_now_ = [&] { cps_->send("die-after " + std::to_string(k)); };
    EventCounter events(world_.reader_name(0));
    const std::string code = sign();
    const bool signed_all_the_same = k == answers && code == "OK";
    EXPECT_TRUE(signed_all_the_same || code == "CARD_REMOVED" || code == "CARD_CHANGED" ||
                code == "CARD_PROTOCOL" || code == "LEASE_LOST")
        << k << ": " << code;
    cps_->process().wait_for_line("REMOVED");
    ASSERT_TRUE(events.has_moved());
    ASSERT_TRUE(sees_empty(0));
    cps_->insert();
    ASSERT_TRUE(sees(0, v1::CARD_KIND_CPS_3)) << k;
  }
  sign_now_ = nullptr;
  EXPECT_EQ(sign(), "OK");
}

TEST_F(DeskFaults, T_CARD_11_OneInsertionNeverShowsTwoCards) {
  const std::set<std::string> honest = {"CARD_CHANGED", "CARD_REMOVED", "CARD_ABSENT", "CARD_MUTE",
                                        "CARD_RESET"};
  world_.start_insi();
  start();
  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease) << login->failure().detail.ShortDebugString();
  std::map<std::string, std::string> shown;  // by generation: who was on the card
  std::string last;
  const char* const profiles[] = {"vitale-family", "vitale-demo"};
  for (unsigned swap = 0; swap < 8; ++swap) {
    vitale_->swap(world::World::profile(profiles[swap % 2]));
    // pcscd need not see the swap: until then the old card may be shown, under its old generation. But a
    // search reads again, and is refused; from then on the new card is shown.
    const auto until = std::chrono::steady_clock::now() + seconds(30);
    std::string people = last;
    while (people == last && std::chrono::steady_clock::now() < until) {
      const auto outcome = client_->vitale();
      if (code_of(outcome) != "OK") {
        EXPECT_TRUE(honest.contains(code_of(outcome))) << code_of(outcome);
        continue;
      }
      const auto& reading = expect_value(outcome);
      people.clear();
      for (const auto& each : reading.beneficiaries()) {
        people += each.usual_name() + " " + each.given_name() + "; ";
      }
      EXPECT_EQ(shown.emplace(reading.generation(), people).first->second, people)
          << "two cards under one generation";
      if (people != last) continue;
      v1::SearchByVitaleRequest search;
      *search.mutable_context() = DeskClient::context(lease->lease());
      search.mutable_card()->mutable_card()->set_generation(reading.generation());
      const std::string code = code_of(client_->search(search));
      EXPECT_TRUE(honest.contains(code)) << code << ": asked for one person with the card of another";
    }
    EXPECT_NE(people, last) << "the card that was there before";
    last = people;
  }
}

TEST_F(DeskFaults, T_CARD_11_ThePinForOneCardIsNotSentToAnother) {
  start();
  auto login = client_->login();
  const auto question = login->next();
  ASSERT_TRUE(question && question->has_prompt());
  const auto before = pins_sent(*cps_);
  cps_->swap(world::World::profile("cps-dr-second"));
  login->pin(question->prompt().prompt_id(), "1234");
  const auto failure = login->failure();
  EXPECT_TRUE(failure.detail.code() == "CARD_CHANGED" || failure.detail.code() == "CARD_REMOVED")
      << failure.detail.code();
  EXPECT_EQ(failure.detail.pin_try_spent(), v1::PIN_TRY_SPENT_NO);
  EXPECT_EQ(pins_sent(*cps_), before);
}

TEST_F(DeskFaults, T_CARD_10_AResetBetweenPinAndSignatureIsNotRepairedByItself) {
  world_.start_insi();
  start();
  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease);
  const auto pins = pins_sent(*cps_);
  SCARDCONTEXT context = 0;
  SCARDHANDLE card = 0;
  DWORD protocol = 0;
  ASSERT_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context), SCARD_S_SUCCESS);
  ASSERT_EQ(SCardConnect(context, world_.reader_name(0).c_str(), SCARD_SHARE_SHARED,
                         SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol),
            SCARD_S_SUCCESS);
  SCardDisconnect(card, SCARD_RESET_CARD);
  SCardReleaseContext(context);
  const auto request = DeskClient::zoe(DeskClient::context(lease->lease()));
  for (int again = 0; again < 3; ++again) {
    const auto code = code_of(client_->search(request));
    EXPECT_TRUE(code == "LEASE_LOST" || (again == 0 && code == "CARD_RESET")) << code;
  }
  EXPECT_EQ(pins_sent(*cps_), pins) << "a PIN is asked for again, never kept";
  EXPECT_EQ(logging_in(), "OK") << "and then it goes on";
}

}  // namespace
}  // namespace insd::test
