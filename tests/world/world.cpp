// SPDX-License-Identifier: Apache-2.0
#include "tests/world/world.h"

#include <algorithm>
#include <fstream>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <winscard.h>

namespace insd::world {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

const fs::path pcscd_socket = "/run/pcscd/pcscd.comm", pcscd_pid_file = "/run/pcscd/pcscd.pid";
constexpr std::uint16_t first_reader_port = 35963;  // vpcd's own

bool accepts(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const auto name = path.string();
  if (name.size() >= sizeof address.sun_path) throw WorldError("too long a socket path: " + name);
  std::ranges::copy(name, address.sun_path);
  const int descriptor = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected =
      connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;  // NOLINT: sockets
  close(descriptor);
  return connected;
}

// A listening socket gives no event to those who wait for it: tried again until it accepts, or its owner
// ends.
void await_socket(const fs::path& path, const Process& owner) {
  constexpr milliseconds pause{2};
  const auto end = Clock::now() + default_deadline;
  while (!accepts(path)) {
    if (!owner.running()) throw owner.error("ended at once");
    if (Clock::now() > end) throw owner.error("does not listen on " + path.string());
    std::this_thread::sleep_for(pause);
  }
}

bool port_is_free(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const bool free =
      bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;  // NOLINT: sockets
  close(descriptor);
  return free;
}

}  // namespace

World::World(const std::optional<fs::path>& directory) {
  if (directory) {
    fs::create_directories(*directory);
    directory_ = fs::canonical(*directory);
    keep_ = true;
  } else {
    auto pattern = (fs::temp_directory_path() / "insd-world.XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw WorldError("no temporary directory");
    directory_ = pattern;
  }
  fs::create_directory(directory_ / "runtime");
  fs::permissions(directory_ / "runtime", fs::perms::owner_all);
  fs::create_directory(directory_ / "state");
  std::signal(SIGPIPE, SIG_IGN);  // NOLINT: a card program may end while it is spoken to
}

World::~World() {
  insd_.reset();
  insi_.reset();
  cards_.clear();
  if (pcscd_) {
    pcscd_->end(SIGTERM);
    // What a killed pcscd leaves behind would pass for a pcscd of the machine where nothing isolates us.
    std::error_code ignored;
    fs::remove(pcscd_socket, ignored);
    fs::remove(pcscd_pid_file, ignored);
  }
  std::error_code ignored;
  if (!keep_) fs::remove_all(directory_, ignored);
}

fs::path World::pki() {
  return fs::path(INSD_BUILD_DIR) / "pki";
}

fs::path World::profile(const std::string& name) {
  if (name.find('/') != std::string::npos) return name;
  return fs::path(INSD_SOURCE_DIR) / "tests/simulators/card/profiles" / (name + ".toml");
}

fs::path World::write_file(const std::string& name, const std::string& content) const {
  auto file = directory_ / name;
  std::ofstream(file) << content;
  fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  return file;
}

std::unique_ptr<Process> World::start(const std::string& name, const std::vector<std::string>& argv) const {
  return std::make_unique<Process>(argv, environment(), directory_ / (name + ".log"));
}

void World::write_reader_configuration(unsigned readers, bool device_each) {
  const auto configuration = directory_ / "readers";
  fs::create_directories(configuration);
  std::ofstream out(configuration / "vpcd");
  const bool again = !ports_.empty();
  std::uint16_t port = first_reader_port;
  const unsigned devices = device_each ? readers : (readers + 1) / 2;
  if (!again) reader_names_.clear();
  for (unsigned device = 0; device < devices; ++device) {
    if (again) {
      port = ports_.at(device_each ? device : device * 2);
    } else {
      while (!port_is_free(port) || !port_is_free(static_cast<std::uint16_t>(port + 1))) port += 2;
    }
    // The driver keeps its state in one static array: a copy of the file for each device (specs: cps 4).
    const auto driver = directory_ / ("libifdvpcd-" + std::to_string(device) + ".so");
    fs::copy_file(fs::path(INSD_BUILD_DIR) / "vpcd/libifdvpcd.so", driver, fs::copy_options::skip_existing);
    // pcscd numbers slots, not serial devices: two of one name would have readers of one name.
    const auto name = "Virtual PCD" + (device == 0 ? "" : std::string(" ") + static_cast<char>('A' + device));
    out << "FRIENDLYNAME \"" << name << "\"\nDEVICENAME /dev/null:" << port << "\nLIBPATH " << driver.string()
        << "\nCHANNELID " << port << "\n\n";
    for (unsigned slot = 0; !again && slot < (device_each ? 1 : 2); ++slot) {
      ports_.push_back(static_cast<std::uint16_t>(port + slot));
      reader_names_.push_back(name + " 00 0" + std::to_string(slot));
    }
    port += 2;
  }
}

void World::start_pcscd(unsigned readers, bool device_each) {
  if (pcscd_) throw WorldError("pcscd already runs");
  if (accepts(pcscd_socket)) {
    throw WorldError("a pcscd that is not this world's is running: run this under tests/isolate");
  }
  fs::remove(pcscd_socket);
  fs::remove(pcscd_pid_file);
  write_reader_configuration(readers, device_each);
  pcscd_ = start("pcscd", {"pcscd", "--foreground", "--config", (directory_ / "readers").string()});
  await_socket(pcscd_socket, *pcscd_);
}

void World::stop_pcscd(int signal) {
  pcscd_->end(signal);
  pcscd_.reset();
}

std::string World::reader_name(unsigned reader) const {
  return reader_names_.at(reader);
}

Card& World::insert_card(unsigned reader, const std::string& kind, const std::string& profile_name,
                         const std::vector<std::string>& options) {
  for (const auto& card : cards_) {
    if (card->reader() == reader && card->inserted()) throw WorldError("there is a card in that reader");
  }
  const auto name = "card-" + std::to_string(cards_.size());
  const auto trace = directory_ / (name + ".trace");
  std::vector<std::string> argv = {"insd-sim-card",
                                   "--kind",
                                   kind,
                                   "--port",
                                   std::to_string(ports_.at(reader)),
                                   "--pki",
                                   pki(),
                                   "--trace",
                                   trace,
                                   "--state",
                                   directory_ / "tries"};
  if (!profile_name.empty()) argv.insert(argv.end(), {"--profile", profile(profile_name)});
  argv.insert(argv.end(), options.begin(), options.end());
  auto process = start(name, argv);
  process->wait_for_line("READY");
  cards_.push_back(std::make_unique<Card>(reader, std::move(process), trace));
  await_card(reader, true);
  return *cards_.back();
}

void World::await_card(unsigned reader, bool present, milliseconds deadline) const {
  SCARDCONTEXT context = 0;
  if (SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context) != SCARD_S_SUCCESS) {
    throw WorldError("pcscd gives no context");
  }
  const auto name = reader_name(reader);
  SCARD_READERSTATE state{};
  state.szReader = name.c_str();
  const auto end = Clock::now() + deadline;
  LONG result = SCARD_S_SUCCESS;
  do {
    state.dwCurrentState = state.dwEventState;
    const auto left = std::chrono::duration_cast<milliseconds>(end - Clock::now()).count();
    result = SCardGetStatusChange(context, static_cast<DWORD>(std::max<std::int64_t>(1, left)), &state, 1);
  } while (result == SCARD_S_SUCCESS && ((state.dwEventState & SCARD_STATE_PRESENT) != 0) != present &&
           Clock::now() < end);
  SCardReleaseContext(context);
  if (result != SCARD_S_SUCCESS || ((state.dwEventState & SCARD_STATE_PRESENT) != 0) != present) {
    throw WorldError("reader " + name + (present ? " saw no card" : " keeps its card"));
  }
}

