// SPDX-License-Identifier: Apache-2.0
// The listening socket and a thread per connection.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <thread>

#include "tests/simulators/insi/config.h"
#include "tests/simulators/insi/connection.h"
#include "tests/simulators/insi/delivery.h"
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

  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Serves until `stop_fd` becomes readable or nobody reads standard output any more, then ends every
  /// connection and returns.
  void run(int stop_fd);

 private:
  struct Client {
    int fd;  ///< a duplicate, so that it can be shut down whatever its thread does
    std::atomic<bool> done{false};
    std::thread thread;
  };

  void accept_one();
  void reap(bool all);
  void serve(int fd);
  bool serve_request(Connection& connection, HttpReader& reader);
  Fault next_fault();

  const Config& config_;
  Service& service_;
  Log& log_;
  SslContext ssl_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::list<Client> clients_;
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<unsigned> faults_left_;
  Stop stop_;
};

}  // namespace sim
