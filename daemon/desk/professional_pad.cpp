// SPDX-License-Identifier: Apache-2.0
// The login whose PIN is typed on the reader (PIN law, rule 1: there it never leaves the reader).
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/desk/professional_impl.h"
#include "drivers/pcsc/pin_pad.h"

namespace insd::desk {
namespace asio = boost::asio;

asio::awaitable<void> CardBackend::verify_on_pad(Professional /*who*/, LastTry /*last_try*/,
                                                 Patience /*patience*/,
                                                 std::shared_ptr<std::atomic<bool>> /*asked*/) {
  throw Error(Code::INTERNAL, "this way to the card has no PIN pad");
  co_return;
}

namespace {

// What the operator below needs: it waits on after a failure, but the question must end with the pad's work.
asio::awaitable<std::exception_ptr> failure_of(asio::awaitable<void> work) {
  try {
    co_await std::move(work);
  } catch (...) {
    co_return std::current_exception();
  }
  co_return nullptr;
}

}  // namespace

asio::awaitable<void> ProfessionalDesk::Impl::verify_on_pad(CardBackend& way, Asker& asker,
                                                            const Professional& who, LastTry last_try,
                                                            const journal::Begin& record, Patience patience) {
  using namespace asio::experimental::awaitable_operators;
  const auto asked = std::make_shared<std::atomic<bool>>(false);
  // The caller's end or the caller's cancel, which leaves its stream open.
  std::stop_source given_up;
  const std::stop_callback gone(patience.stop, [&given_up] { given_up.request_stop(); });
  patience.stop = given_up.get_token();
  // How long a module lets its pad wait is not known; this is how long it may.
  const bool by_module = who.capabilities.backend == CpsBackend::MODULE;
  const Prompt prompt =
      prompt_for(PromptKind::PIN_PAD, who, by_module ? config_.prompt_timeout : pcsc::PadVerify().patience);
  JournalEntry entry(journal_, co_await journal_.begin(record), clock_);
  try {
    auto pad = failure_of(way.verify_on_pad(who, last_try, std::move(patience), asked));
    auto ended = co_await (asker.ask(prompt) || std::move(pad));
    if (const auto* failure = std::get_if<std::exception_ptr>(&ended)) {
      if (*failure) std::rethrow_exception(*failure);
    } else {
      // In this order: a pad that has not been asked by now never is.
      given_up.request_stop();
      // Nothing takes a question back from a pad: what is typed there within its patience still counts.
      const bool open = *asked;
      throw Error(Code::PIN_CANCELLED, open ? "the PIN pad still asks" : "")
          .with_try(open ? TrySpent::UNKNOWN : TrySpent::NO);
    }
  } catch (const Error& error) {
    entry.code(error.entry().name);
    throw;
  }
  entry.code("OK");
}

}  // namespace insd::desk
