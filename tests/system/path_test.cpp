// SPDX-License-Identifier: Apache-2.0
// The guided path: the steps of a machine, and the dossier of the conformity cases.
#include <fstream>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/world/world.h"

namespace insd::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

std::string content(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

class PathTest : public ::testing::Test {
 protected:
  void start(const std::string& insi = {}, const std::string& role = "admin") {
    world_.start_insi({.more = insi});
    std::string config = world_.insd_config();
    const std::string desk = "role = \"desk\"";
    config.replace(config.find(desk), desk.size(), "role = \"" + role + "\"");
    world_.start_insd(config);
  }
  void insert_cards() {
    world_.insert_card(0, "cps3", "cps-dr-exemple");
    world_.insert_card(1, "vitale2", "vitale-demo");
  }
  world::Outcome cnda(const std::string& which, const std::string& folder = "dossier") {
    return world_.run({"insctl", "insi", "cnda", "--case", which, "--out",
                       (world_.directory() / folder).string(), "--pin-stdin"},
                      "1234\n", world::milliseconds(120'000));
  }

  world::World world_;
};

TEST_F(PathTest, OnboardingIsCompleteAtTheDemosDesk) {
  world_.start_pcscd();
  insert_cards();
  start();
  const auto outcome = world_.run({"insctl", "onboarding"});
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err;
  EXPECT_THAT(outcome.out, Not(HasSubstr("à faire")));
  const auto json = world_.run({"insctl", "--json", "onboarding"});
  EXPECT_THAT(json.out, HasSubstr("\"next\":\"\""));
  EXPECT_THAT(json.out, Not(HasSubstr("unknown")));
  for (const auto& line : world_.insi().lines()) EXPECT_THAT(line, Not(HasSubstr("assertion")));
  EXPECT_EQ(cnda("2.05").status, 0);
  world_.insi().wait_for_line("#3 assertion PS ok");  // so is a question about somebody seen
}

TEST_F(PathTest, OnboardingNamesTheFirstStepOfAnEmptyMachine) {
  const auto nothing = world_.run({"insctl", "--json", "onboarding"});
  EXPECT_EQ(nothing.status, 1) << nothing.err;
  EXPECT_THAT(nothing.out, HasSubstr("\"next\":\"service\""));
  world_.start_pcscd();
  start();
  const auto no_card = world_.run({"insctl", "--json", "onboarding"});
  EXPECT_EQ(no_card.status, 1) << no_card.err;
  EXPECT_THAT(no_card.out, HasSubstr("\"next\":\"cards\""));
}

TEST_F(PathTest, TheDossierHasEveryCaseWithWhatWasSentAndReceived) {
  world_.start_pcscd();
  insert_cards();
  start();
  const auto outcome = cnda("all");
  const auto dossier = world_.directory() / "dossier";
  const auto page = content(dossier / "index.html");
  EXPECT_EQ(outcome.status, 0) << outcome.out << outcome.err << page;
  // Every link leads to a file of the dossier, and nothing else is fetched or run.
  const std::regex link("(?:href|src)=\"([^\"]*)\"");
  int links = 0;
  for (std::sregex_iterator it(page.begin(), page.end(), link), end; it != end; ++it, ++links) {
    EXPECT_TRUE(std::filesystem::exists(dossier / (*it)[1].str())) << (*it)[1].str();
    EXPECT_FALSE(content(dossier / (*it)[1].str()).empty()) << (*it)[1].str();
  }
  EXPECT_GT(links, 40);
  EXPECT_THAT(page, Not(HasSubstr("<script")));
  EXPECT_THAT(page, Not(HasSubstr("class=\"failed\"")));
  EXPECT_THAT(page, HasSubstr("<b>1.03</b>"));
  const auto request = content(dossier / "2.05/request-1.xml");
  EXPECT_THAT(request, HasSubstr("PROVISOIRE"));
  EXPECT_THAT(request, HasSubstr("SignatureValue>"));
  EXPECT_THAT(content(dossier / "2.05/answer-1.xml"), HasSubstr("1090763220888"));
  EXPECT_THAT(content(dossier / "2.05/screen.txt"), HasSubstr("1090763220888"));
  EXPECT_THAT(content(dossier / "2.05/result.json"), HasSubstr("SEARCH_OUTCOME_FOUND"));
  EXPECT_THAT(content(dossier / "2.05/result.json"), HasSubstr("\"verdict\":\"passed\""));
  EXPECT_TRUE(std::filesystem::exists(dossier / "2.07-2/request-4.xml"));
  EXPECT_FALSE(std::filesystem::exists(dossier / "1.02/request-1.xml")) << "nothing was sent";

  EXPECT_EQ(cnda("2.05").status, 2) << "a dossier is never replaced";
  EXPECT_EQ(cnda("9.99", "other").status, 2);
}

TEST_F(PathTest, ACaseThatFailsIsShownAsFailed) {
  world_.start_pcscd();
  insert_cards();
  start("[[step]]\nbirth_name = \"PROVISOIRE\"\ncode = \"01\"\n");
  const auto outcome = cnda("2.05");
  EXPECT_EQ(outcome.status, 1) << outcome.out << outcome.err;
  const auto page = content(world_.directory() / "dossier/index.html");
  EXPECT_THAT(page, HasSubstr("class=\"failed\"><td><b>2.05</b>"));
  EXPECT_THAT(page, HasSubstr("<td>une identité trouvée; "));
  EXPECT_THAT(page, HasSubstr("<td>aucune identité trouvée; "));
  EXPECT_THAT(page, Not(HasSubstr("SEARCH_OUTCOME"))) << "a page for people";
}

TEST_F(PathTest, ACaseThatEndsInAnErrorHasWhatWasSentAndReceivedToo) {
  world_.start_pcscd();
  insert_cards();
  start("[[step]]\nbirth_name = \"PROVISOIRE\"\nfault = \"desir_550\"\n");
  EXPECT_EQ(cnda("2.05").status, 1);
  const auto folder = world_.directory() / "dossier/2.05";
  EXPECT_THAT(content(folder / "request-1.xml"), HasSubstr("PROVISOIRE"));
  EXPECT_THAT(content(folder / "answer-1.xml"), HasSubstr("desir_550"));
  EXPECT_THAT(content(folder / "screen.txt"), HasSubstr("INSI_NOT_AUTHORISED"));
  EXPECT_THAT(content(folder / "result.json"), HasSubstr("\"error_code\":\"INSI_NOT_AUTHORISED\""));
  EXPECT_THAT(content(world_.directory() / "dossier/index.html"), HasSubstr("2.05/answer-1.xml"));
}

TEST_F(PathTest, AFirstIdentityFromPython) {
  world_.start_pcscd();
  insert_cards();
  start({}, "desk");
  const auto outcome =
      world_.run({"/usr/bin/env", "PYTHONDONTWRITEBYTECODE=1", "PYTHONPATH=" INSD_BUILD_DIR "/python",
                  "INSD_SOCKET=unix:" + world_.socket().string(), "/usr/bin/python3",
                  INSD_SOURCE_DIR "/clients/python/first_identity.py"},
                 "1234\n");
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("SEARCH_OUTCOME_FOUND"));
  EXPECT_THAT(outcome.out, HasSubstr("1090763220834 89"));
}

TEST_F(PathTest, MessagesAreForAnAdministratorOnly) {
  world_.start_pcscd();
  insert_cards();
  start({}, "desk");
  const auto outcome = cnda("2.05");
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, HasSubstr("PERMISSION_DENIED"));
  EXPECT_FALSE(std::filesystem::exists(world_.directory() / "dossier"));
  for (const auto& line : world_.insi().lines())
    EXPECT_THAT(line, Not(HasSubstr("#1 "))) << "nothing was sent";
}

}  // namespace
}  // namespace insd::test
