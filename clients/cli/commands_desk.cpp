// SPDX-License-Identifier: Apache-2.0
// Commands about readers, cards and logins.
#include <ostream>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/login_dialogue.h"
#include "clients/cli/render.h"
#include "clients/cli/text.h"

namespace insd::cli {

int run_readers(Session& session) {
  const auto response = session.client.readers();
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
    return EXIT_OK;
  }
  if (response.pcsc().state() != v1::PCSC_STATE_AVAILABLE)
    print_pcsc(session.io.out, session.language, response.pcsc());
  if (response.readers().empty()) session.io.out << session.say(Word::NO_READER) << '\n';
  for (const auto& reader : response.readers())
    print_reader(session.io.out, session.language, reader, session.options.verbose);
  return EXIT_OK;
}

namespace {

void print_event(Session& session, const v1::WatchReadersResponse& event) {
  auto& out = session.io.out;
  if (session.options.json) {
    out << to_json(event) << std::endl;
    return;
  }
  if (event.missed() > 0) out << session.say(Word::WATCH_MISSED, {std::to_string(event.missed())}) << '\n';
  switch (event.event_case()) {
    case v1::WatchReadersResponse::kReader:
      print_reader(out, session.language, event.reader(), session.options.verbose);
      break;
    case v1::WatchReadersResponse::kSnapshotEnd:
      out << session.say(Word::WATCH_SNAPSHOT) << '\n';
      break;
    case v1::WatchReadersResponse::kReaderRemoved:
      out << session.say(Word::WATCH_REMOVED, {printable(event.reader_removed())}) << '\n';
      break;
    case v1::WatchReadersResponse::kPcsc:
      print_pcsc(out, session.language, event.pcsc());
      break;
    case v1::WatchReadersResponse::kPcscEvent:
      print_pcsc_event(out, session.language, event.pcsc_event());
      break;
    case v1::WatchReadersResponse::EVENT_NOT_SET:
      break;  // a newer daemon
  }
  out.flush();
}

}  // namespace

int run_watch(Session& session) {
  grpc::ClientContext context;
  session.client.prepare(context);
  const auto stream = session.client.reader_stub().WatchReaders(&context, v1::WatchReadersRequest());
  v1::WatchReadersResponse event;
  while (stream->Read(&event)) {
    print_event(session, event);
    if (!session.io.out) context.TryCancel();  // the pipe behind us is gone
  }
  const auto status = stream->Finish();
  if (!status.ok() && session.io.out) throw session.client.failure(status);
  return EXIT_OK;
}

int run_reader_enabled(Session& session, bool enabled) {
  v1::SetReaderEnabledRequest request;
  request.set_reader(session.options.reader);
  request.set_enabled(enabled);
  auto response = session.client.set_reader_enabled(request);
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
    return EXIT_OK;
  }
  auto& reader = *response.mutable_reader();
  if (reader.name().empty()) reader.mutable_name()->swap(*reader.mutable_alias());  // not plugged in
  print_reader(session.io.out, session.language, reader, session.options.verbose);
  return EXIT_OK;
}

int run_status(Session& session) {
  const auto info = session.client.info();
  const auto rights = session.client.what_may_i_do();
  if (session.options.json) {
    JsonDocument document;
    document.add("info", info);
    document.add("permissions", rights);
    session.io.out << document.text() << '\n';
    return EXIT_OK;
  }
  print_status(session.io.out, session.language, info, rights);
  return EXIT_OK;
}

v1::CardSelection selection(const Session& session, const std::string& reader) {
  v1::CardSelection made;
  made.set_reader(reader);
  made.set_desk(session.options.desk);
  return made;
}

int run_professional(Session& session) {
  v1::GetProfessionalCardRequest request;
  *request.mutable_card() = selection(session, session.options.reader);
  if (session.options.activities) {
    request.set_lease(session.options.lease.empty() ? session.lease_file.load().value_or("")
                                                    : session.options.lease);
    if (request.lease().empty()) {
      throw Failure("LEASE_REQUIRED", session.say(Word::NOT_LOGGED_IN),
                    session.say(Word::NOT_LOGGED_IN_REMEDY));
    }
  }
  const auto response = session.client.professional_card(request);
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
  } else {
    print_card(session.io.out, session.language, response.card());
    if (session.options.activities) print_activities(session.io.out, session.language, response);
    if (session.options.capabilities)
      print_capabilities(session.io.out, session.language, response.capabilities());
  }
  return EXIT_OK;
}

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
  session.io.out << session.say(Word::LOGGED_IN_UNTIL,
                                {printable(login.lease().holder()), local_time(login.lease().expire_time())})
                 << '\n'
                 << session.say(Word::LEASE_STORED, {session.lease_file.path().string()}) << '\n';
  return EXIT_OK;
}

int run_logout(Session& session) {
  v1::LogoutRequest request;
  request.set_lease(session.options.lease);
  if (request.lease().empty()) {
    const auto stored = session.lease_file.load();
    if (!stored) {
      throw Failure("LEASE_REQUIRED", session.say(Word::NOT_LOGGED_IN),
                    session.say(Word::NOT_LOGGED_IN_REMEDY));
    }
    request.set_lease(*stored);
  }
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

int run_vitale(Session& session) {
  v1::ReadVitaleRequest request;
  *request.mutable_card() = selection(session, session.options.reader);
  const auto response = session.client.read_vitale(request);
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
  } else {
    print_vitale(session.io.out, session.language, response.reading());
  }
  return EXIT_OK;
}

}  // namespace insd::cli
