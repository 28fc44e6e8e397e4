// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/drivers/scripted_pcsc.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include <reader.h>

namespace insd::test {
namespace {

constexpr std::string_view kPlugAndPlay = R"(\\?PnP?\Notification)";

}  // namespace

ScriptedPcsc::ScriptedPcsc() {
  fill_api();
}

void ScriptedPcsc::add_reader(const std::string& name, std::map<DWORD, Bytes> attributes) {
  const Lock lock(mutex_);
  readers_.push_back(
      {.name = name, .atr = {}, .announced_atr_length = {}, .card = {}, .attributes = std::move(attributes)});
  changed_.notify_all();
}

void ScriptedPcsc::remove_reader(const std::string& name) {
  const Lock lock(mutex_);
  std::erase_if(readers_, [&](const Reader& reader) { return reader.name == name; });
  changed_.notify_all();
}

void ScriptedPcsc::list_also(const std::string& name) {
  const Lock lock(mutex_);
  also_listed_.push_back(name);
}

void ScriptedPcsc::insert(const std::string& reader, Bytes atr, Card card) {
  const Lock lock(mutex_);
  Reader& slot = *find(reader);
  ++slot.counter;
  slot.present = true;
  slot.mute = false;
  slot.atr = std::move(atr);
  slot.card = std::move(card);
  changed_.notify_all();
}

void ScriptedPcsc::insert_mute(const std::string& reader) {
  const Lock lock(mutex_);
  Reader& slot = *find(reader);
  ++slot.counter;
  slot.present = true;
  slot.mute = true;
  slot.atr.clear();
  changed_.notify_all();
}

void ScriptedPcsc::eject(const std::string& reader) {
  const Lock lock(mutex_);
  Reader& slot = *find(reader);
  ++slot.counter;
  slot.present = false;
  slot.mute = false;
  slot.atr.clear();
  changed_.notify_all();
}

void ScriptedPcsc::hold(const std::string& reader, bool held) {
  const Lock lock(mutex_);
  find(reader)->held = held;  // pcsc-lite wakes nobody for this
}

void ScriptedPcsc::take(const std::string& reader, bool taken) {
  const Lock lock(mutex_);
  find(reader)->taken = taken;
  changed_.notify_all();
}

void ScriptedPcsc::announce_atr_length(const std::string& reader, DWORD length) {
  const Lock lock(mutex_);
  find(reader)->announced_atr_length = length;
}

void ScriptedPcsc::attribute(const std::string& reader, DWORD id, Bytes value) {
  const Lock lock(mutex_);
  find(reader)->attributes[id] = std::move(value);
}

void ScriptedPcsc::driver(const std::string& reader, Driver driver) {
  const Lock lock(mutex_);
  find(reader)->driver = std::move(driver);
}

Bytes ScriptedPcsc::usb_channel(std::uint8_t bus, std::uint8_t address) {
  const std::uint32_t channel = 0x00200000U | static_cast<std::uint32_t>(bus) << 8U | address;
  Bytes value(sizeof channel);
  std::memcpy(value.data(), &channel, sizeof channel);
  return value;
}

void ScriptedPcsc::service(Service state) {
  const Lock lock(mutex_);
  service_ = state;
  if (state != Service::RUNNING) dead_contexts_ = contexts_;
  changed_.notify_all();
}

void ScriptedPcsc::max_states(DWORD count) {
  const Lock lock(mutex_);
  max_states_ = count;
}

void ScriptedPcsc::fault(std::function<std::optional<LONG>(std::string_view)> fault) {
  const Lock lock(mutex_);
  fault_ = std::move(fault);
}

int ScriptedPcsc::calls(const std::string& name) const {
  const Lock lock(mutex_);
  const auto found = calls_.find(name);
  return found == calls_.end() ? 0 : found->second;
}

bool ScriptedPcsc::wait_for_calls(const std::string& name, int count) {
  Lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return calls_[name] >= count; });
}

