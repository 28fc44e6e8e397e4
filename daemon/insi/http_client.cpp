// SPDX-License-Identifier: Apache-2.0
// The only file that includes Beast (24 s to compile). Everything below the class HttpClient runs on the one
// thread of its pool, so nothing here is locked.
#include "daemon/insi/http_client.h"

#include <atomic>
#include <chrono>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sys/socket.h>

#include "daemon/insi/endpoint.h"
#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd::insi {
namespace {

namespace asio = boost::asio;
namespace ssl = asio::ssl;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using Steady = std::chrono::steady_clock;
template <class T>
using Awaitable = asio::awaitable<T>;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kMaxHeaderBytes = 16 * 1024;
// What is read and not yet parsed: the parser's own limits do not count the line of a chunk's size, nor
// trailers.
constexpr std::size_t kMaxPendingBytes = 64 * 1024;
// An idle connection may have been forgotten by a firewall in between; asking on it would hang until
// time-out.
constexpr std::chrono::seconds kMaxIdle{20};

struct Connection {
  Connection(const asio::any_io_executor& executor, ssl::context& tls) : stream(executor, tls) {}
  ssl::stream<tcp::socket> stream;
  beast::flat_buffer buffer{kMaxPendingBytes};
  Steady::time_point idle_since;
  std::uint64_t epoch = 0;

  void close() {
    error_code ignored;
    stream.lowest_layer().close(ignored);
  }

  // Anything readable on an idle connection is a close or a lie; nothing but silence is fit for a new
  // question.
  bool is_silent() {
    char byte = 0;
    if (buffer.size() != 0) return false;
    // A record may wait inside the TLS layer, where neither the socket nor SSL_has_pending() shows it
    // (measured).
    ERR_clear_error();
    const int peeked = SSL_peek(stream.native_handle(), &byte, 1);
    if (peeked > 0 || SSL_get_error(stream.native_handle(), peeked) != SSL_ERROR_WANT_READ) return false;
    const auto count = ::recv(stream.lowest_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  }
};
using ConnectionPtr = std::shared_ptr<Connection>;

// One post(). The worker coroutine may outlive it: a name look-up cannot be interrupted.
struct Call {
  explicit Call(const asio::any_io_executor& executor) : timer(executor) {}
  asio::steady_timer timer;
  Steady::time_point deadline, total_deadline;
  ConnectionPtr connection;
  bool sending = false;  // a byte may have left
  bool abandoned = false;
  bool cancelled = false;
  bool done = false;
  std::exception_ptr error;
  HttpResponse response;

  void use(ConnectionPtr chosen) {
    connection = std::move(chosen);
    if (abandoned) connection->close();
  }
  void begin_sending() {
    sending = true;
    deadline = total_deadline;
    timer.cancel();  // wakes the waiter, which takes the new deadline
  }
  void abandon() {
    abandoned = true;
    if (connection) connection->close();
  }
};
using CallPtr = std::shared_ptr<Call>;

struct State {
  Endpoint endpoint;
  std::chrono::milliseconds connect_timeout, total_timeout;
  ssl::context tls{ssl::context::tls_client};
  bool shows_itself = false;  // with a client certificate
  ConnectionPtr kept;
  std::uint64_t epoch = 0;  // connections of an earlier one are not kept
  std::atomic<int> look_ups{0};

