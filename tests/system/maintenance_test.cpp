// SPDX-License-Identifier: Apache-2.0
// What an administrator does: looks whether a search would work, rotates and saves the keys; and what systemd
// brings as credentials.
#include <cstdlib>
#include <map>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/system/organisation_desk.h"

namespace insd::test {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

class MaintenanceTest : public Pkcs12Desk {
 protected:
  ~MaintenanceTest() override { ::unsetenv("CREDENTIALS_DIRECTORY"); }

  static std::string replaced(std::string text, const std::string& what, const std::string& by) {
    const auto at = text.find(what);
    if (at == std::string::npos) throw std::runtime_error("not in the configuration: " + what);
    return text.replace(at, what.size(), by);
  }
  /// Of an administrator.
  [[nodiscard]] std::string admin(const std::string& keys) const {
    return replaced(config(keys), "role = \"desk\"", "role = \"admin\"");
  }
  void start(const std::string& config) {
    world_.start_insd(config);
    client_.emplace(world_.socket());
  }

  struct Checked {
    int status = 0;
    std::map<std::string, nlohmann::json> last;  ///< by name
    std::vector<std::string> states;             ///< of the credentials
    [[nodiscard]] std::string state(const std::string& name) const { return last.at(name)["state"]; }
    [[nodiscard]] std::string code(const std::string& name) const { return last.at(name)["code"]; }
  };
  [[nodiscard]] Checked check(const std::vector<std::string>& options = {}) const {
    std::vector<std::string> command{"insctl", "--json", "insi", "check"};
    command.insert(command.end(), options.begin(), options.end());
    const auto outcome = world_.run(command);
    Checked made;
    made.status = outcome.status;
    const auto document = nlohmann::json::parse(outcome.out);
    for (const auto& each : document.at("checks")) {
      made.last[each["name"]] = each;
      if (each["name"] == "credential") made.states.push_back(each["state"]);
    }
    return made;
  }

