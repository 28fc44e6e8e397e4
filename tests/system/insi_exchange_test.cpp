// SPDX-License-Identifier: Apache-2.0
// The daemon's own exchange, with a key in software, before the judge that shares no code with it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/insi/exchange.h"
#include "drivers/base/error.h"
#include "tests/simulators/insi/test/harness.h"
#include "tests/unit/insi/test_exchange.h"

namespace sim_test {
namespace {

using insd::insi::Outcome;
using testing::HasSubstr;
using testing::Not;

class InsiExchangeWithSimulator : public testing::Test {
 protected:
  InsiExchangeWithSimulator() {
    config_.environment = insd::InsiEnvironment::TEST;
    config_.trust_store = INSD_BUILD_DIR "/pki/insi-trust.pem";
  }

  /// A simulator that trusts the signer's authority and knows the editor.
  std::string trusting() const {
    const auto roots =
        directory_.write("roots.pem", insd::test::to_pem(insd::test::TestPki::get().authority.get()));
    return "professionals_roots = \"" + roots.string() + "\"\nidam = \"" + insd::test::a_party().editor.idam +
           "\"\n";
  }

  insd::insi::Reply by_traits(const Simulator& simulator, const insd::insi::TraitsQuery& query) {
    insd::insi::Exchange exchange(config_for(simulator), clock_);
    return insd::test::run(exchange.by_traits(query, insd::test::a_party(), &signer_, ignore_, {}));
  }

  insd::insi::Reply by_card(const Simulator& simulator, const insd::insi::CardQuery& query) {
    insd::insi::Exchange exchange(config_for(simulator), clock_);
    return insd::test::run(exchange.by_card(query, insd::test::a_party(), &signer_, ignore_, {}));
  }

  Directory directory_;
  insd::test::SoftwareSigner signer_;
  insd::Clock clock_;
  const insd::insi::Exchange::BeforeSend ignore_ = [](const std::string&) -> boost::asio::awaitable<void> {
    co_return;
  };

 private:
  insd::InsiConfig config_for(const Simulator& simulator) {
    config_.endpoint = "https://127.0.0.1:" + std::to_string(simulator.port()) + "/lps";
    return config_;
  }

  insd::InsiConfig config_;
};

TEST_F(InsiExchangeWithSimulator, a_search_by_traits_passes_every_check) {
  Simulator simulator("", trusting());
  const auto reply = by_traits(simulator, {"ADRUN", "ZOE", "F", "1975-12-31", "63220"});
  EXPECT_EQ(reply.outcome, Outcome::FOUND);
  ASSERT_TRUE(reply.answer);
  EXPECT_EQ(reply.answer->active.number, "2751263220749");
  EXPECT_EQ(reply.answer->active.oid, "1.2.250.1.213.1.4.8");
  const auto lines = simulator.output_until("#1 answer");
  EXPECT_THAT(lines, Not(HasSubstr("REFUSED")));
  EXPECT_THAT(lines, HasSubstr("Issuer ok: RFC 2253 subject"));
}

TEST_F(InsiExchangeWithSimulator, a_search_by_card_passes_every_check) {
  Simulator simulator("", trusting());
  insd::insi::CardQuery query;
  query.insured_nir = "1090763220834";
  query.birth_date = "2009-07-14";
  const auto reply = by_card(simulator, query);
  ASSERT_EQ(reply.outcome, Outcome::FOUND);
  EXPECT_EQ(reply.answer->history.size(), 2U);
  EXPECT_EQ(reply.answer->given_names, "PIERRE-ALAIN MURIEL FLORIANT");
  query.vitale_serial = "12345678";
  EXPECT_EQ(by_card(simulator, query).outcome, Outcome::FOUND);
  EXPECT_THAT(simulator.output_until("#2 answer"), Not(HasSubstr("REFUSED")));
}

TEST_F(InsiExchangeWithSimulator, nobody_and_several_are_results_in_every_writing) {
  for (const std::string writing : {"default", "recsans_default", "prefixed"}) {
    Simulator simulator("answer_namespaces = \"" + writing + "\"\nanswer_envelope_prefix = \"S\"\n",
                        trusting());
    EXPECT_EQ(by_traits(simulator, {"HOUILLES", "PAUL", "M", "1993-01-27", {}}).outcome, Outcome::NOT_FOUND);
    EXPECT_EQ(by_traits(simulator, {"DE VINCI", "LEONARDO", "M", "2014-02-01", {}}).outcome,
              Outcome::SEVERAL);
    EXPECT_EQ(by_traits(simulator, {"DE VINCI", "LEONARDO", "M", "2014-02-01", "63220"}).outcome,
              Outcome::FOUND);
  }
}

}  // namespace
}  // namespace sim_test
