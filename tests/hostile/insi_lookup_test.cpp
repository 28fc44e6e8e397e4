// SPDX-License-Identifier: Apache-2.0
// A name server that does not answer. This program's own getaddrinfo() stands before the library's, because
// the real one cannot be made to hang without a network.
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <thread>

#include <dlfcn.h>
#include <gtest/gtest.h>
#include <netdb.h>

#include "daemon/insi/http_client.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/tls_server.h"

namespace {

using namespace std::chrono_literals;

constexpr std::string_view kSlowName = "slow.invalid";
std::mutex mutex;
std::condition_variable changed;
int waiting = 0;
bool released = false;

std::ptrdiff_t thread_count() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

}  // namespace

extern "C" int getaddrinfo(const char* name, const char* service, const addrinfo* hints, addrinfo** found) {
  if (name != nullptr && name == kSlowName) {
    std::unique_lock lock(mutex);
    ++waiting;
    changed.notify_all();
    changed.wait_for(lock, 60s, [] { return released; });
    --waiting;
    return EAI_AGAIN;
  }
  static const auto next = reinterpret_cast<decltype(&getaddrinfo)>(dlsym(RTLD_NEXT, "getaddrinfo"));
  return next(name, service, hints, found);
}

namespace insd::insi {
namespace {

class SlowNameServer : public testing::Test {
 protected:
  SlowNameServer() {
    config_.endpoint = "https://" + std::string(kSlowName) + "/lps";
    config_.trust_store = dir_.write("trust.pem", test::TlsServer::trusted_pem());
  }

  // Ends the look-ups that were left behind, and waits until nothing of them runs any more.
  ~SlowNameServer() override {
    {
      const std::lock_guard lock(mutex);
      released = true;
      changed.notify_all();
    }
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (thread_count() > threads_before_ && std::chrono::steady_clock::now() < deadline)
      std::this_thread::yield();
    EXPECT_LE(thread_count(), threads_before_);
    released = false;
  }

  static Code code_of(HttpClient& client, std::stop_token stop = {}) {
    try {
      test::run(client.post({"text/xml", "<question/>"}, stop));
    } catch (const Error& error) {
      return error.code();
    }
    return Code::INTERNAL;
  }

  const std::ptrdiff_t threads_before_ = thread_count();
  test::TempDir dir_;
  InsiConfig config_;
};

TEST_F(SlowNameServer, T_TLS_02_TheCallAndTheClientEndInTime) {
  config_.connect_timeout = 200ms;
  const auto began = std::chrono::steady_clock::now();
  {
    HttpClient client(config_);
    EXPECT_EQ(code_of(client), Code::INSI_UNREACHABLE);
    EXPECT_EQ(code_of(client), Code::INSI_UNREACHABLE);  // the second waits behind the first look-up
    const std::lock_guard lock(mutex);
    EXPECT_EQ(waiting, 1);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - began, 20s);
}

TEST_F(SlowNameServer, T_TLS_02_ACancelDoesNotWaitForTheLookUp) {
  HttpClient client(config_);
  std::stop_source stop;
  std::thread canceller([&] {
    std::unique_lock lock(mutex);
    EXPECT_TRUE(changed.wait_for(lock, 20s, [] { return waiting > 0; }));
    stop.request_stop();
  });
  const auto began = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of(client, stop.get_token()), Code::CANCELLED);
  EXPECT_LT(std::chrono::steady_clock::now() - began, 8s);  // below the connect time-out of 10 s
  canceller.join();
}

}  // namespace
}  // namespace insd::insi
