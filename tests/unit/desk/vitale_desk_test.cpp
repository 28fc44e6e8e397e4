// SPDX-License-Identifier: Apache-2.0
// How often a Vitale card is asked: once for display, again for each search, ahead of time where that is
// wanted.
#include "daemon/desk/vitale_desk.h"

#include <atomic>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "drivers/base/error.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/drivers/expect_error.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::desk {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::FakeVitale;

constexpr auto kPatience = 30s;
// SELECT MF, READ twice (the card says how much), SELECT VITALE, READ twice.
constexpr std::size_t kOneReading = 6;

std::shared_ptr<FakeVitale> card_of(std::string_view given_name, bool by_id = false) {
  auto card = std::make_shared<FakeVitale>();
  (by_id ? card->d001 : card->sfi_2) = test::vitale_person("DURAND", given_name, "19690527");
  card->nirs = test::vitale_nir("269054958815780");
  return card;
}

/// Holds the card's answers back until go_on(), or its own end.
class CardThatWaits {
 public:
  explicit CardThatWaits(std::function<void()>& before_answer) {
    before_answer = [state = state_] {
      if (!state->was_asked.exchange(true)) state->asked.set_value();
      state->may_go.wait();
    };
  }
  ~CardThatWaits() { go_on(); }
  CardThatWaits(const CardThatWaits&) = delete;
  CardThatWaits& operator=(const CardThatWaits&) = delete;

  bool asked() { return state_->asked.get_future().wait_for(kPatience) == std::future_status::ready; }
  void go_on() {
    if (!std::exchange(gone_on_, true)) state_->go_on.set_value();
  }

 private:
  struct State {
    std::atomic<bool> was_asked = false;
    std::promise<void> asked, go_on;
    std::shared_future<void> may_go = go_on.get_future().share();
  };
  std::shared_ptr<State> state_ = std::make_shared<State>();
  bool gone_on_ = false;
};

