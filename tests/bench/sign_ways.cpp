// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/sign_ways.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include <dlfcn.h>

#include "drivers/base/secret.h"
#include "pkcs11/objects.h"
#include "pkcs11/sign.h"

namespace insd::bench {
namespace {

using GetFunctionList = CK_RV (*)(CK_FUNCTION_LIST**);

CK_FUNCTION_LIST* functions_of(const std::string& path) {
  // Never unloaded: some modules do not survive it.
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(path + " cannot be loaded");
  const auto entry = reinterpret_cast<GetFunctionList>(dlsym(library, "C_GetFunctionList"));
  CK_FUNCTION_LIST* functions = nullptr;
  if (entry == nullptr || entry(&functions) != CKR_OK) throw std::runtime_error(path + " is no module");
  if (functions->C_Initialize(nullptr) != CKR_OK) throw std::runtime_error(path + " cannot be initialised");
  return functions;
}

pkcs11::TokenRef token_of(const pkcs11::Cryptoki& cryptoki, const std::string& label) {
  for (const auto slot : cryptoki.slots_with_token()) {
    const auto info = cryptoki.token_info(slot);
    if (info && info->ref.label == label) return info->ref;
  }
  throw std::runtime_error("no token " + label);
}

pkcs11::PrivateKey signature_key(const pkcs11::Cryptoki& cryptoki, CK_SESSION_HANDLE session) {
  const auto certificates = pkcs11::read_certificates(cryptoki, session);
  return pkcs11::find_private_key(cryptoki, session,
                                  pkcs11::choose_certificate(certificates, pkcs11::KeyUse::SIGNATURE));
}

}  // namespace

class InProcess::Loaded {
 public:
  Loaded(const std::string& path, const std::string& label, const std::string& pin)
      : functions_(functions_of(path)),
        cryptoki_(functions_),
        token_(token_of(cryptoki_, label)),
        session_(cryptoki_, token_.slot),
        pin_(pin) {
    log_in();
    key_ = signature_key(cryptoki_, session_.handle()).handle;
  }
  ~Loaded() { cryptoki_.logout(session_.handle()); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  Bytes sign_kept(ByteView message) const {
    return cryptoki_.sign(session_.handle(), key_, CKM_SHA256_RSA_PKCS, message);
  }
  Bytes sign_afresh(ByteView message) const {
    return pkcs11::SigningKey(cryptoki_, token_.slot, pkcs11::KeyUse::SIGNATURE).sign(message);
  }
  void log_in_again() {
    cryptoki_.logout(session_.handle());
    log_in();
    key_ = signature_key(cryptoki_, session_.handle()).handle;
  }

 private:
  void log_in() const {
    if (cryptoki_.login(session_.handle(), pin_) != CKR_OK) throw std::runtime_error("no login");
  }

  CK_FUNCTION_LIST* functions_;
  pkcs11::Cryptoki cryptoki_;
  pkcs11::TokenRef token_;
  pkcs11::Session session_;
  SecretString pin_;
  CK_OBJECT_HANDLE key_ = 0;
};

InProcess::InProcess(const std::string& path, const std::string& label, const std::string& pin)
    : loaded_(std::make_unique<Loaded>(path, label, pin)) {}
InProcess::~InProcess() = default;

Bytes InProcess::sign_kept(ByteView message) const {
  return loaded_->sign_kept(message);
}
Bytes InProcess::sign_afresh(ByteView message) const {
  return loaded_->sign_afresh(message);
}
void InProcess::log_in_again() const {
  loaded_->log_in_again();
}

Memory memory_of(int pid) {
  const auto value = [&](const std::string& file, const std::string& name) {
    std::ifstream in("/proc/" + std::to_string(pid) + "/" + file);
    for (std::string line; std::getline(in, line);) {
      if (line.starts_with(name)) return std::strtol(line.c_str() + name.size(), nullptr, 10);
    }
    return 0L;
  };
  return {value("status", "VmRSS:"), value("smaps_rollup", "Pss:")};
}

std::vector<int> children_of(int pid) {
  std::vector<int> found;
  for (const auto& task : std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/task")) {
    std::ifstream in(task.path() / "children");
    for (int child = 0; in >> child;) found.push_back(child);
  }
  return found;
}

}  // namespace insd::bench
