// SPDX-License-Identifier: Apache-2.0
// Proofs of presence, over every way to the card, verified as docs/presence.md says: by openssl and a shell.
#include <fstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/system/backends_desk.h"

namespace insd::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kAudience = "https://records.example.org/login?desk=1&x=%27";
const std::string kChallenge = "\xFB\xEF\xFF" + std::string("challenge of a verifier");
constexpr const char* kNonce = "--__Y2hhbGxlbmdlIG9mIGEgdmVyaWZpZXI";

std::string whole_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// The commands of the page, as they stand there.
std::string documented_commands() {
  const std::string page = whole_file(std::filesystem::path(INSD_SOURCE_DIR) / "docs/presence.md");
  const std::string fence = "```sh\n";
  const auto begin = page.find(fence);
  if (begin == std::string::npos) throw std::runtime_error("docs/presence.md has no commands");
  return page.substr(begin + fence.size(), page.find("```\n", begin + 1) - begin - fence.size());
}

class PresenceTest : public ::testing::TestWithParam<Way> {
 protected:
  v1::Lease log_in(unsigned max_signatures = 0) {
    v1::LoginStart start;
    start.set_max_signatures(max_signatures);
    login_ = desk_.client().login(start);
    const auto lease = login_->finish("1234");
    if (!lease) throw std::runtime_error(login_->failure().detail.ShortDebugString());
    return *lease;
  }

  static v1::AuthenticateRequest request(const std::string& lease) {
    v1::AuthenticateRequest made;
    made.set_lease(lease);
    made.set_challenge(kChallenge);
    made.set_audience(kAudience);
    made.set_purpose_id("opening of records");
    return made;
  }

  std::variant<v1::AuthenticateResponse, Failure> authenticate(const v1::AuthenticateRequest& request) {
    return desk_.client().authenticate(request);
  }

  // Runs the commands of docs/presence.md; by the roots of the PKI and not by what insd trusts.
  world::Outcome verify(const std::string& proof, const std::string& audience = kAudience,
                        const std::string& nonce = kNonce) {
    const auto directory = desk_.world().directory() / "verifier";
    std::filesystem::create_directory(directory);
    std::ofstream(directory / "proof") << proof << '\n';
    std::filesystem::copy_file(world::World::pki() / "professionals-roots.pem", directory / "authorities.pem",
                               std::filesystem::copy_options::overwrite_existing);
    const auto script = desk_.world().write_file("verify.sh", documented_commands());
    return desk_.world().run(
        {"env", "-C", directory, "audience=" + audience, "nonce=" + nonce, "sh", script});
  }

  nlohmann::json payload() {
    return nlohmann::json::parse(whole_file(desk_.world().directory() / "verifier/payload.json"));
  }

  Backends desk_{GetParam()};
  std::unique_ptr<Login> login_;
};

TEST_P(PresenceTest, OpensslAloneVerifiesAProof) {
  desk_.start();
  const auto lease = log_in();
  const auto response = expect_value(authenticate(request(lease.lease())));
  const auto outcome = verify(response.proof());
  ASSERT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("Verified OK"));
  EXPECT_EQ(payload().at("sub"), "899900000017");
  EXPECT_EQ(payload().at("card"), "0098765052");
  EXPECT_EQ(payload().at("uid"), getuid());
  EXPECT_EQ(payload().at("exp"), response.expire_time().seconds());
  EXPECT_EQ(response.certificate_trust(), v1::CERTIFICATE_TRUST_TRUSTED);
  EXPECT_EQ(response.card().generation(), lease.generation());
  EXPECT_EQ(response.authentication_certificate(),
            whole_file(world::World::pki() / "cps/dr-exemple/auth.cert.der"));
  EXPECT_EQ(desk_.professional().capabilities().authentication_key(), v1::KEY_STATE_USABLE);

  EXPECT_NE(verify(response.proof(), "https://elsewhere.example.org").status, 0) << "for somebody else";
  EXPECT_NE(verify(response.proof(), kAudience, "AAAAAAAAAAAAAAAAAAAAAA").status, 0) << "another challenge";
  std::string forged = response.proof();
  auto& digit = forged[forged.find('.') + 20];
  digit = digit == 'A' ? 'B' : 'A';
  EXPECT_NE(verify(forged).status, 0) << "not what was signed";

  const auto second = expect_value(authenticate(request(lease.lease())));
  EXPECT_NE(second.proof(), response.proof()) << "each has a name of its own";
  EXPECT_EQ(desk_.pins_sent(), 1U);
}

