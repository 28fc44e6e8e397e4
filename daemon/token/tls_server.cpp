// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/tls_server.h"

#include <future>
#include <memory>
#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>

#include "daemon/insi/http_client.h"
#include "daemon/token/convert.h"
#include "daemon/token/frames.h"
#include "daemon/token/module_link.h"
#include "pkcs11/tls_key.h"

namespace insd::token {
namespace {

// Of a body in one packet: the rest of the packet is small.
constexpr std::size_t kPart = kMaxFrame - 4096;

class TlsServer {
 public:
  TlsServer(int socket, const pkcs11::Module& module) : socket_(socket), module_(module) {}

  /// False: the daemon has gone.
  bool serve_one();

 private:
  bool answer(const wire::Request& request);
  void set_up(const wire::TlsSetupRequest& request);
  insi::HttpResponse post(const wire::PostRequest& request);
  bool send(std::uint64_t id, const insi::HttpResponse& response);
  bool send(const wire::Answer& answer) {
    return send_frame(socket_, as_bytes(answer.SerializeAsString()), kPatience) == Traffic::DONE;
  }

  static constexpr std::chrono::seconds kPatience{10};  // for the daemon to take a packet away
  int socket_;
  const pkcs11::Module& module_;
  std::unique_ptr<pkcs11::TlsKey> key_;
  std::unique_ptr<insi::HttpClient> client_;  // below the key that it uses
};

bool TlsServer::serve_one() {
  wire::Request request;
  if (!receive_request(socket_, request)) return false;
  try {
    return answer(request);
  } catch (const Error& error) {
    wire::Answer failed;
    failed.set_id(request.id());
    to_wire(error, *failed.mutable_failure());
    return send(failed);
  }
}

bool TlsServer::answer(const wire::Request& request) {
  wire::Answer done;
  done.set_id(request.id());
  switch (request.call_case()) {
    case wire::Request::kTlsSetup:
      set_up(request.tls_setup());
      return send(done);
    case wire::Request::kPost:
      return send(request.id(), post(request.post()));
    default:
      throw Error(Code::INTERNAL, "an unknown request");
  }
}

void TlsServer::set_up(const wire::TlsSetupRequest& request) {
  SecretString pin;
  if (request.with_pin() && receive_secret(socket_, pin) != Traffic::DONE) {
    throw Error(Code::PIN_CANCELLED, "no PIN came");
  }
  InsiConfig config;
  config.endpoint = request.endpoint();
  config.trust_store = request.trust_store();
  config.connect_timeout = std::chrono::milliseconds(request.connect_timeout_ms());
  config.total_timeout = std::chrono::milliseconds(request.total_timeout_ms());
  config.common_name_fallback = request.common_name_fallback();
  config.proxy = {request.proxy_address(),
                  request.proxy_credentials_file(),
                  {request.no_proxy().begin(), request.no_proxy().end()}};
  InsiPhaseLimits& phases = config.phases;
  int at = 0;
  for (auto* limit : {&phases.resolve, &phases.connect, &phases.proxy, &phases.tls, &phases.send,
                      &phases.first_byte, &phases.body}) {
    if (at < request.phase_ms_size()) *limit = std::chrono::milliseconds(request.phase_ms(at++));
  }
  insi::ClientKey key = insi::load_certificates(request.certificate());
  client_.reset();
  key_ = std::make_unique<pkcs11::TlsKey>(module_, pkcs11::parse_token_uri(request.uri()), pin,
                                          insi::to_der(key.certificate.get()));
  EVP_PKEY_up_ref(key_->key());
  key.key.reset(key_->key());
  key.pkcs1_only = !key_->signs_padded();
  client_ = std::make_unique<insi::HttpClient>(config, key);
}

insi::HttpResponse TlsServer::post(const wire::PostRequest& request) {
  if (!client_) throw Error(Code::INTERNAL, "nothing was set up");
  boost::asio::io_context io;
  auto response = boost::asio::co_spawn(io, client_->post({request.content_type(), request.body()}, {}),
                                        boost::asio::use_future);
  io.run();
  try {
    return response.get();
  } catch (const Error&) {
    // OpenSSL only knows that the signature failed; the token knows why.
    if (auto why = key_->take_failure()) throw Error(*std::move(why));
    throw;
  }
}

bool TlsServer::send(std::uint64_t id, const insi::HttpResponse& response) {
  std::size_t sent = 0;
  do {
    wire::Answer part;
    part.set_id(id);
    auto& http = *part.mutable_http();
    if (sent == 0) {
      http.set_status(response.status);
      http.set_content_type(printable(response.content_type, 200));
      http.set_date(printable(response.date, 100));
    }
    http.set_body(response.body.substr(sent, kPart));
    sent += http.body().size();
    http.set_more(sent < response.body.size());
    if (!send(part)) return false;
  } while (sent < response.body.size());
  return true;
}

}  // namespace

void serve_tls(int socket, const std::string& module_path, pkcs11::ModuleOwner owner) {
  const auto module = load_and_tell(socket, module_path, owner);
  if (!module) return;
  TlsServer server(socket, *module);
  while (server.serve_one()) {
  }
}

}  // namespace insd::token
