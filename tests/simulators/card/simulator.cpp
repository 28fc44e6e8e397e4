// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/card/simulator.h"

#include <array>
#include <csignal>
#include <iostream>
#include <stdexcept>
#include <thread>

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "tests/simulators/card/cps_card.h"
#include "tests/simulators/card/line.h"
#include "tests/simulators/card/vitale_card.h"

namespace insd::simcard {
namespace {

// One-byte frames of vpcd (specs: cps 4).
enum Control : std::uint8_t { POWER_OFF = 0, POWER_ON = 1, RESET = 2, GET_ATR = 4 };

constexpr int reconnect_interval_ms = 20;

int signal_descriptor() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);
  const int descriptor = signalfd(-1, &signals, SFD_CLOEXEC);
  if (descriptor < 0) throw std::runtime_error("no signalfd");
  return descriptor;
}

}  // namespace

Simulator::Simulator(Options options) : options_(std::move(options)), link_(options_.host, options_.port) {
  if (!options_.trace.empty()) {
    trace_.open(options_.trace, std::ios::app);
    if (!trace_) throw std::runtime_error("cannot write " + options_.trace);
  }
  take(options_.kind, options_.profile);
}

void Simulator::take(const std::string& kind, const std::string& profile) {
  auto& inserted = cards_[profile];
  if (!inserted.card) {
    bool repeat_6c = false;
    if (kind == "cps3") {
      auto loaded = load_cps_profile(profile, options_.pki);
      if (loaded.shuffle) std::cerr << "shuffle_seed = " << loaded.shuffle_seed << std::endl;
      const TriesFile tries(options_.state.empty() ? std::nullopt
                                                   : std::optional<std::filesystem::path>(options_.state));
      inserted.card = std::make_unique<CpsCard>(std::move(loaded), tries);
    } else if (kind == "vitale2") {
      const auto loaded = load_vitale_profile(profile);
      repeat_6c = loaded.repeat_6c;
      inserted.card = std::make_unique<VitaleCard>(loaded);
    } else {
      inserted.card = std::make_unique<Vitale1Card>(
          load_vitale1_atr(profile.empty() ? std::nullopt : std::optional<std::filesystem::path>(profile)));
    }
    inserted.t0 = std::make_unique<T0>(*inserted.card, repeat_6c);
  }
  card_ = inserted.card.get();
  t0_ = inserted.t0.get();
  t0_->reset();
}

void Simulator::say(const std::string& line) {
  std::cout << line << std::endl;
}

void Simulator::remove() {
  link_.close();
  wanted_ = false;
  answers_left_.reset();
  t0_->reset();
}

int Simulator::run() {
  const int signals = signal_descriptor();
  while (!stop_) {
    if (wanted_ && !link_.connected() && link_.connect()) say("READY");
    std::array<pollfd, 3> waiting = {
        {{.fd = signals, .events = POLLIN, .revents = 0},
         {.fd = control_open_ ? STDIN_FILENO : -1, .events = POLLIN, .revents = 0},
         {.fd = link_.descriptor(), .events = POLLIN, .revents = 0}}};
    const bool retry = wanted_ && !link_.connected();
    if (poll(waiting.data(), waiting.size(), retry ? reconnect_interval_ms : -1) < 0)
      throw std::runtime_error("poll failed");
    if (waiting[0].revents != 0) break;
    if (waiting[2].revents != 0) serve_reader();
    if (waiting[1].revents != 0) serve_control();
  }
  link_.close();
  ::close(signals);
  return 0;
}

void Simulator::serve_reader() {
  Bytes frame;
  if (!link_.receive(frame)) {
    // The reader went away, not the card: it is still in there when the reader comes back.
    link_.close();
    t0_->reset();
    say("LOST");
    return;
  }
  if (frame.size() != 1) return serve_command(frame);
  switch (frame[0]) {
    case POWER_OFF:
    case POWER_ON:
    case RESET:
      t0_->reset();
      break;
    case GET_ATR:
      link_.send(card_->atr());
      break;
    default:
      break;
  }
}

void Simulator::serve_command(ByteView apdu) {
  if (mute_) return;
  const auto answer = t0_->transmit(apdu);
  write_trace(apdu, answer);
  if (options_.pace != 0)
    std::this_thread::sleep_for(line_time(line_characters(apdu, answer), options_.pace));
  link_.send(answer);
  if (answers_left_ && --*answers_left_ == 0) {
    remove();
    say("REMOVED");
  }
}

void Simulator::write_trace(ByteView apdu, ByteView answer) {
  if (!trace_.is_open()) return;
  auto command = to_hex(apdu);
  // VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER carry secrets.
  const bool secret = apdu.size() > 5 && (apdu[1] == 0x20 || apdu[1] == 0x24 || apdu[1] == 0x2C);
  if (secret && !options_.trace_secrets) std::fill(command.begin() + 10, command.end(), '*');
  trace_ << command << " -> " << to_hex(answer) << std::endl;
}

void Simulator::serve_control() {
  std::array<char, 1024> buffer{};
  const auto length = ::read(STDIN_FILENO, buffer.data(), buffer.size());
  if (length <= 0) {
    control_open_ = false;  // whoever steered has left; the card stays
    return;
  }
  control_.append(buffer.data(), static_cast<std::size_t>(length));
  for (std::size_t end; (end = control_.find('\n')) != std::string::npos; control_.erase(0, end + 1)) {
    try {
      obey(control_.substr(0, end));
    } catch (const std::exception& error) {
      say(std::string("ERROR ") + error.what());
    }
  }
}

void Simulator::obey(const std::string& line) {
  const auto space = line.find(' ');
  const auto verb = line.substr(0, space);
  const auto argument = space == std::string::npos ? std::string() : line.substr(space + 1);
  if (verb == "remove") {
    remove();
  } else if (verb == "insert") {
    wanted_ = true;
  } else if (verb == "swap") {
    take(profile_kind(argument), argument);
    link_.close();
    wanted_ = true;
  } else if (verb == "mute") {
    mute_ = true;
  } else if (verb == "unmute") {
    mute_ = false;
  } else if (verb == "die-after") {
    answers_left_ = std::stoul(argument);
    if (*answers_left_ == 0) remove();
  } else if (verb == "quit") {
    stop_ = true;
  } else {
    throw std::runtime_error("unknown command");
  }
  say("OK " + verb);
}

}  // namespace insd::simcard
