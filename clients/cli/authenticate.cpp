// SPDX-License-Identifier: Apache-2.0
// `insctl authenticate`: a proof of presence (docs/presence.md) for whoever drew the challenge.
#include <charconv>
#include <optional>
#include <ostream>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/login_dialogue.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

std::string bytes_of(const std::string& hexadecimal) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hexadecimal.size(); i += 2) {
    unsigned value = 0;
    std::from_chars(hexadecimal.data() + i, hexadecimal.data() + i + 2, value, 16);
    bytes += static_cast<char>(value);
  }
  return bytes;
}

}  // namespace

int run_authenticate(Session& session) {
  v1::AuthenticateRequest request;
  request.set_challenge(bytes_of(session.options.challenge));
  request.set_audience(session.options.audience);
  request.set_purpose_id(session.options.purpose);
  request.set_lease(session.options.lease);
  std::optional<Login> held;
  if (request.lease().empty()) {
    if (const auto stored = session.lease_file.load()) {
      request.set_lease(*stored);
    } else if (can_ask_for_pin(session)) {
      held.emplace(session, session.options.reader, LoginForm::HELD);
      request.set_lease(held->lease().lease());
    } else {
      throw Failure("LEASE_REQUIRED", session.say(Word::NOT_LOGGED_IN),
                    session.say(Word::NOT_LOGGED_IN_REMEDY));
    }
  }
  const auto response = session.client.authenticate(request);
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
  } else {
    session.io.out << printable(response.proof()) << '\n';
  }
  return EXIT_OK;
}

}  // namespace insd::cli
