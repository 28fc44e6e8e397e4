// SPDX-License-Identifier: Apache-2.0
// The only file that includes Beast (24 s to compile). Everything below the class HttpClient runs on the one
// thread of its pool, so nothing here is locked.
#include "daemon/insi/http_client.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
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
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sys/socket.h>

#include "daemon/insi/endpoint.h"
#include "daemon/insi/proxy.h"
#include "daemon/insi/tls.h"
#include "drivers/base/bytes.h"
#include "drivers/base/error.h"
#include "drivers/base/secret.h"

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
constexpr std::size_t kMostKept = 32;

struct Connection {
  Connection(const asio::any_io_executor& executor, ssl::context& tls) : stream(executor, tls) {}
  ssl::stream<tcp::socket> stream;
  beast::flat_buffer buffer{kMaxPendingBytes};
  Steady::time_point idle_since;
  std::uint64_t epoch = 0;
  std::shared_ptr<tls::Meeting> meeting = std::make_shared<tls::Meeting>();

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

enum class Phase : std::uint8_t { RESOLVE, CONNECT, PROXY, TLS, SEND, FIRST_BYTE, BODY };

const char* words_of(Phase phase) {
  switch (phase) {
    case Phase::RESOLVE:
      return "resolve";
    case Phase::CONNECT:
      return "connect";
    case Phase::PROXY:
      return "proxy";
    case Phase::TLS:
      return "tls";
    case Phase::SEND:
      return "send";
    case Phase::FIRST_BYTE:
      return "first_byte";
    case Phase::BODY:
      return "body";
  }
  return "";
}

std::chrono::milliseconds limit_of(const InsiPhaseLimits& limits, Phase phase) {
  switch (phase) {
    case Phase::RESOLVE:
      return limits.resolve;
    case Phase::CONNECT:
      return limits.connect;
    case Phase::PROXY:
      return limits.proxy;
    case Phase::TLS:
      return limits.tls;
    case Phase::SEND:
      return limits.send;
    case Phase::FIRST_BYTE:
      return limits.first_byte;
    case Phase::BODY:
      return limits.body;
  }
  return {};
}

// One post(). The worker coroutine may outlive it: a name look-up cannot be interrupted.
struct Call {
  Call(const asio::any_io_executor& executor, const InsiPhaseLimits& phase_limits)
      : timer(executor), limits(phase_limits) {}
  asio::steady_timer timer;
  const InsiPhaseLimits limits;
  Steady::time_point deadline, connect_deadline, total_deadline;
  Phase phase = Phase::RESOLVE;
  ConnectionPtr connection;
  bool abandoned = false;
  bool cancelled = false;
  bool done = false;
  std::exception_ptr error;
  HttpResponse response;