  ConnectionPtr take_kept() {
    ConnectionPtr connection = std::exchange(kept, nullptr);
    if (!connection || Steady::now() - connection->idle_since > kMaxIdle || !connection->is_silent())
      return nullptr;
    return connection;
  }
  void keep(const ConnectionPtr& connection) {
    if (connection->epoch != epoch || connection->buffer.size() != 0) return;
    connection->idle_since = Steady::now();
    kept = connection;
  }
};
using StatePtr = std::shared_ptr<State>;

void configure(ssl::context& tls, const std::filesystem::path& trust_store) {
  tls.set_options(ssl::context::default_workarounds | ssl::context::no_compression | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  // Whatever the administrator put into the store is an end of the chain, an intermediate too.
  X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(tls.native_handle()), X509_V_FLAG_PARTIAL_CHAIN);
  tls.set_verify_mode(ssl::verify_peer);
  error_code failure;
  tls.load_verify_file(trust_store.string(), failure);
  if (failure)
    throw Error(Code::CONFIG_INVALID, "insi.trust_store: no PEM certificate can be read from the file");
}

void show_itself(ssl::context& tls, const ClientKey& key) {
  const std::unique_ptr<STACK_OF(X509), decltype([](STACK_OF(X509) * stack) { sk_X509_free(stack); })>
      issuers(sk_X509_new_null());
  for (const auto& issuer : key.issuers) sk_X509_push(issuers.get(), issuer.get());
  if (key.pkcs1_only) {
    SSL_CTX_set_max_proto_version(tls.native_handle(), TLS1_2_VERSION);
    SSL_CTX_set1_client_sigalgs_list(tls.native_handle(), "RSA+SHA256");
    SSL_CTX_set1_sigalgs_list(tls.native_handle(), "RSA+SHA256");
  }
  ERR_clear_error();
  if (SSL_CTX_use_cert_and_key(tls.native_handle(), key.certificate.get(), key.key.get(), issuers.get(), 1) ==
      1)
    return;
  const char* why = ERR_reason_error_string(ERR_peek_last_error());
  throw Error(Code::CONFIG_INVALID, "insi.organisation: " + printable(why != nullptr ? why : "not usable"));
}

// The alerts by which a server says that it wants another certificate than it was shown, or one at all.
bool refuses_certificate(const error_code& failure) {
  if (failure.category() != asio::error::get_ssl_category()) return false;
  switch (ERR_GET_REASON(static_cast<unsigned long>(failure.value()))) {
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

void name_the_server(SSL* tls, const std::string& host) {
  error_code not_an_address;
  asio::ip::make_address(host, not_an_address);
  int ok = 0;
  if (!not_an_address) {
    ok = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), host.c_str());
  } else {
    SSL_set_hostflags(tls, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    ok = SSL_set1_host(tls, host.c_str()) == 1 && SSL_set_tlsext_host_name(tls, host.c_str()) == 1 ? 1 : 0;
  }
  if (ok != 1) throw Error(Code::INTERNAL, "TLS could not be prepared");
}

Error handshake_error(SSL* tls, const error_code& failure, bool shows_itself) {
  const long verdict = SSL_get_verify_result(tls);
  if (verdict != X509_V_OK) return Error(Code::INSI_TLS_UNTRUSTED, X509_verify_cert_error_string(verdict));
  if (shows_itself && refuses_certificate(failure))
    return Error(Code::ORGANISATION_CERTIFICATE_REFUSED, printable(failure.message()));
  // Spoke, but no TLS that we accept: an old protocol, plain HTTP of a proxy.
  if (failure.category() == asio::error::get_ssl_category())
    return Error(Code::INSI_TLS_UNTRUSTED, "no acceptable TLS: " + printable(failure.message()));
  return Error(Code::INSI_UNREACHABLE, "TLS handshake: " + printable(failure.message()));
}

Awaitable<tcp::resolver::results_type> look_up(StatePtr state) {
  struct Counted {
    std::atomic<int>& count;
    explicit Counted(std::atomic<int>& c) : count(c) { ++count; }
    ~Counted() { --count; }
  } counted(state->look_ups);
  tcp::resolver resolver(co_await asio::this_coro::executor);
  auto [failure, found] = co_await resolver.async_resolve(state->endpoint.host, state->endpoint.port, kAwait);
  if (failure) throw Error(Code::INSI_UNREACHABLE, "no address: " + printable(failure.message()));
  co_return std::move(found);
}

Awaitable<ConnectionPtr> connect(StatePtr state, CallPtr call) {
  const auto addresses = co_await look_up(state);
  const auto executor = co_await asio::this_coro::executor;
  auto connection = std::make_shared<Connection>(executor, state->tls);
  connection->epoch = state->epoch;
  if (call->abandoned) throw Error(Code::CANCELLED);
  call->use(connection);
  auto [unreachable, address] =
      co_await asio::async_connect(connection->stream.lowest_layer(), addresses, kAwait);
  if (unreachable) throw Error(Code::INSI_UNREACHABLE, "no connection: " + printable(unreachable.message()));
  error_code ignored;
  connection->stream.lowest_layer().set_option(tcp::no_delay(true), ignored);
  SSL* tls = connection->stream.native_handle();
  name_the_server(tls, state->endpoint.host);
  auto [failure] = co_await connection->stream.async_handshake(ssl::stream_base::client, kAwait);
  if (failure) throw handshake_error(tls, failure, state->shows_itself);
  co_return connection;
}

struct Transfer {
  error_code failure;
  bool keep_alive = false;
  http::response<http::string_body> message;
};

Awaitable<Transfer> transfer(StatePtr state, ConnectionPtr connection, const HttpRequest& request) {
  http::request<http::string_body> message{http::verb::post, state->endpoint.path, 11};
  message.set(http::field::host, state->endpoint.authority());
  message.set(http::field::user_agent, "insd");
  message.set(http::field::content_type, request.content_type);
  message.set(http::field::accept_encoding, "identity");
  message.body() = request.body;
  message.prepare_payload();

  Transfer result;
  auto [unsent, sent] = co_await http::async_write(connection->stream, message, kAwait);
  if (unsent) {
    result.failure = unsent;
    co_return result;
  }
  http::response_parser<http::string_body> parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.body_limit(kMaxBodyBytes);
  auto [unread, received] = co_await http::async_read(connection->stream, connection->buffer, parser, kAwait);
  result.failure = unread;
  if (unread) co_return result;
  result.keep_alive = parser.keep_alive();
  result.message = parser.release();
  co_return result;
}

Error transfer_error(const error_code& failure, bool shows_itself) {
  // In TLS 1.3 the server judges the client's certificate after the handshake has ended for the client.
  if (shows_itself && refuses_certificate(failure))
    return Error(Code::ORGANISATION_CERTIFICATE_REFUSED, printable(failure.message()));
  const bool cut = failure == http::error::end_of_stream || failure == http::error::partial_message;
  const auto& http_category = make_error_code(http::error::end_of_stream).category();
  if (!cut && failure.category() == http_category)
    return Error(Code::INSI_ANSWER_INVALID, "not an HTTP answer that fits: " + printable(failure.message()));
  return Error(Code::INSI_NO_ANSWER, printable(failure.message()));
}

HttpResponse to_response(http::response<http::string_body>& message) {
  const unsigned status = message.result_int();
  if (status < 200 || (status >= 300 && status < 400))
    throw Error(Code::INSI_ANSWER_INVALID, "HTTP " + std::to_string(status) + ": redirects are not followed");
  const auto encoding = message[http::field::content_encoding];
  if (!encoding.empty() && !beast::iequals(encoding, "identity"))
    throw Error(Code::INSI_ANSWER_INVALID, "the answer has a content encoding that was not asked for");
  return {status, std::string(message[http::field::content_type]), std::move(message.body())};
}

Awaitable<HttpResponse> work(StatePtr state, CallPtr call, HttpRequest request) {
  ConnectionPtr connection = state->take_kept();
  if (connection) {
    call->use(connection);
  } else {
    connection = co_await connect(state, call);
  }
  call->begin_sending();
  Transfer result = co_await transfer(state, connection, request);
  if (result.failure) {
    connection->close();
    throw transfer_error(result.failure, state->shows_itself);
  }
  HttpResponse response = to_response(result.message);
  if (result.keep_alive && !call->abandoned) state->keep(connection);
  co_return response;
}

// Waits for the worker, the deadline of the phase, or a cancel, whichever comes first.
Awaitable<HttpResponse> run(StatePtr state, HttpRequest request, std::stop_token stop) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto call = std::make_shared<Call>(executor);
  call->total_deadline = Steady::now() + state->total_timeout;
  call->deadline = std::min(call->total_deadline, Steady::now() + state->connect_timeout);
  const std::stop_callback on_stop(stop, [call, executor] {
    asio::post(executor, [call] {
      call->cancelled = true;
      call->timer.cancel();
    });
  });
  const auto finished = [call](std::exception_ptr error, HttpResponse response) {
    call->error = std::move(error);
    call->response = std::move(response);
    call->done = true;
    call->timer.cancel();
  };
  asio::co_spawn(executor, work(state, call, std::move(request)), finished);
  while (!call->done && !call->cancelled && Steady::now() < call->deadline) {
    call->timer.expires_at(call->deadline);
    [[maybe_unused]] auto [woken] = co_await call->timer.async_wait(kAwait);
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) call->cancelled = true;
  }
  if (!call->done) {
    call->abandon();
    if (call->cancelled) throw Error(Code::CANCELLED);
    throw call->sending ? Error(Code::INSI_NO_ANSWER, "no whole answer in time")
                        : Error(Code::INSI_UNREACHABLE, "no connection in time");
  }
  if (call->error) std::rethrow_exception(call->error);
  co_return std::move(call->response);
}

}  // namespace

