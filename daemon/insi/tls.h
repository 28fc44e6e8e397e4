// SPDX-License-Identifier: Apache-2.0
// Whom a TLS connection to the teleservice is with: the trust store, the server's name, the organisation's
// own certificate, and what became of them in a handshake. Internal to daemon/insi.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>
#include <boost/system/error_code.hpp>

#include "daemon/config.h"
#include "daemon/insi/client_key.h"
#include "drivers/base/error.h"

namespace insd::insi::tls {

/// TLS 1.2 and later, no renegotiation, chains that end in the trust store. Throws CONFIG_INVALID.
void configure(boost::asio::ssl::context& context, const std::filesystem::path& trust_store);

/// Shows `key` to a server that asks. Throws CONFIG_INVALID: the key is not the certificate's.
void show_itself(boost::asio::ssl::context& context, const ClientKey& key);

/// What the verification of the server's chain met.
struct Meeting {
  std::string host;
  bool intercepted =
      false;           ///< a certificate of that name, by an authority of neither the store nor IGC-Santé
  std::string issuer;  ///< of the server's certificate, printable
};

/// The server must prove to be `meeting->host`: by subjectAltName, and where `common_name` is set and there
/// is none for names, by the CN of its subject. `meeting` is kept by the connection.
void expect_server(SSL* connection, const std::shared_ptr<Meeting>& meeting, bool common_name);

/// Why a handshake failed.
Error handshake_error(SSL* connection, const Meeting& meeting, const boost::system::error_code& failure,
                      bool shows_itself);

/// Whether the server says by this alert that it wants another certificate than it was shown, or one at all.
bool refuses_certificate(const boost::system::error_code& failure);

}  // namespace insd::insi::tls
