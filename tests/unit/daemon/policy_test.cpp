// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/policy.h"

#include <filesystem>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "drivers/base/error.h"

namespace insd::api {
namespace {

class FakeUsers : public UserDatabase {
 public:
  [[nodiscard]] std::optional<uid_t> user(const std::string& name) const override {
    return find(users, name);
  }
  [[nodiscard]] std::optional<gid_t> group(const std::string& name) const override {
    return find(groups, name);
  }
  std::map<std::string, unsigned> users{{"secretary", 1000}};
  std::map<std::string, unsigned> groups{{"insd", 900}, {"insd-admin", 901}, {"kiosks", 902}};

 private:
  static std::optional<unsigned> find(const std::map<std::string, unsigned>& all, const std::string& name) {
    const auto found = all.find(name);
    return found == all.end() ? std::nullopt : std::optional(found->second);
  }
};

Caller caller(uid_t uid, gid_t gid = 100, std::vector<gid_t> groups = {}) {
  Caller made;
  made.uid = uid;
  made.gid = gid;
  made.groups = std::move(groups);
  return made;
}

PolicyConfig entry(std::vector<std::string> users, CallerRole role) {
  PolicyConfig made;
  made.users = std::move(users);
  made.role = role;
  return made;
}

constexpr auto kAllowed = Verdict::ALLOWED;
constexpr auto kDenied = Verdict::DENIED;

TEST(Policy, DefaultsAreRootAndTwoGroups) {
  const Policy policy({}, FakeUsers());
  EXPECT_EQ(policy.role(caller(0)), CallerRole::ADMIN);
  EXPECT_EQ(policy.role(caller(5, 901)), CallerRole::ADMIN);
  EXPECT_EQ(policy.role(caller(5, 100, {1, 900})), CallerRole::DESK);
  EXPECT_EQ(policy.role(caller(5)), CallerRole::NONE);
  EXPECT_EQ(policy.decide(caller(0), "ReaderService/SetReaderEnabled"), kAllowed);
  EXPECT_EQ(policy.decide(caller(5, 900), "ReaderService/SetReaderEnabled"), kDenied);
  EXPECT_EQ(policy.decide(caller(5, 900), "InsiService/SearchByVitale"), kAllowed);
}

TEST(Policy, T_AUTH_01_UnknownCallerAndUnknownMethodAreDenied) {
  const Policy policy({}, FakeUsers());
  for (const std::string& method : policy.methods(caller(0))) {
    EXPECT_EQ(policy.decide(caller(5), method), kDenied) << method;
  }
  EXPECT_EQ(policy.decide(caller(0), "ReaderService/FormatReader"), kDenied);
  EXPECT_EQ(policy.decide(caller(0), ""), kDenied);
}

TEST(Policy, T_AUTH_01_MethodWithoutRowFailsAtStart) {
  try {
    const Policy policy({}, FakeUsers(), {"grpc.health.v1.Health"});
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::INTERNAL);
  }
}

TEST(Policy, EveryServedServiceIsDescribed) {
  EXPECT_THAT(served_services(),
              ::testing::UnorderedElementsAre(
                  "insd.v1.ReaderService", "insd.v1.ProfessionalService", "insd.v1.VitaleService",
                  "insd.v1.InsiService", "insd.v1.IdentityService", "insd.v1.JournalService",
                  "insd.v1.MaintenanceService", "insd.v1.RenderService", "insd.v1.SystemService"));
}

TEST(Policy, FirstMatchingEntryDecides) {
  const Policy policy({entry({"secretary"}, CallerRole::NONE), entry({"@kiosks"}, CallerRole::KIOSK),
                       entry({"*"}, CallerRole::DESK)},
                      FakeUsers());
  EXPECT_EQ(policy.role(caller(1000, 900)), CallerRole::NONE);
  EXPECT_EQ(policy.role(caller(7, 902)), CallerRole::KIOSK);
  EXPECT_EQ(policy.decide(caller(7, 902), "ProfessionalService/Authenticate"), kDenied)
      << "no card of its own";
  EXPECT_EQ(policy.decide(caller(7, 902), "InsiService/ListSearchAttempts"), kDenied)
      << "they tell the traits that a kiosk does not get";
  EXPECT_EQ(policy.role(caller(7)), CallerRole::DESK);
  EXPECT_EQ(policy.role(caller(0)), CallerRole::DESK);  // the file decides before the defaults
}

TEST(Policy, ReadersOfKiosksAreThoseThatAKioskMayUse) {
  PolicyConfig kiosk = entry({"1000"}, CallerRole::KIOSK);
  kiosk.readers = {"hall-*"};
  const Policy policy({entry({"1001"}, CallerRole::DESK), kiosk}, FakeUsers());
  EXPECT_TRUE(policy.serves_kiosks({"Some Reader 00 00", "hall-1"}));
  EXPECT_TRUE(policy.serves_kiosks({"hall-reader", ""}));
  EXPECT_FALSE(policy.serves_kiosks({"Some Reader 00 00", "desk-1"}));
}

TEST(Policy, NonRepositoryNeverSearches) {
  const Policy policy({entry({"1000"}, CallerRole::NON_REPOSITORY)}, FakeUsers());
  EXPECT_EQ(policy.decide(caller(1000), "InsiService/SearchByVitale"), kDenied);
  EXPECT_EQ(policy.decide(caller(1000), "InsiService/SearchByTraits"), kDenied);
  EXPECT_EQ(policy.decide(caller(1000), "VitaleService/ReadVitale"), kAllowed);
}

TEST(Policy, ARightIsGivenByNameOrNotAtAll) {
  PolicyConfig declares = entry({"1000"}, CallerRole::DESK);
  declares.rights = {"declare_identity"};
  const Policy policy({declares, entry({"1001"}, CallerRole::ADMIN)}, FakeUsers());
  EXPECT_EQ(policy.decide(caller(1000), "IdentityService/DeclareIdentity"), kAllowed);
  EXPECT_EQ(policy.decide(caller(1000), "IdentityService/AcceptApcv"), kDenied);
  for (const uid_t without : {0, 1001}) {
    EXPECT_EQ(policy.decide(caller(without), "IdentityService/DeclareIdentity"), kDenied) << without;
    EXPECT_EQ(policy.decide(caller(without), "IdentityService/Accept"), kAllowed) << without;
  }
}

TEST(Policy, AKioskAcceptsAndValidatesNothing) {
  const Policy policy({entry({"1000"}, CallerRole::KIOSK)}, FakeUsers());
  for (const char* method : {"Accept", "Validate", "Compare", "Demote", "SetAttributes", "Restore"}) {
    EXPECT_EQ(policy.decide(caller(1000), std::string("IdentityService/") + method), kDenied) << method;
  }
  EXPECT_EQ(policy.decide(caller(1000), "IdentityService/Seal"), kAllowed);
}

TEST(Policy, MethodsOfAnEntryOnlyLimit) {
  PolicyConfig limited = entry({"1000"}, CallerRole::DESK);
  limited.methods = {"VitaleService/*", "ReaderService/SetReaderEnabled"};
  const Policy policy({limited}, FakeUsers());
  EXPECT_THAT(policy.methods(caller(1000)), ::testing::ElementsAre("VitaleService/ReadVitale"));
}

TEST(Policy, ReadersAreMatchedByNameOrAlias) {
  PolicyConfig limited = entry({"1000"}, CallerRole::DESK);
  limited.readers = {"desk-1-*"};
  const Policy policy({limited}, FakeUsers());
  const auto decide = [&](std::string_view name, std::string_view alias) {
    return policy.decide(caller(1000), "VitaleService/ReadVitale", ReaderNames{name, alias});
  };
  EXPECT_EQ(decide("Gemalto 00 00", "desk-1-vitale"), kAllowed);
  EXPECT_EQ(decide("desk-1-x", ""), kAllowed);
  EXPECT_EQ(decide("Gemalto 00 00", "desk-2-vitale"), kDenied);
  EXPECT_EQ(decide("Gemalto 00 00", ""), kDenied);
}

TEST(Policy, UnresolvableNamesAndPatternsAreRefused) {
  const auto refused = [](const PolicyConfig& config) {
    try {
      const Policy policy({config}, FakeUsers());
    } catch (const Error& error) {
      return error.code() == Code::CONFIG_INVALID;
    }
    return false;
  };
  EXPECT_TRUE(refused(entry({"nobody-there"}, CallerRole::DESK)));
  EXPECT_TRUE(refused(entry({"@nobody-there"}, CallerRole::DESK)));
  EXPECT_TRUE(refused(entry({"4294967295"}, CallerRole::DESK)));
  PolicyConfig wrong = entry({"secretary"}, CallerRole::DESK);
  wrong.methods = {"VitalService/*"};
  EXPECT_TRUE(refused(wrong));
  EXPECT_FALSE(refused(entry({"secretary", "12", "@insd", "*"}, CallerRole::DESK)));
}

TEST(UserDatabase, AsksTheSystem) {
  const UserDatabase system;
  EXPECT_EQ(system.user("root"), 0U);
  EXPECT_EQ(system.group("root"), 0U);
  EXPECT_EQ(system.user("no such user"), std::nullopt);
}

TEST(Caller, T_SOCK_02_IsWhatTheKernelSays) {
  int ends[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  const Caller peer = caller_of(ends[0]);
  EXPECT_EQ(peer.uid, geteuid());
  EXPECT_EQ(peer.gid, getegid());
  EXPECT_EQ(peer.pid, getpid());
  EXPECT_EQ(peer.executable, std::filesystem::read_symlink("/proc/self/exe").string());
  std::vector<gid_t> groups(static_cast<std::size_t>(getgroups(0, nullptr)));
  ASSERT_EQ(getgroups(static_cast<int>(groups.size()), groups.data()), static_cast<int>(groups.size()));
  EXPECT_THAT(peer.groups, ::testing::UnorderedElementsAreArray(groups));
  close(ends[0]);
  close(ends[1]);
}

TEST(Caller, T_SOCK_02_NotASocketIsDenied) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  EXPECT_THROW(caller_of(ends[0]), Error);
  close(ends[0]);
  close(ends[1]);
}

TEST(Caller, AProgramThatHidesItsPathIsToldByItsName) {
  EXPECT_EQ(executable_of(2), "kthreadd") << "of a kernel thread there is no path";
  EXPECT_EQ(executable_of(-1), "") << "gone";
}

TEST(Caller, UnitIsTheLastElementOfTheCgroup) {
  EXPECT_EQ(unit_from_cgroup("0::/system.slice/kiosk.service\n"), "kiosk.service");
  EXPECT_EQ(unit_from_cgroup("12:pids:/x\n0::/a/session-2.scope"), "session-2.scope");
  EXPECT_EQ(unit_from_cgroup("0::/a\x1b[31m\n"), "a?[31m");
  EXPECT_EQ(unit_from_cgroup("0::/\n"), "");
  EXPECT_EQ(unit_from_cgroup("1:x:/y\n"), "");
}

}  // namespace
}  // namespace insd::api
