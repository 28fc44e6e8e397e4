// SPDX-License-Identifier: Apache-2.0
// A whole desk on one machine: a real pcscd with virtual readers, simulated cards, the simulated teleservice,
// insd. Run under tests/isolate, so that it is this world's own. Everything ends with the World object. One
// thread.
#pragma once

#include <csignal>
#include <memory>
#include <optional>

#include "tests/world/process.h"

namespace insd::world {

/// A card program. The card is in the reader unless it was taken out.
class Card {
 public:
  Card(unsigned reader, std::unique_ptr<Process> process, std::filesystem::path trace);

  /// Takes it out. pcscd notices within its next poll (400 ms): World::await_card.
  void remove();
  /// Puts it back; it has kept its PIN tries.
  void insert();
  /// Another card in its place between two polls of pcscd: no event may be seen (platform: 12).
  void swap(const std::filesystem::path& profile);
  /// Any other command of insd-sim-card (mute, unmute, die-after N); throws when it is refused.
  void send(const std::string& command);

  [[nodiscard]] unsigned reader() const { return reader_; }
  [[nodiscard]] bool inserted() const { return inserted_; }
  Process& process() { return *process_; }
  /// One line per exchange, "command -> answer" in hex, PINs masked.
  [[nodiscard]] std::vector<std::string> exchanges() const;

 private:
  unsigned reader_;
  std::unique_ptr<Process> process_;
  std::filesystem::path trace_;
  bool inserted_ = true;
};

/// The authorisation number of the demo's editor; the simulated teleservice knows it and no other.
inline constexpr const char* idam = "TEST17NF01XX";

/// How the simulated teleservice is started.
struct InsiOptions {
  std::string certificate = "good";  ///< good, expired, wrong-host, self-signed, wrong-root
  std::string more;                  ///< further lines of its configuration (TOML)
};

class World {
 public:
  /// Its files go into `directory` and stay there; without one, into a temporary directory that ends with the
  /// world.
  explicit World(const std::optional<std::filesystem::path>& directory = std::nullopt);
  World(const World&) = delete;
  World& operator=(const World&) = delete;
  ~World();

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }
  /// Keeps the directory (logs, traces) when the world ends.
  void keep_directory() { keep_ = true; }
  [[nodiscard]] static std::filesystem::path pki();
  /// A profile of tests/simulators/card/profiles by its name without ".toml", or a file.
  [[nodiscard]] static std::filesystem::path profile(const std::string& name);
  /// Writes a profile of this world's own.
  std::filesystem::path write_file(const std::string& name, const std::string& content) const;

  /// `readers` slots, two by two in one virtual device as in a two-slot reader. With `device_each`, each
  /// reader has a device and a driver of its own (a stuck card then holds up no other reader), and an empty
  /// second slot. Can be called again after stop_pcscd.
  void start_pcscd(unsigned readers = 2, bool device_each = false);
  void stop_pcscd(int signal = SIGTERM);
  Process& pcscd() { return *pcscd_; }
  [[nodiscard]] std::string reader_name(unsigned reader) const;

  /// kind: cps3, vitale2, vitale1. Returns when pcscd has seen it. The reference lives as long as the world.
  /// `options`: further ones of insd-sim-card.
  Card& insert_card(unsigned reader, const std::string& kind, const std::string& profile_name,
                    const std::vector<std::string>& options = {});
  /// Waits until pcscd reports a card (or none) in the reader.
  void await_card(unsigned reader, bool present, milliseconds deadline = default_deadline) const;

  /// Returns when it listens. A second start replaces the first, at the same address.
  void start_insi(const InsiOptions& options = {});
  void stop_insi();
  Process& insi() { return *insi_; }
  [[nodiscard]] std::string insi_endpoint() const {
    // Before start_insi there is an address all the same; nobody listens there.
    return "https://127.0.0.1:" + std::to_string(insi_port_ == 0 ? 1 : insi_port_) + "/lps";
  }

  /// A whole configuration of insd that fits this world: direct CPS backend, the simulated teleservice, one
  /// editor, one profile (dr-exemple), everybody a desk. Of another text, replace or append.
  [[nodiscard]] std::string insd_config() const;
  /// Returns when its socket accepts.
  void start_insd(const std::string& config, const std::vector<std::string>& options = {});
  void stop_insd(int signal = SIGTERM);
  Process& insd() { return *insd_; }
  [[nodiscard]] std::filesystem::path socket() const { return directory_ / "insd.sock"; }

  /// INSD_SOCKET, XDG_RUNTIME_DIR and PATH for a client of this world.
  [[nodiscard]] std::vector<std::string> environment() const;
  /// A program of the tree or of the machine, with `input` on its standard input.
  Outcome run(const std::vector<std::string>& argv, const std::string& input = "",
              milliseconds deadline = default_deadline) const;

 private:
  [[nodiscard]] std::unique_ptr<Process> start(const std::string& name,
                                               const std::vector<std::string>& argv) const;
  void write_reader_configuration(unsigned readers, bool device_each);

  std::filesystem::path directory_;
  bool keep_ = false;
  std::vector<std::uint16_t> ports_;  // of each reader's slot
  std::vector<std::string> reader_names_;
  std::uint16_t insi_port_ = 0;
  std::unique_ptr<Process> pcscd_, insi_, insd_;
  std::vector<std::unique_ptr<Card>> cards_;
};

}  // namespace insd::world
