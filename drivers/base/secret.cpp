// SPDX-License-Identifier: Apache-2.0
#include "drivers/base/secret.h"

#include <cstring>
#include <new>

#include <sys/mman.h>

#include "drivers/base/error.h"

namespace insd {

// A page of its own, so that locking and the core-dump mark cover the secret and nothing else.
struct SecretString::Page {
  std::size_t size;
  char text[kCapacity];
};

void SecretString::PageDeleter::operator()(Page* page) const {
  wipe(page, sizeof(Page));
  munmap(page, sizeof(Page));
}

SecretString::SecretString(std::string_view text) {
  if (text.size() > kCapacity) throw Error(Code::PIN_MALFORMED, "the secret is too long");
  void* memory = mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // Both are best effort: RLIMIT_MEMLOCK may be 0, and the unit forbids core dumps anyway.
  mlock(memory, sizeof(Page));
  madvise(memory, sizeof(Page), MADV_DONTDUMP);
  page_.reset(new (memory) Page);
  page_->size = text.size();
  if (!text.empty()) std::memcpy(page_->text, text.data(), text.size());
}

std::string_view SecretString::view() const {
  return page_ ? std::string_view(page_->text, page_->size) : std::string_view();
}

void wipe(void* memory, std::size_t size) {
  explicit_bzero(memory, size);
}

}  // namespace insd
