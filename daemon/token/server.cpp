// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/server.h"

#include <algorithm>
#include <array>
#include <map>
#include <memory>

#include "daemon/token/convert.h"
#include "daemon/token/frames.h"
#include "daemon/token/module_link.h"
#include "pkcs11/token_session.h"

namespace insd::token {
namespace {

Traffic send_message(int socket, const wire::Answer& answer) {
  return send_frame(socket, as_bytes(answer.SerializeAsString()));
}

std::string text_of(const Bytes& bytes) {
  return {bytes.begin(), bytes.end()};
}

class Server {
 public:
  Server(int socket, const pkcs11::Module& module) : socket_(socket), module_(module) {}

  /// False: the daemon has gone.
  bool serve_one();

 private:
  void handle(const wire::Request& request, wire::Answer& answer);
  void login(const wire::LoginRequest& request);
  [[nodiscard]] std::vector<pkcs11::Certificate> certificates(const pkcs11::TokenRef& ref);
  [[nodiscard]] std::vector<pkcs11::DataObject> data_objects(const wire::DataObjectsRequest& request);
  [[nodiscard]] Bytes sign(const wire::SignRequest& request);

  /// The logged-in session of exactly this token, or null.
  pkcs11::TokenSession* session_of(const pkcs11::TokenRef& ref);
  /// The same; without one CARD_ACCESS_DENIED.
  pkcs11::TokenSession& logged_in(const pkcs11::TokenRef& ref);
  template <class Work>
  auto or_end(const pkcs11::TokenRef& ref, Work work);

  int socket_;
  const pkcs11::Module& module_;
  std::map<std::uint64_t, std::unique_ptr<pkcs11::TokenSession>> sessions_;  ///< by slot, logged in
};

bool Server::serve_one() {
  wire::Request request;
  if (!receive_request(socket_, request)) return false;
  wire::Answer answer;
  answer.set_id(request.id());
  try {
    handle(request, answer);
    if (answer.ByteSizeLong() > kMaxFrame) throw Error(Code::MODULE_FAILED, "the answer is too long");
  } catch (const Error& error) {
    answer.Clear();
    answer.set_id(request.id());
    to_wire(error, *answer.mutable_failure());
  }
  return send_message(socket_, answer) == Traffic::DONE;
}

void Server::handle(const wire::Request& request, wire::Answer& answer) {
  switch (request.call_case()) {
    case wire::Request::kListTokens:
      for (const auto& token : module_.tokens()) to_wire(token, *answer.add_tokens());
      return;
    case wire::Request::kLogin:
      return login(request.login());
    case wire::Request::kLogout:
      sessions_.erase(request.logout().token().slot());
      return;
    case wire::Request::kCertificates:
      for (const auto& found : certificates(from_wire(request.certificates().token()))) {
        to_wire(found, *answer.add_certificates());
      }
      return;
    case wire::Request::kDataObjects:
      for (const auto& found : data_objects(request.data_objects()))
        to_wire(found, *answer.add_data_objects());
      return;
    case wire::Request::kSign:
      answer.set_signature(text_of(sign(request.sign())));
      return;
    case wire::Request::kTlsSetup:
    case wire::Request::kPost:  // of the other role
    case wire::Request::CALL_NOT_SET:
      break;
  }
  throw Error(Code::INTERNAL, "an unknown request");
}

pkcs11::TokenSession* Server::session_of(const pkcs11::TokenRef& ref) {
  const auto found = sessions_.find(ref.slot);
  return found != sessions_.end() && found->second->ref() == ref ? found->second.get() : nullptr;
}

// Does `work` with the token's session and throws the session away after an error that ends it
// (pkcs11/token_session.h).
template <class Work>
auto Server::or_end(const pkcs11::TokenRef& ref, Work work) {
  try {
    return work();
  } catch (const Error& error) {
    constexpr std::array ends = {Code::CARD_REMOVED, Code::CARD_CHANGED, Code::TOKEN_ABSENT,
                                 Code::MODULE_FAILED, Code::CARD_ACCESS_DENIED};
    if (std::find(ends.begin(), ends.end(), error.code()) != ends.end()) sessions_.erase(ref.slot);
    throw;
  }
}

void Server::login(const wire::LoginRequest& request) {
  SecretString pin;
  const bool on_pad = request.on_pad();
  if (!on_pad && receive_secret(socket_, pin) != Traffic::DONE)
    throw Error(Code::PIN_CANCELLED, "no PIN came");
  const auto ref = from_wire(request.token());
  const auto last_try = request.allow_last_try() ? pkcs11::LastTry::ALLOW : pkcs11::LastTry::REFUSE;
  or_end(ref, [&] {
    if (session_of(ref) == nullptr) {
      sessions_.erase(ref.slot);
      sessions_[ref.slot] = std::make_unique<pkcs11::TokenSession>(module_, ref);
    }
    const auto& session = sessions_[ref.slot];
    try {
      if (on_pad) {
        session->login_on_pad(last_try);
      } else {
        session->login(pin, last_try);
      }
    } catch (const Error&) {
      // A PIN of the wrong form leaves an earlier login as it was; a wrong one has ended it.
      if (!session->logged_in()) sessions_.erase(ref.slot);
      throw;
    }
  });
}

std::vector<pkcs11::Certificate> Server::certificates(const pkcs11::TokenRef& ref) {
  return or_end(ref, [&] {
    if (const auto* session = session_of(ref)) return session->certificates();
    return pkcs11::TokenSession(module_, ref).certificates();
  });
}

std::vector<pkcs11::DataObject> Server::data_objects(const wire::DataObjectsRequest& request) {
  const auto ref = from_wire(request.token());
  return or_end(ref, [&] {
    if (request.with_protected()) return logged_in(ref).data_objects(request.label_prefix());
    if (const auto* session = session_of(ref)) return session->data_objects(request.label_prefix());
    return pkcs11::TokenSession(module_, ref).data_objects(request.label_prefix());
  });
}

pkcs11::TokenSession& Server::logged_in(const pkcs11::TokenRef& ref) {
  auto* session = session_of(ref);
  if (session == nullptr) throw Error(Code::CARD_ACCESS_DENIED, "nobody is logged in on this token");
  return *session;
}

Bytes Server::sign(const wire::SignRequest& request) {
  const auto ref = from_wire(request.token());
  return or_end(ref, [&] {
    auto& session = logged_in(ref);
    return session.sign(from_wire(request.use()), as_bytes(request.message()));
  });
}

}  // namespace

void serve(int socket, const std::string& module_path, pkcs11::ModuleOwner owner) {
  const auto module = load_and_tell(socket, module_path, owner);
  if (!module) return;
  Server server(socket, *module);
  while (server.serve_one()) {
  }
}

}  // namespace insd::token