class HttpClient::Impl {
 public:
  Impl(const InsiConfig& config, const ClientKey& key) {
    state_->endpoint = parse_endpoint(config.endpoint);
    state_->connect_timeout = config.connect_timeout;
    state_->total_timeout = config.total_timeout;
    configure(state_->tls, config.trust_store);
    state_->shows_itself = key.certificate != nullptr;
    if (state_->shows_itself) show_itself(state_->tls, key);
  }

  ~Impl() {
    pool_->stop();
    pool_->join();
    state_->kept.reset();  // before the pool, whose services it uses
    if (state_->look_ups == 0) return;
    // A name look-up may block for many seconds and the pool's end waits for it: the daemon's end does not.
    std::thread([pool = std::move(pool_), state = state_]() mutable { pool.reset(); }).detach();
  }

  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  [[nodiscard]] const StatePtr& state() const { return state_; }
  [[nodiscard]] auto executor() const { return pool_->get_executor(); }

 private:
  StatePtr state_ = std::make_shared<State>();
  std::unique_ptr<asio::thread_pool> pool_ = std::make_unique<asio::thread_pool>(1);
};

HttpClient::HttpClient(const InsiConfig& config, const ClientKey& key)
    : impl_(std::make_shared<Impl>(config, key)) {}

HttpClient::~HttpClient() = default;

asio::awaitable<HttpResponse> HttpClient::post(HttpRequest request, std::stop_token stop) {
  const auto impl = impl_;
  if (stop.stop_requested()) throw Error(Code::CANCELLED);
  co_return co_await asio::co_spawn(impl->executor(), run(impl->state(), std::move(request), std::move(stop)),
                                    asio::use_awaitable);
}

void HttpClient::drop_connection() {
  asio::post(impl_->executor(), [state = impl_->state()] {
    ++state->epoch;
    state->kept.reset();
  });
}

}  // namespace insd::insi
