// SPDX-License-Identifier: Apache-2.0
// What tests of whole requests share: a software signer, a test PKI on disk, a way to run a coroutine, and
// the values of one invented professional.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "daemon/config.h"
#include "daemon/insi/envelope.h"
#include "daemon/insi/exchange.h"
#include "daemon/insi/signer.h"
#include "tests/unit/insi/test_pki.h"

namespace insd::test {

/// Runs a coroutine on an io_context of its own until it ends. A hang is a failure after `limit`.
template <class T>
T run(boost::asio::awaitable<T> work, std::chrono::seconds limit = std::chrono::seconds(30)) {
  boost::asio::io_context io;
  std::exception_ptr error;
  std::optional<T> result;
  bool done = false;
  boost::asio::co_spawn(io, std::move(work), [&](std::exception_ptr e, T value) {
    error = std::move(e);
    result = std::move(value);
    done = true;
  });
  io.run_for(limit);
  if (!done) throw std::runtime_error("the coroutine did not end in time");
  if (error) std::rethrow_exception(error);
  return std::move(*result);
}

/// A test authority and the professional's certificate under it (shared_key()), made once a process.
struct TestPki {
  Certificate authority, professional;
  static const TestPki& get();
};

/// Signs with shared_key() as a card would.
class SoftwareSigner : public Signer {
 public:
  SoftwareSigner() : certificate_(to_der(TestPki::get().professional.get())) {}
  explicit SoftwareSigner(Bytes certificate) : certificate_(std::move(certificate)) {}

  boost::asio::awaitable<Bytes> sign(Bytes message, std::stop_token stop) override;
  [[nodiscard]] const Bytes& certificate() const override { return certificate_; }

  int signatures = 0;
  bool spoil = false;                 ///< returns a wrong value
  std::function<void()> before_sign;  ///< may throw

 private:
  Bytes certificate_;
};

/// A directory that ends with the test.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  [[nodiscard]] std::filesystem::path write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

insi::Party a_party();
insi::TraitsQuery a_traits_query();
insi::CardQuery a_card_query();

/// What is handed to the network: the whole signed request. `id` etc. are made as Exchange makes them.
std::string signed_request(const insi::Query& query, const insi::Party& party = a_party());

/// Exit status of `xmlsec1 --verify` on a document, trusting the test authority.
int xmlsec_verdict(const std::string& xml);

}  // namespace insd::test
