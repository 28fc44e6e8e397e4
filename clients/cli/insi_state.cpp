// SPDX-License-Identifier: Apache-2.0
// `insctl insi state`: can INSi be asked, as far as the daemon's last exchanges say.
#include <cstdlib>
#include <ostream>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/render.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr std::int64_t kTolerableSkew = 60;  // seconds, either way: InsiState.clock_skew

void print_state(Session& session, const v1::InsiState& state) {
  auto& out = session.io.out;
  const Language language = session.language;
  out << session.say(Word::STATE_INSI, {term_of(language, state.environment(), v1::Environment_Name),
                                        term_of(language, state.availability(), v1::InsiAvailability_Name)});
  if (state.has_since_time()) {
    out << ", " << session.say(Word::READER_LINE_SINCE, {local_time(state.since_time())});
  }
  if (state.has_last_answer_time()) {
    out << ", " << session.say(Word::STATE_LAST_ANSWER, {local_time(state.last_answer_time())});
  }
  out << '\n';
  if (!state.code().empty()) {
    out << "  " << printable(state.code()) << colon(language) << printable(state.summary()) << '\n';
  }
  if (state.has_insi_fault()) {
    out << "  "
        << session.say(Word::INSI_SAID,
                       {printable(state.insi_fault().code()), printable(state.insi_fault().label())})
        << '\n';
  }
  if (!state.remedy().empty())
    out << "  " << session.say(Word::REMEDY_IS, {printable(state.remedy())}) << '\n';
  const std::int64_t skew = std::abs(state.clock_skew().seconds());
  if (skew > kTolerableSkew)
    out << "  " << session.say(Word::STATE_CLOCK_WRONG, {std::to_string(skew)}) << '\n';
}

int follow(Session& session) {
  grpc::ClientContext context;
  session.client.prepare(context);
  const auto stream = session.client.insi_stub().WatchInsiState(&context, v1::WatchInsiStateRequest());
  v1::WatchInsiStateResponse event;
  while (stream->Read(&event)) {
    if (session.options.json) {
      session.io.out << to_json(event) << '\n';
    } else {
      print_state(session, event.state());
    }
    session.io.out.flush();
    if (!session.io.out) context.TryCancel();  // the pipe behind us is gone
  }
  const auto status = stream->Finish();
  if (!status.ok() && session.io.out) throw session.client.failure(status);
  return EXIT_OK;
}

}  // namespace

int run_insi_state(Session& session) {
  if (session.options.follow) return follow(session);
  const auto response = session.client.insi_state();
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
  } else {
    print_state(session, response.state());
  }
  const auto availability = response.state().availability();
  const bool well = availability == v1::INSI_AVAILABILITY_AVAILABLE ||
                    availability == v1::INSI_AVAILABILITY_UNSPECIFIED;  // nothing known against it
  return well ? EXIT_OK : EXIT_NEGATIVE;
}

}  // namespace insd::cli
