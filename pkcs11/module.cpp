// SPDX-License-Identifier: Apache-2.0
// libp11 loads, initialises and finalises the module. Tokens, logins and objects are read behind our own
// bounds (pkcs11/cryptoki.h) and not through libp11 0.4.12, which closes every session of every
// slot when a slot list is released (measured: one doctor's logout would be everybody's), keeps a copy of the
// PIN in its heap until then (measured), and folds a module's codes to 23 bits (read in its source: a vendor
// code may then read as "wrong PIN").
#include "pkcs11/module.h"

#include <dlfcn.h>
#include <libp11.h>
#include <openssl/err.h>
#include <openssl/ui.h>

#include "pkcs11/cryptoki.h"
#include "pkcs11/errors.h"
#include "pkcs11/module_file.h"

namespace insd::pkcs11 {
namespace {

using GetFunctionList = CK_RV (*)(CK_FUNCTION_LIST**);

// p11-kit under another name: it is told by what it exports itself, not by what it links to.
bool is_p11_kit(void* library, GetFunctionList entry) {
  void* telltale = dlsym(library, "p11_kit_modules_load_and_initialize");
  Dl_info of_telltale{}, of_entry{};
  return telltale != nullptr && dladdr(telltale, &of_telltale) != 0 &&
         dladdr(reinterpret_cast<void*>(entry), &of_entry) != 0 &&
         of_telltale.dli_fbase == of_entry.dli_fbase;
}

}  // namespace

// The library, the context and the questions that the context may not ask.
class Module::Loaded {
 public:
  Loaded(const std::string& path, ModuleOwner owner) : file_(path, owner) {
    try {
      load();
    } catch (Error& error) {
      error.prefix(printable(path));
      release();
      throw;
    }
  }
  ~Loaded() { release(); }
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  [[nodiscard]] const CK_FUNCTION_LIST* functions() const { return functions_; }

 private:
  void load() {
    // Loaded and looked at before anything of it is called; libp11 then finds the same library by the same
    // name.
    const std::string name = file_.loadable_name();
    library_ = dlopen(name.c_str(), RTLD_LAZY | RTLD_LOCAL);
    if (library_ == nullptr) {
      const char* why = dlerror();
      throw Error(Code::MODULE_FAILED, "cannot be loaded: " + printable(why != nullptr ? why : ""));
    }
    file_.stay_open();
    const auto entry = reinterpret_cast<GetFunctionList>(dlsym(library_, "C_GetFunctionList"));
    if (entry == nullptr) throw Error(Code::MODULE_FAILED, "not a PKCS#11 module");
    if (is_p11_kit(library_, entry))
      throw Error(Code::MODULE_REFUSED, "p11-kit's proxy; name the module itself");

    no_questions_ = UI_create_method("none");
    context_ = PKCS11_CTX_new();
    if (no_questions_ == nullptr || context_ == nullptr) throw Error(Code::INTERNAL, "libp11: out of memory");
    // First of all: libp11 would ask for PINs on the terminal. A method without functions fails each
    // question.
    PKCS11_set_ui_method(context_, no_questions_, nullptr);
    ERR_clear_error();
    if (PKCS11_CTX_load(context_, name.c_str()) != 0) throw load_error();
    initialised_ = true;
    CK_FUNCTION_LIST* functions = nullptr;
    check("C_GetFunctionList", entry(&functions));
    functions_ = functions;
  }

  static Error load_error() {
    const unsigned long code = ERR_peek_last_error();
    if (ERR_GET_LIB(code) != ERR_get_CKR_code()) return Error(Code::MODULE_FAILED, "libp11 cannot load it");
    return Error(Code::MODULE_FAILED,
                 to_error("C_Initialize", static_cast<CK_RV>(ERR_GET_REASON(code))).detail());
  }

  void release() noexcept {
    if (context_ != nullptr) {
      if (initialised_) PKCS11_CTX_unload(context_);
      PKCS11_CTX_free(context_);
      context_ = nullptr;
    }
    if (no_questions_ != nullptr) UI_destroy_method(no_questions_);
    no_questions_ = nullptr;
    if (library_ != nullptr) dlclose(library_);
    library_ = nullptr;
  }

  ModuleFile file_;
  void* library_ = nullptr;
  UI_METHOD* no_questions_ = nullptr;
  PKCS11_CTX* context_ = nullptr;
  bool initialised_ = false;
  const CK_FUNCTION_LIST* functions_ = nullptr;
};

Module::Module(const std::string& path, ModuleOwner owner)
    : loaded_(std::make_unique<Loaded>(path, owner)),
      cryptoki_(std::make_unique<Cryptoki>(loaded_->functions())) {}

Module::~Module() = default;

std::vector<TokenInfo> Module::tokens() const {
  std::vector<TokenInfo> result;
  const std::string module = cryptoki_->module_description();
  for (const auto slot : cryptoki_->slots_with_token()) {
    auto info = cryptoki_->token_info(slot);
    if (!info) continue;
    cryptoki_->describe_slot(*info);
    info->module = module;
    result.push_back(*std::move(info));
  }
  return result;
}

TokenInfo Module::token(const TokenRef& ref) const {
  auto info = cryptoki_->token_info(ref.slot);
  if (!info) throw Error(Code::TOKEN_ABSENT, "no token in its slot");
  if (info->ref != ref) throw Error(Code::CARD_CHANGED, "another token is in its slot");
  return *std::move(info);
}

}  // namespace insd::pkcs11
