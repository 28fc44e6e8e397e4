// SPDX-License-Identifier: Apache-2.0
// The direct way to a card that is not of the test PKI: whose tries it may use, and what ends that.
#include "daemon/desk/real_cards.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "daemon/desk/direct_backend.h"
#include "tests/unit/desk/desk_fixture.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/insi/test_pki.h"

namespace insd::desk {
namespace {

class RealCardsTest : public DeskTest {
 protected:
  RealCardsTest() {
    std::string name = std::filesystem::temp_directory_path() / "insd-real-cards-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    state_ = name;
    config_.direct_real_cards = true;
    card_.real_signatures = false;
  }
  ~RealCardsTest() override { std::filesystem::remove_all(state_); }

  void start(const std::string& authority = "IGC-SANTE") {
    test::CertificateSpec spec;
    spec.issuer = {{{"O", "ASIP-SANTE"}}, {{"OU", authority}}, {{"CN", "AC IGC-SANTE FORT PERSONNES"}}};
    const auto certificate = test::make_certificate(spec, test::shared_key(), test::shared_key());
    for (const char* file : {"3F000001C001", "3F000001C002"})
      card_.files[file] = test::to_der(certificate.get());
    desk_.start();
    pcsc_.insert("R", kCpsAtr, [this](ByteView command) { return card_.exchange(command); });
    wait_for([](const State& s) { return !s.readers.empty() && !s.readers[0].generation.empty(); });
    restart();
  }
  // As a daemon that has just been started: it knows what the state directory says.
  void restart() {
    backend_.emplace(desk_, config_, state_);
    card_chosen_ = wait(backend_->choose({}, {}));
    read();
  }
  void read() { who_ = wait(backend_->read(card_chosen_, {})); }

  template <class T>
  T wait(asio::awaitable<T> work) {
    return result(asio::co_spawn(io_, std::move(work), asio::use_future));
  }
  template <class Work>
  static std::optional<Code> code_of(Work work) {
    try {
      work();
      return std::nullopt;
    } catch (const Error& error) {
      return error.code();
    }
  }
  std::optional<Code> verify(const std::string& digits = "1234") {
    return code_of(
        [&] { wait(backend_->verify(who_, std::make_shared<SecretString>(digits), LastTry::REFUSE, {})); });
  }
  std::optional<Code> sign() {
    return code_of([&] {
      wait(backend_->sign(card_chosen_, KeyUse::SIGNATURE, std::make_shared<Bytes>(Bytes{1, 2, 3}), {}));
    });
  }
  std::optional<Code> allowed() {
    return code_of([&] { backend_->require_login_allowed(who_); });
  }
  // From here on the card says this to commands with data of this instruction.
  void answer(std::uint8_t instruction, Bytes status) {
    card_.lie = [instruction, status = std::move(status)](ByteView command) -> std::optional<Bytes> {
      return command.size() > 5 && command[1] == instruction ? std::optional(status) : std::nullopt;
    };
  }
  [[nodiscard]] std::filesystem::path stopped() const { return state_ / "direct-driver-stopped"; }

