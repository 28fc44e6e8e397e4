// SPDX-License-Identifier: Apache-2.0
// What WatchReaders tells while readers, cards and pcscd itself come and go: states with a code and a remedy,
// outages from their loss to their end.
#include <algorithm>
#include <chrono>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "drivers/pcsc/card_session.h"
#include "tests/system/desk_client.h"
#include "tests/system/desk_watch.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using world::World;
using Steady = std::chrono::steady_clock;
using Kind = v1::PcscEventKind;

/// What a watcher knew when it last waited.
class Watch {
 public:
  using Picture = DeskWatch::Picture;

  explicit Watch(v1::ReaderService::Stub& stub) : watch_(stub) {
    EXPECT_TRUE(until([](const Picture& now) { return now.complete; }));
  }

  bool until(const std::function<bool(const Picture&)>& wanted) {
    const auto came = watch_.wait_for(wanted);
    if (came) picture_ = *came;
    return came.has_value();
  }
  bool until_reader(const std::string& name, v1::ReaderState state) { return until(reader_is(name, state)); }
  bool until_event(Kind kind) {
    return until([&](const Picture& now) {
      return std::any_of(now.events.begin() + forgotten_, now.events.end(),
                         [&](const v1::PcscEvent& event) { return event.kind() == kind; });
    });
  }

  [[nodiscard]] const v1::Reader& reader(const std::string& name) const { return picture_.readers.at(name); }
  [[nodiscard]] bool has(const std::string& name) const { return picture_.readers.contains(name); }
  [[nodiscard]] const v1::PcscStatus& pcsc() const { return picture_.pcsc; }
  [[nodiscard]] std::vector<v1::PcscEvent> events() const {
    return {picture_.events.begin() + forgotten_, picture_.events.end()};
  }
  [[nodiscard]] std::vector<Kind> kinds() const {
    std::vector<Kind> kinds;
    for (const auto& event : events()) kinds.push_back(event.kind());
    return kinds;
  }
  void forget_events() { forgotten_ = static_cast<std::ptrdiff_t>(picture_.events.size()); }

 private:
  DeskWatch watch_;
  Picture picture_;
  std::ptrdiff_t forgotten_ = 0;
};

std::int64_t milliseconds_of(const v1::PcscEvent& event) {
  return event.outage().seconds() * 1000 + event.outage().nanos() / 1'000'000;
}

class ReaderStatesTest : public ::testing::Test {
 protected:
  void start_insd() {
    world_.start_insd(world_.insd_config());
    client_.emplace(world_.socket());
  }

  Watch start_with_card(unsigned reader, const std::string& kind, const std::string& profile) {
    world_.start_pcscd();
    world_.insert_card(reader, kind, profile);
    start_insd();
    return Watch(*client_->reader_);
  }

  // What a program that wants the reader for itself does.
  struct Exclusive {
    explicit Exclusive(const std::string& reader) : context(pcsc::system_pcsc()) {
      DWORD protocol = 0;
      result = SCardConnect(context.handle(), reader.c_str(), SCARD_SHARE_EXCLUSIVE,
                            SCARD_PROTOCOL_T0 | SCARD_PROTOCOL_T1, &card, &protocol);
    }
    ~Exclusive() { SCardDisconnect(card, SCARD_LEAVE_CARD); }
    Exclusive(const Exclusive&) = delete;
    Exclusive& operator=(const Exclusive&) = delete;

    pcsc::Context context;
    SCARDHANDLE card = 0;
    LONG result = 0;
  };

  // A read by somebody who does not wait for ever.
  void read_vitale_once() {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(5));
    v1::ReadVitaleResponse response;
    EXPECT_FALSE(client_->vitale_->ReadVitale(&context, {}, &response).ok());
  }

  std::string refusal(const std::string& generation) {
    grpc::ClientContext context;
    context.set_deadline(deadline());
    v1::ReadVitaleRequest request;
    request.mutable_card()->set_generation(generation);
    v1::ReadVitaleResponse response;
    return decode(client_->vitale_->ReadVitale(&context, request, &response)).detail.code();
  }

  World world_;
  std::optional<DeskClient> client_;
};

