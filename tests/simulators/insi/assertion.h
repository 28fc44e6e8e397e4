// SPDX-License-Identifier: Apache-2.0
// The assertions of a request: who signed, with which key, and is it true (specs: insi 3.2, 3.3). The XML
// signature is verified by libxmlsec1, never by code of the daemon.
#pragma once

#include <memory>
#include <string>

#include <openssl/x509.h>

#include "tests/simulators/insi/config.h"
#include "tests/simulators/insi/findings.h"
#include "tests/simulators/insi/instant.h"
#include "tests/simulators/insi/message.h"

namespace sim {

struct X509Deleter {
  void operator()(X509* certificate) const { X509_free(certificate); }
};
using Certificate = std::unique_ptr<X509, X509Deleter>;

class AssertionChecks {
 public:
  /// Initialises libxmlsec1: one object per program. Throws std::runtime_error when a root cannot be read.
  explicit AssertionChecks(const Config& config);
  ~AssertionChecks();
  AssertionChecks(const AssertionChecks&) = delete;
  AssertionChecks& operator=(const AssertionChecks&) = delete;

  /// The document has passed MessageChecks.
  void examine(xmlDoc* doc, const Message& message, Findings& findings) const;

 private:
  [[nodiscard]] std::string certificate_problem(X509* certificate) const;

  struct StoreDeleter {
    void operator()(X509_STORE* store) const { X509_STORE_free(store); }
  };
  std::unique_ptr<X509_STORE, StoreDeleter> roots_;
  std::string vitale_assertion_;
  SimClock clock_;
};

}  // namespace sim
