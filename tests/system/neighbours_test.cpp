// SPDX-License-Identifier: Apache-2.0
// insd beside another program that uses the same cards through the same pcscd, as billing software does all
// day. The other program speaks to libpcsclite itself.
#include <chrono>
#include <future>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <winscard.h>

#include "tests/system/desk_client.h"
#include "tests/system/desk_watch.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using namespace std::chrono_literals;
using world::World;
using Octets = std::vector<unsigned char>;

class OtherProgram {
 public:
  explicit OtherProgram(const std::string& reader, DWORD share = SCARD_SHARE_SHARED) {
    DWORD protocol = 0;
    EXPECT_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_), SCARD_S_SUCCESS);
    // A program that wants the reader for itself asks until the daemon's own short visit to the card is over.
    LONG answer = SCARD_E_SHARING_VIOLATION;
    for (const auto until = deadline();
         answer == SCARD_E_SHARING_VIOLATION && std::chrono::system_clock::now() < until;
         std::this_thread::yield())
      answer = SCardConnect(context_, reader.c_str(), share, SCARD_PROTOCOL_T0, &card_, &protocol);
    EXPECT_EQ(answer, SCARD_S_SUCCESS);
  }
  ~OtherProgram() {
    SCardDisconnect(card_, SCARD_LEAVE_CARD);
    SCardReleaseContext(context_);
  }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;

  void begin() const { EXPECT_EQ(SCardBeginTransaction(card_), SCARD_S_SUCCESS); }
  void end() const { EXPECT_EQ(SCardEndTransaction(card_, SCARD_LEAVE_CARD), SCARD_S_SUCCESS); }
  [[nodiscard]] Octets ask(const Octets& command) const {
    Octets answer(258);
    DWORD length = answer.size();
    EXPECT_EQ(
        SCardTransmit(card_, SCARD_PCI_T0, command.data(), command.size(), nullptr, answer.data(), &length),
        SCARD_S_SUCCESS);
    answer.resize(length);
    return answer;
  }
  /// The identity file's first 16 bytes, by name: an answer that a selection of ours in between would spoil.
  [[nodiscard]] Octets read_identity() const {
    begin();
    Octets all;
    for (const Octets& command :
         {Octets{0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00}, Octets{0x00, 0xA4, 0x00, 0x00, 0x02, 0xD0, 0x01},
          Octets{0x00, 0xB0, 0x00, 0x00, 0x10}}) {
      const Octets answer = ask(command);
      all.insert(all.end(), answer.begin(), answer.end());
    }
    end();
    return all;
  }

 private:
  SCARDCONTEXT context_ = 0;
  SCARDHANDLE card_ = 0;
};

class NeighboursTest : public ::testing::Test {
 protected:
  void start(bool cps_too = false) {
    world_.start_pcscd();
    vitale_ = &world_.insert_card(1, "vitale2", "vitale-demo");
    if (cps_too) cps_ = &world_.insert_card(0, "cps3", "cps-dr-exemple");
    world_.start_insd(world_.insd_config());
    client_.emplace(world_.socket());
  }
  [[nodiscard]] std::string reader() const { return world_.reader_name(1); }

  // The code of a ReadVitale that its caller waits for no longer than `patience`.
  std::string read_within(std::chrono::milliseconds patience) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + patience);
    v1::ReadVitaleResponse response;
    const auto status = client_->vitale_->ReadVitale(&context, {}, &response);
    if (status.ok()) return "OK";
    const std::string code = decode(status).detail.code();
    return code.empty() ? "gRPC " + std::to_string(status.error_code()) : code;
  }

  bool wait_for_state(v1::ReaderState wanted) {
    return DeskWatch(*client_->reader_).wait_for(reader_is(reader(), wanted)).has_value();
  }

  World world_;
  world::Card* vitale_ = nullptr;
  world::Card* cps_ = nullptr;
  std::optional<DeskClient> client_;
};

TEST_F(NeighboursTest, T_PCSC_03_ATransactionOfASecondIsWaitedFor) {
  start();
  const OtherProgram other(reader());
  other.begin();
  auto ours = std::async(std::launch::async, [&] { return read_within(25s); });
  // Somebody who wants the card for a second; nothing is waited for here.
  std::this_thread::sleep_for(1s);
  other.end();
  EXPECT_EQ(ours.get(), "OK");
}

