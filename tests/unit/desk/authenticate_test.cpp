// SPDX-License-Identifier: Apache-2.0
// A proof of presence between lease, journal and card: nothing is signed that is not written down first, and
// nothing leaves that does not verify.
#include <gmock/gmock.h>

#include "daemon/desk/professional.h"
#include "tests/unit/desk/desk_fixture.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/insi/test_pki.h"

namespace insd::desk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr std::uint32_t kUser = 1000;
constexpr const char* kInternalAuthenticate = "00880000";

class KeptJournal final : public journal::Journal {
 public:
  std::uint64_t begin(const journal::Begin& record) override {
    if (full) throw Error(Code::JOURNAL_UNAVAILABLE);
    if (on_begin) on_begin(record);
    lines.push_back("begin " + record.operation + " " + record.audience);
    return lines.size();
  }
  void end(std::uint64_t /*id*/, const journal::End& record) noexcept override {
    lines.push_back("end " + record.code);
  }
  bool full = false;
  std::function<void(const journal::Begin&)> on_begin;
  std::vector<std::string> lines;
};

class Typist final : public Asker {
 public:
  asio::awaitable<PromptAnswer> ask(const Prompt& /*prompt*/) override { co_return SecretString("1234"); }
};

class AuthenticateTest : public DeskTest {
 protected:
  ~AuthenticateTest() override {
    asio::post(io_, [this] { professionals_.reset(); });
    wait(nothing());
  }

  static asio::awaitable<int> nothing() { co_return 0; }

  static Bytes certificate(cps::KeyUse use, const std::string& key_usage) {
    test::CertificateSpec spec;
    spec.key_usage = key_usage;
    return test::to_der(test::make_certificate(spec, test::FakeCps::key(use), test::shared_key()).get());
  }

  // Inserts the card and logs in.
  void start(const std::string& authentication_usage = "critical,digitalSignature",
             unsigned max_signatures = 0) {
    card_.files["3F000001C001"] = certificate(cps::KeyUse::SIGNATURE, "critical,nonRepudiation");
    card_.files["3F000001C002"] = certificate(cps::KeyUse::AUTHENTICATION, authentication_usage);
    config_.backend = CpsBackend::DIRECT;
    professionals_.emplace(io_.get_executor(), desk_, config_, "insd-token", writer_, clock_);
    desk_.start();
    pcsc_.insert("R", kCpsAtr, [this](ByteView command) { return card_.exchange(command); });
    wait_for([](const State& s) { return !s.readers.empty() && !s.readers[0].generation.empty(); });
    LoginRequest request;
    request.max_signatures = max_signatures;
    Owner owner;
    owner.uid = kUser;
    lease_ = wait(professionals_->login(request, owner, {}, typist_, {})).token;
    lines();
    journal_.lines.clear();
  }

  template <class T>
  T wait(asio::awaitable<T> work) {
    return result(asio::co_spawn(io_, std::move(work), asio::use_future));
  }

  asio::awaitable<Presence> work(std::uint32_t uid) {
    PresenceRequest request;
    request.lease = lease_;
    request.challenge = Bytes(32, 0xC5);
    request.audience = "https://records.example.org";
    Owner owner;
    owner.uid = uid;
    return professionals_->authenticate(std::move(request), std::move(owner), {});
  }
  /// What is written by now.
  const std::vector<std::string>& lines() {
    asio::co_spawn(io_, writer_.written(), asio::use_future).wait();
    return journal_.lines;
  }
  Presence authenticate() { return wait(work(kUser)); }
  Code refused(std::uint32_t uid = kUser) {
    try {
      wait(work(uid));
    } catch (const Error& error) {
      return error.code();
    }
    return Code::INTERNAL;
  }

  test::FakeCps card_;
  CpsConfig config_;
  KeptJournal journal_;
  journal::Writer writer_{journal_};
  Typist typist_;
  std::optional<ProfessionalDesk> professionals_;
  std::string lease_;
};