std::size_t ScriptedPcsc::open_contexts() const {
  const Lock lock(mutex_);
  return contexts_.size();
}

std::size_t ScriptedPcsc::open_cards() const {
  const Lock lock(mutex_);
  return cards_.size();
}

int ScriptedPcsc::open_transactions() const {
  const Lock lock(mutex_);
  return transactions_;
}

DWORD ScriptedPcsc::last_disposition() const {
  const Lock lock(mutex_);
  return last_disposition_;
}

std::set<DWORD> ScriptedPcsc::share_modes() const {
  const Lock lock(mutex_);
  return share_modes_;
}

const SCARD_IO_REQUEST* ScriptedPcsc::last_pci() const {
  const Lock lock(mutex_);
  return last_pci_;
}

// Counts the call and asks for its fault, without the lock, so that a fault may use this object.
std::optional<LONG> ScriptedPcsc::enter(const char* call, Lock& lock) {
  ++calls_[call];
  changed_.notify_all();
  const auto fault = fault_;
  if (!fault) return std::nullopt;
  lock.unlock();
  const auto result = fault(call);
  lock.lock();
  return result;
}

ScriptedPcsc::Reader* ScriptedPcsc::find(const std::string& name) {
  const auto found = std::find_if(readers_.begin(), readers_.end(),
                                  [&](const Reader& reader) { return reader.name == name; });
  return found == readers_.end() ? nullptr : &*found;
}

ScriptedPcsc::Reader* ScriptedPcsc::card_in(SCARDHANDLE card) {
  const auto found = cards_.find(card);
  if (found == cards_.end() || dead_contexts_.count(found->second.context) != 0) return nullptr;
  return find(found->second.reader);
}

DWORD ScriptedPcsc::state_of(const Reader& reader) {
  DWORD state = reader.counter << 16U;
  state |= reader.present ? SCARD_STATE_PRESENT : SCARD_STATE_EMPTY;
  if (reader.mute) state |= SCARD_STATE_MUTE;
  if (reader.held) state |= SCARD_STATE_EXCLUSIVE;
  if (reader.taken) state |= SCARD_STATE_INUSE;
  return state;
}

LONG ScriptedPcsc::list(SCARDCONTEXT context, char* names, DWORD* length) {
  if (dead_contexts_.count(context) != 0) return SCARD_E_NO_SERVICE;
  std::string all;
  for (const Reader& reader : readers_) all += reader.name + '\0';
  for (const std::string& name : also_listed_) all += name + '\0';
  if (all.empty()) return SCARD_E_NO_READERS_AVAILABLE;
  all += '\0';
  const DWORD room = *length;
  *length = all.size();
  if (names == nullptr) return SCARD_S_SUCCESS;
  if (room < all.size()) return SCARD_E_INSUFFICIENT_BUFFER;
  std::memcpy(names, all.data(), all.size());
  return SCARD_S_SUCCESS;
}

LONG ScriptedPcsc::look(SCARD_READERSTATE* states, DWORD count, std::size_t readers_before, bool& changed) {
  for (DWORD i = 0; i < count; ++i) {
    SCARD_READERSTATE& entry = states[i];
    entry.dwEventState = 0;
    if (entry.szReader == kPlugAndPlay) {
      if (readers_.size() != readers_before) entry.dwEventState = SCARD_STATE_CHANGED;
    } else if (const Reader* reader = find(entry.szReader); reader == nullptr) {
      entry.dwEventState = SCARD_STATE_UNKNOWN | SCARD_STATE_UNAVAILABLE | SCARD_STATE_CHANGED;
    } else {
      entry.dwEventState = state_of(*reader);
      entry.cbAtr = reader->announced_atr_length.value_or(reader->atr.size());
      std::memset(entry.rgbAtr, 0, sizeof entry.rgbAtr);
      std::copy_n(reader->atr.begin(), std::min(reader->atr.size(), sizeof entry.rgbAtr), entry.rgbAtr);
      // Nor does it call the beginning of that a change.
      const DWORD unseen = entry.dwCurrentState == SCARD_STATE_UNAWARE ? 0 : SCARD_STATE_EXCLUSIVE;
      if ((entry.dwEventState & ~unseen) != (entry.dwCurrentState & ~unseen) ||
          (entry.dwCurrentState & ~entry.dwEventState & SCARD_STATE_EXCLUSIVE) != 0) {
        entry.dwEventState |= SCARD_STATE_CHANGED;
      }
    }
    changed = changed || (entry.dwEventState & SCARD_STATE_CHANGED) != 0;
  }
  return SCARD_S_SUCCESS;
}

