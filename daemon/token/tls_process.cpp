// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/tls_process.h"

#include "daemon/keys/private_file.h"
#include "daemon/token/convert.h"
#include "pkcs11/token_uri.h"

namespace insd::token {
namespace {

constexpr const char* kPinKey = "insi.organisation.pin_file";
constexpr const char* kCertificateKey = "insi.organisation.certificate";

ChildOptions options_of(const InsiConfig& config, const std::filesystem::path& program,
                        pkcs11::ModuleOwner owner) {
  const OrganisationConfig& organisation = config.organisation;
  ChildOptions options;
  options.executable = program;
  options.role = Role::TLS;
  options.module = organisation.module;
  options.environment = organisation.module_environment;
  options.owner = owner;
  // The client in the process has limits of its own; what hangs beyond them is the module.
  options.call_deadline = config.total_timeout + organisation.module_timeout;
  return options;
}

}  // namespace

TlsProcess::TlsProcess(const InsiConfig& config, const std::filesystem::path& program,
                       pkcs11::ModuleOwner owner)
    : config_(config), worker_(options_of(config, program, owner)) {
  pkcs11::parse_token_uri(config_.organisation.pkcs11_uri);
  if (!config_.organisation.pin_file.empty()) keys::read_secret_file(config_.organisation.pin_file, kPinKey);
}

void TlsProcess::set_up(ChildWorker& worker) {
  if (refused_) throw Error(*refused_);
  if (drop_.exchange(false)) worker.drop_child();
  if (!worker.require_child()) return;
  const OrganisationConfig& organisation = config_.organisation;
  SecretString pin;
  if (!organisation.pin_file.empty()) pin = keys::read_secret_file(organisation.pin_file, kPinKey);
  wire::Request request;
  auto& setup = *request.mutable_tls_setup();
  setup.set_endpoint(config_.endpoint);
  setup.set_trust_store(config_.trust_store.string());
  setup.set_connect_timeout_ms(static_cast<std::uint32_t>(config_.connect_timeout.count()));
  setup.set_total_timeout_ms(static_cast<std::uint32_t>(config_.total_timeout.count()));
  setup.set_certificate(organisation.certificate.string());
  setup.set_uri(organisation.pkcs11_uri);
  setup.set_with_pin(!pin.empty());
  setup.set_common_name_fallback(config_.common_name_fallback);
  setup.set_proxy_address(config_.proxy.address);
  setup.set_proxy_credentials_file(config_.proxy.credentials_file.string());
  for (const auto& entry : config_.proxy.no_proxy) setup.add_no_proxy(entry);
  const InsiPhaseLimits& phases = config_.phases;
  for (const auto limit : {phases.resolve, phases.connect, phases.proxy, phases.tls, phases.send,
                           phases.first_byte, phases.body}) {
    setup.add_phase_ms(static_cast<std::uint32_t>(limit.count()));
  }
  try {
    worker.ask(std::move(request), pin.empty() ? nullptr : &pin);
  } catch (const Error& error) {
    const bool ended = !worker.has_child();
    worker.drop_child();
    const auto spent = ended ? TrySpent::UNKNOWN : error.try_spent();
    if (pin.empty() || spent == TrySpent::NO) throw;
    // The PIN law: software never sends it a second time.
    refused_ = Error(error.code(), error.detail() + "; the PIN is not sent again before a reload")
                   .with_try(spent, error.tries_left());
    throw Error(*refused_);
  }
}

boost::asio::awaitable<insi::HttpResponse> TlsProcess::post(insi::HttpRequest request, std::stop_token stop) {
  if (stop.stop_requested()) throw Error(Code::CANCELLED);
  wire::Request call;
  call.mutable_post()->set_content_type(std::move(request.content_type));
  call.mutable_post()->set_body(std::move(request.body));
  // Named: GCC 12 destroys a capturing lambda in a co_await expression twice.
  auto ask = [this, call = std::move(call)](ChildWorker& worker) mutable {
    set_up(worker);
    try {
      return worker.ask(std::move(call));
    } catch (const Error& error) {
      // The token, its login or its process has failed: the next request begins anew.
      if (error.entry().layer != Layer::INSI) worker.drop_child();
      throw;
    }
  };
  auto answer = co_await worker_.run(std::move(ask));
  if (stop.stop_requested()) throw Error(Code::CANCELLED);
  auto& http = *answer.mutable_http();
  co_return insi::HttpResponse{http.status(), printable(http.content_type(), 200),
                               std::move(*http.mutable_body()), printable(http.date(), 100)};
}

}  // namespace insd::token
