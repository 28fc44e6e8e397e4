// SPDX-License-Identifier: Apache-2.0
#include "tests/system/desk_watch.h"

namespace insd::test {

DeskWatch::DeskWatch(v1::ReaderService::Stub& stub)
    : stream_(stub.WatchReaders(&context_, {})), thread_([this] {
        v1::WatchReadersResponse message;
        while (stream_->Read(&message)) take(message);
        stream_->Finish();
        {
          const std::lock_guard lock(mutex_);
          picture_.ended = true;
        }
        changed_.notify_all();
      }) {}

DeskWatch::~DeskWatch() {
  context_.TryCancel();
  thread_.join();
}

void DeskWatch::take(const v1::WatchReadersResponse& message) {
  {
    const std::lock_guard lock(mutex_);
    if (message.has_pcsc()) {
      const bool was_there = picture_.pcsc.state() == v1::PCSC_STATE_AVAILABLE;
      picture_.pcsc = message.pcsc();
      if (was_there && picture_.pcsc.state() != v1::PCSC_STATE_AVAILABLE) ++picture_.times_away;
    } else if (message.has_pcsc_event()) {
      picture_.events.push_back(message.pcsc_event());
    } else if (message.has_snapshot_end()) {
      picture_.complete = true;
    } else if (message.has_reader()) {
      picture_.readers[message.reader().name()] = message.reader();
    } else if (message.has_reader_removed()) {
      picture_.readers.erase(message.reader_removed());
    }
  }
  changed_.notify_all();
}

std::optional<DeskWatch::Picture> DeskWatch::wait_for(const std::function<bool(const Picture&)>& wanted,
                                                      std::chrono::seconds patience) {
  std::unique_lock lock(mutex_);
  const bool came = changed_.wait_for(lock, patience, [&] { return picture_.ended || wanted(picture_); });
  return came && wanted(picture_) ? std::optional(picture_) : std::nullopt;
}

DeskWatch::Picture DeskWatch::now() {
  const std::lock_guard lock(mutex_);
  return picture_;
}

std::function<bool(const DeskWatch::Picture&)> reader_is(std::string reader, v1::ReaderState state) {
  return [reader = std::move(reader), state](const DeskWatch::Picture& picture) {
    const auto found = picture.readers.find(reader);
    return found != picture.readers.end() && found->second.state() == state;
  };
}

std::function<bool(const DeskWatch::Picture&)> card_is(std::string reader, v1::CardKind kind,
                                                       std::string not_this) {
  return
      [reader = std::move(reader), kind, not_this = std::move(not_this)](const DeskWatch::Picture& picture) {
        const auto found = picture.readers.find(reader);
        return picture.pcsc.state() == v1::PCSC_STATE_AVAILABLE && found != picture.readers.end() &&
               found->second.state() == v1::READER_STATE_CARD_PRESENT && found->second.card_kind() == kind &&
               found->second.generation() != not_this;
      };
}

}  // namespace insd::test
