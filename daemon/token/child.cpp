// SPDX-License-Identifier: Apache-2.0
#include "daemon/token/child.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/insi/transport.h"
#include "daemon/token/convert.h"

extern "C" {
#include <sys/pidfd.h>  // glibc 2.36 forgot to say that these are C functions
}

namespace insd::token {
namespace {

using namespace std::chrono_literals;

constexpr int kChildSocket = 3;
// How long a killed process may take to vanish; one that hangs in the kernel is left behind.
constexpr auto kAfterKill = 2s;

void require(int result, const char* what) {
  if (result != 0)
    throw Error(Code::INTERNAL, std::string("insd-token: ") + what + ": " + std::strerror(result));
}

// The child's descriptors (0-2 and its socket), signals and session.
class SpawnPlan {
 public:
  explicit SpawnPlan(int socket) {
    require(posix_spawn_file_actions_init(&files_), "file actions");
    require(posix_spawnattr_init(&attributes_), "attributes");
    require(posix_spawn_file_actions_addopen(&files_, STDIN_FILENO, "/dev/null", O_RDONLY, 0), "stdin");
    require(posix_spawn_file_actions_addopen(&files_, STDOUT_FILENO, "/dev/null", O_WRONLY, 0), "stdout");
    require(posix_spawn_file_actions_adddup2(&files_, socket, kChildSocket), "socket");
    require(posix_spawn_file_actions_addclosefrom_np(&files_, kChildSocket + 1), "closefrom");
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    require(posix_spawnattr_setsigmask(&attributes_, &none), "signal mask");
    require(posix_spawnattr_setsigdefault(&attributes_, &all), "signals");
    // A session of its own: no terminal on which a module could ask for a PIN.
    require(posix_spawnattr_setflags(&attributes_,
                                     POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID),
            "flags");
  }
  ~SpawnPlan() {
    posix_spawn_file_actions_destroy(&files_);
    posix_spawnattr_destroy(&attributes_);
  }
  SpawnPlan(const SpawnPlan&) = delete;
  SpawnPlan& operator=(const SpawnPlan&) = delete;

  pid_t spawn(const std::string& executable, std::vector<std::string> arguments,
              std::vector<std::string> environment) const {
    const auto argv = pointers(arguments);
    const auto envp = pointers(environment);
    pid_t pid = -1;
    require(posix_spawn(&pid, executable.c_str(), &files_, &attributes_, argv.data(), envp.data()),
            "cannot start");
    return pid;
  }

 private:
  static std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    result.reserve(texts.size() + 1);
    for (auto& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
  }

  posix_spawn_file_actions_t files_{};
  posix_spawnattr_t attributes_{};
};

bool ended_within(int process, std::chrono::milliseconds patience) {
  const auto deadline = std::chrono::steady_clock::now() + patience;
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd waiting{.fd = process, .events = POLLIN, .revents = 0};
    const int ready = poll(&waiting, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

std::string describe(int status) {
  if (WIFSIGNALED(status)) return "ended by signal " + std::to_string(WTERMSIG(status));
  return "ended with status " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

Child::Child(const ChildOptions& options)
    : role_(options.role),
      start_deadline_(options.start_deadline),
      call_deadline_(options.call_deadline),
      pad_deadline_(options.pad_deadline),
      end_deadline_(options.end_deadline) {
  int ends[2] = {-1, -1};
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) require(errno, "socketpair");
  try {
    std::vector<std::string> arguments = {
        "insd-token", options.role == Role::TLS ? "--role=tls" : "--role=sign", "--module=" + options.module};
    if (options.owner == pkcs11::ModuleOwner::CURRENT_USER) arguments.emplace_back("--allow-own-module");
    std::vector<std::string> environment = options.environment;
    // What a thread keeps for itself is not overwritten when it is freed (M_PERTURB); a PIN is that small.
    environment.emplace_back("GLIBC_TUNABLES=glibc.malloc.tcache_count=0");
    pid_ = SpawnPlan(ends[1]).spawn(options.executable, std::move(arguments), std::move(environment));
  } catch (...) {
    close(ends[0]);
    close(ends[1]);
    throw;
  }
  close(ends[1]);
  socket_ = ends[0];
  process_ = pidfd_open(pid_, 0);
  if (process_ < 0) {
    const int error = errno;
    end(0ms);
    require(error, "pidfd_open");
  }
}

Child::~Child() {
  end(end_deadline_);
  if (process_ >= 0) close(process_);
}

void Child::wait_until_ready() {
  try {
    receive(0, std::chrono::steady_clock::now() + start_deadline_);
  } catch (...) {
    end(0ms);
    throw;
  }
}

wire::Answer Child::ask(const wire::Request& request, const SecretString* pin) {
  if (!usable()) throw Error(Code::INTERNAL, "insd-token has ended");
  auto sent = send_frame(socket_, as_bytes(request.SerializeAsString()));
  if (sent == Traffic::DONE && pin != nullptr) sent = send_frame(socket_, pin->bytes());
  if (sent != Traffic::DONE) fail(sent);
  const auto patience = request.login().on_pad() ? pad_deadline_ : call_deadline_;
  const Deadline deadline = std::chrono::steady_clock::now() + patience;
  auto answer = receive(request.id(), deadline);
  while (answer.http().more()) {
    const auto part = receive(request.id(), deadline);
    auto& whole = *answer.mutable_http();
    whole.mutable_body()->append(part.http().body());
    whole.set_more(part.http().more());
    if (whole.body().size() > insi::kMaxBodyBytes || part.http().body().empty()) nonsense();
  }
  return answer;
}

// Foreign code wrote over our own in there.
void Child::nonsense() {
  const auto how = end(0ms);
  throw Error(Code::MODULE_CRASHED, "insd-token answered nonsense; " + how);
}

wire::Answer Child::receive(std::uint64_t id, Deadline deadline) {
  Bytes frame;
  const auto traffic = receive_frame(socket_, frame, deadline);
  if (traffic != Traffic::DONE) fail(traffic);
  wire::Answer answer;
  if (!answer.ParseFromArray(frame.data(), static_cast<int>(frame.size())) || !answer.has_id() ||
      answer.id() != id) {
    nonsense();
  }
  if (answer.has_failure()) throw error_of(answer.failure(), role_);
  return answer;
}

void Child::fail(Traffic traffic) {
  if (traffic == Traffic::TIMED_OUT) {
    end(0ms);
    throw Error(Code::MODULE_STUCK, "no answer within the deadline");
  }
  const auto how = end(end_deadline_);
  throw Error(Code::MODULE_CRASHED, how);
}

void Child::kill() const noexcept {
  if (process_ >= 0) pidfd_send_signal(process_, SIGKILL, nullptr, 0);
}

// Ends the process, once, and says how it ended.
std::string Child::end(std::chrono::milliseconds patience) noexcept {
  if (socket_ < 0) return {};
  close(socket_);
  socket_ = -1;
  if (patience <= 0ms || !ended_within(process_, patience)) {
    // Not waited for yet, so the pid is still the child's.
    ::kill(pid_, SIGKILL);
    ended_within(process_, kAfterKill);
  }
  // What the module started lives in the child's group, which has its number as long as nobody has waited for
  // it.
  ::kill(-pid_, SIGKILL);
  int status = 0;
  return waitpid(pid_, &status, WNOHANG) == pid_ ? describe(status) : "does not end";
}

}  // namespace insd::token