TEST_F(ReaderStatesTest, T_PCSC_01_PcscdStoppedAndKilledIsLostRecoveringRecovered) {
  Watch watch = start_with_card(1, "vitale2", "vitale-demo");
  const std::string name = world_.reader_name(1);
  ASSERT_TRUE(watch.until_reader(name, v1::READER_STATE_CARD_PRESENT));
  for (const int signal : {SIGTERM, SIGKILL}) {
    const std::string generation = watch.reader(name).generation();
    watch.forget_events();
    const auto begin = Steady::now();
    world_.stop_pcscd(signal);
    ASSERT_TRUE(watch.until_event(v1::PCSC_EVENT_KIND_LOST));
    ASSERT_TRUE(watch.until([](const auto& now) { return now.pcsc.state() == v1::PCSC_STATE_ABSENT; }));
    EXPECT_EQ(watch.pcsc().problem_code(), "PCSC_ABSENT");
    EXPECT_THAT(watch.pcsc().problem(), HasSubstr("pas démarré"));
    EXPECT_THAT(watch.pcsc().remedy(), HasSubstr("démarrer"));
    EXPECT_GT(watch.pcsc().since().seconds(), 0);
    EXPECT_FALSE(watch.has(name)) << "no reader of the old world is left";
    EXPECT_TRUE(client_->readers().empty());
    world_.start_pcscd();
    ASSERT_TRUE(watch.until_reader(name, v1::READER_STATE_CARD_PRESENT));
    const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin).count();
    EXPECT_THAT(watch.kinds(), ElementsAre(v1::PCSC_EVENT_KIND_LOST, v1::PCSC_EVENT_KIND_RECOVERING,
                                           v1::PCSC_EVENT_KIND_RECOVERED));
    EXPECT_FALSE(watch.events()[0].problem_code().empty());
    EXPECT_FALSE(watch.events()[1].problem_code().empty());
    EXPECT_GT(milliseconds_of(watch.events()[2]), 0);
    EXPECT_LE(milliseconds_of(watch.events()[2]), whole + 1);
    EXPECT_EQ(watch.pcsc().state(), v1::PCSC_STATE_AVAILABLE);
    EXPECT_TRUE(watch.pcsc().problem_code().empty());
    // The same card in the same reader, and yet another one.
    EXPECT_NE(watch.reader(name).generation(), generation);
    EXPECT_EQ(refusal(generation), "CARD_CHANGED");
    EXPECT_EQ(code_of(client_->vitale()), "OK");
  }
}

TEST_F(ReaderStatesTest, T_PCSC_01_PcscdStartedAfterTheDaemonIsRecovered) {
  const auto begin = Steady::now();
  start_insd();
  Watch watch(*client_->reader_);
  ASSERT_EQ(watch.pcsc().state(), v1::PCSC_STATE_ABSENT) << watch.pcsc().ShortDebugString();
  world_.start_pcscd();
  ASSERT_TRUE(watch.until_reader(world_.reader_name(0), v1::READER_STATE_EMPTY));
  ASSERT_FALSE(watch.events().empty());
  EXPECT_EQ(watch.events().back().kind(), v1::PCSC_EVENT_KIND_RECOVERED);
  EXPECT_THAT(watch.kinds(), Not(::testing::Contains(v1::PCSC_EVENT_KIND_LOST)));
  const auto whole = std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - begin).count();
  EXPECT_GT(milliseconds_of(watch.events().back()), 0);
  EXPECT_LE(milliseconds_of(watch.events().back()), whole + 1);
}

