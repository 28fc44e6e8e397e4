// SPDX-License-Identifier: Apache-2.0
// The listening socket and a thread per connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <optional>
#include <thread>
#include <vector>

#include "tests/simulators/insi/config.h"
#include "tests/simulators/insi/connection.h"
#include "tests/simulators/insi/delivery.h"
#include "tests/simulators/insi/instant.h"
#include "tests/simulators/insi/log.h"
#include "tests/simulators/insi/service.h"

namespace sim {

class Server {
 public:
  /// Listens. Throws std::runtime_error.
  Server(const Config& config, Service& service, Log& log);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  [[nodiscard]] std::uint16_t port() const { return endpoints_.front().port; }
  /// Of the second endpoint; nothing when there is one only.
  [[nodiscard]] std::optional<std::uint16_t> organisations_port() const;
  /// Serves until `stop_fd` becomes readable or nobody reads standard output any more, then ends every
  /// connection and returns.
  void run(int stop_fd);

 private:
  struct Client {
    int fd;  ///< a duplicate, so that it can be shut down whatever its thread does
    std::atomic<bool> done{false};
    std::thread thread;
  };

  struct Endpoint {
    SslContext ssl;
    int listener = -1;
    std::uint16_t port = 0;
  };

  void add_endpoint(std::uint16_t port, bool clients_show_certificate);
  void accept_one(const Endpoint& endpoint);
  void reap(bool all);
  void serve(int fd, SSL_CTX* ssl);
  bool serve_request(Connection& connection, HttpReader& reader);

  const Config& config_;
  Service& service_;
  Log& log_;
  SimClock clock_;
  std::vector<Endpoint> endpoints_;
  std::list<Client> clients_;
  std::atomic<std::uint64_t> requests_{0};
  Stop stop_;
};

}  // namespace sim
