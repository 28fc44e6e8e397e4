// SPDX-License-Identifier: Apache-2.0
// A desk with one reader "R", on an executor of its own, over a PC/SC that plays every fault.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "daemon/desk/desk.h"
#include "drivers/base/error.h"
#include "tests/unit/desk/desk_support.h"
#include "tests/unit/drivers/scripted_pcsc.h"

namespace insd::desk {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class DeskTest : public ::testing::Test {
 protected:
  DeskTest() {
    pcsc_.add_reader("R");
    thread_ = std::jthread([this] { io_.run(); });
  }
  ~DeskTest() override {
    desk_.stop();
    work_.reset();
    io_.stop();
  }

  // The state once it satisfies `wanted`, by event; fails after ten seconds.
  std::shared_ptr<const State> wait_for(const std::function<bool(const State&)>& wanted) {
    auto promise = std::make_shared<std::promise<std::shared_ptr<const State>>>();
    auto future = promise->get_future();
    auto handle = std::make_shared<std::shared_ptr<void>>();
    asio::post(io_, [&, promise, handle] {
      auto done = std::make_shared<bool>(false);
      *handle = desk_.watch([wanted, promise, done](const std::shared_ptr<const State>& state) {
        if (*done || !wanted(*state)) return;
        *done = true;
        promise->set_value(state);
      });
    });
    const bool came = future.wait_for(10s) == std::future_status::ready;
    std::promise<void> unwatched;
    asio::post(io_, [&] {
      handle->reset();
      unwatched.set_value();
    });
    unwatched.get_future().wait();
    EXPECT_TRUE(came) << "the state did not come";
    return came ? future.get() : desk_.state();
  }

  Chosen chosen() { return desk_.choose({}, Wanted::VITALE, {}); }

  template <class T>
  std::future<T> begin(Chosen card, std::function<T(pcsc::CardSession&)> work, Patience patience = {}) {
    return asio::co_spawn(io_, desk_.with_card<T>(std::move(card), std::move(work), std::move(patience)),
                          asio::use_future);
  }

  template <class T>
  static T result(std::future<T> future) {
    if (future.wait_for(20s) != std::future_status::ready) throw std::runtime_error("the work did not end");
    return future.get();
  }

  static Code code_of(std::future<int> future) {
    try {
      result(std::move(future));
    } catch (const Error& error) {
      return error.code();
    }
    return Code::INTERNAL;
  }

  template <class T>
  T run(Chosen card, std::function<T(pcsc::CardSession&)> work, Patience patience = {}) {
    return result(begin<T>(std::move(card), std::move(work), std::move(patience)));
  }

  Code failure(Chosen card, std::function<int(pcsc::CardSession&)> work, Patience patience = {}) {
    return code_of(begin<int>(std::move(card), std::move(work), std::move(patience)));
  }

  Reader order(std::string reader, bool enabled) {
    auto future = asio::co_spawn(io_, desk_.set_enabled(std::move(reader), enabled), asio::use_future);
    if (future.wait_for(20s) != std::future_status::ready) throw std::runtime_error("the order did not end");
    return future.get();
  }

  void insert(Bytes atr = kVitaleAtr) {
    pcsc_.insert("R", std::move(atr), [](ByteView) { return from_hex("9000"); });
    wait_for([](const State& s) { return !s.readers.empty() && !s.readers[0].generation.empty(); });
  }

  static int touch(pcsc::CardSession& session) {
    return static_cast<int>(session.exchange(from_hex("00A40000023F00")).size());
  }

  // As a login leaves the card: to be reset at the end.
  static int verify(pcsc::CardSession& session) {
    session.reset_at_end();
    return touch(session);
  }

  test::ScriptedPcsc pcsc_;
  Clock clock_;
  asio::io_context io_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_{asio::make_work_guard(io_)};
  Desk desk_{io_.get_executor(), pcsc_.api(), {}, "start", clock_};
  std::jthread thread_;
};

}  // namespace insd::desk
