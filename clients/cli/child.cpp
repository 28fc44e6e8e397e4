// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/child.h"

#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace insd::cli {
namespace {

constexpr int kGraceMs = 1000;

void close_if_open(int& descriptor) {
  if (descriptor >= 0) ::close(descriptor);
  descriptor = -1;
}

// What posix_spawn() does to the new process.
class SpawnPlan {
 public:
  SpawnPlan(int input, int output) {
    ::posix_spawn_file_actions_init(&actions_);
    ::posix_spawn_file_actions_adddup2(&actions_, input, STDIN_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    ::posix_spawn_file_actions_addopen(&actions_, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    ::posix_spawnattr_init(&attributes_);
    sigset_t all, none;
    ::sigfillset(&all);
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigdefault(&attributes_, &all);
    ::posix_spawnattr_setsigmask(&attributes_, &none);
    ::posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnPlan() {
    ::posix_spawnattr_destroy(&attributes_);
    ::posix_spawn_file_actions_destroy(&actions_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  pid_t run(const std::string& program) const {
    std::string name = program;
    std::array<char*, 2> arguments = {name.data(), nullptr};
    pid_t pid = -1;
    const int failed =
        ::posix_spawn(&pid, program.c_str(), &actions_, &attributes_, arguments.data(), environ);
    return failed == 0 ? pid : -1;
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
};

bool ends_soon(int process) {
  pollfd ended{.fd = process, .events = POLLIN, .revents = 0};
  return ::poll(&ended, 1, kGraceMs) == 1;
}

}  // namespace

Child::Child(const std::string& program) {
  std::array<int, 2> in = {-1, -1}, out = {-1, -1};
  if (::pipe2(in.data(), O_CLOEXEC) == 0 && ::pipe2(out.data(), O_CLOEXEC) == 0) {
    pid_ = SpawnPlan(in[0], out[1]).run(program);
  }
  close_if_open(in[0]);
  close_if_open(out[1]);
  to_ = in[1];
  from_ = out[0];
}

Child::~Child() {
  close_if_open(to_);
  if (pid_ > 0) {
    // Not pidfd_open(): the header of glibc 2.36 is not for C++.
    int process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    // Without a descriptor to wait on there is no patience either.
    const bool ended =
        process >= 0 && (ends_soon(process) || (::kill(pid_, SIGTERM) == 0 && ends_soon(process)));
    if (!ended) ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
    close_if_open(process);
  }
  close_if_open(from_);
}

void Child::end() const {
  if (pid_ > 0) ::kill(pid_, SIGTERM);
}

bool Child::write(std::string_view text) const {
  while (!text.empty()) {
    const auto written = ::write(to_, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

TerminalGuard::TerminalGuard(int descriptor) : descriptor_(descriptor) {
  known_ = descriptor >= 0 && ::tcgetattr(descriptor, &state_) == 0;
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &ignore, &former_[i]);
}

TerminalGuard::~TerminalGuard() {
  if (known_) ::tcsetattr(descriptor_, TCSANOW, &state_);
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &former_[i], nullptr);
}

}  // namespace insd::cli
