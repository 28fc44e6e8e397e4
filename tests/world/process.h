// SPDX-License-Identifier: Apache-2.0
// A program of the demo world: started, listened to, ended. It never outlives this process.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <sys/types.h>

namespace insd::world {

using std::chrono::milliseconds;

/// Something of the world did not come up, or not in time. The text holds the end of the program's log.
struct WorldError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr milliseconds default_deadline{20'000};

/// PATH with `first` in front, and `more` ("NAME=value"), over the environment of this process.
std::vector<std::string> environment_with(const std::vector<std::string>& more,
                                          const std::filesystem::path& first);

class Process {
 public:
  /// Starts argv in a process group of its own: an interrupt typed at the terminal is for the program in
  /// front. argv[0] is searched in PATH. Standard output is kept line by line; standard error and the same
  /// lines go to `log`. Start it from a thread that lives as long as the program should: the kernel ends it
  /// with that thread.
  Process(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
          std::filesystem::path log);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] bool running() const;
  [[nodiscard]] const std::filesystem::path& log() const { return log_; }

  /// The next line of standard output not yet consumed that begins with `prefix`; what comes before it is
  /// consumed too.
  std::string wait_for_line(const std::string& prefix, milliseconds deadline = default_deadline);
  /// Everything written to standard output so far.
  [[nodiscard]] std::vector<std::string> lines() const;
  void write_line(const std::string& line);

  void signal(int number) const;
  /// Exit status, or 128 + signal. Throws WorldError when it has not ended in time.
  int wait(milliseconds deadline = default_deadline);
  /// Signal, then SIGKILL when it does not listen within the grace.
  int end(int number, milliseconds grace = milliseconds(5000));

  /// `what`, with the end of the log.
  [[nodiscard]] WorldError error(const std::string& what) const;

 private:
  void drain();
  void keep(std::string& text, std::ofstream& log);

  std::string name_;
  std::filesystem::path log_;
  pid_t pid_ = -1;
  int pidfd_ = -1, stdin_ = -1, stdout_ = -1, stop_ = -1;
  std::optional<int> status_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> lines_;
  std::size_t consumed_ = 0;
  bool closed_ = false;
  std::thread reader_;
};

struct Outcome {
  int status = 0;  ///< exit status, or 128 + signal
  std::string out, err;
};

/// Runs a program to its end. Throws WorldError when it does not end in time (it is killed).
Outcome run_to_end(const std::vector<std::string>& argv, const std::vector<std::string>& environment,
                   const std::string& input, milliseconds deadline);

}  // namespace insd::world