LONG ScriptedPcsc::wait(SCARDCONTEXT context, DWORD timeout_ms, SCARD_READERSTATE* states, DWORD count) {
  Lock lock(mutex_);
  if (const auto result = enter("GetStatusChange", lock)) return *result;
  if (count > max_states_) return SCARD_E_INVALID_PARAMETER;
  if (dead_contexts_.count(context) != 0) return SCARD_E_NO_SERVICE;
  for (DWORD i = 0; i < count; ++i) {
    if (states[i].szReader != kPlugAndPlay && find(states[i].szReader) == nullptr)
      return SCARD_E_UNKNOWN_READER;
  }
  const auto readers_before = readers_.size();
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  waiting_.insert(context);
  LONG result = SCARD_S_SUCCESS;
  while (true) {
    bool changed = false;
    if (dead_contexts_.count(context) != 0) {
      result = SCARD_F_COMM_ERROR;
      break;
    }
    if (cancelled_.erase(context) != 0) {
      result = SCARD_E_CANCELLED;
      break;
    }
    look(states, count, readers_before, changed);
    if (changed) break;
    if (timeout_ms == INFINITE) {
      changed_.wait(lock);
    } else if (changed_.wait_until(lock, deadline) == std::cv_status::timeout) {
      result = SCARD_E_TIMEOUT;
      break;
    }
  }
  waiting_.erase(context);
  return result;
}

LONG ScriptedPcsc::connect(SCARDCONTEXT context, const char* reader, DWORD share, DWORD protocols,
                           SCARDHANDLE* card, DWORD* protocol) {
  if (dead_contexts_.count(context) != 0) return SCARD_E_NO_SERVICE;
  const Reader* slot = find(reader);
  const bool direct = share == SCARD_SHARE_DIRECT;
  if (slot == nullptr) return SCARD_E_UNKNOWN_READER;
  if (!direct && !slot->present) return SCARD_E_NO_SMARTCARD;
  if (!direct && slot->mute) return SCARD_W_UNRESPONSIVE_CARD;
  if (slot->held) return SCARD_E_SHARING_VIOLATION;
  *card = ++next_handle_;
  *protocol = (protocols & SCARD_PROTOCOL_T0) != 0 ? SCARD_PROTOCOL_T0 : SCARD_PROTOCOL_T1;
  cards_[*card] = {.context = context, .reader = reader, .direct = direct};
  return SCARD_S_SUCCESS;
}

LONG ScriptedPcsc::get_attribute(SCARDHANDLE card, DWORD id, unsigned char* value, DWORD* length) {
  const Reader* slot = card_in(card);
  if (slot == nullptr) return SCARD_E_INVALID_HANDLE;
  const auto found = slot->attributes.find(id);
  if (found == slot->attributes.end()) return SCARD_E_UNSUPPORTED_FEATURE;
  const DWORD room = *length;
  *length = found->second.size();
  if (room < found->second.size()) return SCARD_E_INSUFFICIENT_BUFFER;
  std::copy(found->second.begin(), found->second.end(), value);
  return SCARD_S_SUCCESS;
}

// Waits while another program has a transaction; false when pcscd is lost meanwhile.
bool ScriptedPcsc::await_free(SCARDCONTEXT context, const std::string& reader, Lock& lock) {
  changed_.wait(lock, [&] {
    const Reader* slot = find(reader);
    return slot == nullptr || !slot->taken || dead_contexts_.count(context) != 0;
  });
  return dead_contexts_.count(context) == 0;
}

