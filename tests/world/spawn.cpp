// SPDX-License-Identifier: Apache-2.0
#include "tests/world/spawn.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace insd::world {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> list;
  for (const auto& text : texts)
    list.push_back(const_cast<char*>(text.c_str()));  // NOLINT: execve wants it so
  list.push_back(nullptr);
  return list;
}

// Searched in the PATH of the new environment, not in ours.
std::string find_program(const std::string& name, const std::vector<std::string>& environment) {
  if (name.find('/') != std::string::npos) return name;
  for (const auto& entry : environment) {
    if (!entry.starts_with("PATH=")) continue;
    std::stringstream directories(entry.substr(5));
    for (std::string directory; std::getline(directories, directory, ':');) {
      std::string file = directory;
      file.append("/").append(name);
      if (access(file.c_str(), X_OK) == 0) return file;
    }
  }
  return name;
}

}  // namespace

pid_t spawn(const std::vector<std::string>& argv, const std::vector<std::string>& environment, Stdio stdio,
            bool own_group) {
  // Everything that allocates comes before fork: other threads may hold the allocator's lock.
  const auto arguments = pointers(argv);
  const auto variables = pointers(environment);
  const auto program = find_program(argv.at(0), environment);
  const pid_t parent = getpid();
  const pid_t child = fork();
  if (child < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (child > 0) return child;

  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(127);
  if (own_group) setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGQUIT, SIGPIPE, SIGHUP})
    static_cast<void>(std::signal(number, SIG_DFL));
  // Above 2 first, so that no target is overwritten before it is used.
  const std::array<int, 3> high = {fcntl(stdio.in, F_DUPFD_CLOEXEC, 3), fcntl(stdio.out, F_DUPFD_CLOEXEC, 3),
                                   fcntl(stdio.err, F_DUPFD_CLOEXEC, 3)};
  for (int target = 0; target < 3; ++target) dup2(high[static_cast<std::size_t>(target)], target);
  execve(program.c_str(), arguments.data(), variables.data());
  const std::string_view complaint = ": cannot be executed\n";
  [[maybe_unused]] auto written = write(2, program.data(), program.size());
  written = write(2, complaint.data(), complaint.size());
  constexpr int not_found = 127;
  _exit(not_found);
}

bool may_become_others() {
  std::ifstream map("/proc/self/uid_map");
  unsigned long inside = 0, outside = 0, count = 0;
  return geteuid() == 0 && map >> inside >> outside >> count && count > 1;
}

int status_of(int wait_status) {
  constexpr int signalled = 128;
  return WIFSIGNALED(wait_status) ? signalled + WTERMSIG(wait_status) : WEXITSTATUS(wait_status);
}

std::pair<int, int> make_pipe() {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  return {ends[0], ends[1]};
}

}  // namespace insd::world
