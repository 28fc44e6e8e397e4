// SPDX-License-Identifier: Apache-2.0
// An administrator takes a reader away from the daemon and gives it back: insctl, as insd-reader@.service
// runs it, the daemon, a real pcscd, and another program that wants the card for itself.
#include <fstream>

#include <gtest/gtest.h>
#include <winscard.h>

#include "tests/system/desk_client.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

using world::World;

// The other program: the card for itself, as long as this object lives.
class Exclusive {
 public:
  explicit Exclusive(const std::string& reader) {
    DWORD protocol = 0;
    EXPECT_EQ(SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context_), SCARD_S_SUCCESS);
    result_ =
        SCardConnect(context_, reader.c_str(), SCARD_SHARE_EXCLUSIVE, SCARD_PROTOCOL_ANY, &card_, &protocol);
  }
  Exclusive(const Exclusive&) = delete;
  Exclusive& operator=(const Exclusive&) = delete;
  ~Exclusive() {
    if (result_ == SCARD_S_SUCCESS) SCardDisconnect(card_, SCARD_LEAVE_CARD);
    SCardReleaseContext(context_);
  }
  [[nodiscard]] LONG result() const { return result_; }

 private:
  SCARDCONTEXT context_ = 0;
  SCARDHANDLE card_ = 0;
  LONG result_ = SCARD_S_SUCCESS;
};

class ReaderOrderTest : public ::testing::Test {
 protected:
  ReaderOrderTest() {
    world_.start_pcscd();
    world_.insert_card(0, "cps3", "cps-dr-exemple");
    world_.insert_card(1, "vitale2", "vitale-demo");
  }

  void start_insd(const std::string& role = "admin") {
    std::string config = world_.insd_config();
    const std::string desk = "role = \"desk\"";
    config.replace(config.rfind(desk), desk.size(), "role = \"" + role + "\"");
    world_.start_insd(config);
    client_.emplace(world_.socket());
  }

  world::Outcome insctl(const std::string& verb, const std::string& reader) {
    return world_.run({"insctl", "--json", "reader", verb, "--", reader});
  }

  v1::Reader reader(unsigned number) {
    for (const auto& reader : client_->readers()) {
      if (reader.name() == world_.reader_name(number)) return reader;
    }
    throw std::runtime_error("the reader is not there");
  }

  World world_;
  std::optional<DeskClient> client_;
};

TEST_F(ReaderOrderTest, ADisabledReaderIsFreeForAProgramThatWantsItForItself) {
  start_insd();
  auto login = client_->login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease) << login->failure().detail.ShortDebugString();
  const std::string before = reader(0).generation();
  EXPECT_EQ(Exclusive(world_.reader_name(0)).result(), SCARD_E_SHARING_VIOLATION)
      << "the login keeps the card open";

  const auto disabled = insctl("disable", "poste-cps");
  ASSERT_EQ(disabled.status, 0) << disabled.err;
  EXPECT_NE(disabled.out.find("READER_STATE_DISABLED"), std::string::npos) << disabled.out;
  // No wait here: when insctl returns, the card is free.
  std::optional<Exclusive> other(std::in_place, world_.reader_name(0));
  EXPECT_EQ(other->result(), SCARD_S_SUCCESS);

  EXPECT_EQ(code_of(client_->professional("poste-cps")), "READER_DISABLED");
  const auto step = login->next();
  EXPECT_TRUE(step && step->has_ended()) << "a login ends with its reader";
  EXPECT_FALSE(reader(0).enabled());
  EXPECT_EQ(reader(0).generation(), "");
  expect_value(client_->vitale());  // the other reader goes on

  other.reset();
  const auto enabled = insctl("enable", "poste-cps");
  ASSERT_EQ(enabled.status, 0) << enabled.err;
  EXPECT_TRUE(reader(0).enabled());
  EXPECT_NE(reader(0).generation(), "");
  EXPECT_NE(reader(0).generation(), before);
  expect_value(client_->professional("poste-cps"));
}

TEST_F(ReaderOrderTest, TheReaderMayBeNamedAsPcscdNamesIt) {
  start_insd();
  EXPECT_EQ(insctl("disable", world_.reader_name(1)).status, 0);
  EXPECT_EQ(reader(1).state(), v1::READER_STATE_DISABLED);
  EXPECT_EQ(insctl("disable", "poste-vitale").status, 0) << "said twice, it stays so";
  EXPECT_EQ(insctl("enable", "poste-vitale").status, 0);
  EXPECT_EQ(reader(1).state(), v1::READER_STATE_CARD_PRESENT) << "one order to enable undoes both";
}

TEST_F(ReaderOrderTest, AnOrderOutlivesTheDaemon) {
  start_insd();
  ASSERT_EQ(insctl("disable", "poste-cps").status, 0);
  world_.stop_insd(SIGKILL);
  start_insd();
  EXPECT_EQ(code_of(client_->professional("poste-cps")), "READER_DISABLED");
  EXPECT_EQ(Exclusive(world_.reader_name(0)).result(), SCARD_S_SUCCESS);
  ASSERT_EQ(insctl("enable", "poste-cps").status, 0);
  world_.stop_insd();
  start_insd();
  expect_value(client_->professional("poste-cps"));
}

TEST_F(ReaderOrderTest, WhatCannotBeDoneHasItsCodeAndExitStatus) {
  start_insd();
  const auto unknown = insctl("disable", "poste-9");
  EXPECT_EQ(unknown.status, 3);
  EXPECT_NE(unknown.err.find("READER_NOT_FOUND"), std::string::npos) << unknown.err;
  world_.stop_insd();
  EXPECT_EQ(insctl("enable", "poste-cps").status, 3);
}

TEST_F(ReaderOrderTest, OnlyAnAdministratorMay) {
  start_insd("desk");
  const auto refused = insctl("disable", "poste-cps");
  EXPECT_EQ(refused.status, 3);
  EXPECT_NE(refused.err.find("PERMISSION_DENIED"), std::string::npos) << refused.err;
  EXPECT_TRUE(reader(0).enabled());
}

}  // namespace
}  // namespace insd::test
