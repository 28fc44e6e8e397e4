// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/token_process.h"

#include <atomic>
#include <mutex>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/token/convert.h"

namespace insd::token {

namespace asio = boost::asio;

namespace {
constexpr int kMaxWaiting = 16;
}

class TokenProcess::Impl {
 public:
  explicit Impl(ChildOptions options) : options_(std::move(options)) {}

  void stop() {
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(stopping_, true)) return;
      // An idle child ends politely below; one in the middle of a call cannot be asked to.
      if (waiting_ > 0 && child_) child_->kill();
    }
    // On the worker: the child would be killed with the thread that started it before it could log out.
    asio::post(worker_, [this] { drop_child(); });
    worker_.join();
  }

  bool stopped() const {
    const std::lock_guard lock(mutex_);
    return stopping_;
  }

  pid_t pid() const {
    const std::lock_guard lock(mutex_);
    return child_ ? child_->pid() : -1;
  }

  /// Does `work(Impl&)` on the worker. The caller's frame may go while it runs: `work` owns what it uses.
  template <class Work>
  asio::awaitable<std::invoke_result_t<Work, Impl&>> run(Work work) {
    using Result = std::invoke_result_t<Work, Impl&>;
    if (stopped()) throw Error(Code::SHUTTING_DOWN);
    if (waiting_.fetch_add(1) >= kMaxWaiting) {
      --waiting_;
      throw Error(Code::BUSY, "too many calls wait for the module");
    }
    auto job = [](Impl& self, Work inner) -> asio::awaitable<Result> {
      const std::unique_ptr<std::atomic<int>, void (*)(std::atomic<int>*)> leave(
          &self.waiting_, [](auto* count) { --*count; });
      co_return inner(self);
    };
    co_return co_await asio::co_spawn(worker_, job(*this, std::move(work)), asio::use_awaitable);
  }

  /// The functions below run on the worker only. It alone changes child_, under the mutex, and reads it
  /// without.
  void require_child() {
    if (child_ && child_->usable()) return;
    drop_child();
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) throw Error(Code::SHUTTING_DOWN);
      child_ = std::make_unique<Child>(options_);
    }
    child_->wait_until_ready();
  }

  wire::Answer ask(wire::Request request, const SecretString* pin = nullptr) {
    require_child();
    request.set_id(++last_id_);
    return child_->ask(request, pin);
  }

  [[nodiscard]] bool has_child() const { return child_ && child_->usable(); }

  void drop_child() {
    std::unique_ptr<Child> ending;
    {
      const std::lock_guard lock(mutex_);
      ending.swap(child_);
    }
  }

 private:
  const ChildOptions options_;
  std::atomic<int> waiting_ = 0;
  mutable std::mutex mutex_;
  bool stopping_ = false;
  std::unique_ptr<Child> child_;
  std::uint64_t last_id_ = 0;
  asio::thread_pool worker_{1};
};

TokenProcess::TokenProcess(ChildOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

TokenProcess::~TokenProcess() {
  impl_->stop();
}

void TokenProcess::stop() {
  impl_->stop();
}

bool TokenProcess::stopped() const {
  return impl_->stopped();
}

asio::awaitable<void> TokenProcess::let_go() {
  return impl_->run([](Impl& impl) { impl.drop_child(); });
}

asio::awaitable<std::vector<pkcs11::TokenInfo>> TokenProcess::list_tokens() {
  return impl_->run([](Impl& impl) {
    wire::Request request;
    request.mutable_list_tokens();
    return tokens_of(impl.ask(std::move(request)));
  });
}

asio::awaitable<void> TokenProcess::login(pkcs11::TokenRef token, SecretString pin,
                                          pkcs11::LastTry last_try) {
  return impl_->run([token = std::move(token), pin = std::move(pin), last_try](Impl& impl) {
    if (pin.empty()) throw Error(Code::PIN_MALFORMED, "no PIN");
    wire::Request request;
    to_wire(token, *request.mutable_login()->mutable_token());
    request.mutable_login()->set_allow_last_try(last_try == pkcs11::LastTry::ALLOW);
    impl.require_child();  // before the PIN: what fails here has spent no try
    try {
      impl.ask(std::move(request), &pin);
    } catch (const Error& error) {
      if (impl.has_child()) throw;
      throw Error(error.code(), error.detail()).with_try(TrySpent::UNKNOWN);
    }
  });
}

asio::awaitable<void> TokenProcess::logout(pkcs11::TokenRef token) {
  return impl_->run([token = std::move(token)](Impl& impl) {
    if (!impl.has_child()) return;
    wire::Request request;
    to_wire(token, *request.mutable_logout()->mutable_token());
    impl.ask(std::move(request));
  });
}

asio::awaitable<std::vector<pkcs11::Certificate>> TokenProcess::certificates(pkcs11::TokenRef token) {
  return impl_->run([token = std::move(token)](Impl& impl) {
    wire::Request request;
    to_wire(token, *request.mutable_certificates()->mutable_token());
    return certificates_of(impl.ask(std::move(request)));
  });
}

asio::awaitable<std::vector<pkcs11::DataObject>> TokenProcess::data_objects(pkcs11::TokenRef token,
                                                                            std::string label_prefix,
                                                                            bool with_protected) {
  return impl_->run([token = std::move(token), prefix = std::move(label_prefix), with_protected](Impl& impl) {
    wire::Request request;
    auto& wanted = *request.mutable_data_objects();
    to_wire(token, *wanted.mutable_token());
    wanted.set_label_prefix(prefix);
    wanted.set_with_protected(with_protected);
    return data_objects_of(impl.ask(std::move(request)));
  });
}

asio::awaitable<Bytes> TokenProcess::sign(pkcs11::TokenRef token, pkcs11::KeyUse use, Bytes message) {
  return impl_->run([token = std::move(token), use, message = std::move(message)](Impl& impl) {
    if (message.empty() || message.size() > pkcs11::kMaxMessageBytes) {
      throw Error(Code::INVALID_ARGUMENT, "the message to sign is empty or too long");
    }
    wire::Request request;
    to_wire(token, *request.mutable_sign()->mutable_token());
    request.mutable_sign()->set_use(to_wire(use));
    request.mutable_sign()->set_message(message.data(), message.size());
    const auto answer = impl.ask(std::move(request));
    return Bytes(answer.signature().begin(), answer.signature().end());
  });
}

pid_t TokenProcess::pid() const {
  return impl_->pid();
}

}  // namespace insd::token
