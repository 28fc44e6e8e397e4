// SPDX-License-Identifier: Apache-2.0
#include "daemon/journal/writer.h"

#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <spdlog/spdlog.h>

#include "drivers/base/error.h"

namespace insd::journal {
namespace asio = boost::asio;

class Writer::Impl {
 public:
  explicit Impl(Journal& journal) : journal_(journal) {}

  asio::awaitable<std::uint64_t> begin(Begin record) {
    auto waiting = std::make_shared<Waiting>();
    waiting->record = std::move(record);
    {
      const std::lock_guard lock(mutex_);
      if (waiting_.size() >= kMostWaiting) {
        throw Error(Code::JOURNAL_UNAVAILABLE, "too many records wait for the disk");
      }
      waiting_.push_back(waiting);
    }
    co_await asio::co_spawn(thread_, write_all(*this), asio::use_awaitable);
    if (waiting->failure) std::rethrow_exception(waiting->failure);
    co_return waiting->id;
  }

  void end(std::uint64_t id, End record) noexcept try {
    {
      const std::lock_guard lock(mutex_);
      if (!stopped_) {
        asio::post(thread_, [this, id, record = std::move(record)] { journal_.end(id, record); });
        return;
      }
    }
    journal_.end(id, record);
  } catch (const std::exception& failure) {  // out of memory: the begin record without an end tells it
    spdlog::error("audit trail: the end of record {} is lost: {}", id, failure.what());
  }

  asio::awaitable<void> written() { return asio::co_spawn(thread_, nothing(), asio::use_awaitable); }

  void stop() {
    thread_.join();
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }

 private:
  static constexpr std::size_t kMostWaiting = 256;
  struct Waiting {
    Begin record;
    std::uint64_t id = 0;
    std::exception_ptr failure;
  };

  static asio::awaitable<void> nothing() { co_return; }

  // On the thread, once for each that waits: the first one writes what all of them brought meanwhile.
  static asio::awaitable<void> write_all(Impl& self) {
    std::vector<std::shared_ptr<Waiting>> taken;
    {
      const std::lock_guard lock(self.mutex_);
      taken.swap(self.waiting_);
    }
    if (!taken.empty()) self.write(taken);
    co_return;
  }

  void write(const std::vector<std::shared_ptr<Waiting>>& taken) noexcept {
    try {
      std::vector<Begin> records;
      for (const auto& each : taken) records.push_back(each->record);
      const auto ids = journal_.begin_all(records);
      for (std::size_t at = 0; at < taken.size(); ++at) taken[at]->id = ids.at(at);
    } catch (...) {
      for (const auto& each : taken) each->failure = std::current_exception();
    }
  }

  Journal& journal_;
  std::mutex mutex_;
  bool stopped_ = false;
  std::vector<std::shared_ptr<Waiting>> waiting_;
  asio::thread_pool thread_{1};
};

Writer::Writer(Journal& journal) : impl_(std::make_unique<Impl>(journal)) {}
Writer::~Writer() {
  stop();
}

asio::awaitable<std::uint64_t> Writer::begin(Begin record) {
  return impl_->begin(std::move(record));
}
void Writer::end(std::uint64_t id, End record) noexcept {
  impl_->end(id, std::move(record));
}
asio::awaitable<void> Writer::written() {
  return impl_->written();
}
void Writer::stop() {
  impl_->stop();
}

}  // namespace insd::journal
