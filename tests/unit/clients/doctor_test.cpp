// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/doctor.h"

#include <cerrno>
#include <cstring>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/clients/fake_daemon.h"

namespace insd::cli {
namespace {

std::vector<std::string> codes(const std::vector<Finding>& findings) {
  std::vector<std::string> out;
  for (const auto& finding : findings) out.push_back(finding.code);
  return out;
}

using Codes = std::vector<std::string>;

TEST(Doctor, EveryAdviceExistsInBothLanguages) {
  for (const Advice& advice : advices()) {
    EXPECT_FALSE(advice.summary_fr.empty()) << advice.code;
    EXPECT_FALSE(advice.summary_en.empty()) << advice.code;
    EXPECT_EQ(advice.remedy_fr.empty(), advice.remedy_en.empty()) << advice.code;
    EXPECT_TRUE(advice.severity < Severity::WARNING || !advice.remedy_fr.empty()) << advice.code;
  }
}

TEST(Doctor, TellsTheCausesOfAMissingPcscdApart) {
  const auto check = [](int error, bool open, bool as_root) {
    return codes(check_pcscd(Language::FRENCH, "/run/x", {error, open}, as_root));
  };
  EXPECT_EQ(check(0, false, true), Codes{"PCSCD_LISTENS"});
  EXPECT_EQ(check(0, true, true), (Codes{"PCSCD_LISTENS", "CARD_OPEN_TO_ALL_USERS"}));
  EXPECT_EQ(check(ENOENT, false, true), Codes{"PCSC_ABSENT"});
  EXPECT_EQ(check(ECONNREFUSED, false, true), Codes{"PCSC_ABSENT"});
  EXPECT_EQ(check(EACCES, false, true), Codes{"PCSC_REFUSED"});
  EXPECT_EQ(check(EACCES, false, false), Codes{"PCSC_CLOSED_TO_THIS_USER"});
}

TEST(Doctor, SaysWhatTheDaemonLacks) {
  v1::GetInfoResponse info;
  v1::WhatMayIDoResponse rights;
  EXPECT_EQ(codes(check_daemon(Language::FRENCH, info, rights)),
            (Codes{"DAEMON_ANSWERS", "PERMISSION_DENIED", "INSI_NOT_CONFIGURED"}));
  info.set_environment(v1::ENVIRONMENT_TEST);
  info.set_insi_mode(v1::INSI_MODE_CPS);
  info.set_insi_endpoint("https://insi.example");
  rights.set_role(v1::CALLER_ROLE_DESK);
  EXPECT_EQ(codes(check_daemon(Language::FRENCH, info, rights)), Codes{"DAEMON_ANSWERS"});
}

TEST(Doctor, SaysWhatIsWrongWithEachReader) {
  v1::ListReadersResponse readers;
  readers.mutable_pcsc()->set_state(v1::PCSC_STATE_AVAILABLE);
  EXPECT_EQ(codes(check_readers(Language::FRENCH, readers)), Codes{"READER_NOT_FOUND"});

  auto& well = *readers.add_readers();
  well.set_name("R1");
  auto& held = *readers.add_readers();
  held.set_name("R2");
  held.set_alias("guichet\x1b");
  held.set_state(v1::READER_STATE_HELD);
  held.set_problem_code("READER_HELD");
  held.set_problem("Un autre logiciel utilise ce lecteur.");
  held.set_remedy("Fermer l'autre logiciel.");
  auto& disabled = *readers.add_readers();
  disabled.set_name("R3");
  disabled.set_state(v1::READER_STATE_DISABLED);
  disabled.set_problem_code("READER_DISABLED");
  const auto findings = check_readers(Language::FRENCH, readers);
  ASSERT_EQ(codes(findings), (Codes{"READER_WELL", "READER_HELD", "READER_DISABLED"}));
  EXPECT_EQ(findings[1].severity, Severity::PROBLEM);
  EXPECT_EQ(findings[1].subject, "guichet? [R2]");
  EXPECT_EQ(findings[1].remedy, "Fermer l'autre logiciel.");
  EXPECT_EQ(findings[2].severity, Severity::NOTE);
}

TEST(Doctor, PassesOnWhatIsWrongWithPcscd) {
  v1::ListReadersResponse readers;
  readers.mutable_pcsc()->set_state(v1::PCSC_STATE_REFUSED);
  readers.mutable_pcsc()->set_problem_code("PCSC_REFUSED");
  const auto findings = check_readers(Language::FRENCH, readers);
  ASSERT_EQ(codes(findings), Codes{"PCSC_REFUSED"});
  EXPECT_EQ(findings[0].severity, Severity::PROBLEM);
}

/// A socket that listens, in a directory of its own.
class Listener {
 public:
  Listener() : path_((directory_.path() / "pcscd.comm").string()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), std::min(path_.size(), sizeof address.sun_path - 1));
    descriptor_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(descriptor_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::listen(descriptor_, 5), 0);
  }
  ~Listener() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  void stop_listening() { ::close(std::exchange(descriptor_, -1)); }
  [[nodiscard]] int accept() const { return ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC); }
  [[nodiscard]] int connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    const int descriptor = ::socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_EQ(::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return descriptor;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  test::PrivateDirectory directory_;
  std::string path_;
  int descriptor_ = -1;
};

TEST(PcscdUsers, TheSocketIsLookedAt) {
  Listener listener;
  ASSERT_EQ(::chmod(listener.path().c_str(), 0666), 0);
  EXPECT_EQ(look_at_socket(listener.path()).error, 0);
  EXPECT_TRUE(look_at_socket(listener.path()).open_to_all_users);
  ASSERT_EQ(::chmod(listener.path().c_str(), 0660), 0);
  EXPECT_FALSE(look_at_socket(listener.path()).open_to_all_users);
  listener.stop_listening();
  EXPECT_EQ(look_at_socket(listener.path()).error, ECONNREFUSED);
  EXPECT_EQ(look_at_socket(listener.path() + ".gone").error, ENOENT);
  EXPECT_EQ(look_at_socket(std::string(200, 'x')).error, ENAMETOOLONG);
}

TEST(PcscdUsers, WhoIsConnectedIsFound) {
  const Listener listener;
  if (!users_of_socket(listener.path())) GTEST_SKIP() << "this kernel does not tell of Unix sockets";
  EXPECT_TRUE(users_of_socket(listener.path())->empty());
  const int ours = listener.connect();
  const int accepted = listener.accept();
  ASSERT_GE(accepted, 0);
  const auto users = users_of_socket(listener.path());
  ASSERT_TRUE(users);
  ASSERT_EQ(users->size(), 1U);
  EXPECT_EQ(users->front().pid, ::getpid());
  EXPECT_EQ(users->front().uid, ::geteuid());
  EXPECT_FALSE(users->front().name.empty());
  ::close(ours);
  EXPECT_TRUE(users_of_socket(listener.path())->empty()) << "somebody who has left is still listed";
  ::close(accepted);
}

TEST(PcscdUsers, TheEnvironmentMovesTheSocket) {
  EXPECT_EQ(pcscd_socket(nullptr), "/run/pcscd/pcscd.comm");
  EXPECT_EQ(pcscd_socket(""), "/run/pcscd/pcscd.comm");
  EXPECT_EQ(pcscd_socket("/tmp/other"), "/tmp/other");
}

}  // namespace
}  // namespace insd::cli