TEST_F(ReaderStatesTest, T_PCSC_01_APcscdWithoutAFreeContextIsNamedAndWaitedFor) {
  world_.start_pcscd();
  std::vector<SCARDCONTEXT> taken;
  for (SCARDCONTEXT next = 0; taken.size() < 300; taken.push_back(next)) {
    if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &next) != SCARD_S_SUCCESS) break;
  }
  ASSERT_LT(taken.size(), 300U);
  start_insd();
  Watch watch(*client_->reader_);
  EXPECT_EQ(watch.pcsc().state(), v1::PCSC_STATE_OUT_OF_CONTEXTS) << watch.pcsc().ShortDebugString();
  EXPECT_EQ(watch.pcsc().problem_code(), "PCSC_OUT_OF_CONTEXTS");
  EXPECT_FALSE(watch.pcsc().remedy().empty());
  EXPECT_EQ(code_of(client_->vitale()), "PCSC_OUT_OF_CONTEXTS");
  for (const SCARDCONTEXT context : taken) SCardReleaseContext(context);
  ASSERT_TRUE(watch.until_event(v1::PCSC_EVENT_KIND_RECOVERED));
  ASSERT_TRUE(watch.until_reader(world_.reader_name(0), v1::READER_STATE_EMPTY));
}

TEST_F(ReaderStatesTest, T_PCSC_01_NoLeaseSurvivesPcscd) {
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-dr-exemple");
  start_insd();
  auto login = client_->login();
  ASSERT_TRUE(login->finish("1234")) << login->failure().detail.ShortDebugString();
  world_.stop_pcscd(SIGKILL);
  const auto step = login->next();
  ASSERT_TRUE(step && step->has_ended());
  EXPECT_EQ(step->ended().cause(), v1::LEASE_END_CAUSE_SERVICE_LOST)
      << "not what another program's reset is called";
  EXPECT_EQ(step->ended().code(), "LEASE_LOST");
  Watch watch(*client_->reader_);
  world_.start_pcscd();
  ASSERT_TRUE(watch.until_reader(world_.reader_name(0), v1::READER_STATE_CARD_PRESENT));
  EXPECT_TRUE(client_->login()->finish("1234")) << "the card itself is as good as before";
}

TEST_F(ReaderStatesTest, T_CARD_10_AResetByAnotherProgramIsAnotherGenerationOfTheSameReader) {
  Watch watch = start_with_card(0, "cps3", "cps-dr-exemple");
  const std::string name = world_.reader_name(0);
  ASSERT_TRUE(watch.until_reader(name, v1::READER_STATE_CARD_PRESENT));
  auto login = client_->login();
  ASSERT_TRUE(login->finish("1234")) << login->failure().detail.ShortDebugString();
  const std::string generation = watch.reader(name).generation();
  {
    pcsc::Context context(pcsc::system_pcsc());
    pcsc::CardConnection connection(context, name, std::chrono::seconds(20), {});
    connection.at_end(pcsc::AtEnd::RESET);
  }
  EXPECT_EQ(code_of(client_->professional()), "CARD_RESET");
  ASSERT_TRUE(watch.until([&](const auto& now) {
    return now.readers.contains(name) && now.readers.at(name).generation() != generation;
  }));
  EXPECT_EQ(watch.reader(name).state(), v1::READER_STATE_CARD_PRESENT);
  EXPECT_TRUE(watch.events().empty()) << "the service had no part in it";
  const auto step = login->next();
  ASSERT_TRUE(step && step->has_ended());
  EXPECT_EQ(step->ended().cause(), v1::LEASE_END_CAUSE_CARD_RESET);
  EXPECT_EQ(code_of(client_->professional()), "OK") << "who asks again is served";
}

