// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/run.h"

#include <cerrno>
#include <ostream>

#include <unistd.h>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"

namespace insd::cli {
namespace {

constexpr const char* kDefaultSocket = "unix:/run/insd/insd.sock";
constexpr std::size_t kLongestLine = 256;

int dispatch(Session& session) {
  switch (session.options.command) {
    case Command::READERS:
      return run_readers(session);
    case Command::WATCH:
      return run_watch(session);
    case Command::READER_ENABLE:
      return run_reader_enabled(session, true);
    case Command::READER_DISABLE:
      return run_reader_enabled(session, false);
    case Command::PROFESSIONAL:
      return run_professional(session);
    case Command::LOGIN:
      return run_login(session);
    case Command::LOGOUT:
      return run_logout(session);
    case Command::AUTHENTICATE:
      return run_authenticate(session);
    case Command::LEASE:
      return run_lease(session);
    case Command::VITALE:
      return run_vitale(session);
    case Command::INSI_TRAITS:
      return run_insi_traits(session);
    case Command::INSI_VITALE:
      return run_insi_vitale(session);
    case Command::INSI_VERIFY:
      return run_insi_verify(session);
    case Command::IDENTIFY:
      return run_identify(session);
    case Command::STATUS:
      return run_status(session);
    case Command::JOURNAL_VERIFY:
      return run_journal_verify(session);
    case Command::JOURNAL_EXPORT:
      return run_journal_export(session);
    case Command::INSI_CHECK:
      return run_insi_check(session);
    case Command::KEYS_LIST:
      return run_keys_list(session);
    case Command::KEYS_ROTATE:
      return run_keys_rotate(session);
    case Command::KEYS_BACKUP:
      return run_keys_backup(session);
    case Command::INS_CHECK:
      return run_ins_check(session);
    case Command::INS_PARSE_DATAMATRIX:
      return run_parse_datamatrix(session);
    case Command::IDENTITY_RENDER:
      return run_identity_render(session);
    case Command::ONBOARDING:
      return run_onboarding(session);
    case Command::INSI_STATE:
      return run_insi_state(session);
    case Command::INSI_CNDA:
      return run_insi_cnda(session);
    case Command::DOCTOR:
      return run_doctor(session);
  }
  return EXIT_USAGE;
}

std::string socket_of(const Options& options, const Surroundings& io) {
  if (!options.socket.empty()) return options.socket;
  const char* const from_environment = io.environment("INSD_SOCKET");
  return from_environment != nullptr && *from_environment != '\0' ? from_environment : kDefaultSocket;
}

int run_throwing(const std::vector<std::string>& arguments, Surroundings& io, Language language) {
  const Parsed parsed = parse_command_line(arguments, language);
  if (!parsed.information.empty()) {
    io.out << parsed.information;
    return EXIT_OK;
  }
  const auto& options = parsed.options;
  Session session{options, io, language, Client(local_target(socket_of(options, io), language), language),
                  LeaseFile(io.environment("XDG_RUNTIME_DIR"), language)};
  try {
    return dispatch(session);
  } catch (const Failure& failure) {
    report(io.err, failure, language, options.verbose);
    if (options.json) {
      JsonDocument document;
      document.add("error", failure.detail());
      if (!failure.search().attempts().empty()) document.add("search", failure.search());
      io.out << document.text() << '\n';
    }
    return EXIT_ERROR;
  }
}

}  // namespace

std::string read_line(int descriptor) {
  std::string line;
  for (;;) {
    char byte = 0;
    const auto got = ::read(descriptor, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0 || byte == '\n' || line.size() == kLongestLine) return line;
    line += byte;
  }
}

int run(const std::vector<std::string>& arguments, Surroundings& surroundings) noexcept {
  try {
    const auto get = [&](const char* name) { return surroundings.environment(name); };
    const Language language = language_of(get("LC_ALL"), get("LC_MESSAGES"), get("LANG"));
    try {
      const int status = run_throwing(arguments, surroundings, language);
      surroundings.out.flush();
      return status;
    } catch (const UsageError& error) {
      surroundings.err << error.what() << std::endl;
      return EXIT_USAGE;
    }
  } catch (const std::exception& error) {
    surroundings.err << "insctl: " << error.what() << std::endl;
    return EXIT_ERROR;
  }
}

}  // namespace insd::cli
