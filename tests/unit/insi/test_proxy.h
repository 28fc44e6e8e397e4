// SPDX-License-Identifier: Apache-2.0
// An HTTP proxy that lets connections through, or not.
#pragma once

#include <list>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace insd::test {

class TestProxy {
 public:
  /// Answers each CONNECT with `answer`; opens the tunnel to 127.0.0.1 when that begins with "HTTP/1.1 200".
  /// Empty: it never answers.
  explicit TestProxy(std::string answer = "HTTP/1.1 200 Connection established\r\n\r\n");
  ~TestProxy();
  TestProxy(const TestProxy&) = delete;
  TestProxy& operator=(const TestProxy&) = delete;

  [[nodiscard]] std::string address() const { return "http://127.0.0.1:" + std::to_string(port_); }
  /// The heads of the requests, in order.
  [[nodiscard]] std::vector<std::string> heads() const;

 private:
  void accept_all();
  void serve(int client);

  const std::string answer_;
  unsigned port_ = 0;
  int listener_;  // sets port_
  mutable std::mutex mutex_;
  std::vector<std::string> heads_;
  std::vector<int> sockets_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace insd::test
