// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/failure.h"

#include <cerrno>
#include <cstring>
#include <optional>
#include <ostream>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clients/cli/render.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

std::optional<v1::ErrorDetail> detail_of(const grpc::Status& status) {
  v1::RpcStatus rpc_status;
  if (status.error_details().empty() || !rpc_status.ParseFromString(status.error_details()))
    return std::nullopt;
  for (const auto& any : rpc_status.details()) {
    v1::ErrorDetail detail;
    if (any.Is<v1::ErrorDetail>() && any.UnpackTo(&detail) && !detail.code().empty()) return detail;
  }
  return std::nullopt;
}

// Why a connection fails: 0 when it succeeds. gRPC itself only says "unavailable".
int connect_errno(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return errno;
  const int result = ::connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  const int error = result == 0 ? 0 : errno;
  ::close(descriptor);
  return error;
}

std::string path_of(const std::string& target) {
  constexpr std::string_view kScheme = "unix:";
  std::string path = target.substr(target.starts_with(kScheme) ? kScheme.size() : 0);
  if (path.starts_with("///")) path.erase(0, 2);
  return path;
}

Failure connection_failure(const grpc::Status& status, const std::string& target, Language language) {
  const auto make = [&](const char* code, Word summary, Word remedy, const std::string& where = {}) {
    v1::ErrorDetail detail;
    detail.set_code(code);
    detail.set_summary(say(language, summary, {printable(where)}));
    detail.set_remedy(say(language, remedy));
    detail.set_technical_detail("gRPC status " + std::to_string(status.error_code()) + ": " +
                                status.error_message());
    return Failure(std::move(detail));
  };
  if (status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED)
    return make("DAEMON_SLOW", Word::DAEMON_SLOW, Word::DAEMON_SLOW_REMEDY);
  if (status.error_code() != grpc::StatusCode::UNAVAILABLE) {
    return make("DAEMON_UNEXPECTED", Word::DAEMON_UNEXPECTED, Word::DAEMON_UNEXPECTED_REMEDY);
  }
  switch (connect_errno(path_of(target))) {
    case ENOENT:
    case ECONNREFUSED:
    case ENOTDIR:
      return make("DAEMON_ABSENT", Word::DAEMON_ABSENT, Word::DAEMON_ABSENT_REMEDY, target);
    case EACCES:
    case EPERM:
      return make("DAEMON_REFUSED", Word::DAEMON_REFUSED, Word::DAEMON_REFUSED_REMEDY, target);
    default:
      return make("DAEMON_LOST", Word::DAEMON_LOST, Word::DAEMON_LOST_REMEDY);
  }
}

}  // namespace

Failure::Failure(std::string code, std::string summary, std::string remedy) {
  detail_.set_code(std::move(code));
  detail_.set_summary(std::move(summary));
  detail_.set_remedy(std::move(remedy));
}

Failure failure_of(const grpc::Status& status, const std::string& target, Language language) {
  if (auto detail = detail_of(status)) return Failure(*std::move(detail));
  return connection_failure(status, target, language);
}

void report(std::ostream& out, const Failure& failure, Language language, bool verbose) {
  const auto& detail = failure.detail();
  out << printable(detail.code()) << ": " << printable(detail.summary()) << '\n';
  if (detail.pin_try_spent() == v1::PIN_TRY_SPENT_YES) out << say(language, Word::TRY_SPENT) << '\n';
  if (detail.pin_try_spent() == v1::PIN_TRY_SPENT_UNKNOWN)
    out << say(language, Word::TRY_SPENT_UNKNOWN) << '\n';
  if (detail.has_pin_tries_left() && detail.pin_tries_left() > 0) {
    const bool one = detail.pin_tries_left() == 1;
    out << say(language, one ? Word::TRIES_LEFT_ONE : Word::TRIES_LEFT_MANY,
               {std::to_string(detail.pin_tries_left())})
        << '\n';
  }
  for (const auto& violation : detail.field_violations()) {
    out << say(language, Word::FIELD_REFUSED, {printable(violation.field())}) << '\n';
    // The description is English by contract: support text, unless the reader reads English.
    if (!violation.description().empty() && (verbose || language == Language::ENGLISH)) {
      out << say(language, Word::FIELD_REFUSED_DETAIL,
                 {printable(violation.field()), printable(violation.description())})
          << '\n';
    }
  }
  if (detail.has_insi_fault()) {
    out << say(language, Word::INSI_SAID,
               {printable(detail.insi_fault().code()), printable(detail.insi_fault().label())})
        << '\n';
  }
  print_attempts(out, language, failure.search().attempts());
  if (!detail.remedy().empty()) out << say(language, Word::REMEDY_IS, {printable(detail.remedy())}) << '\n';
  if (verbose && !detail.technical_detail().empty()) {
    out << say(language, Word::SUPPORT_DETAIL, {printable(detail.technical_detail())}) << '\n';
  }
}

}  // namespace insd::cli
