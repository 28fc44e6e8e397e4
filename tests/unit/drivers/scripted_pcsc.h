// SPDX-License-Identifier: Apache-2.0
// A PcscApi without a pcscd: readers, cards and faults under the test's control, with the manners of
// pcsc-lite 1.9 that were measured or read (a wait watches at most 16 entries, a cancel with no blocked call
// is lost, a dead context stays dead). Thread safe.
#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/base/bytes.h"
#include "drivers/pcsc/pcsc_api.h"

namespace insd::test {

class ScriptedPcsc {
 public:
  using Card = std::function<Bytes(ByteView command)>;  ///< gives the answer with its status word

  enum class Service { RUNNING, ABSENT, REFUSED, FULL };

  ScriptedPcsc();

  [[nodiscard]] const pcsc::PcscApi& api() const { return api_; }

  // The desk.
  void add_reader(const std::string& name, std::map<DWORD, Bytes> attributes = {});
  void remove_reader(const std::string& name);
  /// The list gives this name as well, but no such reader answers.
  void list_also(const std::string& name);
  void insert(const std::string& reader, Bytes atr, Card card = {});
  void insert_mute(const std::string& reader);
  void eject(const std::string& reader);
  /// Another program holds the reader, alone; or no longer. Nobody is woken.
  void hold(const std::string& reader, bool held);
  /// Another program opens the reader and begins a transaction (or ends it and leaves): meanwhile connections
  /// and transactions of others wait, as they do inside pcscd.
  void take(const std::string& reader, bool taken);
  /// The ATR length that pcscd announces, whatever the ATR is.
  void announce_atr_length(const std::string& reader, DWORD length);
  /// What the reader's driver answers to SCardGetAttrib; nothing else is known.
  void attribute(const std::string& reader, DWORD id, Bytes value);
  /// What the reader's driver answers to SCardControl, e.g. with a PIN pad; nothing: it does not know the
  /// code.
  using Driver = std::function<std::optional<Bytes>(DWORD code, ByteView in)>;
  void driver(const std::string& reader, Driver driver);
  /// As libccid tells where a reader is.
  static Bytes usb_channel(std::uint8_t bus, std::uint8_t address);

  // pcscd itself. A change away from RUNNING ends blocked calls and kills all contexts.
  void service(Service state);
  /// How many entries one wait may have.
  void max_states(DWORD count);

  /// Asked before each call, by the name of the PC/SC function without "SCard"; a value is the call's result.
  /// Connections without a card are "ConnectDirect" and "DisconnectDirect".
  void fault(std::function<std::optional<LONG>(std::string_view call)> fault);

  // What happened.
  [[nodiscard]] int calls(const std::string& name) const;
  /// Waits until the function was called `count` times; false after ten seconds.
  bool wait_for_calls(const std::string& name, int count);
  [[nodiscard]] std::size_t open_contexts() const;
  [[nodiscard]] std::size_t open_cards() const;
  [[nodiscard]] int open_transactions() const;
  [[nodiscard]] DWORD last_disposition() const;
  /// Every share mode that was asked for.
  [[nodiscard]] std::set<DWORD> share_modes() const;
  [[nodiscard]] const SCARD_IO_REQUEST* last_pci() const;

 private:
  struct Reader {
    std::string name;
    DWORD counter = 0;
    Bytes atr;
    bool present = false, mute = false, held = false, taken = false;
    std::optional<DWORD> announced_atr_length;
    Card card;
    std::map<DWORD, Bytes> attributes;
    Driver driver = {};
  };
  struct Connection {
    SCARDCONTEXT context = 0;
    std::string reader;
    bool direct = false;
  };
  using Lock = std::unique_lock<std::mutex>;

  std::optional<LONG> enter(const char* call, Lock& lock);
  Reader* find(const std::string& name);
  Reader* card_in(SCARDHANDLE card);
  static DWORD state_of(const Reader& reader);
  LONG list(SCARDCONTEXT context, char* names, DWORD* length);
  LONG look(SCARD_READERSTATE* states, DWORD count, std::size_t readers_before, bool& changed);
  LONG wait(SCARDCONTEXT context, DWORD timeout_ms, SCARD_READERSTATE* states, DWORD count);
  LONG connect(SCARDCONTEXT context, const char* reader, DWORD share, DWORD protocols, SCARDHANDLE* card,
               DWORD* protocol);
  bool await_free(SCARDCONTEXT context, const std::string& reader, Lock& lock);
  LONG begin(SCARDHANDLE card, Lock& lock);
  LONG get_attribute(SCARDHANDLE card, DWORD id, unsigned char* value, DWORD* length);
  LONG transmit(SCARDHANDLE card, ByteView command, unsigned char* answer, DWORD* length, Lock& lock);
  LONG control(SCARDHANDLE card, DWORD code, ByteView in, unsigned char* out, DWORD room, DWORD* length,
               Lock& lock);
  LONG read_atr(SCARDHANDLE card, unsigned char* atr, DWORD* length);
  void fill_api();

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  pcsc::PcscApi api_;
  Service service_ = Service::RUNNING;
  DWORD max_states_ = PCSCLITE_MAX_READERS_CONTEXTS;
  std::function<std::optional<LONG>(std::string_view)> fault_;
  std::vector<Reader> readers_;
  std::vector<std::string> also_listed_;
  std::set<SCARDCONTEXT> contexts_, dead_contexts_, waiting_, cancelled_;
  std::map<SCARDHANDLE, Connection> cards_;
  std::map<std::string, int> calls_;
  std::set<DWORD> share_modes_;
  LONG next_handle_ = 100;
  int transactions_ = 0;
  DWORD last_disposition_ = 0;
  const SCARD_IO_REQUEST* last_pci_ = nullptr;
};

}  // namespace insd::test
