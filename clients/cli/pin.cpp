// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/pin.h"

#include <cerrno>
#include <csignal>
#include <cstring>

#include <poll.h>
#include <termios.h>
#include <unistd.h>

namespace insd::cli {
namespace {

// A signal handler has no other way to reach the terminal's former state.
termios g_former_state;                      // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)
volatile std::sig_atomic_t g_terminal = -1;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

constexpr std::array kEndingSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};

extern "C" void restore_and_die(int signal) {
  const int descriptor = g_terminal;
  if (descriptor >= 0) {
    ::tcsetattr(descriptor, TCSANOW, &g_former_state);
    constexpr char kLineEnd = '\n';
    [[maybe_unused]] const auto written = ::write(descriptor, &kLineEnd, 1);
  }
  (void)::signal(signal, SIG_DFL);
  (void)::raise(signal);
}

// The echo is off while one lives.
class NoEcho {
 public:
  explicit NoEcho(int descriptor) : descriptor_(descriptor) {
    if (::tcgetattr(descriptor, &g_former_state) != 0) return;
    g_terminal = descriptor;
    struct sigaction action {};
    action.sa_handler = restore_and_die;
    for (std::size_t i = 0; i < kEndingSignals.size(); ++i)
      ::sigaction(kEndingSignals[i], &action, &former_actions_[i]);
    termios silent = g_former_state;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ECHOE | ECHOK | ECHONL);
    // FLUSH: keys hit before the question belong to something else.
    ready_ = ::tcsetattr(descriptor, TCSAFLUSH, &silent) == 0;
    armed_ = true;
  }
  ~NoEcho() {
    if (!armed_) return;
    ::tcsetattr(descriptor_, keep_typed_ ? TCSANOW : TCSAFLUSH, &g_former_state);
    g_terminal = -1;
    for (std::size_t i = 0; i < kEndingSignals.size(); ++i)
      ::sigaction(kEndingSignals[i], &former_actions_[i], nullptr);
  }
  NoEcho(const NoEcho&) = delete;
  NoEcho& operator=(const NoEcho&) = delete;

  [[nodiscard]] bool ready() const { return ready_; }
  /// What has been typed is dropped before the echo comes back.
  void drop_typed() { keep_typed_ = false; }

 private:
  int descriptor_;
  bool armed_ = false;
  bool ready_ = false;
  bool keep_typed_ = true;
  std::array<struct sigaction, kEndingSignals.size()> former_actions_{};
};

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(descriptor, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

bool wait_for_input(int descriptor, int withdrawn) {
  if (withdrawn < 0) return true;
  std::array<pollfd, 2> ready{{{.fd = descriptor, .events = POLLIN, .revents = 0},
                               {.fd = withdrawn, .events = POLLIN, .revents = 0}}};
  while (::poll(ready.data(), ready.size(), -1) < 0) {
    if (errno != EINTR) return true;  // what is wrong shows at the read
  }
  return ready[1].revents == 0;
}

PinRead read_pin_line(int descriptor, PinBuffer& pin, bool terminal, int withdrawn) {
  for (;;) {
    if (!wait_for_input(descriptor, withdrawn)) {
      pin.drop(pin.view().size());
      return PinRead::WITHDRAWN;
    }
    char byte = 0;
    const auto got = ::read(descriptor, &byte, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return PinRead::UNREADABLE;
    if (got == 0) {
      if (!pin.view().empty()) return PinRead::OK;
      return terminal ? PinRead::CANCELLED : PinRead::UNREADABLE;
    }
    if (byte == '\n') return PinRead::OK;
    if (byte == '\r') continue;  // a line from another system
    const bool kept = pin.push(byte);
    ::explicit_bzero(&byte, 1);
    if (!kept) return PinRead::UNREADABLE;
  }
}

PinRead ask_pin_on_terminal(int descriptor, const std::string& prompt, PinBuffer& pin, int withdrawn) {
  NoEcho silence(descriptor);
  if (!silence.ready() || !write_all(descriptor, prompt)) return PinRead::UNREADABLE;
  const PinRead outcome = read_pin_line(descriptor, pin, true, withdrawn);
  if (outcome == PinRead::WITHDRAWN) silence.drop_typed();
  write_all(descriptor, "\n");
  return outcome == PinRead::OK && pin.view().empty() ? PinRead::CANCELLED : outcome;
}

void wipe(std::string& text) {
  ::explicit_bzero(text.data(), text.size());
}

}  // namespace insd::cli
