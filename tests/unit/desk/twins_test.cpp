// SPDX-License-Identifier: Apache-2.0
// Readers of one model, told apart by their ports: the whole desk against a scripted PC/SC and a sysfs of the
// test's own.
#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <gtest/gtest.h>
#include <reader.h>

#include "daemon/desk/board.h"
#include "drivers/base/error.h"
#include "tests/unit/desk/desk_support.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::desk {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;

class TwinsTest : public ::testing::Test {
 protected:
  TwinsTest() {
    std::string pattern = testing::TempDir() + "insd-sysfs-XXXXXX";
    sysfs_ = mkdtemp(pattern.data());
    thread_ = std::thread([this] { io_.run(); });
  }
  ~TwinsTest() override {
    if (desk_) {
      EXPECT_TRUE(desk_->stop());
      EXPECT_EQ(pcsc_.open_cards(), 0U);
      EXPECT_EQ(pcsc_.open_contexts(), 0U);
    }
    work_.reset();
    io_.stop();
    thread_.join();
    watch_.reset();
    desk_.reset();
    fs::remove_all(sysfs_);
  }

  void start(std::vector<ReaderConfig> entries) {
    desk_.emplace(
        io_.get_executor(), pcsc_.api(), std::move(entries), "start", clock_, Orders({}),
        pcsc::UsbBus{.sysfs = sysfs_, .drivers = sysfs_ / "none", .settle = std::chrono::milliseconds(50)});
    asio::post(io_, [this] {
      watch_ = desk_->watch([this](const std::shared_ptr<const State>&) {
        const std::lock_guard lock(mutex_);
        changed_.notify_all();
      });
    });
    desk_->start();
  }

  // The reader with this name or alias, once it is in this state; fails after twenty seconds.
  Reader await_reader(const std::string& name, ReaderState wanted) {
    std::unique_lock lock(mutex_);
    Reader found;
    const bool came = changed_.wait_for(lock, std::chrono::seconds(20), [&] {
      const auto state = desk_->state();
      for (const Reader& reader : state->readers) {
        if ((reader.name != name && reader.alias != name) || reader.state != wanted) continue;
        found = reader;
        return true;
      }
      return false;
    });
    EXPECT_TRUE(came) << name;
    return found;
  }

  void await_no_reader() {
    std::unique_lock lock(mutex_);
    EXPECT_TRUE(
        changed_.wait_for(lock, std::chrono::seconds(20), [&] { return desk_->state()->readers.empty(); }));
  }

  fs::path put_on_usb(const std::string& path, std::uint8_t address) {
    fs::create_directories(sysfs_ / path);
    std::ofstream(sysfs_ / path / "busnum") << "1\n";
    std::ofstream(sysfs_ / path / "devnum") << int{address} << '\n';
    return sysfs_ / path;
  }
  static void identify(const fs::path& device, const char* vendor, const char* product) {
    std::ofstream(device / "idVendor") << vendor << '\n';
    std::ofstream(device / "idProduct") << product << '\n';
  }
  void plug(const std::string& name, const std::string& path, std::uint8_t address) {
    put_on_usb(path, address);
    // With its place from the first moment: who sees the reader asks for it at once.
    pcsc_.add_reader(name, {{SCARD_ATTR_CHANNEL_ID, test::ScriptedPcsc::usb_channel(1, address)}});
  }

  test::ScriptedPcsc pcsc_;
  fs::path sysfs_;
  Clock clock_;
  asio::io_context io_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_{asio::make_work_guard(io_)};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<Desk> desk_;
  std::shared_ptr<void> watch_;
  std::thread thread_;
};

