// SPDX-License-Identifier: Apache-2.0
// Commands about readers and cards.
#include <ostream>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
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
