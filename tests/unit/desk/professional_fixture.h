// SPDX-License-Identifier: Apache-2.0
// A professional's desk: a simulated CPS in the one reader, somebody who answers questions, and a journal
// that remembers.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/desk/professional.h"
#include "tests/unit/desk/desk_fixture.h"
#include "tests/unit/drivers/card_double.h"
#include "tests/unit/insi/test_pki.h"

namespace insd::desk {

/// On the executor's thread; read it when the login has ended.
class Answers : public Asker {
 public:
  asio::awaitable<PromptAnswer> ask(const Prompt& prompt) override {
    prompts.push_back(prompt);
    if (asked) asked->set_value();
    asked.reset();
    if (never) {
      silence = std::make_unique<asio::steady_timer>(co_await asio::this_coro::executor,
                                                     asio::steady_timer::time_point::max());
      boost::system::error_code ignored;
      co_await silence->async_wait(asio::redirect_error(asio::use_awaitable, ignored));
    }
    if (prompt.kind == PromptKind::LAST_TRY_CONSENT) co_return consent;
    if (cancel) co_return Cancelled{};
    co_return SecretString(pin);
  }

  std::string pin = "1234";
  bool consent = true, cancel = false;
  bool never = false;  ///< no answer comes until `silence` is cancelled
  std::unique_ptr<asio::steady_timer> silence;
  std::vector<Prompt> prompts;
  std::optional<std::promise<void>> asked;
};

class MemoryJournal : public journal::Journal {
 public:
  std::uint64_t begin(const journal::Begin& record) override {
    const std::lock_guard lock(mutex_);
    records_.push_back(record.operation);
    return records_.size() - 1;
  }
  void end(std::uint64_t id, const journal::End& record) noexcept override {
    const std::lock_guard lock(mutex_);
    records_[id] += " " + record.code;
  }
  /// "login PIN_WRONG", in their order.
  std::vector<std::string> records() {
    const std::lock_guard lock(mutex_);
    return records_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> records_;
};

/// A machine that the test puts to sleep.
class SleepingClock : public Clock {
 public:
  [[nodiscard]] std::chrono::nanoseconds asleep() const override { return std::chrono::seconds(slept); }
  std::atomic<int> slept = 0;
};

class ProfessionalDeskTest : public DeskTest {
 protected:
  static constexpr std::uint32_t kUid = 1000;

  void start(const CpsConfig& config = {}) {
    config_ = config;
    config_.backend = CpsBackend::DIRECT;
    const auto certificate = test::make_certificate({}, test::shared_key(), test::shared_key());
    card_.files["3F000001C001"] = test::to_der(certificate.get());
    on_executor([this] {
      professionals_ =
          std::make_unique<ProfessionalDesk>(io_.get_executor(), desk_, config_, "", writer_, sleeping_);
    });
    desk_.start();
    insert_cps();
  }
  ~ProfessionalDeskTest() override {
    on_executor([this] { professionals_.reset(); });
  }

  void insert_cps() {
    pcsc_.insert("R", from_hex("3BAC00402A001225006480000310009000"), [this](ByteView command) {
      const bool verify = command.size() > 5 && command[1] == 0x20;
      if (verify && at_verify) at_verify();
      const std::lock_guard lock(card_mutex_);
      return card_.exchange(command);
    });
    wait_for([](const State& s) { return !s.readers.empty() && !s.readers[0].generation.empty(); });
  }

  std::future<LeaseInfo> begin_login(Asker& asker, std::stop_token stop = {}, LoginRequest request = {}) {
    return asio::co_spawn(io_,
                          professionals_->login(
                              std::move(request), {.uid = kUid, .pid = 1, .unit = {}},
                              [](const Reader&) { return true; }, asker, std::move(stop)),
                          asio::use_future);
  }
  LeaseInfo login() {
    Answers answers;
    return result(begin_login(answers));
  }
  /// The error that the login ends with.
  static std::optional<Error> error_of(std::future<LeaseInfo> login) {
    try {
      result(std::move(login));
    } catch (const Error& error) {
      return error;
    }
    return std::nullopt;
  }
  bool logout(const std::string& lease) {
    return result(asio::co_spawn(io_, professionals_->logout(lease, {kUid}), asio::use_future));
  }
  std::vector<std::string> records() {
    asio::co_spawn(io_, writer_.written(), asio::use_future).wait();
    return journal_.records();
  }
  template <class Work>
  void on_executor(Work work) {
    std::promise<void> done;
    asio::post(io_, [&] {
      work();
      done.set_value();
    });
    done.get_future().wait();
  }
  std::size_t verifies() {
    const std::lock_guard lock(card_mutex_);
    return card_.sent("0020000104");
  }

  test::FakeCps card_;
  std::mutex card_mutex_;
  std::function<void()> at_verify;  ///< before the card hears VERIFY, on the worker's thread
  CpsConfig config_;
  SleepingClock sleeping_;
  MemoryJournal journal_;
  journal::Writer writer_{journal_};
  std::unique_ptr<ProfessionalDesk> professionals_;
};

}  // namespace insd::desk
