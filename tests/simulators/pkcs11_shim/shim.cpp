// SPDX-License-Identifier: Apache-2.0
// A PKCS#11 module for tests: forwards to another module, writes down what it was asked, and misbehaves on
// request. It shares no code with what it judges. Everything comes from the environment:
//   INSD_SHIM_MODULE  path of the module behind
//   INSD_SHIM_TRACE   file to which one line per call is added; never a PIN, only its length
//   INSD_SHIM_FAULTS  file read before each call: lines "<function> <action> [hexadecimal number]", function
//   "*" = all
// Actions: hang, segv, abort, exit (at once, instead of the call); forbidden (writes down what the kernel
// says to a few system calls, then the call); rv N (return N instead of the call); and after it: count N (say
// that N were returned), length N (of a signature or value), endless (one more object for ever), repeat
// (every slot twice), flags N (of the token, added), serial (another one), garbage (in a signature), lost N
// (of a login: N whatever came of it), null (no list, no session), fork (leave a process behind that holds
// every descriptor), pad N (of a login without a PIN: somebody types the digits N; 0: nobody does, until
// another line says so).
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>

#include <dlfcn.h>
#include <p11-kit/pkcs11.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace {

CK_FUNCTION_LIST* real = nullptr;  // a module has one instance per process; so has this one
CK_FUNCTION_LIST table;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

struct Fault {
  std::string action;
  unsigned long number = 0;
  bool is(const char* name) const { return action == name; }
};

Fault fault_for(const char* function) {
  std::ifstream file(environment("INSD_SHIM_FAULTS"));
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    Fault fault;
    words >> name >> fault.action >> std::hex >> fault.number;
    if (name == function || name == "*") return fault;
  }
  return {};
}

void trace(const char* function, const std::string& rest = {}) {
  std::ofstream(environment("INSD_SHIM_TRACE"), std::ios::app) << function << rest << '\n';
}

std::string hex(const unsigned char* bytes, unsigned long size) {
  std::string text;
  char pair[3];
  for (unsigned long i = 0; i < size; ++i) {
    std::snprintf(pair, sizeof pair, "%02x", bytes[i]);
    text += pair;
  }
  return text;
}

void leave_a_process_behind() {
  if (fork() == 0) {
    for (;;) pause();
  }
}

void try_forbidden_calls() {
  const auto answer = [](long result) { return std::to_string(result < 0 ? errno : 0); };
  trace("forbidden", " inet=" + answer(socket(AF_INET, SOCK_STREAM, 0)) +
                         " inet6=" + answer(socket(AF_INET6, SOCK_DGRAM, 0)) +
                         " netlink=" + answer(socket(AF_NETLINK, SOCK_RAW, 0)) +
                         " unix=" + answer(socket(AF_UNIX, SOCK_STREAM, 0)) +
                         " io_uring=" + answer(syscall(SYS_io_uring_setup, 1, nullptr)) +
                         " ptrace=" + answer(syscall(SYS_ptrace, 0, 0, 0, 0)));
}

// What happens instead of the call; true when `rv` is then its result.
bool instead(const Fault& fault, CK_RV& rv) {
  if (fault.is("hang")) {
    for (;;) pause();
  }
  if (fault.is("segv")) {
    std::signal(SIGSEGV, SIG_DFL);
    std::raise(SIGSEGV);
  }
  if (fault.is("abort")) std::abort();
  if (fault.is("exit")) _exit(0);
  if (fault.is("forbidden")) try_forbidden_calls();
  if (fault.is("fork")) leave_a_process_behind();
  rv = fault.number;
  return fault.is("rv");
}

CK_RV shim_initialize(void* arguments) {
  trace("C_Initialize");
  CK_RV rv = CKR_OK;
  return instead(fault_for("C_Initialize"), rv) ? rv : real->C_Initialize(arguments);
}

CK_RV shim_finalize(void* reserved) {
  trace("C_Finalize");
  CK_RV rv = CKR_OK;
  return instead(fault_for("C_Finalize"), rv) ? rv : real->C_Finalize(reserved);
}

CK_RV shim_get_slot_list(unsigned char present, CK_SLOT_ID* list, unsigned long* count) {
  trace("C_GetSlotList");
  const auto fault = fault_for("C_GetSlotList");
  CK_RV rv = CKR_OK;
  if (instead(fault, rv)) return rv;
  const auto room = *count;
  rv = real->C_GetSlotList(present, list, count);
  if (fault.is("count") || (fault.is("late") && list != nullptr)) *count = fault.number;
  if (fault.is("repeat") && rv == CKR_OK && list != nullptr && *count * 2 <= room) {
    std::memcpy(list + *count, list, *count * sizeof *list);
    *count *= 2;
  }
  return rv;
}

CK_RV shim_get_token_info(CK_SLOT_ID slot, CK_TOKEN_INFO* info) {
  trace("C_GetTokenInfo");
  const auto fault = fault_for("C_GetTokenInfo");
  CK_RV rv = CKR_OK;
  if (instead(fault, rv)) return rv;
  rv = real->C_GetTokenInfo(slot, info);
  if (fault.is("flags")) info->flags |= fault.number;
  if (fault.is("serial")) std::memcpy(info->serialNumber, "another token   ", sizeof info->serialNumber);
  if (fault.is("count")) info->ulMinPinLen = info->ulMaxPinLen = fault.number;
  return rv;
}

