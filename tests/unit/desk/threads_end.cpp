// SPDX-License-Identifier: Apache-2.0
// A worker that a test leaves behind is let go at the test's end, and runs on: the process must not end under
// it.
#include <chrono>
#include <filesystem>
#include <iterator>
#include <thread>

#include <gtest/gtest.h>

namespace insd {
namespace {

class ThreadsEnd final : public ::testing::Environment {
 public:
  void SetUp() override {
    std::thread([] {}).join();  // a sanitizer's own thread comes with the first
    before_ = threads();
  }
  void TearDown() override {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (threads() > before_ && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    EXPECT_LE(threads(), before_) << "a thread of a test never ends";
  }

 private:
  static std::ptrdiff_t threads() {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                         std::filesystem::directory_iterator());
  }
  std::ptrdiff_t before_ = 0;
};

const auto* const kThreadsEnd = ::testing::AddGlobalTestEnvironment(new ThreadsEnd);

}  // namespace
}  // namespace insd
