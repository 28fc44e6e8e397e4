// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/token_process.h"

#include <utility>

#include "daemon/token/child_worker.h"
#include "daemon/token/convert.h"

namespace insd::token {

namespace asio = boost::asio;

namespace {

// Without a PIN: on the pad.
void log_in(ChildWorker& impl, const pkcs11::TokenRef& token, pkcs11::LastTry last_try,
            const SecretString* pin) {
  wire::Request request;
  to_wire(token, *request.mutable_login()->mutable_token());
  request.mutable_login()->set_allow_last_try(last_try == pkcs11::LastTry::ALLOW);
  request.mutable_login()->set_on_pad(pin == nullptr);
  impl.require_child();  // before the PIN: what fails here has spent no try
  try {
    impl.ask(std::move(request), pin);
  } catch (const Error& error) {
    if (impl.has_child()) throw;
    throw Error(error.code(), error.detail()).with_try(TrySpent::UNKNOWN);
  }
}

}  // namespace

class TokenProcess::Impl : public ChildWorker {
 public:
  using ChildWorker::ChildWorker;
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
  return impl_->run([](ChildWorker& impl) { impl.drop_child(); });
}

asio::awaitable<std::vector<pkcs11::TokenInfo>> TokenProcess::list_tokens() {
  return impl_->run([](ChildWorker& impl) {
    wire::Request request;
    request.mutable_list_tokens();
    return tokens_of(impl.ask(std::move(request)));
  });
}

asio::awaitable<void> TokenProcess::login(pkcs11::TokenRef token, SecretString pin,
                                          pkcs11::LastTry last_try) {
  return impl_->run([token = std::move(token), pin = std::move(pin), last_try](ChildWorker& impl) {
    if (pin.empty()) throw Error(Code::PIN_MALFORMED, "no PIN");
    log_in(impl, token, last_try, &pin);
  });
}

asio::awaitable<void> TokenProcess::login_on_pad(pkcs11::TokenRef token, pkcs11::LastTry last_try,
                                                 std::stop_token stop,
                                                 std::shared_ptr<std::atomic<bool>> asked) {
  return impl_->run([token = std::move(token), last_try, stop = std::move(stop),
                     asked = std::move(asked)](ChildWorker& impl) {
    *asked = true;
    if (stop.stop_requested()) throw Error(Code::CANCELLED, "before the PIN pad was asked");
    log_in(impl, token, last_try, nullptr);
  });
}

asio::awaitable<void> TokenProcess::logout(pkcs11::TokenRef token) {
  return impl_->run([token = std::move(token)](ChildWorker& impl) {
    if (!impl.has_child()) return;
    wire::Request request;
    to_wire(token, *request.mutable_logout()->mutable_token());
    impl.ask(std::move(request));
  });
}

asio::awaitable<std::vector<pkcs11::Certificate>> TokenProcess::certificates(pkcs11::TokenRef token) {
  return impl_->run([token = std::move(token)](ChildWorker& impl) {
    wire::Request request;
    to_wire(token, *request.mutable_certificates()->mutable_token());
    return certificates_of(impl.ask(std::move(request)));
  });
}

asio::awaitable<std::vector<pkcs11::DataObject>> TokenProcess::data_objects(pkcs11::TokenRef token,
                                                                            std::string label_prefix,
                                                                            bool with_protected) {
  return impl_->run(
      [token = std::move(token), prefix = std::move(label_prefix), with_protected](ChildWorker& impl) {
        wire::Request request;
        auto& wanted = *request.mutable_data_objects();
        to_wire(token, *wanted.mutable_token());
        wanted.set_label_prefix(prefix);
        wanted.set_with_protected(with_protected);
        return data_objects_of(impl.ask(std::move(request)));
      });
}

asio::awaitable<Bytes> TokenProcess::sign(pkcs11::TokenRef token, pkcs11::KeyUse use, Bytes message) {
  return impl_->run([token = std::move(token), use, message = std::move(message)](ChildWorker& impl) {
    if (message.empty() || message.size() > pkcs11::kMaxMessageBytes) {
      throw Error(Code::INVALID_ARGUMENT, "the message to sign is empty or too long");
    }
    wire::Request request;
    to_wire(token, *request.mutable_sign()->mutable_token());
    request.mutable_sign()->set_use(to_wire(use));
    request.mutable_sign()->set_message(message.data(), message.size());
    impl.require_child();  // before the message: what fails here has signed nothing
    try {
      const auto answer = impl.ask(std::move(request));
      return Bytes(answer.signature().begin(), answer.signature().end());
    } catch (Error& error) {
      if (!impl.has_child()) error.mark_signature_unknown();
      throw;
    }
  });
}

pid_t TokenProcess::pid() const {
  return impl_->pid();
}

}  // namespace insd::token
