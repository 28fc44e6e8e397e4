// SPDX-License-Identifier: Apache-2.0
// A simulator that runs, a client that speaks raw HTTPS to it, and requests signed by the xmlsec1 program: no
// code of the simulator, none of the daemon.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace sim_test {

using namespace std::chrono_literals;

/// Runs a program to its end; its standard output. Throws std::runtime_error when it fails.
std::string run(const std::vector<std::string>& command);

/// A directory of its own that goes away.
class Directory {
 public:
  Directory();
  ~Directory();
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path write(const std::string& name, const std::string& content) const;

 private:
  std::filesystem::path path_;
};

/// `professionals_roots` and `idam` of the requests that are made here.
std::string own_trust();

/// insd-sim-insi over the test PKI, with `more` configuration.
class Simulator {
 public:
  explicit Simulator(const std::string& more = {}, const std::string& trust = own_trust());
  ~Simulator();
  Simulator(const Simulator&) = delete;
  Simulator& operator=(const Simulator&) = delete;

  [[nodiscard]] int port() const { return port_; }
  /// 0 without a second endpoint.
  [[nodiscard]] int organisations_port() const { return organisations_port_; }
  /// Everything printed so far that is a whole line, up to and including one that contains `text`; throws
  /// after a deadline.
  std::string output_until(std::string_view text);
  /// SIGTERM; the exit status. Throws after a deadline.
  int stop();
  /// Stops reading what it prints; its exit status, when that ends it. Throws after a deadline.
  int abandon();
  [[nodiscard]] std::filesystem::path records() const { return directory_.path() / "records"; }

 private:
  Directory directory_;
  pid_t pid_ = -1;
  int output_ = -1;
  int port_ = 0, organisations_port_ = 0;
  std::string pending_;
};

struct HttpAnswer {
  int status = 0;
  std::string head, body;
  bool clean_end = true;  ///< false: the connection was cut inside the answer, or before it
};

/// One TLS connection that trusts the test PKI's teleservice only. `certificate`: what it shows of itself,
/// e.g. "organisation/insi-manu" of that PKI.
class Client {
 public:
  explicit Client(int port, const std::string& certificate = {});
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  /// Sends bytes as they are and reads one answer of at most `max_bytes`.
  HttpAnswer exchange(const std::string& bytes, std::size_t max_bytes = 1 << 20);

 private:
  struct Impl;
  Impl* impl_;
};

/// "POST /lps" with the right media type.
std::string http_post(const std::string& body);

/// What a test may change in a request; each text is put in as it is.
struct RequestParts {
  std::string key = "cps/dr-exemple/sign.key.pem";  ///< in the test PKI
  std::string certificate = "cps/dr-exemple/sign.cert.pem";
  std::string name_id = "899900000017", qualifier = "CPS", emitter = "899900000017";
  std::string idam = "TST1NF000001";
  std::string issue_instant;  ///< empty = now
  std::string attributes =
      R"(<saml:Attribute Name="identifiantFacturation"><saml:AttributeValue>991130972</saml:AttributeValue></saml:Attribute>)";
  std::string digest_method = "http://www.w3.org/2001/04/xmlenc#sha256";
  std::string signature_method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
  std::string second_assertion;
  std::string action = "rechercherInsAvecTraitsIdentite";
  std::string cover;
  std::string body;
};

/// Parts of a search by traits, of a search by card.
RequestParts traits_parts(const std::string& name, const std::string& given_name, const std::string& sex,
                          const std::string& date, const std::string& place = {});
RequestParts card_parts(const std::string& number, const std::string& date, const std::string& rank = "1");

/// The signed envelope.
std::string signed_request(const RequestParts& parts);

std::string fresh_uuid();
std::string now_plus(std::chrono::seconds offset);
/// `text` with the first `from` replaced; throws when there is none.
std::string replaced(std::string text, std::string_view from, std::string_view to);

}  // namespace sim_test
