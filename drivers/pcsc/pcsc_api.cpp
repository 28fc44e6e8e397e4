// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/pcsc_api.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "drivers/pcsc/socket_watch.h"

namespace insd::pcsc {
namespace {

constexpr int kHangUpMs = 100;
// pcscd comes with this file when it was built with polkit, which refuses by hanging up as well.
constexpr const char* kPolkitActions = "/usr/share/polkit-1/actions/org.debian.pcsc-lite.policy";

int connect_to_pcscd(int descriptor) {
  const std::string path = socket_path();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return 0;
  return errno;
}

// 0 or an errno, as one connection sees it; `hung_up` when pcscd took it and ended it at once.
int probe_once(bool& hung_up) {
  hung_up = false;
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return errno;
  int error = connect_to_pcscd(descriptor);
  if (error == 0) {
    // pcscd never speaks first: all that can be heard is that it hangs up.
    pollfd heard{.fd = descriptor, .events = POLLIN | POLLRDHUP, .revents = 0};
    hung_up = poll(&heard, 1, kHangUpMs) > 0;
  }
  close(descriptor);
  return error == EAGAIN ? 0 : error;  // somebody listens, and is busy
}

int probe_socket() {
  bool hung_up = false;
  int error = probe_once(hung_up);
  // A pcscd that dies hangs up as well; then nobody listens any more, or a fresh one takes the second
  // connection.
  if (hung_up) error = probe_once(hung_up);
  if (hung_up) return access(kPolkitActions, F_OK) == 0 ? EACCES : EMFILE;
  return error;
}

LONG card_atr(SCARDHANDLE card, unsigned char* atr, DWORD* length) {
  // pcsc-lite wants somewhere to put each of its answers.
  char reader[MAX_READERNAME] = {};
  DWORD reader_length = sizeof reader, state = 0, protocol = 0;
  return SCardStatus(card, reader, &reader_length, &state, &protocol, atr, length);
}

PcscApi installed_library() {
  return {
      .establish_context =
          [](SCARDCONTEXT* context) {
            return SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, context);
          },
      .release_context = SCardReleaseContext,
      .list_readers = [](SCARDCONTEXT context, char* readers,
                         DWORD* length) { return SCardListReaders(context, nullptr, readers, length); },
      .get_status_change = SCardGetStatusChange,
      .cancel = SCardCancel,
      .connect = SCardConnect,
      .reconnect = SCardReconnect,
      .disconnect = SCardDisconnect,
      .begin_transaction = SCardBeginTransaction,
      .end_transaction = SCardEndTransaction,
      .transmit =
          [](SCARDHANDLE card, const SCARD_IO_REQUEST* pci, const unsigned char* command, DWORD length,
             unsigned char* answer, DWORD* answer_length) {
            return SCardTransmit(card, pci, command, length, nullptr, answer, answer_length);
          },
      .card_atr = card_atr,
      .get_attrib = SCardGetAttrib,
      .control =
          [](SCARDHANDLE card, DWORD code, const unsigned char* in, DWORD in_length, unsigned char* out,
             DWORD out_size, DWORD* out_length) {
            return SCardControl(card, code, in, in_length, out, out_size, out_length);
          },
      .probe_socket = probe_socket,
      .await_socket =
          [](const std::stop_token& stop, std::chrono::milliseconds duration) {
            return await_change_beside(socket_path(), stop, duration);
          },
  };
}

}  // namespace

std::string socket_path() {
  const char* configured = secure_getenv("PCSCLITE_CSOCK_NAME");
  return configured != nullptr ? configured : "/run/pcscd/pcscd.comm";
}

const PcscApi& system_pcsc() {
  // Never destroyed: a thread inside a card call may outlive main().
  static const PcscApi* const api = new PcscApi(installed_library());
  return *api;
}

}  // namespace insd::pcsc
