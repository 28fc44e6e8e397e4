// SPDX-License-Identifier: Apache-2.0
#include "tests/system/pcscd_killer.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace insd::test {
namespace {

namespace fs = std::filesystem;
using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr unsigned kCps = 0, kVitale = 1;
constexpr unsigned kQuestions = 4;
constexpr unsigned kWarmUp = 5;  // rounds after which the daemon has whatever it keeps
// gRPC's own pools, and calls of a round that is just over.
constexpr std::size_t kLeewayThreads = 12, kLeewayDescriptors = 24;

// What may be said to somebody whose question met the end of pcscd.
const std::set<std::string> kHonest = {
    "OK",         "PCSC_LOST",        "PCSC_ABSENT",   "PCSC_RESTARTING", "CARD_CHANGED", "CARD_REMOVED",
    "CARD_RESET", "READER_NOT_FOUND", "READER_FAILED", "CARD_ABSENT",     "CARD_MUTE"};

std::size_t entries(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

void expect_the_patient(const v1::VitaleReading& reading) {
  ASSERT_GE(reading.beneficiaries_size(), 1);
  EXPECT_EQ(reading.beneficiaries(0).usual_name(), "ECETINSI");
}

}  // namespace

std::uint64_t seed_of_this_run() {
  const char* given = std::getenv("INSD_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  std::cout << "seed " << seed << " (INSD_SEED=" << seed << " plays it again)" << std::endl;
  return seed;
}

PcscdKiller::PcscdKiller(std::uint64_t seed) : random_(seed) {
  world_.start_pcscd();
  world_.insert_card(kCps, "cps3", "cps-dr-exemple");
  world_.insert_card(kVitale, "vitale2", "vitale-demo");
  world_.start_insd(world_.insd_config());
  client_.emplace(world_.socket());
  watch_.emplace(*client_->reader_);
}

microseconds PcscdKiller::random_moment() {
  // Most of a read takes milliseconds; what follows a start (power, events, back-off) takes hundreds.
  constexpr std::int64_t kLongest[] = {2'000, 20'000, 500'000};
  const std::int64_t longest = kLongest[random_() % std::size(kLongest)];
  return microseconds(std::uniform_int_distribution<std::int64_t>(0, longest)(random_));
}

void PcscdKiller::ask(unsigned what) {
  std::string code = "OK";
  if (what == 0) {
    const auto outcome = client_->vitale();
    code = code_of(outcome);
    if (code == "OK") expect_the_patient(std::get<v1::VitaleReading>(outcome));
  } else if (what == 1) {
    code = code_of(client_->professional());
  } else if (what == 2) {
    EXPECT_LE(client_->readers().size(), 2U);
  } else {
    auto login = client_->login();  // up to the question: no PIN is spent on this
    const auto step = login->next();
    if (!step) code = login->failure().detail.code();
  }
  // Who lets question after question for the PIN lapse has to wait a minute.
  const bool too_often = what == 3 && code == "RATE_LIMITED";
  EXPECT_TRUE(kHonest.contains(code) || too_often) << "question " << what << ": " << code;
  ++answers_[code];
}

void PcscdKiller::one_round() {
  const unsigned what = static_cast<unsigned>(random_() % kQuestions);
  std::thread application([this, what] { ask(what); });
  std::this_thread::sleep_for(random_moment());  // the random moment itself
  world_.stop_pcscd(SIGKILL);
  application.join();
  world_.start_pcscd();
  if (random_() % 4 == 0) {  // and once more, before the daemon has found its feet
    std::this_thread::sleep_for(random_moment());
    world_.stop_pcscd(SIGKILL);
    world_.start_pcscd();
  }
  const auto started = steady_clock::now();
  expect_the_whole_desk();
  longest_recovery_ =
      std::max(longest_recovery_, std::chrono::duration_cast<milliseconds>(steady_clock::now() - started));
}

void PcscdKiller::expect_the_whole_desk() {
  const auto vitale = world_.reader_name(kVitale), cps = world_.reader_name(kCps);
  const auto is_back = [&](const DeskWatch::Picture& picture) {
    return card_is(vitale, v1::CARD_KIND_VITALE_2, vitale_generation_)(picture) &&
           card_is(cps, v1::CARD_KIND_CPS_3, cps_generation_)(picture);
  };
  const auto picture = watch_->wait_for(is_back);
  ASSERT_TRUE(picture) << "the daemon did not find pcscd and both cards again";
  vitale_generation_ = picture->readers.at(vitale).generation();
  cps_generation_ = picture->readers.at(cps).generation();
  const auto readers = client_->readers();
  ASSERT_EQ(readers.size(), 2U);
  for (const auto& reader : readers)
    EXPECT_EQ(reader.state(), v1::READER_STATE_CARD_PRESENT) << reader.ShortDebugString();
  const auto reading = client_->vitale();
  ASSERT_EQ(code_of(reading), "OK") << std::get<Failure>(reading).detail.ShortDebugString();
  expect_the_patient(std::get<v1::VitaleReading>(reading));
  const auto professional = client_->professional();
  ASSERT_EQ(code_of(professional), "OK") << std::get<Failure>(professional).detail.ShortDebugString();
  EXPECT_EQ(std::get<v1::ProfessionalCard>(professional).pin_tries_left(), 3);
}

void PcscdKiller::take_stock() {
  const fs::path process = "/proc/" + std::to_string(world_.insd().pid());
  const std::size_t threads = entries(process / "task"), descriptors = entries(process / "fd");
  if (threads_ == 0) {
    threads_ = threads, descriptors_ = descriptors;
    return;
  }
  EXPECT_LE(threads, threads_ + kLeewayThreads) << "threads are left behind";
  EXPECT_LE(descriptors, descriptors_ + kLeewayDescriptors) << "descriptors are left behind";
}

void PcscdKiller::run(unsigned times) {
  const auto begin = steady_clock::now();
  expect_the_whole_desk();
  unsigned round = 0;
  while (round < times && !testing::Test::HasFailure()) {
    SCOPED_TRACE("round " + std::to_string(round));
    one_round();
    if (++round >= std::min(kWarmUp, times)) take_stock();
  }
  EXPECT_EQ(round, times);
  EXPECT_TRUE(world_.insd().running());
  print(round, steady_clock::now() - begin);
}

void PcscdKiller::print(unsigned times, steady_clock::duration took) const {
  std::cout << times << " kills in " << std::chrono::duration_cast<std::chrono::seconds>(took).count()
            << " s; longest recovery, reads included, " << longest_recovery_.count()
            << " ms; answers meanwhile:";
  for (const auto& [code, count] : answers_) std::cout << ' ' << code << ' ' << count;
  std::cout << std::endl;
}

}  // namespace insd::test
