// SPDX-License-Identifier: Apache-2.0
// insd-demo-world: a whole desk without a single card of plastic, and a program in front of it.
#include <array>
#include <iostream>

#include <CLI/CLI.hpp>
#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/world/spawn.h"
#include "tests/world/world.h"

namespace insd::world {
namespace {

// A signal asked us to end before everything was up.
struct Interrupted {
  int signal;
};

/// SIGINT and SIGTERM (and the end of the child in front) as something to read. Before any thread exists.
class Signals {
 public:
  Signals() {
    sigemptyset(&set_);
    for (const int number : {SIGINT, SIGTERM, SIGCHLD}) sigaddset(&set_, number);
    sigprocmask(SIG_BLOCK, &set_, nullptr);
    descriptor_ = signalfd(-1, &set_, SFD_CLOEXEC | SFD_NONBLOCK);
    if (descriptor_ < 0) throw WorldError("no signalfd");
  }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;
  ~Signals() { close(descriptor_); }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  /// The next one, or 0.
  [[nodiscard]] int next() const {
    signalfd_siginfo info{};
    return ::read(descriptor_, &info, sizeof info) == sizeof info ? static_cast<int>(info.ssi_signo) : 0;
  }
  void check() const {
    for (int number = 0; (number = next()) != 0;) {
      if (number != SIGCHLD) throw Interrupted{number};
    }
  }

 private:
  sigset_t set_{};
  int descriptor_ = -1;
};

// Progress goes to standard error: standard output belongs to the program in front (--json).
void say(const std::string& line) {
  std::cerr << "[demo] " << line << std::endl;
}

struct Cards {
  Card* professional;
  Card* patient;
};

Cards set_up(World& world, const Signals& signals) {
  world.start_pcscd(2);
  say("pcscd runs with two virtual readers, apart from any pcscd of this machine");
  signals.check();
  auto& professional = world.insert_card(0, "cps3", "cps-dr-exemple");
  say("a simulated CPS3 of a doctor sits in " + world.reader_name(0) + " (its PIN is 1234)");
  signals.check();
  auto& patient = world.insert_card(1, "vitale2", "vitale-demo");
  say("a simulated Vitale 2 card of two people sits in " + world.reader_name(1));
  signals.check();
  world.start_insi();
  say("the simulated INSi teleservice answers at " + world.insi_endpoint());
  signals.check();
  // Who starts the demo may look at everything in it.
  auto config = world.insd_config();
  const std::string desk = "role = \"desk\"";
  config.replace(config.find(desk), desk.size(), "role = \"admin\"");
  world.start_insd(config);
  say("insd serves " + world.socket().string());
  signals.check();
  return {&professional, &patient};
}

// Ours is the terminal: what is typed goes to the program, an interrupt to both. Who does not listen to it is
// killed after a while: the world must not outlive the wish to end it. Returns exit status or 128 + signal.
int run_in_front(const World& world, const std::vector<std::string>& argv, const Signals& signals) {
  constexpr int patience_ms = 5000;
  const pid_t child = spawn(argv, world.environment(), {}, false);
  pollfd waiting{.fd = signals.descriptor(), .events = POLLIN, .revents = 0};
  bool told = false;
  for (;;) {
    int reported = 0;
    if (waitpid(child, &reported, WNOHANG) == child) return status_of(reported);
    if (poll(&waiting, 1, told ? patience_ms : -1) == 0) kill(child, SIGKILL);
    for (int number = 0; (number = signals.next()) != 0;) {
      if (number == SIGCHLD) continue;
      kill(child, number);
      told = true;
    }
  }
}

void tell_how_to_talk(const World& world) {
  const char* isolated = getenv("INSD_ISOLATED");
  const bool apart = isolated != nullptr && std::string(isolated) != "0";
  const auto root = apart ? std::string("/proc/") + isolated + "/root" : "";
  say("the world stays up until Ctrl-C. From another terminal:");
  std::cerr << "  export INSD_SOCKET=unix:" << world.socket().string() << "\n  " << INSD_BIN_DIR
            << "/insctl readers\n"
            << "  PCSCLITE_CSOCK_NAME=" << root << "/run/pcscd/pcscd.comm pkcs11-tool --module "
            << INSD_OPENSC_MODULE << " -L\n"
            << "  logs and card traces: " << world.directory().string() << "\n"
            << "here: cps|vitale remove, insert, swap FILE, mute, unmute, die-after N; or quit" << std::endl;
}

// One line: which card, and the command for it. False at the end.
bool obey(const std::string& line, const Cards& cards) {
  if (line == "quit") return false;
  const auto space = line.find(' ');
  const auto who = line.substr(0, space);
  try {
    if (space == std::string::npos || (who != "cps" && who != "vitale"))
      throw WorldError("cps or vitale, and a command");
    auto command = line.substr(space + 1);
    (who == "cps" ? cards.professional : cards.patient)->send(command);
  } catch (const WorldError& error) {
    std::cerr << error.what() << std::endl;
  }
  return true;
}

void keep_up(const World& world, const Cards& cards, const Signals& signals) {
  tell_how_to_talk(world);
  std::string text;
  bool listening = true;
  for (;;) {
    std::array<pollfd, 2> waiting = {{{.fd = signals.descriptor(), .events = POLLIN, .revents = 0},
                                      {.fd = listening ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0}}};
    poll(waiting.data(), waiting.size(), -1);
    for (int number = 0; (number = signals.next()) != 0;) {
      if (number != SIGCHLD) return;
    }
    if (waiting[1].revents == 0) continue;
    std::array<char, 512> buffer{};
    const auto got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
    listening = got > 0;
    if (got > 0) text.append(buffer.data(), static_cast<std::size_t>(got));
    for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1)) {
      if (!obey(text.substr(0, end), cards)) return;
    }
  }
}