LONG ScriptedPcsc::begin(SCARDHANDLE card, Lock& lock) {
  const auto found = cards_.find(card);
  if (card_in(card) == nullptr) return SCARD_E_INVALID_HANDLE;
  const Connection connection = found->second;
  if (!await_free(connection.context, connection.reader, lock)) return SCARD_F_COMM_ERROR;
  ++transactions_;
  return SCARD_S_SUCCESS;
}

LONG ScriptedPcsc::transmit(SCARDHANDLE card, ByteView command, unsigned char* answer, DWORD* length,
                            Lock& lock) {
  const Reader* slot = card_in(card);
  if (slot == nullptr) return SCARD_E_INVALID_HANDLE;
  if (!slot->present || !slot->card) return SCARD_E_NOT_TRANSACTED;
  const Card play = slot->card;
  lock.unlock();  // the card may use this object
  const Bytes bytes = play(command);
  lock.lock();
  if (bytes.size() > *length) return SCARD_E_INSUFFICIENT_BUFFER;
  std::copy(bytes.begin(), bytes.end(), answer);
  *length = bytes.size();
  return SCARD_S_SUCCESS;
}

LONG ScriptedPcsc::control(SCARDHANDLE card, DWORD code, ByteView in, unsigned char* out, DWORD room,
                           DWORD* length, Lock& lock) {
  const Reader* slot = card_in(card);
  if (slot == nullptr) return SCARD_E_INVALID_HANDLE;
  if (slot->taken) return SCARD_E_SHARING_VIOLATION;
  if (!slot->driver) return SCARD_E_UNSUPPORTED_FEATURE;
  const Driver play = slot->driver;
  lock.unlock();  // the driver may use this object
  const auto bytes = play(code, in);
  lock.lock();
  if (!bytes) return SCARD_E_UNSUPPORTED_FEATURE;
  if (bytes->size() > room) return SCARD_E_INSUFFICIENT_BUFFER;
  std::copy(bytes->begin(), bytes->end(), out);
  *length = bytes->size();
  return SCARD_S_SUCCESS;
}

LONG ScriptedPcsc::read_atr(SCARDHANDLE card, unsigned char* atr, DWORD* length) {
  const Reader* slot = card_in(card);
  if (slot == nullptr) return SCARD_E_INVALID_HANDLE;
  if (!slot->present) return SCARD_W_REMOVED_CARD;
  std::copy_n(slot->atr.begin(), std::min<std::size_t>(slot->atr.size(), *length), atr);
  *length = slot->announced_atr_length.value_or(slot->atr.size());
  return SCARD_S_SUCCESS;
}

