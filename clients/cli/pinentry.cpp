// SPDX-License-Identifier: Apache-2.0
#include "clients/cli/pinentry.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>

#include <poll.h>
#include <unistd.h>

#include "clients/cli/child.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

using std::chrono::steady_clock;

// A line of the protocol with its end (Assuan: ASSUAN_LINELENGTH).
constexpr std::size_t kLongestLine = 1002;
// Of one text of ours, escaped: four of them and the command fit into a line.
constexpr std::size_t kLongestText = 220;
constexpr std::size_t kMostTexts = 4;
// Status lines and comments before the end of one answer; a pinentry sends a few.
constexpr int kMostLines = 64;
// For everything but the person's answer.
constexpr std::chrono::seconds kQuick{10};
// What the person's time leaves the program for its own end of it.
constexpr std::chrono::seconds kMargin{2};

// The low 16 bits of an error code (libgpg-error); the others say which program's it is.
enum GpgError : unsigned {
  GPG_TIMEOUT = 62,
  GPG_CANCELED = 99,
  GPG_NOT_CONFIRMED = 114,
  GPG_FULLY_CANCELED = 198
};

bool is_refusal(unsigned code) {
  return code == GPG_TIMEOUT || code == GPG_CANCELED || code == GPG_NOT_CONFIRMED ||
         code == GPG_FULLY_CANCELED;
}

// The lines that the program writes. They may hold the PIN: locked and wiped.
class Lines {
 public:
  Lines(int descriptor, int withdrawn) : descriptor_(descriptor), withdrawn_(withdrawn) {}

  // Without its end; good until the next call. Nothing: the end, a line that is too long, or the time.
  std::optional<std::string_view> next(steady_clock::time_point until) {
    buffer_.drop(taken_);
    taken_ = 0;
    for (;;) {
      const auto end = buffer_.view().find('\n');
      if (end != std::string_view::npos) {
        taken_ = end + 1;
        return buffer_.view().substr(0, end);
      }
      if (!read_more(until)) return std::nullopt;
    }
  }

  [[nodiscard]] bool withdrawn() const { return is_withdrawn_; }

 private:
  bool read_more(steady_clock::time_point until) {
    for (;;) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - steady_clock::now());
      if (left.count() <= 0 || buffer_.room().empty()) return false;
      std::array<pollfd, 2> ready{{{.fd = descriptor_, .events = POLLIN, .revents = 0},
                                   {.fd = withdrawn_, .events = POLLIN, .revents = 0}}};
      const int polled =
          ::poll(ready.data(), ready.size(), static_cast<int>(std::min<std::int64_t>(left.count(), 60'000)));
      if (polled < 0 && errno != EINTR) return false;
      if (polled <= 0) continue;
      is_withdrawn_ = ready[1].revents != 0;
      if (is_withdrawn_) return false;
      const auto got = ::read(descriptor_, buffer_.room().data(), buffer_.room().size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return false;
      buffer_.grow(static_cast<std::size_t>(got));
      return true;
    }
  }

  const int descriptor_, withdrawn_;
  bool is_withdrawn_ = false;
  SecretBuffer<kLongestLine> buffer_;
  std::size_t taken_ = 0;
};

enum class Reply { OK, REFUSED, BROKEN };

class Conversation {
 public:
  Conversation(const Child& child, int withdrawn) : child_(child), lines_(child.output(), withdrawn) {}

  // The program speaks first.
  bool greeted() { return reply(steady_clock::now() + kQuick, nullptr) == Reply::OK; }

  // A command that the program has to know.
  bool tell(const std::string& command) { return ask(command, kQuick, nullptr) == Reply::OK; }
  // One that it may refuse.
  bool offer(const std::string& command) { return ask(command, kQuick, nullptr) != Reply::BROKEN; }

  Reply ask(const std::string& command, steady_clock::duration patience, PinBuffer* data) {
    if (!child_.write(command + "\n")) return Reply::BROKEN;
    return reply(steady_clock::now() + patience, data);
  }

  [[nodiscard]] unsigned error() const { return error_; }
  [[nodiscard]] bool overlong() const { return overlong_; }
  [[nodiscard]] bool withdrawn() const { return lines_.withdrawn(); }

 private:
  Reply reply(steady_clock::time_point until, PinBuffer* data) {
    for (int i = 0; i < kMostLines; ++i) {
      const auto line = lines_.next(until);
      if (!line) return Reply::BROKEN;
      if (*line == "OK" || line->starts_with("OK ")) return Reply::OK;
      if (line->starts_with("ERR ")) return refusal(line->substr(4));
      if (line->starts_with("D ") && data != nullptr) {
        if (!take_data(line->substr(2), *data)) return Reply::BROKEN;
      } else if (!line->starts_with("S ") && !line->starts_with("#")) {
        return Reply::BROKEN;  // data or a question of its own that nobody asked for
      }
    }
    return Reply::BROKEN;
  }

  Reply refusal(std::string_view text) {
    unsigned code = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), code);
    if (parsed.ec != std::errc()) return Reply::BROKEN;
    error_ = code & 0xFFFFU;
    return Reply::REFUSED;
  }

