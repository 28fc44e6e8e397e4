// SPDX-License-Identifier: Apache-2.0
// Commands about the login that insctl keeps between two of its runs.
#include <chrono>
#include <ostream>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/login_dialogue.h"
#include "clients/cli/render.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr std::chrono::seconds kState{15};

// The lease of --lease, else the kept one.
std::string meant_lease(const Session& session) {
  if (!session.options.lease.empty()) return session.options.lease;
  auto stored = session.lease_file.load();
  if (!stored) {
    throw Failure("LEASE_REQUIRED", session.say(Word::NOT_LOGGED_IN),
                  session.say(Word::NOT_LOGGED_IN_REMEDY));
  }
  return *std::move(stored);
}

std::string logged_in(const Session& session, const v1::Lease& lease) {
  return session.say(Word::LOGGED_IN_UNTIL, {printable(lease.holder()), local_time(lease.expire_time())});
}

void print_lease_event(Session& session, const v1::WatchLeaseResponse& event) {
  auto& out = session.io.out;
  if (session.options.json) {
    out << to_json(event) << std::endl;
  } else if (event.has_lease()) {
    out << logged_in(session, event.lease()) << std::endl;
  } else if (event.has_ended()) {
    const auto cause = session.term(v1::LeaseEndCause_Name(event.ended().cause()));
    out << session.say(Word::LEASE_ENDED, {printable(cause)}) << std::endl;
  }
}

}  // namespace

int run_login(Session& session) {
  session.lease_file.require_directory();  // before a try is spent, not after
  const Login login(session, session.options.reader, LoginForm::DETACHED);
  session.lease_file.store(login.lease().lease());
  for (const auto& warning : login.lease().warnings())
    session.io.err << "! " << printable(session.term(warning)) << '\n';
  if (session.options.json) {
    v1::Lease shown = login.lease();
    shown.clear_lease();  // the token stays in its file
    session.io.out << to_json(shown) << '\n';
    return EXIT_OK;
  }
  session.io.out << logged_in(session, login.lease()) << '\n'
                 << session.say(Word::LEASE_STORED, {session.lease_file.path().string()}) << '\n';
  return EXIT_OK;
}

int run_lease(Session& session) {
  v1::WatchLeaseRequest request;
  request.set_lease(meant_lease(session));
  grpc::ClientContext context;
  session.client.prepare(context);
  if (!session.options.follow) context.set_deadline(std::chrono::system_clock::now() + kState);
  const auto stream = session.client.professional_stub().WatchLease(&context, request);
  v1::WatchLeaseResponse event;
  bool enough = false, ended = false;
  while (!enough && stream->Read(&event)) {
    print_lease_event(session, event);
    ended = event.has_ended();
    enough = ended || !session.options.follow || !session.io.out;
  }
  if (enough && !ended) context.TryCancel();
  const auto status = stream->Finish();
  if (!enough) throw session.client.failure(status);
  if (ended && session.options.lease.empty()) session.lease_file.remove();
  return ended ? EXIT_NEGATIVE : EXIT_OK;
}

int run_logout(Session& session) {
  v1::LogoutRequest request;
  request.set_lease(meant_lease(session));
  v1::LogoutResponse response;
  try {
    response = session.client.logout(request);
  } catch (const Failure& failure) {
    // A lease that has already ended is logged out; anything else keeps the file, so that logout can be said
    // again.
    const auto& code = failure.detail().code();
    if (code != "LEASE_INVALID" && code != "LEASE_LOST") throw;
  }
  if (session.options.lease.empty()) session.lease_file.remove();
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
  } else {
    session.io.out << session.say(response.card_reset() ? Word::LOGGED_OUT_CARD_RESET : Word::LOGGED_OUT)
                   << '\n';
  }
  return EXIT_OK;
}

}  // namespace insd::cli