void ScriptedPcsc::fill_api() {
  // Calls whose body is short enough to stand here: the lock, the fault, the deed.
  const auto plain = [this](const char* name, auto deed) {
    return [this, name, deed](auto... arguments) -> LONG {
      Lock lock(mutex_);
      if (const auto result = enter(name, lock)) return *result;
      return deed(arguments...);
    };
  };
  api_.establish_context = plain("EstablishContext", [this](SCARDCONTEXT* context) -> LONG {
    if (service_ == Service::FULL) return SCARD_W_SECURITY_VIOLATION;
    if (service_ != Service::RUNNING) return SCARD_E_NO_SERVICE;
    *context = ++next_handle_;
    contexts_.insert(*context);
    return SCARD_S_SUCCESS;
  });
  api_.release_context = plain("ReleaseContext", [this](SCARDCONTEXT context) -> LONG {
    dead_contexts_.erase(context);
    return contexts_.erase(context) == 1 ? SCARD_S_SUCCESS : SCARD_E_INVALID_HANDLE;
  });
  api_.list_readers = plain("ListReaders", [this](SCARDCONTEXT context, char* names, DWORD* length) -> LONG {
    return list(context, names, length);
  });
  api_.get_status_change = [this](SCARDCONTEXT context, DWORD timeout, SCARD_READERSTATE* states,
                                  DWORD count) { return wait(context, timeout, states, count); };
  api_.cancel = plain("Cancel", [this](SCARDCONTEXT context) -> LONG {
    if (waiting_.count(context) != 0) cancelled_.insert(context);
    changed_.notify_all();
    return SCARD_S_SUCCESS;
  });
  api_.connect = [this](SCARDCONTEXT context, const char* reader, DWORD share, DWORD protocols,
                        SCARDHANDLE* card, DWORD* protocol) -> LONG {
    Lock lock(mutex_);
    share_modes_.insert(share);
    const char* call = share == SCARD_SHARE_DIRECT ? "ConnectDirect" : "Connect";
    if (const auto result = enter(call, lock)) return *result;
    if (dead_contexts_.count(context) == 0 && !await_free(context, reader, lock)) return SCARD_F_COMM_ERROR;
    return connect(context, reader, share, protocols, card, protocol);
  };
  api_.reconnect = plain("Reconnect", [this](SCARDHANDLE card, DWORD, DWORD, DWORD, DWORD* protocol) -> LONG {
    *protocol = SCARD_PROTOCOL_T0;
    return card_in(card) != nullptr ? SCARD_S_SUCCESS : SCARD_E_INVALID_HANDLE;
  });
  api_.disconnect = [this](SCARDHANDLE card, DWORD disposition) -> LONG {
    Lock lock(mutex_);
    const auto found = cards_.find(card);
    const bool direct = found != cards_.end() && found->second.direct;
    if (const auto result = enter(direct ? "DisconnectDirect" : "Disconnect", lock)) return *result;
    if (!direct) last_disposition_ = disposition;
    return cards_.erase(card) == 1 ? SCARD_S_SUCCESS : SCARD_E_INVALID_HANDLE;
  };
  api_.begin_transaction = [this](SCARDHANDLE card) -> LONG {
    Lock lock(mutex_);
    if (const auto result = enter("BeginTransaction", lock)) return *result;
    return begin(card, lock);
  };
  api_.end_transaction = plain("EndTransaction", [this](SCARDHANDLE, DWORD disposition) -> LONG {
    last_disposition_ = disposition;
    --transactions_;
    return SCARD_S_SUCCESS;
  });
  api_.transmit = [this](SCARDHANDLE card, const SCARD_IO_REQUEST* pci, const unsigned char* command,
                         DWORD size, unsigned char* answer, DWORD* answer_length) -> LONG {
    Lock lock(mutex_);
    last_pci_ = pci;
    if (const auto result = enter("Transmit", lock)) return *result;
    return transmit(card, {command, size}, answer, answer_length, lock);
  };
  api_.card_atr = plain("Status", [this](SCARDHANDLE card, unsigned char* atr, DWORD* length) -> LONG {
    return read_atr(card, atr, length);
  });
  api_.get_attrib =
      plain("GetAttrib", [this](SCARDHANDLE card, DWORD id, unsigned char* value, DWORD* length) -> LONG {
        return get_attribute(card, id, value, length);
      });
  api_.control = [this](SCARDHANDLE card, DWORD code, const unsigned char* in, DWORD size, unsigned char* out,
                        DWORD room, DWORD* length) -> LONG {
    Lock lock(mutex_);
    if (const auto result = enter("Control", lock)) return *result;
    return control(card, code, {in, size}, out, room, length, lock);
  };
  api_.await_socket = [](const std::stop_token& stop, std::chrono::milliseconds duration) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::unique_lock lock(mutex);
    stopped.wait_for(lock, stop, duration, [] { return false; });
    return false;
  };
  api_.probe_socket = [this]() -> int {
    const Lock lock(mutex_);
    switch (service_) {
      case Service::ABSENT:
        return ENOENT;
      case Service::REFUSED:
        return EACCES;
      case Service::FULL:
        return EMFILE;
      case Service::RUNNING:
        break;
    }
    return 0;
  };
}

}  // namespace insd::test