TEST_P(PresenceTest, AProofNeedsALeaseAndCountsAsItsSignature) {
  desk_.start();
  EXPECT_EQ(code_of(authenticate(request(""))), "LEASE_REQUIRED");
  EXPECT_EQ(code_of(authenticate(request("0123456789abcdef"))), "LEASE_INVALID");
  const auto lease = log_in(1);
  auto wrong = request(lease.lease());
  wrong.set_challenge("too short");
  wrong.set_audience("two words");
  wrong.set_purpose_id(std::string(65, 'x'));
  const auto refused = authenticate(wrong);
  ASSERT_EQ(code_of(refused), "INVALID_ARGUMENT");
  std::vector<std::string> fields;
  for (const auto& violation : std::get<Failure>(refused).detail.field_violations())
    fields.push_back(violation.field());
  EXPECT_THAT(fields, ElementsAre("challenge", "audience", "purpose_id"));
  // What was refused cost the lease nothing.
  EXPECT_EQ(code_of(authenticate(request(lease.lease()))), "OK");
  const auto step = login_->next();
  ASSERT_TRUE(step && step->has_ended());
  EXPECT_EQ(step->ended().cause(), v1::LEASE_END_CAUSE_SIGNATURES_USED);
  EXPECT_EQ(code_of(authenticate(request(lease.lease()))), "LEASE_INVALID");
  // Before and after the signature, the audit trail; not a word of the challenge in it, nor in the log.
  const auto log = desk_.world().insd().log();
  desk_.world().stop_insd();
  const auto state = desk_.world().directory() / "state";
  const auto rows = desk_.world().run({"python3", "-c",
                                       "import sqlite3, sys\n"
                                       "for row in sqlite3.connect(sys.argv[1]).execute('SELECT "
                                       "b.professional, b.audience, b.purpose_id, e.code'\n"
                                       " ' FROM record b JOIN record e ON e.began_at = b.sequence WHERE "
                                       "b.operation = \"authenticate\"'): print(*row)",
                                       state / "journal.sqlite"});
  EXPECT_EQ(rows.out, std::string("899900000017 ") + kAudience + " opening of records OK\n") << rows.err;
  for (const auto& file : {state / "journal.sqlite", log})
    EXPECT_THAT(whole_file(file), Not(HasSubstr(kNonce))) << file;
}

TEST_P(PresenceTest, AProgramThatAsksInALoopWearsNoCardOut) {
  desk_.daemon_lines("proofs_per_minute = 2\n");
  desk_.start();
  const auto lease = log_in();
  const auto signed_before = desk_.in_reader() ? 0U : desk_.soft().trace("C_Sign ").size();
  EXPECT_EQ(code_of(authenticate(request(lease.lease()))), "OK");
  EXPECT_EQ(code_of(authenticate(request(lease.lease()))), "OK");
  const auto refused = authenticate(request(lease.lease()));
  ASSERT_EQ(code_of(refused), "RATE_LIMITED");
  EXPECT_EQ(std::get<Failure>(refused).detail.retry(), v1::RETRY_RULE_LATER);
  if (!desk_.in_reader()) {
    EXPECT_EQ(desk_.soft().trace("C_Sign ").size(), signed_before + 2);
  }
  EXPECT_EQ(code_of(desk_.client().professional()), "OK") << "everything else goes on";
}

INSTANTIATE_TEST_SUITE_P(Ways, PresenceTest, ::testing::Values(Way::DIRECT, Way::OPENSC, Way::SOFTHSM),
                         ::testing::PrintToStringParamName());

class PresenceAtTheDeskTest : public PresenceTest {};

TEST_P(PresenceAtTheDeskTest, InsctlPrintsAProof) {
  desk_.start();
  std::string hexadecimal;
  for (const char c : kChallenge) {
    char digits[3];
    std::snprintf(digits, sizeof(digits), "%02x", static_cast<unsigned char>(c));
    hexadecimal += digits;
  }
  const auto outcome = desk_.world().run(
      {"insctl", "authenticate", "--audience", kAudience, "--challenge", hexadecimal, "--pin-stdin"},
      "1234\n");
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  ASSERT_TRUE(outcome.out.ends_with('\n'));
  const auto verified = verify(outcome.out.substr(0, outcome.out.size() - 1));
  EXPECT_EQ(verified.status, 0) << verified.err;
}

TEST_P(PresenceAtTheDeskTest, ACardThatHasLeftProvesNothing) {
  desk_.start();
  const auto lease = log_in();
  desk_.card().remove();
  desk_.world().await_card(0, false);
  login_->next();
  EXPECT_EQ(code_of(authenticate(request(lease.lease()))), "LEASE_LOST");
}

INSTANTIATE_TEST_SUITE_P(Way, PresenceAtTheDeskTest, ::testing::Values(Way::DIRECT),
                         ::testing::PrintToStringParamName());

// A token whose signatures are wrong.
class PresenceOfALiarTest : public PresenceTest {};

TEST_P(PresenceOfALiarTest, AWrongSignatureLeavesTheDaemonNever) {
  desk_.start();
  const auto lease = log_in();
  desk_.soft().faults("C_Sign garbage");
  EXPECT_EQ(code_of(authenticate(request(lease.lease()))), "SIGNATURE_INVALID");
}

INSTANTIATE_TEST_SUITE_P(Way, PresenceOfALiarTest, ::testing::Values(Way::SOFTHSM),
                         ::testing::PrintToStringParamName());

}  // namespace
}  // namespace insd::test
