// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/locator.h"

#include <algorithm>
#include <system_error>
#include <thread>

#include <spdlog/spdlog.h>

#include "drivers/base/bytes.h"
#include "drivers/base/error.h"
#include "drivers/pcsc/pause.h"

namespace insd::desk {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kPatience{500};
// Nobody tells when another program lets go of a reader.
constexpr milliseconds kFirstPause{100};
constexpr milliseconds kLongestPause{2000};

}  // namespace

std::shared_ptr<Locator> Locator::make(const pcsc::PcscApi& api, std::filesystem::path sysfs, Found found) {
  return std::shared_ptr<Locator>(new Locator(api, std::move(sysfs), std::move(found)));
}

Locator::Locator(const pcsc::PcscApi& api, std::filesystem::path sysfs, Found found)
    : api_(api), sysfs_(std::move(sysfs)), found_(std::move(found)) {}

void Locator::follow(const pcsc::Snapshot& snapshot) {
  std::unique_lock lock(mutex_);
  if (stop_.stop_requested()) return;
  std::erase_if(asked_, [&](const auto& asked) {
    return std::ranges::none_of(snapshot.slots, [&](const pcsc::Slot& slot) {
      return slot.reader == asked.first && slot.arrival == asked.second.arrival;
    });
  });
  bool waits = false;
  for (const pcsc::Slot& slot : snapshot.slots) {
    const auto [asked, is_new] = asked_.try_emplace(slot.reader, Asked{slot.arrival, questions_ + 1, false});
    if (!is_new) continue;
    waits = true;
    ask(slot.reader, ++questions_);
  }
  if (!waits) return;
  changed_.wait_for(lock, kPatience, [this] {
    return stop_.stop_requested() ||
           std::ranges::all_of(asked_, [](const auto& asked) { return asked.second.answered; });
  });
}

void Locator::ask(const std::string& reader, std::uint64_t question) {
  ++threads_;
  try {
    std::thread([self = shared_from_this(), reader, question] {
      self->look(reader, question);
      const std::lock_guard lock(self->mutex_);
      --self->threads_;
      self->changed_.notify_all();
    }).detach();
  } catch (const std::system_error&) {
    --threads_;
    spdlog::error("no thread to ask where reader {} is", printable(reader));
  }
}

Locator::Asked* Locator::open_question(const std::string& reader, std::uint64_t question) {
  const auto asked = asked_.find(reader);
  if (stop_.stop_requested() || asked == asked_.end() || asked->second.question != question) return nullptr;
  return &asked->second;
}

// Under the lock: what belongs to a reader that has left must not come after its leaving.
void Locator::deliver(const std::string& reader, std::uint64_t question, const pcsc::ReaderPlace& place) {
  const std::lock_guard lock(mutex_);
  Asked* asked = open_question(reader, question);
  if (asked == nullptr) return;
  found_(reader, asked->arrival, place);
  asked->answered = true;
  changed_.notify_all();
}

void Locator::look(const std::string& reader, std::uint64_t question) {
  const auto wanted = [&] {
    const std::lock_guard lock(mutex_);
    return open_question(reader, question) != nullptr;
  };
  pcsc::ReaderPlace place;
  try {
    auto found = pcsc::find_place(api_, reader, sysfs_);
    for (milliseconds wait = kFirstPause; !found; wait = std::min(wait * 2, kLongestPause)) {
      if (!pcsc::pause(stop_.get_token(), wait) || !wanted()) return;
      found = pcsc::find_place(api_, reader, sysfs_);
    }
    place = std::move(*found);
  } catch (const std::exception& error) {
    // A reader or a pcscd that left is seen by the monitor; else nothing can be known of the place.
    spdlog::debug("where reader {} is cannot be asked: {}", printable(reader), error.what());
  }
  deliver(reader, question, place);
}

void Locator::stop() {
  stop_.request_stop();
  const std::lock_guard lock(mutex_);
  changed_.notify_all();
}

bool Locator::wait_ended(std::chrono::steady_clock::time_point until) {
  std::unique_lock lock(mutex_);
  return changed_.wait_until(lock, until, [this] { return threads_ == 0; });
}

}  // namespace insd::desk