TEST_F(ReaderStatesTest, T_PCSC_03_AReaderHeldByAnotherProgramIsShownAndSoIsItsEnd) {
  Watch watch = start_with_card(1, "vitale2", "vitale-demo");
  const std::string name = world_.reader_name(1);
  ASSERT_TRUE(watch.until_reader(name, v1::READER_STATE_CARD_PRESENT));
  const v1::Reader before = watch.reader(name);
  {
    const Exclusive other(name);
    ASSERT_EQ(other.result, SCARD_S_SUCCESS);
    read_vitale_once();
    ASSERT_TRUE(watch.until_reader(name, v1::READER_STATE_HELD));
    const v1::Reader& held = watch.reader(name);
    EXPECT_EQ(held.problem_code(), "READER_HELD");
    EXPECT_THAT(held.problem(), HasSubstr("autre logiciel"));
    EXPECT_FALSE(held.remedy().empty());
    EXPECT_EQ(held.generation(), before.generation()) << "it is still that card";
    EXPECT_GE(held.since().seconds(), before.since().seconds());
  }
  // pcsc-lite tells nobody; nothing is asked of the daemon meanwhile.
  ASSERT_TRUE(watch.until_reader(name, v1::READER_STATE_CARD_PRESENT));
  EXPECT_TRUE(watch.reader(name).problem_code().empty());
  EXPECT_EQ(code_of(client_->vitale()), "OK");
}

TEST_F(ReaderStatesTest, ThePersonIsToldInWords) {
  start_insd();
  Watch watch(*client_->reader_);
  ASSERT_EQ(watch.pcsc().state(), v1::PCSC_STATE_ABSENT) << watch.pcsc().ShortDebugString();
  auto said = world_.run({"env", "LC_ALL=fr_FR.UTF-8", "insctl", "readers"});
  EXPECT_EQ(said.status, 0) << said.err;
  EXPECT_THAT(said.out, HasSubstr("Service de cartes à puce : arrêté, depuis "));
  EXPECT_THAT(said.out, HasSubstr("PCSC_ABSENT"));
  EXPECT_THAT(said.out, HasSubstr("Que faire : Le démarrer"));
  world_.start_pcscd();
  world_.insert_card(1, "vitale2", "vitale-demo");
  ASSERT_TRUE(watch.until_reader(world_.reader_name(1), v1::READER_STATE_CARD_PRESENT));
  said = world_.run({"env", "LC_ALL=en_GB.UTF-8", "insctl", "readers"});
  EXPECT_THAT(said.out, HasSubstr("no card, since "));
  EXPECT_THAT(said.out, HasSubstr("card present, Vitale 2 card, since "));
  EXPECT_THAT(said.out, Not(HasSubstr("PCSC_")));
}

TEST_F(ReaderStatesTest, WhoWatchesReadsTheStoryOfAnOutage) {
  world_.start_pcscd();
  world_.insert_card(1, "vitale2", "vitale-demo");
  start_insd();
  auto environment = world_.environment();
  std::erase_if(environment, [](const std::string& entry) { return entry.starts_with("LC_ALL="); });
  environment.emplace_back("LC_ALL=fr_FR.UTF-8");
  world::Process watch({"insctl", "watch"}, environment, world_.directory() / "watch.log");
  watch.wait_for_line("(fin de l'état initial");
  world_.stop_pcscd(SIGKILL);
  watch.wait_for_line("Service de cartes à puce : arrêté");
  watch.wait_for_line("  PCSC_ABSENT: Le service de cartes à puce (pcscd) n'est pas démarré.");
  watch.wait_for_line("  Que faire : Le démarrer");
  world_.start_pcscd();
  watch.wait_for_line("Service de cartes à puce : disponible");
  while (watch.wait_for_line("poste-vitale [").find("carte présente, carte Vitale 2") == std::string::npos) {
  }
  watch.end(SIGTERM);
  std::vector<std::string> story;
  for (const std::string& line : watch.lines()) {
    for (const char* word : {"perdue ;", ": rétablissement", "rétablie en "}) {
      if (line.find(word) != std::string::npos) story.emplace_back(word);
    }
  }
  EXPECT_THAT(story, ElementsAre("perdue ;", ": rétablissement", "rétablie en "));
}

}  // namespace
}  // namespace insd::test