TEST_F(NeighboursTest, T_PCSC_03_AReaderHeldForEverIsNamedAndComesBackByItself) {
  start(true);
  {
    const OtherProgram other(reader());
    other.begin();
    const auto before = vitale_->exchanges().size();
    EXPECT_EQ(read_within(3s), "READER_HELD");
    EXPECT_TRUE(wait_for_state(v1::READER_STATE_HELD));
    EXPECT_EQ(read_within(3s), "READER_HELD");
    EXPECT_TRUE(std::holds_alternative<v1::ProfessionalCard>(client_->professional()))
        << "the other reader is held up as well";
    EXPECT_EQ(vitale_->exchanges().size(), before);
    other.end();
  }
  EXPECT_TRUE(wait_for_state(v1::READER_STATE_CARD_PRESENT));
  EXPECT_EQ(read_within(25s), "OK");
}

TEST_F(NeighboursTest, T_PCSC_03_AnExclusiveProgramIsNamedAndItsEndIsNoticed) {
  start();
  {
    const OtherProgram other(reader(), SCARD_SHARE_EXCLUSIVE);
    EXPECT_EQ(read_within(3s), "READER_HELD");
    EXPECT_TRUE(wait_for_state(v1::READER_STATE_HELD));
  }
  EXPECT_TRUE(wait_for_state(v1::READER_STATE_CARD_PRESENT));
  EXPECT_EQ(read_within(25s), "OK");
}

TEST_F(NeighboursTest, ACallGivenUpLeavesTheCardToTheNext) {
  start();
  const OtherProgram other(reader());
  const Octets identity = other.read_identity();
  for (int i = 0; i < 5; ++i) {
    grpc::ClientContext context;
    context.set_deadline(deadline());
    other.begin();
    auto ours = std::async(std::launch::async, [&] {
      v1::ReadVitaleResponse response;
      return client_->vitale_->ReadVitale(&context, {}, &response).error_code();
    });
    // Given up before or while the daemon waits for the card: both must do.
    context.TryCancel();
    EXPECT_EQ(ours.get(), grpc::StatusCode::CANCELLED);
    other.end();
    EXPECT_EQ(read_within(25s), "OK");
    EXPECT_EQ(other.read_identity(), identity);
  }
}

// Every PC/SC call of the other program succeeds: a card that had been reset or switched off would say
// SCARD_W_RESET_CARD.
TEST_F(NeighboursTest, TwoProgramsAlternateOnTheSameCards) {
  start(true);
  const OtherProgram at_vitale(reader());
  const OtherProgram at_cps(world_.reader_name(0));
  const auto person = expect_value(client_->vitale());
  const auto professional = expect_value(client_->professional());
  const Octets identity = at_vitale.read_identity();
  ASSERT_EQ(identity.size(), 2U + 2U + 18U);
  const auto exchanges_before = cps_->exchanges().size();
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(at_vitale.read_identity(), identity);
    at_cps.begin();
    const Octets selected = at_cps.ask({0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00});
    EXPECT_EQ(expect_value(client_->vitale()).beneficiaries_size(), person.beneficiaries_size());
    at_cps.end();
    EXPECT_GE(selected.size(), 2U);
    const auto again = expect_value(client_->professional());
    EXPECT_EQ(again.card_number(), professional.card_number());
    EXPECT_EQ(again.generation(), professional.generation());
  }
  EXPECT_GT(cps_->exchanges().size(), exchanges_before + 200) << "the daemon did not speak to the card";
}

TEST_F(NeighboursTest, TheDoctorNamesWhoMayHoldTheReader) {
  start();
  const auto well = world_.run({"insctl", "doctor"});
  EXPECT_EQ(well.status, 0) << well.out << well.err;
  const OtherProgram other(reader());
  other.begin();
  EXPECT_EQ(read_within(2s), "READER_HELD");
  const auto held = world_.run({"insctl", "--json", "doctor"});
  EXPECT_EQ(held.status, 1) << held.err;
  EXPECT_NE(held.out.find("\"READER_HELD\""), std::string::npos) << held.out;
  EXPECT_NE(held.out.find("\"CARD_OPEN_TO_ALL_USERS\""), std::string::npos) << held.out;
  // This process is the one.
  EXPECT_NE(held.out.find("READER_HELD_BY_ONE_OF"), std::string::npos) << held.out;
  EXPECT_NE(held.out.find("pid " + std::to_string(::getpid())), std::string::npos) << held.out;
  other.end();
}

TEST_F(NeighboursTest, TheDoctorSaysThatPcscdIsNotThere) {
  world_.start_insd(world_.insd_config());
  const auto outcome = world_.run({"insctl", "--json", "doctor"});
  EXPECT_EQ(outcome.status, 1) << outcome.err;
  EXPECT_NE(outcome.out.find("\"PCSC_ABSENT\""), std::string::npos) << outcome.out;
  world_.stop_insd();
  const auto alone = world_.run({"insctl", "doctor"});
  EXPECT_EQ(alone.status, 1) << alone.err;
  EXPECT_NE(alone.out.find("DAEMON_ABSENT"), std::string::npos) << alone.out;
}

}  // namespace
}  // namespace insd::test