TEST_F(TwinsTest, T_PCSC_02_TwinsAreToldApartByTheirPorts) {
  plug("Twin 00 00", "1-1.2", 9);
  plug("Twin 01 00", "1-1.1", 4);
  pcsc_.insert("Twin 00 00", kVitaleAtr);
  pcsc_.insert("Twin 01 00", kCpsAtr);
  start({{"", "desk-1-cps", ReaderRole::PROFESSIONAL, "1-1.1"},
         {"", "desk-1-vitale", ReaderRole::PATIENT, "1-1.2"}});
  EXPECT_EQ(await_reader("desk-1-vitale", ReaderState::CARD_PRESENT).name, "Twin 00 00");
  EXPECT_EQ(await_reader("desk-1-cps", ReaderState::CARD_PRESENT).usb_path, "1-1.1");
  EXPECT_EQ(desk_->choose({}, Wanted::CPS, {}).alias, "desk-1-cps");
  EXPECT_EQ(desk_->choose({}, Wanted::VITALE, {}).reader, "Twin 00 00");
}

TEST_F(TwinsTest, T_PCSC_02_ATwinPluggedInElsewhereUnderTheSameNameIsAnotherReader) {
  plug("Twin 00 00", "1-1", 9);
  start({{"", "left", ReaderRole::ANY, "1-1"}, {"", "right", ReaderRole::ANY, "1-2"}});
  await_reader("left", ReaderState::EMPTY);
  pcsc_.remove_reader("Twin 00 00");
  await_no_reader();
  plug("Twin 00 00", "1-2", 10);
  await_reader("right", ReaderState::EMPTY);
}

TEST_F(TwinsTest, APinPadIsKnownWithItsControlCode) {
  plug("Pad 00 00", "1-1", 9);
  plug("Plain 00 00", "1-2", 4);
  pcsc_.driver("Pad 00 00", [](DWORD, ByteView) { return std::optional(from_hex("06 04 42330006")); });
  start({});
  const auto pad = await_reader("Pad 00 00", ReaderState::EMPTY).features;
  ASSERT_TRUE(pad);
  EXPECT_EQ(pad->verify_pin_direct, DWORD{0x42330006});
  const auto plain = await_reader("Plain 00 00", ReaderState::EMPTY).features;
  ASSERT_TRUE(plain) << "asked, and it offers nothing";
  EXPECT_FALSE(plain->pin_pad());
}

TEST_F(TwinsTest, AKnownReaderThatPcscdHasNoDriverForIsShownUntilItHasOne) {
  identify(put_on_usb("1-1", 9), "0b00", "0090");
  identify(put_on_usb("1-2", 4), "2947", "0102");
  start({{"", "front", ReaderRole::PATIENT, "1-2"}});
  const Reader terminal = await_reader("INGENICO Lecteur SESAM VITALE (USB 1-1)", ReaderState::UNUSABLE);
  EXPECT_EQ(terminal.problem, Code::READER_NO_DRIVER);
  EXPECT_EQ(terminal.no_driver, pcsc::NoDriver::SESAM_MODE);
  EXPECT_EQ(terminal.generation, "");
  const Reader care = await_reader("front", ReaderState::UNUSABLE);
  EXPECT_EQ(care.name, "KAPELSE KAP-Care (USB 1-2)");
  EXPECT_EQ(care.no_driver, pcsc::NoDriver::DRIVER_MISSING);
  try {
    static_cast<void>(desk_->choose({"front", "", ""}, Wanted::VITALE, {}));
    ADD_FAILURE() << "there is no card to be had from it";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::READER_NO_DRIVER);
  }
  // A newer driver takes it up.
  pcsc_.add_reader("KAPELSE KAP-Care 00 00",
                   {{SCARD_ATTR_CHANNEL_ID, test::ScriptedPcsc::usb_channel(1, 4)}});
  EXPECT_EQ(await_reader("front", ReaderState::EMPTY).name, "KAPELSE KAP-Care 00 00");
  EXPECT_EQ(desk_->state()->readers.size(), 2U) << "once each";
}

TEST_F(TwinsTest, WithoutPcscdNothingIsSaidOfDrivers) {
  identify(put_on_usb("1-1", 9), "0b00", "0090");
  start({});
  await_reader("INGENICO Lecteur SESAM VITALE (USB 1-1)", ReaderState::UNUSABLE);
  pcsc_.service(test::ScriptedPcsc::Service::ABSENT);
  await_no_reader();
  pcsc_.service(test::ScriptedPcsc::Service::RUNNING);
  await_reader("INGENICO Lecteur SESAM VITALE (USB 1-1)", ReaderState::UNUSABLE);
}

