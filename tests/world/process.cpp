// SPDX-License-Identifier: Apache-2.0
#include "tests/world/process.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <sstream>
#include <system_error>

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/world/spawn.h"

namespace insd::world {
namespace {

using Clock = std::chrono::steady_clock;

int left_until(Clock::time_point end) {
  const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now()).count();
  return static_cast<int>(std::max<std::int64_t>(0, left));
}

// False when the time is over.
bool wait_readable(int descriptor, Clock::time_point end) {
  pollfd waiting{.fd = descriptor, .events = POLLIN, .revents = 0};
  for (;;) {
    const int ready = poll(&waiting, 1, left_until(end));
    if (ready >= 0) return ready > 0;
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "poll");
  }
}

std::string tail_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  constexpr std::size_t enough = 3000;
  const auto all = text.str();
  return all.size() > enough ? all.substr(all.size() - enough) : all;
}

}  // namespace

std::vector<std::string> environment_with(const std::vector<std::string>& more,
                                          const std::filesystem::path& first) {
  const auto name_of = [](const std::string& entry) { return entry.substr(0, entry.find('=')); };
  std::vector<std::string> result = more;
  const char* path = getenv("PATH");
  // An ordinary user of Debian lacks the sbin directories, where pcscd is.
  result.push_back("PATH=" + first.string() + ":" + (path != nullptr ? path : "/usr/bin:/bin") +
                   ":/usr/sbin:/sbin");
  const auto given = result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const auto same = [&](const std::string& other) { return name_of(other) == name_of(*entry); };
    if (std::ranges::none_of(given, same)) result.emplace_back(*entry);
  }
  return result;
}

