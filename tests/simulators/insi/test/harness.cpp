// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/test/harness.h"

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;  // NOLINT: what posix_spawn wants

namespace sim_test {
namespace {

const std::string kPki = INSD_BUILD_DIR "/pki/";
constexpr auto kDeadline = 20s;

/// Starts a program; `output` is the reading end of its standard output.
pid_t start(const std::vector<std::string>& command, int& output) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(command.size() + 1);
  for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  output = ends[0];
  if (error != 0) throw std::runtime_error("cannot start " + command[0]);
  return pid;
}

/// False at the end of the stream; throws at the deadline.
bool read_more(int fd, std::string& into, std::chrono::steady_clock::time_point deadline) {
  const auto left =
      std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  pollfd wait{fd, POLLIN, 0};
  if (left.count() <= 0 || ::poll(&wait, 1, static_cast<int>(left.count())) <= 0) {
    throw std::runtime_error("nothing came before the deadline; so far: " + into);
  }
  char buffer[4096];
  const auto got = ::read(fd, buffer, sizeof buffer);
  if (got > 0) into.append(buffer, static_cast<std::size_t>(got));
  return got > 0;
}

}  // namespace

std::string run(const std::vector<std::string>& command) {
  int output = -1;
  const pid_t pid = start(command, output);
  std::string text;
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (read_more(output, text, deadline)) {
  }
  ::close(output);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status != 0) throw std::runtime_error(command[0] + " failed: " + text);
  return text;
}

Directory::Directory() {
  std::string name = (std::filesystem::temp_directory_path() / "sim-insi-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = name;
}

Directory::~Directory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::filesystem::path Directory::write(const std::string& name, const std::string& content) const {
  auto file = path_ / name;
  std::ofstream(file, std::ios::binary) << content;
  return file;
}

std::string own_trust() {
  return "professionals_roots = [\"" + kPki + "professionals-roots.pem\"]\nidam = [\"TST1NF000001\"]\n";
}

Simulator::Simulator(const std::string& more, const std::string& trust) {
  std::string config = "certificate = \"" + kPki + "server/good.cert.pem\"\n";
  config += "key = \"" + kPki + "server/good.key.pem\"\n";
  config += "record_dir = \"records\"\n" + trust + more;
  pid_ = start({INSD_BIN_DIR "/insd-sim-insi", "--config", directory_.write("insi.toml", config).string()},
               output_);
  constexpr std::string_view kReady = "READY port=";
  const auto line = output_until(kReady);
  port_ = std::stoi(line.substr(line.find(kReady) + kReady.size()));
  constexpr std::string_view kSecond = "organisations_port=";
  const auto second = line.find(kSecond);
  if (second != std::string::npos) organisations_port_ = std::stoi(line.substr(second + kSecond.size()));
}

Simulator::~Simulator() {
  if (pid_ > 0) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  if (output_ >= 0) ::close(output_);
}

std::string Simulator::output_until(std::string_view text) {
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (true) {
    const auto found = pending_.find(text);
    const auto end = found == std::string::npos ? found : pending_.find('\n', found);
    if (end != std::string::npos) {
      auto lines = pending_.substr(0, end + 1);
      pending_.erase(0, end + 1);
      return lines;
    }
    if (!read_more(output_, pending_, deadline)) throw std::runtime_error("the simulator ended: " + pending_);
  }
}

int Simulator::stop() {
  ::kill(pid_, SIGTERM);
  const auto deadline = std::chrono::steady_clock::now() + kDeadline;
  while (read_more(output_, pending_, deadline)) {
  }
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

int Simulator::abandon() {
  ::close(std::exchange(output_, -1));
  const int child = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  pollfd wait{child, POLLIN, 0};
  const int ended = ::poll(&wait, 1, static_cast<int>(std::chrono::milliseconds(kDeadline).count()));
  ::close(child);
  if (ended != 1) throw std::runtime_error("the simulator goes on");
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

std::string fresh_uuid() {
  std::ifstream source("/proc/sys/kernel/random/uuid");
  std::string uuid;
  source >> uuid;
  return uuid;
}

std::string now_plus(std::chrono::seconds offset) {
  const auto time = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now() + offset);
  std::tm utc{};
  ::gmtime_r(&time, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S.000Z", &utc)};
}

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("nothing to replace: " + std::string(from));
  return text.replace(at, from.size(), to);
}

}  // namespace sim_test