  test::FakeCps card_;
  std::filesystem::path state_;
  CpsConfig config_;
  std::optional<DirectBackend> backend_;
  Chosen card_chosen_;
  Professional who_;
};

TEST_F(RealCardsTest, T_PIN_01_ANewRealCardNeedsAllItsTriesAndOneThatIsKnownDoesNotEvenAfterARestart) {
  start();
  ASSERT_FALSE(who_.test_pki);
  ASSERT_FALSE(who_.card_number.empty());
  card_.tries = 2;
  read();
  EXPECT_EQ(allowed(), Code::CPS_DIRECT_NOT_ALLOWED);
  card_.tries = 3;
  read();
  EXPECT_EQ(allowed(), std::nullopt);
  ASSERT_EQ(verify(), std::nullopt);

  restart();
  card_.tries = 2;
  read();
  EXPECT_EQ(allowed(), std::nullopt);
  who_.card_number += "1";
  EXPECT_EQ(allowed(), Code::CPS_DIRECT_NOT_ALLOWED) << "of another card nothing is known";
}

TEST_F(RealCardsTest, T_PIN_01_ARealCardWithoutANumberNeedsAllItsTriesEachTime) {
  start();
  who_.card_number.clear();
  ASSERT_EQ(verify(), std::nullopt);
  who_.tries_left = 2;
  EXPECT_EQ(allowed(), Code::CPS_DIRECT_NOT_ALLOWED);
}

TEST_F(RealCardsTest, T_PIN_01_AnUnexpectedAnswerToVerifyEndsThePinsOfRealCardsUntilAnOperatorActs) {
  start();
  ASSERT_EQ(verify(), std::nullopt);
  answer(0x20, {0x6F, 0x00});
  EXPECT_EQ(verify(), Code::CARD_PROTOCOL);
  EXPECT_EQ(allowed(), Code::CPS_DIRECT_NOT_ALLOWED);

  card_.lie = nullptr;
  const auto sent = card_.sent("0020");
  EXPECT_EQ(verify(), Code::CPS_DIRECT_NOT_ALLOWED) << "a question that was open already";
  EXPECT_EQ(sign(), Code::CPS_DIRECT_NOT_ALLOWED);
  EXPECT_EQ(card_.sent("0020"), sent) << "nothing is sent";

  restart();
  EXPECT_EQ(allowed(), Code::CPS_DIRECT_NOT_ALLOWED) << "nor does a restart mend it";
  ASSERT_TRUE(std::filesystem::remove(stopped())) << "the operator";
  EXPECT_EQ(allowed(), std::nullopt);
  EXPECT_EQ(verify(), std::nullopt);
}

TEST_F(RealCardsTest, T_PIN_01_AnUnexpectedAnswerToASignatureEndsThemToo) {
  start();
  const auto hold = backend_->hold(card_chosen_);
  ASSERT_EQ(verify(), std::nullopt);
  answer(0x2A, {0x6F, 0x00});
  EXPECT_EQ(sign(), Code::CARD_PROTOCOL);
  EXPECT_EQ(allowed(), Code::CPS_DIRECT_NOT_ALLOWED);
  EXPECT_TRUE(std::filesystem::exists(stopped()));
}

TEST_F(RealCardsTest, AWrongPinAndAForgottenLoginAreOrdinary) {
  start();
  EXPECT_EQ(verify("9999"), Code::PIN_WRONG);
  EXPECT_EQ(sign(), Code::CARD_ACCESS_DENIED);
  EXPECT_FALSE(std::filesystem::exists(stopped()));
}

TEST_F(RealCardsTest, ATestCardStopsNothingAndIsNotStopped) {
  start("IGC-SANTE TEST");
  ASSERT_TRUE(who_.test_pki);
  answer(0x20, {0x6F, 0x00});
  EXPECT_EQ(verify(), Code::CARD_PROTOCOL);
  EXPECT_FALSE(std::filesystem::exists(stopped()));
  std::ofstream(stopped()) << "a real card\n";
  card_.lie = nullptr;
  EXPECT_EQ(allowed(), std::nullopt);
  EXPECT_EQ(verify(), std::nullopt);
}

TEST_F(RealCardsTest, AStateDirectoryThatCannotBeWrittenStopsTheDriverForAsLongAsItRuns) {
  RealCards cards(state_ / "missing");
  EXPECT_EQ(code_of([&] { cards.require_not_stopped(); }), std::nullopt);
  cards.stop("VERIFY: 6F00");
  EXPECT_EQ(code_of([&] { cards.require_not_stopped(); }), Code::CPS_DIRECT_NOT_ALLOWED);
}

TEST_F(RealCardsTest, AFileOfOtherThingsProvesNoCard) {
  std::ofstream(state_ / "direct-proven-cards") << "\n12 34\n../x\n8025000001\n"
                                                << std::string(5000, '7') << "\n";
  const RealCards cards(state_);
  EXPECT_TRUE(cards.proven("8025000001"));
  for (const char* number : {"", "12 34", "../x", "7777"}) EXPECT_FALSE(cards.proven(number)) << number;
}

}  // namespace
}  // namespace insd::desk