class VitaleDeskTest : public ::testing::Test {
 protected:
  VitaleDeskTest() {
    pcsc_.add_reader("R");
    desk_.start();
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~VitaleDeskTest() override {
    desk_.stop();
    on_executor([this] {
      prefetch_.reset();
      vitale_.reset();
    });
    work_.reset();
    io_.stop();
  }

  void on_executor(const std::function<void()>& action) {
    std::promise<void> done;
    asio::post(io_, [&] {
      action();
      done.set_value();
    });
    done.get_future().wait();
  }

  // The generation of the card once the desk has seen it.
  std::string insert(std::shared_ptr<FakeVitale> card) {
    const std::string before = generation();
    pcsc_.insert("R", from_hex("3B7513000045 09EA9000"), [this, card](ByteView command) {
      if (before_answer_) before_answer_();
      return card->exchange(command);
    });
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while ((generation().empty() || generation() == before) && std::chrono::steady_clock::now() < until) {
      std::this_thread::sleep_for(1ms);
    }
    return generation();
  }
  void eject() {
    pcsc_.eject("R");
    const auto until = std::chrono::steady_clock::now() + kPatience;
    while (!generation().empty() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(1ms);
  }
  std::string generation() const {
    const auto state = desk_.state();
    return state->readers.empty() ? "" : state->readers[0].generation;
  }

  std::future<VitaleReading> start(Selection card = {}, Patience patience = {}) {
    return asio::co_spawn(io_, vitale_->read(std::move(card), {}, std::move(patience)), asio::use_future);
  }
  static VitaleReading result(std::future<VitaleReading> future) {
    if (future.wait_for(kPatience) != std::future_status::ready) throw std::runtime_error("no end");
    return future.get();
  }
  VitaleReading read(Selection card = {}) { return result(start(std::move(card))); }
  VitaleReading read_again(const std::string& generation) {
    return result(asio::co_spawn(io_, vitale_->read_again({"", generation}, {}, {}), asio::use_future));
  }
  static std::string given_name(const VitaleReading& reading) {
    return reading.content.beneficiaries.at(0).given_name;
  }

  test::ScriptedPcsc pcsc_;
  std::function<void()> before_answer_;  // on the worker's thread; set while no card is inserted
  Clock clock_;
  asio::io_context io_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_{asio::make_work_guard(io_)};
  Desk desk_{io_.get_executor(), pcsc_.api(), {}, "start", clock_};
  std::optional<VitaleDesk> vitale_{std::in_place, desk_, clock_};
  std::shared_ptr<void> prefetch_;
  std::jthread thread_;
};

TEST_F(VitaleDeskTest, ASecondReadingForDisplayAsksTheCardNothing) {
  const auto card = card_of("NATHALIE");
  const std::string generation = insert(card);
  const auto first = read();
  EXPECT_EQ(card->log.size(), kOneReading);
  const auto second = read({"", generation});
  EXPECT_EQ(card->log.size(), kOneReading);
  EXPECT_EQ(second.content, first.content);
  EXPECT_EQ(second.read_at, first.read_at) << "it says when the card was read";
  EXPECT_EQ(pcsc_.calls("Connect"), 1);
}

TEST_F(VitaleDeskTest, ASearchReadsTheCardEachTime) {
  const auto card = card_of("NATHALIE");
  const std::string generation = insert(card);
  EXPECT_EQ(test::code_of([&] { read_again(generation); }), Code::CARD_CHANGED) << "nobody was chosen on it";
  read();
  read_again(generation);
  read_again(generation);
  EXPECT_EQ(card->log.size(), 3 * kOneReading);
}

TEST_F(VitaleDeskTest, T_CARD_11_WhatWasReadEndsWithTheGeneration) {
  const auto first = card_of("NATHALIE"), second = card_of("LEO");
  const std::string old = insert(first);
  EXPECT_EQ(given_name(read()), "NATHALIE");
  eject();
  EXPECT_EQ(test::code_of([&] { read(); }), Code::CARD_ABSENT);
  insert(second);
  EXPECT_EQ(test::code_of([&] { read({"", old}); }), Code::CARD_CHANGED);
  EXPECT_EQ(given_name(read()), "LEO");
  EXPECT_EQ(second->log.size(), kOneReading);
}

TEST_F(VitaleDeskTest, T_CARD_11_ACardSwappedWithoutAnEventIsNoticedByTheSearchAndShownToNobody) {
  const auto card = card_of("NATHALIE");
  const std::string generation = insert(card);
  read();
  card->sfi_2 = test::vitale_person("DURAND", "LEO", "20100931");
  EXPECT_EQ(test::code_of([&] { read_again(generation); }), Code::CARD_CHANGED);
  EXPECT_EQ(given_name(read()), "LEO") << "under its own generation";
  EXPECT_NE(this->generation(), generation);
}

TEST_F(VitaleDeskTest, ThoseWhoAskAtTheSameTimeAreGivenOneReading) {
  const auto card = card_of("NATHALIE");
  CardThatWaits waits(before_answer_);
  insert(card);
  std::vector<std::future<VitaleReading>> all;
  all.push_back(start());
  ASSERT_TRUE(waits.asked());
  for (int i = 0; i < 4; ++i) all.push_back(start());
  std::stop_source impatient;
  auto given_up = start({}, impatient.get_token());
  on_executor([] {});  // all of them have begun
  impatient.request_stop();
  EXPECT_EQ(test::code_of([&] { result(std::move(given_up)); }), Code::CANCELLED);
  waits.go_on();
  for (auto& one : all) EXPECT_EQ(given_name(result(std::move(one))), "NATHALIE");
  EXPECT_EQ(card->log.size(), kOneReading);
}

TEST_F(VitaleDeskTest, AReadingThatFailsIsNotKeptAndTheNextOneWhoAsksTries) {
  const auto card = card_of("NATHALIE");
  CardThatWaits waits(before_answer_);
  insert(card);
  std::stop_source cancelled;
  auto first = start({}, cancelled.get_token());
  ASSERT_TRUE(waits.asked());
  auto second = start();
  on_executor([] {});
  cancelled.request_stop();
  waits.go_on();
  EXPECT_EQ(test::code_of([&] { result(std::move(first)); }), Code::CANCELLED);
  EXPECT_EQ(given_name(result(std::move(second))), "NATHALIE");
}

TEST_F(VitaleDeskTest, TheWayThatWorkedIsTriedFirstOnTheNextCardOfTheMask) {
  const auto first = card_of("NATHALIE", true), second = card_of("LEO", true);
  insert(first);
  read();
  EXPECT_EQ(first->sent("00B0820000"), 2U)
      << "the identity is looked for by short id, and the numbers are there";
  eject();
  insert(second);
  EXPECT_EQ(given_name(read()), "LEO");
  EXPECT_EQ(second->sent("00B0820000"), 1U);
  EXPECT_EQ(second->log.size(), first->log.size() - 1);
}

TEST_F(VitaleDeskTest, ACardReadAheadIsShownWithoutAskingIt) {
  on_executor([this] {
    prefetch_ =
        desk_.watch([this](const std::shared_ptr<const State>& state) { vitale_->prefetch(*state, {}); });
  });
  const auto card = card_of("NATHALIE");
  const std::string generation = insert(card);
  // Whether it comes before, during or after the reading ahead: one reading.
  EXPECT_EQ(given_name(read()), "NATHALIE");
  EXPECT_EQ(given_name(read()), "NATHALIE");
  EXPECT_EQ(card->log.size(), kOneReading);
  read_again(generation);
  EXPECT_EQ(card->log.size(), 2 * kOneReading) << "a search reads again";
}

TEST_F(VitaleDeskTest, ReadingAheadAsksOnceAlsoWhenItFails) {
  const auto card = card_of("NATHALIE");
  card->vitale_application = false;
  insert(card);
  const auto state = desk_.state();
  on_executor([&] { vitale_->prefetch(*state, {}); });
  EXPECT_EQ(test::code_of([&] { read(); }), Code::CARD_WRONG_KIND);
  const std::size_t asked = card->log.size();
  on_executor([&] { vitale_->prefetch(*state, {}); });
  // The worker does one job after the other: this one comes behind whatever a second reading ahead asked for.
  EXPECT_EQ(test::code_of([&] { read(); }), Code::CARD_WRONG_KIND);
  EXPECT_EQ(card->log.size(), asked + asked / 2);
}

}  // namespace
}  // namespace insd::desk