  [[nodiscard]] fs::path key_directory() const { return world_.directory() / "state" / "keys"; }
  static std::size_t files_in(const fs::path& directory) {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
  }
};

TEST_F(MaintenanceTest, ACheckFindsEverythingInOrderAndAsksNothingAboutAPatient) {
  good_pkcs12();
  start(admin(keys()));
  const auto found = check();
  EXPECT_EQ(found.status, 0);
  for (const char* name : {"environment", "credential", "trust_store", "proxy", "editor", "profile",
                           "connection", "tls", "host_name", "clock"})
    EXPECT_EQ(found.state(name), "CHECK_STATE_OK") << name << found.last.at(name);
  EXPECT_THAT(std::string(found.last.at("credential")["detail"]), HasSubstr("INSI-MANU"));
  for (const auto& line : world_.insi().lines()) EXPECT_THAT(line, Not(HasSubstr("#1 Emetteur")));
}

TEST_F(MaintenanceTest, ACheckNamesWhatWouldStopASearch) {
  good_pkcs12();
  start(replaced(admin(keys()) + second_entity(), "structure_id = \"399999999900019\"",
                 "structure_id = \"399999999900035\""));
  EXPECT_EQ(check().states, (std::vector<std::string>{"CHECK_STATE_OK", "CHECK_STATE_OK"}))
      << "of each legal entity";
  EXPECT_EQ(check().code("profile"), "PROFILE_REQUIRED") << "no certificate has its structure";
  EXPECT_EQ(check({"--profile", "other"}).code("profile"), "PROFILE_UNKNOWN");
  EXPECT_EQ(check().status, 1);
  EXPECT_EQ(check({"--offline"}).state("connection"), "CHECK_STATE_SKIPPED");
  // After the start: the files of a running daemon are read again by each check.
  passphrase("wrong");
  const auto wrong = check({"--offline"});
  EXPECT_EQ(wrong.states, (std::vector<std::string>{"CHECK_STATE_FAILED", "CHECK_STATE_FAILED"}));
  EXPECT_EQ(wrong.state("certificate_chain"), "CHECK_STATE_SKIPPED");
  passphrase("secret");
  world_.stop_insi();
  const auto down = check();
  EXPECT_EQ(down.code("connection"), "INSI_UNREACHABLE");
  EXPECT_EQ(down.state("tls"), "CHECK_STATE_SKIPPED");
  EXPECT_EQ(down.status, 1);
}

TEST_F(MaintenanceTest, ACheckTellsAClockThatIsWrongAndAServerThatIsNotTrusted) {
  good_pkcs12();
  world_.stop_insi();
  world_.start_insi({.more = "organisations_roots = [\"" + (pki() / "insi-trust.pem").string() +
                             "\"]\ndate_shift_s = -600\n"});
  start(admin(keys()));
  const auto late = check();
  EXPECT_EQ(late.code("clock"), "CLOCK_SKEWED");
  EXPECT_EQ(late.state("clock"), "CHECK_STATE_WARNING");
  EXPECT_EQ(late.status, 0) << "a search may still work";
  const auto own = world_.directory() / "own.pem";
  run({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=somebody else", "-keyout",
       world_.directory() / "own.key", "-out", own});
  world_.stop_insd();
  start(replaced(admin(keys()), (pki() / "insi-trust.pem").string(), own.string()));
  const auto untrusted = check();
  EXPECT_EQ(untrusted.code("tls"), "INSI_TLS_UNTRUSTED");
  EXPECT_EQ(untrusted.state("certificate_chain"), "CHECK_STATE_WARNING");
  EXPECT_EQ(untrusted.status, 1);
}

TEST_F(MaintenanceTest, KeysAreRotatedSavedAndPutBackAndTheTrailIsWholeAllTheWay) {
  good_pkcs12();
  start(admin(keys()));
  expect_value(search());
  const auto rotated = world_.run({"insctl", "keys", "rotate", "journal"});
  EXPECT_EQ(rotated.status, 0) << rotated.err;
  const std::string fresh = rotated.out.substr(0, rotated.out.find('\n'));
  EXPECT_THAT(fresh, HasSubstr("journal-0002-"));
  EXPECT_THAT(world_.run({"insctl", "keys", "list"}).out, HasSubstr("* " + fresh));
  expect_value(search());
  EXPECT_EQ(world_.run({"insctl", "journal", "verify"}).status, 0);

  const fs::path saved = world_.directory() / "saved";
  const auto backup = world_.run({"insctl", "keys", "backup", saved.string()});
  EXPECT_EQ(backup.status, 0) << backup.err;
  EXPECT_EQ(files_in(saved), files_in(key_directory()));
  for (const auto& each : fs::directory_iterator(saved))
    EXPECT_EQ(each.status().permissions(), fs::perms(0600)) << each.path();
  EXPECT_EQ(world_.run({"insctl", "keys", "backup", saved.string()}).status, 2) << "nothing is written over";

  world_.stop_insd();
  fs::remove(key_directory() / (fresh + ".key"));
  start(admin(keys()));
  const auto broken = world_.run({"insctl", "-v", "journal", "verify"});
  EXPECT_EQ(broken.status, 1) << "a key is gone";
  EXPECT_THAT(broken.out, HasSubstr("a key that is not here"));
  world_.stop_insd();
  fs::copy_file(saved / (fresh + ".key"), key_directory() / (fresh + ".key"));
  start(admin(keys()));
  EXPECT_EQ(world_.run({"insctl", "journal", "verify"}).status, 0);
}

TEST_F(MaintenanceTest, WhatSystemdBringsIsUsedAndNotInTheConfiguration) {
  good_pkcs12();
  fs::remove(world_.directory() / "passphrase");
  const fs::path credentials = world_.directory() / "credentials";
  fs::create_directory(credentials);
  const auto bring = [&](const std::string& name, const std::string& content) {
    std::ofstream(credentials / name) << content;
    fs::permissions(credentials / name, fs::perms::owner_read);
  };
  const std::string key_id = "journal-0007-0123abcd";
  bring("organisation-passphrase", "secret\n");
  bring("keys_" + key_id + ".key", std::string(32, 'k'));
  ::setenv("CREDENTIALS_DIRECTORY", credentials.c_str(), 1);
  start(admin("organisation.pkcs12 = \"" + file().string() + "\"\n"));
  EXPECT_EQ(expect_value(search()).outcome(), v1::SEARCH_OUTCOME_FOUND);
  EXPECT_EQ(check().state("credential"), "CHECK_STATE_OK");
  EXPECT_THAT(world_.run({"insctl", "keys", "list"}).out, HasSubstr("* " + key_id + "  systemd"));
  EXPECT_EQ(world_.run({"insctl", "journal", "verify"}).status, 0);
  EXPECT_FALSE(fs::exists(key_directory() / (key_id + ".key"))) << "it is not copied to the state directory";
  const auto backup = world_.run({"insctl", "keys", "backup", (world_.directory() / "saved").string()});
  EXPECT_EQ(backup.status, 0) << backup.err;
  EXPECT_FALSE(fs::exists(world_.directory() / "saved" / (key_id + ".key")));
  world_.stop_insd();
  fs::remove(credentials / ("keys_" + key_id + ".key"));
  start(admin("organisation.pkcs12 = \"" + file().string() + "\"\n"));
  EXPECT_EQ(world_.run({"insctl", "journal", "verify"}).status, 1) << "that key made its links";
}

}  // namespace
}  // namespace insd::test
