// SPDX-License-Identifier: Apache-2.0
#include "daemon/desk/desk.h"

#include "daemon/desk/desk_impl.h"
#include "drivers/base/error.h"

namespace insd::desk {

std::shared_ptr<void> Desk::Impl::watch(Watcher watcher) {
  watcher(state());
  const auto id = watchers_.add(std::move(watcher));
  return {nullptr, [weak = weak_from_this(), id](void*) {
            if (const auto self = weak.lock()) self->watchers_.remove(id);
          }};
}

std::shared_ptr<void> Desk::Impl::watch_generations(GenerationWatcher watcher) {
  const auto id = generation_watchers_.add(std::move(watcher));
  return {nullptr, [weak = weak_from_this(), id](void*) {
            if (const auto self = weak.lock()) self->generation_watchers_.remove(id);
          }};
}

Desk::Desk(asio::any_io_executor executor, const pcsc::PcscApi& api, std::vector<ReaderConfig> readers,
           std::string start_id, const Clock& clock, Orders orders, pcsc::UsbBus usb)
    : impl_(std::make_shared<Impl>(std::move(executor), api, std::move(readers), std::move(start_id), clock,
                                   std::move(orders), std::move(usb))) {}
Desk::~Desk() {
  impl_->stop();
}
void Desk::start() {
  impl_->start();
}
bool Desk::stop() {
  return impl_->stop();
}
std::shared_ptr<const State> Desk::state() const {
  return impl_->state();
}
asio::any_io_executor Desk::executor() const {
  return impl_->executor();
}
std::shared_ptr<void> Desk::watch(Watcher watcher) {
  return impl_->watch(std::move(watcher));
}
void Desk::tell_again() {
  impl_->tell_again();
}
std::shared_ptr<void> Desk::watch_generations(GenerationWatcher watcher) {
  return impl_->watch_generations(std::move(watcher));
}
void Desk::leave(const std::string& generation) {
  impl_->leave(generation);
}
std::vector<Reader> Desk::meant_by(const std::string& name_or_alias) const {
  return impl_->meant_by(name_or_alias);
}
asio::awaitable<Reader> Desk::set_enabled(std::string name_or_alias, bool enabled) {
  return impl_->set_enabled(std::move(name_or_alias), enabled);
}
std::shared_ptr<void> Desk::hold(const Chosen& card) {
  return impl_->hold(card.generation, card.reader);
}

Chosen Desk::choose(const Selection& selection, Wanted wanted, const ReaderFilter& allowed) const {
  return choose_card(*impl_->state(), selection, wanted, allowed);
}

void Desk::require_current(const std::vector<std::string>& generations) const {
  const auto state = impl_->state();
  for (const auto& generation : generations) {
    if (!is_current(*state, generation)) {
      throw Error(Code::CARD_CHANGED, "a card named in the request is no longer there");
    }
  }
}

asio::awaitable<std::any> Desk::run(Chosen card, std::function<std::any(pcsc::CardSession&)> work,
                                    Patience patience) {
  return impl_->run(std::move(card), std::move(work), std::move(patience));
}

asio::awaitable<void> Desk::settle(Chosen card) {
  return impl_->settle(std::move(card));
}

}  // namespace insd::desk