  bool take_data(std::string_view text, PinBuffer& data) {
    while (!text.empty()) {
      char byte = text.front();
      text.remove_prefix(1);
      if (byte == '%') {
        unsigned value = 0;
        if (text.size() < 2) return false;
        const auto parsed = std::from_chars(text.data(), text.data() + 2, value, 16);
        if (parsed.ec != std::errc() || parsed.ptr != text.data() + 2) return false;
        byte = static_cast<char>(value);
        text.remove_prefix(2);
      }
      if (!data.push(byte)) overlong_ = true;
    }
    return true;
  }

  const Child& child_;
  Lines lines_;
  unsigned error_ = 0;
  bool overlong_ = false;
};

bool prepare(Conversation& program, const PinentryTerminal& terminal, const PinentryQuestion& question) {
  if (!program.greeted()) return false;
  if (!terminal.name.empty()) {
    if (!program.offer("OPTION ttyname=" + terminal.name)) return false;
    if (!terminal.type.empty() && !program.offer("OPTION ttytype=" + printable(terminal.type))) return false;
    if (!terminal.locale.empty() && !program.offer("OPTION lc-ctype=" + printable(terminal.locale)))
      return false;
  }
  return program.offer("SETTIMEOUT " + std::to_string(question.patience.count())) &&
         program.offer("SETTITLE " + pinentry_text({question.title})) &&
         program.tell("SETDESC " + pinentry_text(question.lines)) &&
         program.offer("SETOK " + pinentry_text({question.ok})) &&
         program.offer("SETCANCEL " + pinentry_text({question.cancel}));
}

PinentryAnswer converse(const std::string& path, const PinentryTerminal& terminal,
                        const PinentryQuestion& question, PinBuffer* pin) {
  const TerminalGuard guard(terminal.descriptor);
  Child child(path);
  if (!child.started()) return PinentryAnswer::FAILED;
  Conversation program(child, question.withdrawn);
  const auto broken = [&] {
    if (!program.withdrawn()) return PinentryAnswer::FAILED;
    child.end();
    return PinentryAnswer::WITHDRAWN;
  };
  if (!prepare(program, terminal, question)) return broken();
  if (pin != nullptr && !program.offer("SETPROMPT " + pinentry_text({question.prompt}))) return broken();
  const Reply reply = program.ask(pin != nullptr ? "GETPIN" : "CONFIRM", question.patience + kMargin, pin);
  if (reply == Reply::BROKEN) return broken();
  child.write("BYE\n");
  if (reply == Reply::REFUSED)
    return is_refusal(program.error()) ? PinentryAnswer::CANCELLED : PinentryAnswer::FAILED;
  if (program.overlong()) return PinentryAnswer::UNREADABLE;
  return pin != nullptr && pin->view().empty() ? PinentryAnswer::CANCELLED : PinentryAnswer::OK;
}

bool may_run(const std::string& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

// A window's label may be read as markup by its toolkit.
char harmless(char character) {
  return character == '<' || character == '>' || character == '&' ? '?' : character;
}

}  // namespace

std::string find_program(const std::string& wanted, const char* path) {
  if (wanted.find('/') != std::string::npos) return may_run(wanted) ? wanted : "";
  std::string_view left = path == nullptr ? "" : path;
  while (!left.empty()) {
    const auto end = std::min(left.find(':'), left.size());
    const std::string directory(left.substr(0, end));
    left.remove_prefix(std::min(end + 1, left.size()));
    std::string candidate = directory + "/" + wanted;
    if (directory.starts_with('/') && may_run(candidate)) return candidate;
  }
  return {};
}

std::string pinentry_text(const std::vector<std::string>& lines) {
  std::string all;
  for (std::size_t i = 0; i < std::min(lines.size(), kMostTexts); ++i) {
    if (i > 0) all += "%0A";
    std::string text;
    for (const char character : printable(lines[i])) {
      if (character == '%') {
        text += "%25";
      } else {
        text += harmless(character);
      }
    }
    if (text.size() > kLongestText) {
      std::size_t end = kLongestText;
      // Not inside a character, not inside an escape.
      while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
      const auto percent = text.rfind('%', end - 1);
      if (percent != std::string::npos && end - percent < 3) end = percent;
      text.resize(end);
    }
    all += text;
  }
  return all;
}

PinentryAnswer pinentry_pin(const std::string& program, const PinentryTerminal& terminal,
                            const PinentryQuestion& question, PinBuffer& pin) {
  return converse(program, terminal, question, &pin);
}

PinentryAnswer pinentry_consent(const std::string& program, const PinentryTerminal& terminal,
                                const PinentryQuestion& question) {
  return converse(program, terminal, question, nullptr);
}

}  // namespace insd::cli
