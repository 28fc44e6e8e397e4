// SPDX-License-Identifier: Apache-2.0
// Waiting for pcscd's socket to appear.
#include "drivers/pcsc/socket_watch.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include <gtest/gtest.h>
#include <stdlib.h>

namespace insd::pcsc {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

class SocketWatch : public ::testing::Test {
 protected:
  SocketWatch() {
    std::string pattern = fs::temp_directory_path() / "socket-watch-XXXXXX";
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = pattern;
  }
  ~SocketWatch() override { fs::remove_all(directory_); }
  [[nodiscard]] std::string socket() const { return directory_ / "pcscd.comm"; }

  fs::path directory_;
};

TEST_F(SocketWatch, AFileThatAppearsEndsTheWait) {
  std::atomic<bool> ended = false;
  std::jthread maker([&] {
    // When the wait has begun cannot be seen from here: another file each time until it ends.
    for (int i = 0; !ended; ++i) {
      std::ofstream(directory_ / std::to_string(i)) << "x";
      std::this_thread::yield();
    }
  });
  EXPECT_TRUE(await_change_beside(socket(), {}, 60s));
  ended = true;
}

TEST_F(SocketWatch, WithoutAChangeItTakesItsTime) {
  const auto begin = Steady::now();
  EXPECT_FALSE(await_change_beside(socket(), {}, 30ms));
  EXPECT_GE(Steady::now() - begin, 30ms);
}

TEST_F(SocketWatch, ADirectoryThatIsNotThereIsWaitedOutNotSpunOn) {
  const auto begin = Steady::now();
  EXPECT_FALSE(await_change_beside(directory_ / "none" / "pcscd.comm", {}, 30ms));
  EXPECT_GE(Steady::now() - begin, 30ms);
}

TEST_F(SocketWatch, AStopEndsTheWait) {
  std::stop_source stop;
  std::jthread stopper([&] { stop.request_stop(); });
  EXPECT_FALSE(await_change_beside(socket(), stop.get_token(), 600s));
  EXPECT_FALSE(await_change_beside(socket(), stop.get_token(), 600s)) << "also one of before";
}

}  // namespace
}  // namespace insd::pcsc
