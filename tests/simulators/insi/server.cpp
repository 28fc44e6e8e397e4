// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/server.h"

#include <array>
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
    : config_(config),
      service_(service),
      log_(log),
      ssl_(make_ssl_context(config)),
      faults_left_(config.fault_count) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(config.port);
  if (inet_pton(AF_INET, config.listen.c_str(), &address.sin_addr) != 1) {
    throw std::runtime_error("listen: " + config.listen + " is no IPv4 address");
  }
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  socklen_t size = sizeof address;
  if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    const std::string why = std::strerror(errno);
    ::close(listener_);
    throw std::runtime_error("cannot listen on " + config.listen + ":" + std::to_string(config.port) + ": " +
                             why);
  }
  port_ = ntohs(address.sin_port);
}

Server::~Server() {
  stop_.set();
  reap(true);
  ::close(listener_);
}

void Server::run(int stop_fd) {
  // POLLERR on standard output: whoever started us is gone and nobody reads us.
  std::array<pollfd, 3> waits = {pollfd{listener_, POLLIN, 0}, pollfd{stop_fd, POLLIN, 0},
                                 pollfd{STDOUT_FILENO, 0, 0}};
  while (true) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR) throw std::runtime_error("poll failed");
    if (waits[1].revents != 0 || (waits[2].revents & POLLERR) != 0) break;
    if (waits[0].revents != 0) accept_one();
  }
  stop_.set();
  reap(true);
}

void Server::accept_one() {
  const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
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
  client.thread = std::thread([this, fd, &client] {
    serve(fd);
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

Fault Server::next_fault() {
  if (config_.fault_count == 0) return config_.fault;
  unsigned left = faults_left_.load();
  while (left > 0 && !faults_left_.compare_exchange_weak(left, left - 1)) {
  }
  return left > 0 ? config_.fault : Fault::NONE;
}

void Server::serve(int fd) {
  try {
    Connection connection(ssl_.get(), fd);
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
  const auto fault = next_fault();
  Record record;
  record.number = ++requests_;
  record.tls = connection.description();
  record.fault = fault == Fault::NONE ? "none" : config_.fault_name;
  Findings findings;
  if (fault == Fault::CUT_BEFORE_READ) {
    record.answer = "none";
    log_.request(record, findings);
    return false;
  }
  Answer answer;
  bool keep_alive = false;
  try {
    auto request = reader.next();
    if (!request) return false;
    answer = service_.handle(record.number, *request, connection.client_certificate(), fault, findings);
    keep_alive = request->keep_alive();
    record.body = std::move(request->body);
  } catch (const BadHttp& bad) {
    findings.bad("http", bad.what());
    answer.status = bad.status;
    answer.content_type = "text/plain";
    answer.summary = "HTTP " + std::to_string(bad.status);
  }
  record.status = answer.status;
  record.answer = answer.summary;
  log_.request(record, findings);
  if (config_.delay.count() > 0 && stop_.wait_for(config_.delay)) return false;
  if (deliver(connection, std::move(answer), fault, keep_alive, stop_)) return true;
  if (fault == Fault::NONE) connection.say_goodbye();
  return false;
}

}  // namespace sim