TEST_F(TwinsTest, AReaderHeldWhenItAppearsIsNobodysUntilItsPortIsKnown) {
  plug("Twin 00 00", "1-1", 9);
  pcsc_.insert("Twin 00 00", kVitaleAtr);
  pcsc_.hold("Twin 00 00", true);
  start({{"", "left", ReaderRole::ANY, "1-1", {}, "desk-1"}});
  EXPECT_EQ(await_reader("Twin 00 00", ReaderState::HELD).problem, Code::READER_HELD);
  EXPECT_THROW(static_cast<void>(desk_->choose({}, Wanted::VITALE, {})), Error);
  pcsc_.hold("Twin 00 00", false);
  EXPECT_EQ(await_reader("left", ReaderState::CARD_PRESENT).desk, "desk-1");
  EXPECT_EQ(desk_->choose({}, Wanted::VITALE, {}).alias, "left");
}

TEST_F(TwinsTest, AReaderThatCannotSayWhereItIsHoldsUpNobody) {
  plug("Slow 00 00", "1-1", 9);
  plug("Twin 00 00", "1-2", 4);
  // Lives as long as the driver, which may still be on its way out when the test has ended.
  struct Gate {
    std::mutex mutex;
    std::condition_variable opened;
    bool open = false;
    std::atomic<bool> first{true};
  };
  const auto gate = std::make_shared<Gate>();
  // A driver that hangs in the first question it gets.
  pcsc_.fault([gate](std::string_view call) -> std::optional<LONG> {
    if (call != "GetAttrib" || !gate->first.exchange(false)) return std::nullopt;
    std::unique_lock lock(gate->mutex);
    gate->opened.wait(lock, [&] { return gate->open; });
    return SCARD_F_INTERNAL_ERROR;
  });
  start({{"Slow*", "slow", ReaderRole::ANY},
         {"", "left", ReaderRole::ANY, "1-1"},
         {"", "right", ReaderRole::ANY, "1-2"}});
  // One of the two hangs; both are shown all the same, with what needs no port.
  await_reader("slow", ReaderState::EMPTY);
  {
    const std::lock_guard lock(gate->mutex);
    gate->open = true;
  }
  gate->opened.notify_all();
  await_reader("Twin 00 00", ReaderState::EMPTY);
}

TEST_F(TwinsTest, T_PCSC_02_SeventeenReadersAreSeenAndNamed) {
  std::vector<ReaderConfig> entries;
  for (std::uint8_t i = 0; i < 17; ++i) {
    const std::string number = std::to_string(i);
    entries.push_back({"", "alias-" + number, ReaderRole::ANY, "1-" + number});
    plug("Twin " + number + " 00", "1-" + number, static_cast<std::uint8_t>(100 - i));
  }
  pcsc_.max_states(64);
  pcsc_.insert("Twin 16 00", kVitaleAtr);
  start(std::move(entries));
  await_reader("alias-16", ReaderState::CARD_PRESENT);
  const auto state = desk_->state();
  for (const Reader& reader : state->readers) {
    EXPECT_EQ("Twin " + reader.alias.substr(6) + " 00", reader.name);
  }
  EXPECT_EQ(desk_->choose({}, Wanted::VITALE, {}).alias, "alias-16");
}

TEST_F(TwinsTest, T_PCSC_01_APcscdThatComesBackIsAskedAgain) {
  plug("Twin 00 00", "1-1", 9);
  start({{"", "left", ReaderRole::ANY, "1-1"}, {"", "right", ReaderRole::ANY, "1-2"}});
  await_reader("left", ReaderState::EMPTY);
  pcsc_.service(test::ScriptedPcsc::Service::ABSENT);
  pcsc_.remove_reader("Twin 00 00");
  plug("Twin 00 00", "1-2", 10);
  pcsc_.service(test::ScriptedPcsc::Service::RUNNING);
  await_reader("right", ReaderState::EMPTY);
}

}  // namespace
}  // namespace insd::desk