struct Options {
  bool keep = false;
  std::optional<std::filesystem::path> directory;
  std::vector<std::string> command;
};

int demonstrate(const Options& options) {
  const Signals signals;
  World world(options.directory);
  try {
    const auto cards = set_up(world, signals);
    int status = 0;
    if (!options.command.empty()) status = run_in_front(world, options.command, signals);
    constexpr int error_status = 2;
    if (status >= error_status && status < 128) {
      world.keep_directory();
      if (!world.insd().running())
        say("insd has ended by itself, status " + std::to_string(world.insd().wait()));
      say("it ended with status " + std::to_string(status) + "; logs: " + world.directory().string());
    }
    if (options.keep) keep_up(world, cards, signals);
    say("cleaning up");
    return status;
  } catch (const Interrupted& interrupted) {
    say("interrupted, cleaning up");
    return 128 + interrupted.signal;
  } catch (const WorldError& error) {
    world.keep_directory();
    say(std::string("failed: ") + error.what());
    say("logs: " + world.directory().string());
    return 3;
  }
}

}  // namespace
}  // namespace insd::world

int main(int argc, char** argv) {
  insd::world::Options options;
  CLI::App app(
      "insd-demo-world: starts a pcscd of its own with two virtual readers, a simulated CPS3 and Vitale "
      "card, the simulated\n"
      "INSi teleservice and insd; runs COMMAND against them (INSD_SOCKET, PATH); cleans up. Exit status: "
      "COMMAND's.",
      "insd-demo-world");
  std::string directory;
  app.add_flag("--keep", options.keep, "leave the world up until Ctrl-C, steered by lines on standard input");
  app.add_option("--dir", directory,
                 "put logs, traces and configuration there and leave them (default: temporary)");
  app.add_option("command", options.command, "after --: the program to run, with its arguments");
  app.positionals_at_end();
  CLI11_PARSE(app, argc, argv);
  if (!directory.empty()) options.directory = directory;

  if (getenv("INSD_ISOLATED") == nullptr) {
    std::vector<char*> again = {
        const_cast<char*>(INSD_SOURCE_DIR "/tests/isolate")};  // NOLINT: execv wants it so
    again.insert(again.end(), argv, argv + argc);
    again.push_back(nullptr);
    execv(again[0], again.data());
    std::cerr << "insd-demo-world: cannot run " << again[0] << '\n';
    return 3;
  }
  try {
    return insd::world::demonstrate(options);
  } catch (const std::exception& error) {
    std::cerr << "insd-demo-world: " << error.what() << '\n';
    return 3;
  }
}