Process::Process(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                 std::filesystem::path log)
    : name_(std::filesystem::path(argv.at(0)).filename().string()), log_(std::move(log)) {
  const int log_descriptor = open(log_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (log_descriptor < 0) throw WorldError("cannot write " + log_.string());
  const auto [child_in, to_child] = make_pipe();
  const auto [from_child, child_out] = make_pipe();
  stdin_ = to_child;
  stdout_ = from_child;
  fcntl(stdout_, F_SETFL, O_NONBLOCK);
  stop_ = eventfd(0, EFD_CLOEXEC);
  pid_ = spawn(argv, environment, {.in = child_in, .out = child_out, .err = log_descriptor}, true);
  close(child_in);
  close(child_out);
  close(log_descriptor);
  // By number: the C library of Debian 12 declares pidfd_open without C linkage.
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  if (pidfd_ < 0) throw std::system_error(errno, std::generic_category(), "pidfd_open");
  reader_ = std::thread([this] { drain(); });
}

Process::~Process() {
  end(SIGKILL);
  close(stdin_);
  const std::uint64_t now = 1;
  [[maybe_unused]] const auto written = ::write(stop_, &now, sizeof now);
  reader_.join();
  close(stop_);
  close(stdout_);
  close(pidfd_);
}

// Ends when the program has closed its output, or when told to: descendants may hold the pipe open for ever.
void Process::drain() {
  std::ofstream log(log_, std::ios::app);
  std::string text;
  std::array<pollfd, 2> waiting = {
      {{.fd = stdout_, .events = POLLIN, .revents = 0}, {.fd = stop_, .events = POLLIN, .revents = 0}}};
  for (bool last = false; !last;) {
    if (poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) break;
    last = waiting[1].revents != 0;
    std::array<char, 4096> buffer{};
    for (ssize_t got = 0; (got = ::read(stdout_, buffer.data(), buffer.size())) != 0;) {
      if (got < 0) break;
      text.append(buffer.data(), static_cast<std::size_t>(got));
      keep(text, log);
    }
    last = last || (waiting[0].revents & POLLHUP) != 0;
  }
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void Process::keep(std::string& text, std::ofstream& log) {
  const std::lock_guard lock(mutex_);
  for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
    log << lines_.emplace_back(text.substr(0, end)) << std::endl;
  }
  changed_.notify_all();
}

std::string Process::wait_for_line(const std::string& prefix, milliseconds deadline) {
  std::unique_lock lock(mutex_);
  const auto end = Clock::now() + deadline;
  for (;;) {
    while (consumed_ < lines_.size()) {
      if (const auto& line = lines_[consumed_++]; line.starts_with(prefix)) return line;
    }
    if (closed_) throw error("ended without saying '" + prefix + "'");
    if (changed_.wait_until(lock, end) == std::cv_status::timeout && consumed_ == lines_.size()) {
      throw error("did not say '" + prefix + "' in time");
    }
  }
}

std::vector<std::string> Process::lines() const {
  const std::lock_guard lock(mutex_);
  return {lines_.begin(), lines_.end()};
}

void Process::write_line(const std::string& line) {
  const auto text = line + "\n";
  if (::write(stdin_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    throw error("does not listen");
  }
}

bool Process::running() const {
  return !status_ && !wait_readable(pidfd_, Clock::now());
}

void Process::signal(int number) const {
  if (!status_) kill(pid_, number);
}

int Process::wait(milliseconds deadline) {
  if (status_) return *status_;
  if (!wait_readable(pidfd_, Clock::now() + deadline)) throw error("did not end in time");
  int reported = 0;
  waitpid(pid_, &reported, 0);
  status_ = status_of(reported);
  return *status_;
}

int Process::end(int number, milliseconds grace) {
  signal(number);
  if (!status_ && !wait_readable(pidfd_, Clock::now() + grace)) signal(SIGKILL);
  return wait();
}

WorldError Process::error(const std::string& what) const {
  return WorldError(name_ + " " + what + "\n" + tail_of(log_));
}

namespace {

struct Pipes {
  std::pair<int, int> in = make_pipe(), out = make_pipe(), err = make_pipe();
};

void close_and_forget(int& descriptor) {
  if (descriptor >= 0) close(descriptor);
  descriptor = -1;
}

// Feeds and reads a child until both its outputs are closed. False when the time is over.
bool converse(Pipes& pipes, const std::string& input, Outcome& outcome, Clock::time_point end) {
  fcntl(pipes.in.second, F_SETFL, O_NONBLOCK);
  std::size_t written = 0;
  while (pipes.out.first >= 0 || pipes.err.first >= 0) {
    if (written == input.size()) close_and_forget(pipes.in.second);
    std::array<pollfd, 3> waiting = {{{.fd = pipes.in.second, .events = POLLOUT, .revents = 0},
                                      {.fd = pipes.out.first, .events = POLLIN, .revents = 0},
                                      {.fd = pipes.err.first, .events = POLLIN, .revents = 0}}};
    const int ready = poll(waiting.data(), waiting.size(), left_until(end));
    if (ready == 0) return false;
    if (ready < 0) continue;
    if (waiting[0].revents != 0) {
      const auto sent = ::write(pipes.in.second, input.data() + written, input.size() - written);
      written = sent < 0 ? input.size() : written + static_cast<std::size_t>(sent);
    }
    const auto read_some = [&](const pollfd& from, int& descriptor, std::string& into) {
      if (from.revents == 0) return;
      std::array<char, 8192> buffer{};
      const auto got = ::read(descriptor, buffer.data(), buffer.size());
      if (got > 0) into.append(buffer.data(), static_cast<std::size_t>(got));
      if (got <= 0) close_and_forget(descriptor);
    };
    read_some(waiting[1], pipes.out.first, outcome.out);
    read_some(waiting[2], pipes.err.first, outcome.err);
  }
  return true;
}

}  // namespace

Outcome run_to_end(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                   const std::string& input, milliseconds deadline) {
  const auto end = Clock::now() + deadline;
  Pipes pipes;
  const pid_t child = spawn(argv, environment,
                            {.in = pipes.in.first, .out = pipes.out.second, .err = pipes.err.second}, true);
  for (int* ours : {&pipes.in.first, &pipes.out.second, &pipes.err.second}) close_and_forget(*ours);
  Outcome outcome;
  const bool in_time = converse(pipes, input, outcome, end);
  for (int* ours : {&pipes.in.second, &pipes.out.first, &pipes.err.first}) close_and_forget(*ours);
  if (!in_time) kill(child, SIGKILL);
  int reported = 0;
  waitpid(child, &reported, 0);
  if (!in_time) throw WorldError(argv[0] + " did not end in time\n" + outcome.out + outcome.err);
  outcome.status = status_of(reported);
  return outcome;
}

}  // namespace insd::world
