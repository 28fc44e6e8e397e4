// SPDX-License-Identifier: Apache-2.0
// Is this file safe to load into a process of ours?
#pragma once

#include <string>

#include "pkcs11/types.h"

namespace insd::pkcs11 {

/// A module file that was checked, held open: what was checked is what is loaded, whatever happens to its
/// name meanwhile.
class ModuleFile {
 public:
  /// Links are resolved first, then the file is opened once without following any. Errors:
  /// CPS_MODULE_MISSING (no such file); MODULE_REFUSED (relative path, not a regular file, wrong owner,
  /// writable by group or others, p11-kit's proxy, which could lead back to us).
  ModuleFile(const std::string& path, ModuleOwner owner);
  ~ModuleFile();
  ModuleFile(const ModuleFile&) = delete;
  ModuleFile& operator=(const ModuleFile&) = delete;

  /// A name that dlopen() resolves to the very file that was checked.
  [[nodiscard]] std::string loadable_name() const;

  /// Leaves it open for the life of the process: dlopen() goes by names it knows first, and a library may
  /// outlive its dlclose(), so the name of one that was loaded must never be another file's.
  void stay_open();

 private:
  int descriptor_ = -1;
  bool stays_open_ = false;
};

}  // namespace insd::pkcs11
