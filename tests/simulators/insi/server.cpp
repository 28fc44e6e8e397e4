// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/server.h"

#include <cerrno>
#include <cstring>
#include <stdexcept>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sim {
namespace {

constexpr std::size_t kMaxClients = 128;

}  // namespace

Server::Server(const Config& config, Service& service, Log& log)
    : config_(config), service_(service), log_(log), clock_{config.clock_shift} {
  try {
    add_endpoint(config.port, !config.organisations_roots.empty() && !config.organisations_port);
    if (config.organisations_port) add_endpoint(*config.organisations_port, true);
  } catch (...) {
    for (const auto& endpoint : endpoints_) ::close(endpoint.listener);
    throw;
  }
}

void Server::add_endpoint(std::uint16_t port, bool clients_show_certificate) {
  Endpoint endpoint;
  endpoint.ssl = make_ssl_context(config_, clients_show_certificate);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, config_.listen.c_str(), &address.sin_addr) != 1) {
    throw std::runtime_error("listen: " + config_.listen + " is no IPv4 address");
  }
  endpoint.listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(endpoint.listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  if (::bind(endpoint.listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(endpoint.listener, 64) != 0 ||
      ::getsockname(endpoint.listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    const std::string why = std::strerror(errno);
    ::close(endpoint.listener);
    throw std::runtime_error("cannot listen on " + config_.listen + ":" + std::to_string(port) + ": " + why);
  }
  endpoint.port = ntohs(address.sin_port);
  endpoints_.push_back(std::move(endpoint));
}

Server::~Server() {
  stop_.set();
  reap(true);
  for (const auto& endpoint : endpoints_) ::close(endpoint.listener);
}

std::optional<std::uint16_t> Server::organisations_port() const {
  return endpoints_.size() > 1 ? std::optional(endpoints_.back().port) : std::nullopt;
}

void Server::run(int stop_fd) {
  // POLLERR on standard output: whoever started us is gone and nobody reads us.
  std::vector<pollfd> waits = {pollfd{stop_fd, POLLIN, 0}, pollfd{STDOUT_FILENO, 0, 0}};
  for (const auto& endpoint : endpoints_) waits.push_back({endpoint.listener, POLLIN, 0});
  while (true) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) throw std::runtime_error("poll failed");
    if (waits[0].revents != 0 || (waits[1].revents & POLLERR) != 0) break;
    for (std::size_t i = 0; i < endpoints_.size(); ++i) {
      if (waits[i + 2].revents != 0) accept_one(endpoints_[i]);
    }
  }
  stop_.set();
  reap(true);
}

void Server::accept_one(const Endpoint& endpoint) {
  const int fd = ::accept4(endpoint.listener, nullptr, nullptr, SOCK_CLOEXEC);
  reap(false);
  if (fd < 0) return;
  const int copy = clients_.size() < kMaxClients ? ::fcntl(fd, F_DUPFD_CLOEXEC, 0) : -1;
  if (copy < 0) {
    ::close(fd);
    return;
  }
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  auto& client = clients_.emplace_back();
  client.fd = copy;
  client.thread = std::thread([this, fd, &client, ssl = endpoint.ssl.get()] {
    serve(fd, ssl);
    ::shutdown(client.fd, SHUT_RDWR);  // our duplicate would keep the connection open
    client.done = true;
  });
}

void Server::reap(bool all) {
  for (auto client = clients_.begin(); client != clients_.end();) {
    if (all) ::shutdown(client->fd, SHUT_RDWR);
    if (!all && !client->done) {
      ++client;
      continue;
    }
    client->thread.join();
    ::close(client->fd);
    client = clients_.erase(client);
  }
}

void Server::serve(int fd, SSL_CTX* ssl) {
  try {
    Connection connection(ssl, fd);
    log_.line("connection: open");
    HttpReader reader(connection);
    while (serve_request(connection, reader)) {
    }
  } catch (const std::exception& error) {
    log_.line(std::string("connection: ") + error.what());
  }
}

bool Server::serve_request(Connection& connection, HttpReader& reader) {
  if (!reader.wait_for_data()) return false;
  const Step* step = service_.before_reading();
  Record record;
  record.number = ++requests_;
  record.tls = connection.description();
  Findings findings;
  if (step != nullptr) {
    record.answer = "none";
    record.fault = step->name;
    log_.request(record, findings);
    return false;
  }
  Answer answer;
  bool keep_alive = false;
  try {
    auto request = reader.next();
    if (!request) return false;
    answer = service_.handle(record.number, *request, connection.client_certificate(), step, findings);
    keep_alive = request->keep_alive();
    record.body = std::move(request->body);
  } catch (const BadHttp& bad) {
    findings.bad("http", bad.what());
    answer.status = bad.status;
    answer.content_type = "text/plain";
    answer.summary = "HTTP " + std::to_string(bad.status);
  }
  if (config_.date_header) answer.headers.push_back("Date: " + http_date(clock_.now() + config_.date_shift));
  record.fault = step == nullptr ? "none" : step->name;
  record.status = answer.status;
  record.answer = answer.summary;
  log_.request(record, findings);
  const auto delay = step != nullptr && step->delay ? *step->delay : config_.delay;
  if (delay.count() > 0 && stop_.wait_for(delay)) return false;
  const auto fault = step == nullptr ? Fault::NONE : step->fault;
  if (deliver(connection, std::move(answer), fault, keep_alive, stop_)) return true;
  if (fault == Fault::NONE) connection.say_goodbye();
  return false;
}

}  // namespace sim
