// SPDX-License-Identifier: Apache-2.0
// Every call to pcsc-lite goes through this table: the real library, or a scripted one that plays faults no
// real pcscd can show (17 readers, hot-plug, polkit, over-long ATR).
#pragma once

#include <chrono>
#include <functional>
#include <stop_token>
#include <string>

#include <winscard.h>

namespace insd::pcsc {

struct PcscApi {
  std::function<LONG(SCARDCONTEXT* context)> establish_context;
  std::function<LONG(SCARDCONTEXT context)> release_context;
  std::function<LONG(SCARDCONTEXT context, char* readers, DWORD* length)> list_readers;  // multi-string
  std::function<LONG(SCARDCONTEXT context, DWORD timeout_ms, SCARD_READERSTATE* states, DWORD count)>
      get_status_change;
  std::function<LONG(SCARDCONTEXT context)> cancel;
  std::function<LONG(SCARDCONTEXT context, const char* reader, DWORD share, DWORD protocols,
                     SCARDHANDLE* card, DWORD* protocol)>
      connect;
  std::function<LONG(SCARDHANDLE card, DWORD share, DWORD protocols, DWORD initialization, DWORD* protocol)>
      reconnect;
  std::function<LONG(SCARDHANDLE card, DWORD disposition)> disconnect;
  std::function<LONG(SCARDHANDLE card)> begin_transaction;
  std::function<LONG(SCARDHANDLE card, DWORD disposition)> end_transaction;
  std::function<LONG(SCARDHANDLE card, const SCARD_IO_REQUEST* pci, const unsigned char* command,
                     DWORD length, unsigned char* answer, DWORD* answer_length)>
      transmit;
  std::function<LONG(SCARDHANDLE card, unsigned char* atr, DWORD* length)> card_atr;  // through SCardStatus
  std::function<LONG(SCARDHANDLE card, DWORD attribute, unsigned char* value, DWORD* length)> get_attrib;
  std::function<LONG(SCARDHANDLE card, DWORD code, const unsigned char* in, DWORD in_length,
                     unsigned char* out, DWORD out_size, DWORD* out_length)>
      control;
  /// What a plain connection to pcscd's socket says: the PC/SC codes are the same for "not running", "not
  /// allowed" and "no context left" (platform fact), this tells them apart. 0: it accepts and stays. EMFILE:
  /// it accepts and hangs up at once, as pcscd does without a free context. EACCES: not allowed. Else the
  /// errno of connect().
  std::function<int()> probe_socket;
  /// Sleeps for `duration`, or until something happens where pcscd's socket is or should be (then true), or
  /// until `stop` is requested.
  std::function<bool(const std::stop_token& stop, std::chrono::milliseconds duration)> await_socket;
};

/// Where pcscd listens, as libpcsclite decides it.
std::string socket_path();

/// The installed libpcsclite. Honours PCSCLITE_CSOCK_NAME, as the library does.
const PcscApi& system_pcsc();

}  // namespace insd::pcsc