  // From SEND on a byte may have left.
  [[nodiscard]] bool sending() const { return phase >= Phase::SEND; }
  void use(ConnectionPtr chosen) {
    connection = std::move(chosen);
    if (abandoned) connection->close();
  }
  void enter(Phase next) {
    phase = next;
    deadline =
        std::min(Steady::now() + limit_of(limits, next), sending() ? total_deadline : connect_deadline);
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
  std::optional<Proxy> proxy;
  bool common_name = false;
  InsiPhaseLimits limits;
  std::chrono::milliseconds connect_timeout, total_timeout;
  ssl::context tls{ssl::context::tls_client};
  bool shows_itself = false;                  // with a client certificate
  std::map<std::string, ConnectionPtr> kept;  // by the credential whose questions they carried
  std::uint64_t epoch = 0;                    // connections of an earlier one are not kept
  std::atomic<int> look_ups{0};

  ConnectionPtr take_kept(const std::string& credential) {
    const auto found = kept.extract(credential);
    if (found.empty()) return nullptr;
    const ConnectionPtr& connection = found.mapped();
    if (Steady::now() - connection->idle_since > kMaxIdle || !connection->is_silent()) return nullptr;
    connection->epoch = epoch;
    return connection;
  }
  void keep(const ConnectionPtr& connection, const std::string& credential) {
    if (connection->epoch != epoch || connection->buffer.size() != 0) return;
    connection->idle_since = Steady::now();
    std::erase_if(kept, [](const auto& each) { return Steady::now() - each.second->idle_since > kMaxIdle; });
    if (kept.size() < kMostKept || kept.contains(credential)) kept[credential] = connection;
  }
  void drop(const std::string& credential) {
    ++epoch;
    if (credential.empty()) {
      kept.clear();
    } else {
      kept.erase(credential);
    }
  }
};
using StatePtr = std::shared_ptr<State>;

Awaitable<tcp::resolver::results_type> look_up(StatePtr state) {
  struct Counted {
    std::atomic<int>& count;
    explicit Counted(std::atomic<int>& c) : count(c) { ++count; }
    ~Counted() { --count; }
  } counted(state->look_ups);
  tcp::resolver resolver(co_await asio::this_coro::executor);
  const std::string& host = state->proxy ? state->proxy->host : state->endpoint.host;
  const std::string& port = state->proxy ? state->proxy->port : state->endpoint.port;
  auto [failure, found] = co_await resolver.async_resolve(host, port, kAwait);
  if (failure) {
    throw Error(Code::INSI_UNREACHABLE,
                (state->proxy ? "no address of the proxy: " : "no address: ") + printable(failure.message()));
  }
  co_return std::move(found);
}

// The proxy opens a tunnel, or says why not.
Awaitable<void> pass_proxy(StatePtr state, ConnectionPtr connection) {
  const Endpoint& endpoint = state->endpoint;
  const std::string host =
      endpoint.host.find(':') == std::string::npos ? endpoint.host : "[" + endpoint.host + "]";
  std::string head = state->proxy->connect_request(host + ":" + endpoint.port);
  auto& socket = connection->stream.next_layer();
  auto [unsent, sent] = co_await asio::async_write(socket, asio::buffer(head), kAwait);
  wipe(head.data(), head.size());
  if (unsent) throw Error(Code::INSI_UNREACHABLE, "the proxy: " + printable(unsent.message()));
  beast::flat_buffer buffer;
  http::response_parser<http::empty_body> parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.skip(true);
  auto [unread, received] = co_await http::async_read_header(socket, buffer, parser, kAwait);
  if (unread) {
    const bool hung_up = unread.category() != make_error_code(http::error::end_of_stream).category() ||
                         unread == http::error::end_of_stream;
    throw Error(hung_up ? Code::INSI_UNREACHABLE : Code::INSI_PROXY_REFUSED,
                "the proxy: " + printable(unread.message()));
  }
  const unsigned status = parser.get().result_int();
  if (status == 407) {
    throw Error(Code::INSI_PROXY_REFUSED, state->proxy->credentials_file.empty()
                                              ? "HTTP 407: the proxy wants credentials"
                                              : "HTTP 407: the proxy does not take the credentials");
  }
  if (status < 200 || status > 299) {
    throw Error(Code::INSI_PROXY_REFUSED, "HTTP " + std::to_string(status) + " to CONNECT");
  }
  // The teleservice does not speak first: these bytes are the proxy's own.
  if (buffer.size() != 0) throw Error(Code::INSI_TLS_INTERCEPTED, "the proxy speaks inside the tunnel");
}

Awaitable<ConnectionPtr> connect(StatePtr state, CallPtr call) {
  const auto addresses = co_await look_up(state);
  const auto executor = co_await asio::this_coro::executor;
  auto connection = std::make_shared<Connection>(executor, state->tls);
  connection->epoch = state->epoch;
  if (call->abandoned) throw Error(Code::CANCELLED);
  call->use(connection);
  call->enter(Phase::CONNECT);
  auto [unreachable, address] =
      co_await asio::async_connect(connection->stream.lowest_layer(), addresses, kAwait);
  if (unreachable) {
    throw Error(Code::INSI_UNREACHABLE, (state->proxy ? "no connection to the proxy: " : "no connection: ") +
                                            printable(unreachable.message()));
  }
  error_code ignored;
  connection->stream.lowest_layer().set_option(tcp::no_delay(true), ignored);
  if (state->proxy) {
    call->enter(Phase::PROXY);
    co_await pass_proxy(state, connection);
  }
  call->enter(Phase::TLS);
  SSL* const native = connection->stream.native_handle();
  connection->meeting->host = state->endpoint.host;
  tls::expect_server(native, connection->meeting, state->common_name);
  auto [failure] = co_await connection->stream.async_handshake(ssl::stream_base::client, kAwait);
  if (failure) throw tls::handshake_error(native, *connection->meeting, failure, state->shows_itself);
  co_return connection;
}

struct Transfer {
  error_code failure;
  bool keep_alive = false;
  http::response<http::string_body> message;
};

Awaitable<Transfer> transfer(StatePtr state, CallPtr call, ConnectionPtr connection,
                             const HttpRequest& request) {
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
  call->enter(Phase::FIRST_BYTE);
  auto [silent, head] =
      co_await http::async_read_header(connection->stream, connection->buffer, parser, kAwait);
  result.failure = silent;
  if (silent) co_return result;
  call->enter(Phase::BODY);
  auto [unread, received] = co_await http::async_read(connection->stream, connection->buffer, parser, kAwait);
  result.failure = unread;
  if (unread) co_return result;
  result.keep_alive = parser.keep_alive();
  result.message = parser.release();
  co_return result;
}

Error transfer_error(const error_code& failure, bool shows_itself) {
  // In TLS 1.3 the server judges the client's certificate after the handshake has ended for the client.
  if (shows_itself && tls::refuses_certificate(failure))
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
  return {status, std::string(message[http::field::content_type]), std::move(message.body()),
          std::string(message[http::field::date])};
}

Awaitable<HttpResponse> work(StatePtr state, CallPtr call, HttpRequest request) {
  ConnectionPtr connection = state->take_kept(request.credential);
  if (connection) {
    call->use(connection);
  } else {
    connection = co_await connect(state, call);
  }
  call->enter(Phase::SEND);
  Transfer result = co_await transfer(state, call, connection, request);
  if (result.failure) {
    connection->close();
    throw transfer_error(result.failure, state->shows_itself);
  }
  HttpResponse response = to_response(result.message);
  if (result.keep_alive && !call->abandoned) state->keep(connection, request.credential);
  co_return response;
}

// HEAD has no body; the connection is not used again.
Awaitable<HttpResponse> look(StatePtr state, CallPtr call, std::shared_ptr<Bytes> certificate) {
  const ConnectionPtr connection = co_await connect(state, call);
  call->enter(Phase::SEND);
  http::request<http::empty_body> message{http::verb::head, state->endpoint.path, 11};
  message.set(http::field::host, state->endpoint.authority());
  message.set(http::field::user_agent, "insd");
  message.set(http::field::connection, "close");
  auto [unsent, sent] = co_await http::async_write(connection->stream, message, kAwait);
  if (unsent) throw transfer_error(unsent, state->shows_itself);
  call->enter(Phase::FIRST_BYTE);
  http::response_parser<http::empty_body> parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.skip(true);
  auto [silent, head] =
      co_await http::async_read_header(connection->stream, connection->buffer, parser, kAwait);
  if (silent) throw transfer_error(silent, state->shows_itself);
  const X509* shown = SSL_get0_peer_certificate(connection->stream.native_handle());
  if (shown != nullptr) *certificate = to_der(shown);
  connection->close();
  const auto& answer = parser.get();
  co_return HttpResponse{answer.result_int(), {}, {}, std::string(answer[http::field::date])};
}

// Waits for the worker, the deadline of the phase, or a cancel, whichever comes first.
using Work = std::function<Awaitable<HttpResponse>(CallPtr)>;

Awaitable<HttpResponse> run(StatePtr state, Work work, std::stop_token stop) {
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto call = std::make_shared<Call>(executor, state->limits);
  call->total_deadline = Steady::now() + state->total_timeout;
  call->connect_deadline = std::min(call->total_deadline, Steady::now() + state->connect_timeout);
  call->enter(Phase::RESOLVE);
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
  asio::co_spawn(executor, work(call), finished);
  while (!call->done && !call->cancelled && Steady::now() < call->deadline) {
    call->timer.expires_at(call->deadline);
    [[maybe_unused]] auto [woken] = co_await call->timer.async_wait(kAwait);
    const auto cancellation = co_await asio::this_coro::cancellation_state;
    if (cancellation.cancelled() != asio::cancellation_type::none) call->cancelled = true;
  }
  if (!call->done) {
    call->abandon();
    if (call->cancelled) throw Error(Code::CANCELLED);
    const std::string phase = std::string(" in time: phase ") + words_of(call->phase);
    throw call->sending() ? Error(Code::INSI_NO_ANSWER, "no whole answer" + phase)
                          : Error(Code::INSI_UNREACHABLE, "no connection" + phase);
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
    state_->proxy = proxy_for(config.proxy, state_->endpoint.host);
    if (state_->proxy) static_cast<void>(state_->proxy->connect_request({}));
    state_->common_name = config.common_name_fallback;
    state_->limits = config.phases;
    tls::configure(state_->tls, config.trust_store);
    state_->shows_itself = key.certificate != nullptr;
    if (state_->shows_itself) tls::show_itself(state_->tls, key);
  }

  ~Impl() {
    pool_->stop();
    pool_->join();
    state_->kept.clear();  // before the pool, whose services it uses
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
  Work question = [state = impl->state(), request = std::move(request)](CallPtr call) {
    return work(state, std::move(call), request);
  };
  co_return co_await asio::co_spawn(
      impl->executor(), run(impl->state(), std::move(question), std::move(stop)), asio::use_awaitable);
}

asio::awaitable<Probe> HttpClient::probe(std::stop_token stop) {
  const auto impl = impl_;
  if (stop.stop_requested()) throw Error(Code::CANCELLED);
  // Shared: a look that is given up may outlive this call.
  const auto certificate = std::make_shared<Bytes>();
  Work question = [state = impl->state(), certificate](CallPtr call) {
    return look(state, std::move(call), certificate);
  };
  Probe probe;
  probe.answer = co_await asio::co_spawn(
      impl->executor(), run(impl->state(), std::move(question), std::move(stop)), asio::use_awaitable);
  probe.server_certificate = *certificate;
  co_return probe;
}

void HttpClient::drop_connection(const std::string& credential) {
  asio::post(impl_->executor(), [state = impl_->state(), credential] { state->drop(credential); });
}

}  // namespace insd::insi
