// SPDX-License-Identifier: Apache-2.0
// `insctl insi check` and `insctl keys`: for those who install and look after the daemon.
#include <array>
#include <cerrno>
#include <cstring>
#include <ostream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clients/cli/commands.h"
#include "clients/cli/descriptor.h"
#include "clients/cli/json.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr std::size_t kKeyBytes = 32;

Word word_of(v1::CheckState state) {
  switch (state) {
    case v1::CHECK_STATE_OK:
      return Word::CHECK_OK;
    case v1::CHECK_STATE_WARNING:
      return Word::CHECK_WARNING;
    case v1::CHECK_STATE_SKIPPED:
      return Word::CHECK_SKIPPED;
    default:
      return Word::CHECK_FAILED;
  }
}

v1::KeyUse use_of(const Session& session, const std::string& text) {
  if (text.empty()) return v1::KEY_USE_UNSPECIFIED;
  if (text == "journal") return v1::KEY_USE_JOURNAL;
  if (text == "number") return v1::KEY_USE_NUMBER;
  if (text == "seal") return v1::KEY_USE_SEAL;
  throw UsageError(session.say(Word::USAGE_VALUE, {printable(text)}));
}

[[noreturn]] void cannot(const Session& session, const std::string& file) {
  throw UsageError(session.say(Word::KEYS_CANNOT, {printable(file), std::strerror(errno)}));
}

// 0600, on the disk, never over a file that is there.
void copy_key(const Session& session, const std::string& from, const std::string& to) {
  std::array<char, kKeyBytes + 1> bytes{};
  const Descriptor in(open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!in.open()) cannot(session, from);
  const ssize_t got = read(in.get(), bytes.data(), bytes.size());
  if (got != kKeyBytes) {
    errno = EINVAL;
    cannot(session, from);
  }
  const Descriptor out(open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  const bool written =
      out.open() && write(out.get(), bytes.data(), kKeyBytes) == kKeyBytes && fsync(out.get()) == 0;
  explicit_bzero(bytes.data(), bytes.size());
  if (!written) cannot(session, to);
}

}  // namespace

int run_insi_check(Session& session) {
  v1::CheckInsiRequest request;
  request.set_profile(session.options.profile);
  request.set_offline(session.options.offline);
  const auto response = session.client.check_insi(request);
  bool good = true;
  for (const auto& check : response.checks()) good = good && check.state() != v1::CHECK_STATE_FAILED;
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
    return good ? EXIT_OK : EXIT_NEGATIVE;
  }
  for (const auto& check : response.checks()) {
    session.io.out << padded(session.say(word_of(check.state())), 10) << padded(printable(check.name()), 22)
                   << printable(check.code().empty() ? check.detail() : check.code() + ": " + check.detail())
                   << '\n';
    if (!check.remedy().empty()) session.io.out << "          " << printable(check.remedy()) << '\n';
  }
  return good ? EXIT_OK : EXIT_NEGATIVE;
}

int run_keys_list(Session& session) {
  const auto response = session.client.list_keys();
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
    return EXIT_OK;
  }
  for (const auto& key : response.keys()) {
    session.io.out << (key.current() ? "* " : "  ") << printable(key.id())
                   << (key.credential() ? "  systemd" : "") << '\n';
  }
  return EXIT_OK;
}

int run_keys_rotate(Session& session) {
  v1::RotateKeysRequest request;
  request.set_use(use_of(session, session.options.key_use));
  const auto response = session.client.rotate_keys(request);
  if (session.options.json) {
    session.io.out << to_json(response) << '\n';
  } else {
    for (const auto& key : response.keys()) session.io.out << printable(key.id()) << '\n';
    session.io.out << session.say(Word::KEYS_ROTATED) << '\n';
  }
  return EXIT_OK;
}

int run_keys_backup(Session& session) {
  const auto response = session.client.list_keys();
  const std::string& to = session.options.directory;
  if (mkdir(to.c_str(), 0700) != 0 && errno != EEXIST) cannot(session, to);
  struct stat facts {};
  if (stat(to.c_str(), &facts) != 0 || !S_ISDIR(facts.st_mode)) cannot(session, to);
  if ((facts.st_mode & 0077) != 0) {
    errno = EPERM;
    cannot(session, to);
  }
  int copied = 0;
  for (const auto& key : response.keys()) {
    if (key.credential()) continue;
    // An id becomes a file's name: nothing in it may leave the directory.
    if (key.id().find('/') != std::string::npos) continue;
    copy_key(session, response.directory() + "/" + key.id() + ".key", to + "/" + key.id() + ".key");
    ++copied;
  }
  const int elsewhere = response.keys_size() - copied;
  session.io.out << session.say(Word::KEYS_BACKED_UP, {std::to_string(copied), printable(to)}) << '\n';
  if (elsewhere > 0) session.io.out << session.say(Word::KEYS_ELSEWHERE, {std::to_string(elsewhere)}) << '\n';
  return EXIT_OK;
}

}  // namespace insd::cli
