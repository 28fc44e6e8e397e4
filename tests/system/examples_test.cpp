// SPDX-License-Identifier: Apache-2.0
// The examples of docs/services, in both languages, before a desk with both cards: what the pages print is
// run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

class ExamplesTest : public ::testing::TestWithParam<const char*> {
 protected:
  ExamplesTest() {
    world_.start_pcscd();
    world_.insert_card(0, "cps3", "cps-dr-exemple");
    world_.insert_card(1, "vitale2", "vitale-demo");
    world_.start_insi();
    std::string config = world_.insd_config();
    config.replace(config.find("role = \"desk\""), 13,
                   "role = \"admin\"");  // the trail is an administrator's
    world_.start_insd(config);
    client_.emplace(world_.socket());
  }

  world::Outcome run(const std::string& example, const std::string& input = "",
                     const std::string& lease = "") {
    std::vector<std::string> words = {"/usr/bin/env", "PYTHONDONTWRITEBYTECODE=1",
                                      "PYTHONPATH=" INSD_BUILD_DIR "/python",
                                      "INSD_SOCKET=unix:" + world_.socket().string()};
    if (!lease.empty()) words.push_back("INSD_LEASE=" + lease);
    if (std::string_view(GetParam()) == "python") {
      words.insert(words.end(), {"/usr/bin/python3", INSD_SOURCE_DIR "/clients/python/examples.py"});
    } else {
      words.emplace_back(INSD_BUILD_DIR "/bin/insd-examples");
    }
    words.push_back(example);
    return world_.run(words, input);
  }
  std::string said(const std::string& example, const std::string& input = "", const std::string& lease = "") {
    const auto outcome = run(example, input, lease);
    EXPECT_EQ(outcome.status, 0) << example << ": " << outcome.err;
    return outcome.out;
  }

  world::World world_;
  std::optional<DeskClient> client_;
};

TEST_P(ExamplesTest, DoWhatTheirPagesSay) {
  EXPECT_THAT(said("system"), HasSubstr("ENVIRONMENT_TEST"));
  EXPECT_THAT(said("reader"), HasSubstr(world_.reader_name(1) + " READER_STATE_CARD_PRESENT"));
  EXPECT_THAT(said("vitale"), HasSubstr("ECETINSI PIERRE-ALAIN"));
  EXPECT_THAT(said("professional", "1234\n"), HasSubstr("logged in as"));
  EXPECT_THAT(said("identity"), HasSubstr("IDENTITY_STATUS_PROVISIONAL"));
  EXPECT_THAT(said("maintenance"), HasSubstr("trust_store CHECK_STATE_OK"));
  EXPECT_THAT(said("render"),
              AnyOf(HasSubstr("image/svg+xml without the number"), HasSubstr("DARK, to do: 3")));

  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease) << login->failure().detail.ShortDebugString();
  EXPECT_THAT(said("insi", "", lease->lease()), HasSubstr("SEARCH_OUTCOME_FOUND"));
  EXPECT_THAT(said("journal"), HasSubstr("rechercherInsAvecTraitsIdentite"));
}

TEST_P(ExamplesTest, TellWhyACallFailed) {
  const auto outcome = run("insi");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_NE(outcome.err, "") << "a search without a login";
}

INSTANTIATE_TEST_SUITE_P(Languages, ExamplesTest, ::testing::Values("python", "cpp"),
                         [](const auto& language) { return std::string(language.param); });

}  // namespace
}  // namespace insd::test