TEST_F(AuthenticateTest, IsWrittenDownBeforeTheCardSigns) {
  start();
  std::size_t signed_at_begin = 99;
  journal_.on_begin = [&](const journal::Begin& record) {
    signed_at_begin = card_.sent(kInternalAuthenticate);
    EXPECT_EQ(record.uid, kUser);
    EXPECT_EQ(record.professional, "899900000001");
    EXPECT_EQ(record.message_id.size(), 32U);
  };
  const Presence presence = authenticate();
  EXPECT_EQ(signed_at_begin, 0U);
  EXPECT_EQ(card_.sent(kInternalAuthenticate), 1U);
  EXPECT_EQ(card_.sent("002A9E9A"), 0U) << "never the signature key";
  EXPECT_THAT(lines(), ElementsAre("begin authenticate https://records.example.org", "end OK"));
  EXPECT_THAT(presence.proof, ::testing::StartsWith(presence_prefix()));
  EXPECT_EQ(presence.certificate, card_.files["3F000001C002"]);
}

TEST_F(AuthenticateTest, WithoutAJournalNothingIsSigned) {
  start("critical,digitalSignature", 1);
  journal_.full = true;
  EXPECT_EQ(refused(), Code::JOURNAL_UNAVAILABLE);
  EXPECT_EQ(card_.sent(kInternalAuthenticate), 0U);
  journal_.full = false;
  EXPECT_NO_THROW(authenticate()) << "the lease's only signature is still there";
  EXPECT_EQ(refused(), Code::LEASE_INVALID);
}

TEST_F(AuthenticateTest, WhatDoesNotVerifyDoesNotLeave) {
  start();
  card_.real_signatures = false;
  EXPECT_EQ(refused(), Code::SIGNATURE_INVALID);
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("begin"), "end SIGNATURE_INVALID"));
}

TEST_F(AuthenticateTest, T_CARD_07_ASignatureCertificateInItsPlaceProvesNothing) {
  start("critical,digitalSignature,nonRepudiation");
  EXPECT_EQ(refused(), Code::CERTIFICATE_INVALID);
  EXPECT_EQ(card_.sent(kInternalAuthenticate), 0U);
  EXPECT_THAT(lines(), ElementsAre());
}

TEST_F(AuthenticateTest, T_PIN_05_AnothersLeaseAndAForgottenPin) {
  start();
  EXPECT_EQ(refused(kUser + 1), Code::LEASE_INVALID) << "the same token, another user";
  EXPECT_EQ(card_.sent(kInternalAuthenticate), 0U);
  card_.verified = false;  // another program logged out
  EXPECT_EQ(refused(), Code::LEASE_LOST);
  EXPECT_EQ(card_.sent("0020000104"), 1U) << "no PIN is sent by itself";
  EXPECT_EQ(refused(), Code::LEASE_LOST);
}

// The card has signed, and its answer is not one.
TEST_F(AuthenticateTest, ASignatureThatIsLostIsUnknownInTheJournalAndCountsForTheLease) {
  start("critical,digitalSignature", 1);
  card_.lie = [](ByteView command) -> std::optional<Bytes> {
    return to_hex(command).starts_with(kInternalAuthenticate) ? std::optional(from_hex("9000"))
                                                              : std::nullopt;
  };
  EXPECT_EQ(refused(), Code::CARD_PROTOCOL);
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("begin"), "end CARD_PROTOCOL SIGNATURE_UNKNOWN"));
  card_.lie = nullptr;
  EXPECT_EQ(refused(), Code::LEASE_INVALID) << "that was the one signature it allowed";
}

TEST_F(AuthenticateTest, ASignatureThatTheCardRefusesDoesNotCount) {
  start("critical,digitalSignature", 1);
  card_.lie = [](ByteView command) -> std::optional<Bytes> {
    return to_hex(command).starts_with(kInternalAuthenticate) ? std::optional(from_hex("6A88"))
                                                              : std::nullopt;
  };
  EXPECT_NE(refused(), Code::LEASE_INVALID);
  EXPECT_THAT(lines().back(), ::testing::Not(HasSubstr("UNKNOWN")));
  card_.lie = nullptr;
  EXPECT_NO_THROW(authenticate());
}

TEST_F(AuthenticateTest, ACardPulledOutWhileItSignsLeavesItUnknown) {
  start();
  card_.lie = [](ByteView command) -> std::optional<Bytes> {
    if (to_hex(command).starts_with(kInternalAuthenticate)) throw Error(Code::CARD_REMOVED);
    return std::nullopt;
  };
  refused();
  EXPECT_THAT(lines(), ElementsAre(HasSubstr("begin"), ::testing::EndsWith(" SIGNATURE_UNKNOWN")));
  EXPECT_EQ(refused(), Code::LEASE_LOST);
}

}  // namespace
}  // namespace insd::desk
