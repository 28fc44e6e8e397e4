// SPDX-License-Identifier: Apache-2.0
// A TokenProcess on a SoftHSM token behind the misbehaving module, and a way to wait for its awaitables.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <gtest/gtest.h>

#include "daemon/token/token_process.h"
#include "tests/simulators/pkcs11_shim/soft_token.h"
#include "tests/unit/pkcs11/token_test_support.h"

namespace insd::token {

/// Runs one awaitable to its end.
template <class T>
T await(boost::asio::awaitable<T> work) {
  boost::asio::io_context io;
  auto result = boost::asio::co_spawn(io, std::move(work), boost::asio::use_future);
  io.run();
  return result.get();
}

class TokenProcessTest : public testing::Test {
 protected:
  ChildOptions options() {
    ChildOptions result;
    result.executable = INSD_BIN_DIR "/insd-token";
    result.module = sim::SoftToken::shim();
    result.environment = soft_.environment();
    result.owner = pkcs11::ModuleOwner::CURRENT_USER;
    return result;
  }

  /// Made at its first use.
  TokenProcess& process() {
    if (!process_) process_ = std::make_unique<TokenProcess>(options_ ? *options_ : options());
    return *process_;
  }

  pkcs11::TokenRef ref(const std::string& label = sim::SoftToken::kLabel) {
    for (const auto& info : await(process().list_tokens())) {
      if (info.ref.label == label) return info.ref;
    }
    ADD_FAILURE() << "no token " << label;
    return {};
  }

  pkcs11::TokenRef logged_in(const std::string& label = sim::SoftToken::kLabel) {
    auto token = ref(label);
    await(process().login(token, SecretString(sim::SoftToken::kPin)));
    return token;
  }

  Bytes sign(const pkcs11::TokenRef& token, pkcs11::KeyUse use = pkcs11::KeyUse::SIGNATURE) {
    return await(process().sign(token, use, message_));
  }

  /// Logs in anew and signs: the module works again.
  void expect_recovered() {
    soft_.faults("");
    const auto signature = sign(logged_in());
    EXPECT_TRUE(test::verifies(sim::SoftToken::certificate("sig"), message_, signature));
  }

  const Bytes message_ = {'m', 'e', 's', 's', 'a', 'g', 'e'};
  sim::SoftToken soft_;
  std::optional<ChildOptions> options_;  ///< to be set before the first use of process()
  std::unique_ptr<TokenProcess> process_;
};

}  // namespace insd::token