CK_RV shim_get_mechanism_info(CK_SLOT_ID slot, CK_MECHANISM_TYPE type, CK_MECHANISM_INFO* info) {
  CK_RV rv = CKR_OK;
  return instead(fault_for("C_GetMechanismInfo"), rv) ? rv : real->C_GetMechanismInfo(slot, type, info);
}

CK_RV shim_open_session(CK_SLOT_ID slot, CK_FLAGS flags, void* application, CK_NOTIFY notify,
                        CK_SESSION_HANDLE* session) {
  trace("C_OpenSession");
  const auto fault = fault_for("C_OpenSession");
  CK_RV rv = CKR_OK;
  if (instead(fault, rv)) return rv;
  rv = real->C_OpenSession(slot, flags, application, notify, session);
  if (fault.is("null")) *session = 0;
  return rv;
}

// A reader whose pad somebody types on.
CK_RV login_on_pad(CK_SESSION_HANDLE session, CK_USER_TYPE user) {
  for (;;) {
    const auto fault = fault_for("C_Login");
    if (!fault.is("pad")) return CKR_FUNCTION_CANCELED;
    if (fault.number != 0) {
      char digits[32];
      const int length = std::snprintf(digits, sizeof digits, "%lx", fault.number);
      return real->C_Login(session, user, reinterpret_cast<unsigned char*>(digits),
                           static_cast<unsigned long>(length));
    }
    usleep(5'000);
  }
}

CK_RV shim_login(CK_SESSION_HANDLE session, CK_USER_TYPE user, unsigned char* pin, unsigned long length) {
  trace("C_Login", " length=" + std::to_string(length) + (pin == nullptr ? " null" : ""));
  CK_RV rv = CKR_OK;
  const auto fault = fault_for("C_Login");
  if (instead(fault, rv)) return rv;
  if (fault.is("pad") && pin == nullptr) return login_on_pad(session, user);
  rv = real->C_Login(session, user, pin, length);
  return fault.is("lost") ? fault.number : rv;
}

CK_RV shim_logout(CK_SESSION_HANDLE session) {
  trace("C_Logout");
  CK_RV rv = CKR_OK;
  return instead(fault_for("C_Logout"), rv) ? rv : real->C_Logout(session);
}

CK_RV shim_find_objects(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE* objects, unsigned long max,
                        unsigned long* count) {
  const auto fault = fault_for("C_FindObjects");
  CK_RV rv = CKR_OK;
  if (instead(fault, rv)) return rv;
  rv = real->C_FindObjects(session, objects, max, count);
  if (fault.is("count")) *count = fault.number;
  if (fault.is("endless")) {
    objects[0] = 1;
    *count = 1;
  }
  return rv;
}

CK_RV shim_get_attribute_value(CK_SESSION_HANDLE session, CK_OBJECT_HANDLE object, CK_ATTRIBUTE* attributes,
                               unsigned long count) {
  const auto fault = fault_for("C_GetAttributeValue");
  CK_RV rv = CKR_OK;
  if (instead(fault, rv)) return rv;
  rv = real->C_GetAttributeValue(session, object, attributes, count);
  if (fault.is("length")) {
    for (unsigned long i = 0; i < count; ++i) attributes[i].ulValueLen = fault.number;
  }
  return rv;
}

CK_RV shim_sign_init(CK_SESSION_HANDLE session, CK_MECHANISM* mechanism, CK_OBJECT_HANDLE key) {
  char text[64];
  std::snprintf(text, sizeof text, " mechanism=0x%lX parameter=%lu", mechanism->mechanism,
                mechanism->ulParameterLen);
  trace("C_SignInit", text);
  CK_RV rv = CKR_OK;
  return instead(fault_for("C_SignInit"), rv) ? rv : real->C_SignInit(session, mechanism, key);
}

CK_RV shim_sign(CK_SESSION_HANDLE session, unsigned char* data, unsigned long size, unsigned char* signature,
                unsigned long* length) {
  trace("C_Sign", " length=" + std::to_string(size) + " data=" + hex(data, size));
  const auto fault = fault_for("C_Sign");
  CK_RV rv = CKR_OK;
  if (instead(fault, rv)) return rv;
  rv = real->C_Sign(session, data, size, signature, length);
  if (fault.is("length")) *length = fault.number;
  if (fault.is("garbage")) std::memset(signature, 0x5A, *length);
  return rv;
}

bool load_real() {
  if (real != nullptr) return true;
  void* library = dlopen(environment("INSD_SHIM_MODULE").c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return false;
  const auto entry = reinterpret_cast<CK_RV (*)(CK_FUNCTION_LIST**)>(dlsym(library, "C_GetFunctionList"));
  if (entry == nullptr || entry(&real) != CKR_OK) return false;
  table = *real;
  table.C_Initialize = shim_initialize;
  table.C_Finalize = shim_finalize;
  table.C_GetSlotList = shim_get_slot_list;
  table.C_GetTokenInfo = shim_get_token_info;
  table.C_GetMechanismInfo = shim_get_mechanism_info;
  table.C_OpenSession = shim_open_session;
  table.C_Login = shim_login;
  table.C_Logout = shim_logout;
  table.C_FindObjects = shim_find_objects;
  table.C_GetAttributeValue = shim_get_attribute_value;
  table.C_SignInit = shim_sign_init;
  table.C_Sign = shim_sign;
  return true;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) CK_RV C_GetFunctionList(CK_FUNCTION_LIST** list) {
  if (!load_real()) return CKR_GENERAL_ERROR;
  table.C_GetFunctionList = C_GetFunctionList;
  *list = &table;
  return CKR_OK;
}
