// SPDX-License-Identifier: Apache-2.0
#include "pkcs11/module_file.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/base/error.h"

namespace insd::pkcs11 {
namespace {

[[noreturn]] void refuse(const std::string& path, const char* why) {
  throw Error(Code::MODULE_REFUSED, printable(path) + ": " + why);
}

// p11-kit's proxy offers every configured module, which may include one that leads back to this daemon.
void refuse_p11_kit(const std::string& path) {
  if (std::filesystem::path(path).filename().string().find("p11-kit") != std::string::npos) {
    refuse(path, "p11-kit's proxy; name the module itself");
  }
}

}  // namespace

ModuleFile::ModuleFile(const std::string& path, ModuleOwner owner) {
  if (path.empty() || path.front() != '/') refuse(path, "not an absolute path");
  refuse_p11_kit(path);
  const std::unique_ptr<char, void (*)(void*)> resolved(realpath(path.c_str(), nullptr), &std::free);
  if (!resolved) {
    if (errno == ENOENT) throw Error(Code::CPS_MODULE_MISSING, printable(path) + ": no such file");
    refuse(path, "its path cannot be resolved");
  }
  refuse_p11_kit(resolved.get());
  // O_NONBLOCK: a FIFO put there must not hold us; fstat() refuses it next.
  descriptor_ = open(resolved.get(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
  if (descriptor_ < 0) refuse(path, "cannot be opened");
  struct stat status {};
  const char* fault = nullptr;
  if (fstat(descriptor_, &status) != 0) {
    fault = "cannot be examined";
  } else if (!S_ISREG(status.st_mode)) {
    fault = "not a regular file";
  } else if (status.st_uid != 0 && (owner == ModuleOwner::ROOT || status.st_uid != geteuid())) {
    fault = "not owned by root";
  } else if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
    fault = "writable by its group or by others";
  }
  if (fault != nullptr) {
    close(descriptor_);
    refuse(path, fault);
  }
}

ModuleFile::~ModuleFile() {
  if (!stays_open_) close(descriptor_);
}

std::string ModuleFile::loadable_name() const {
  return "/proc/self/fd/" + std::to_string(descriptor_);
}

void ModuleFile::stay_open() {
  stays_open_ = true;
}

}  // namespace insd::pkcs11