void World::start_insi(const InsiOptions& options) {
  insi_.reset();
  if (insi_port_ == 0) {
    insi_port_ = 8443;
    while (!port_is_free(insi_port_)) ++insi_port_;
  }
  const auto server = pki() / "server" / options.certificate;
  const auto config = "listen = \"127.0.0.1\"\nport = " + std::to_string(insi_port_) + "\ncertificate = \"" +
                      server.string() + ".cert.pem\"\nkey = \"" + server.string() +
                      ".key.pem\"\nprofessionals_roots = [\"" + (pki() / "professionals-roots.pem").string() +
                      "\"]\nidam = [\"" + idam + "\"]\n" + options.more;
  insi_ = start("insi", {"insd-sim-insi", "--config", write_file("insi.toml", config)});
  insi_->wait_for_line("READY");
}

void World::stop_insi() {
  insi_.reset();
}

void World::start_insd(const std::string& config, const std::vector<std::string>& options) {
  if (insd_) throw WorldError("insd already runs");
  std::vector<std::string> argv = {"insd", "--config", write_file("insd.toml", config)};
  argv.insert(argv.end(), options.begin(), options.end());
  insd_ = start("insd", argv);
  await_socket(socket(), *insd_);
}

void World::stop_insd(int signal) {
  insd_->end(signal);
  insd_.reset();
}

std::vector<std::string> World::environment() const {
  return environment_with(
      {"INSD_SOCKET=" + socket().string(), "XDG_RUNTIME_DIR=" + (directory_ / "runtime").string()},
      INSD_BIN_DIR);
}

Outcome World::run(const std::vector<std::string>& argv, const std::string& input,
                   milliseconds deadline) const {
  return run_to_end(argv, environment(), input, deadline);
}

}  // namespace insd::world
