// SPDX-License-Identifier: Apache-2.0
#include "drivers/pcsc/socket_watch.h"

#include <algorithm>
#include <array>

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>

#include "drivers/base/descriptor.h"
#include "drivers/pcsc/pause.h"

namespace insd::pcsc {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

bool watch_directory(int inotify, const std::string& path) {
  const auto slash = path.rfind('/');
  const std::string directory =
      slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  return inotify_add_watch(inotify, directory.c_str(), IN_CREATE | IN_MOVED_TO | IN_ATTRIB | IN_ONLYDIR) >= 0;
}

}  // namespace

bool await_change_beside(const std::string& path, const std::stop_token& stop, milliseconds duration) {
  const auto until = steady_clock::now() + duration;
  const Descriptor inotify(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  const Descriptor stopped(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (inotify.get() < 0 || stopped.get() < 0 || !watch_directory(inotify.get(), path)) {
    pause(stop, duration);
    return false;
  }
  const std::stop_callback on_stop(stop, [&stopped] { eventfd_write(stopped.get(), 1); });
  std::array<pollfd, 2> heard{{{.fd = inotify.get(), .events = POLLIN, .revents = 0},
                               {.fd = stopped.get(), .events = POLLIN, .revents = 0}}};
  while (!stop.stop_requested()) {
    const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
    if (left <= milliseconds::zero()) return false;
    if (poll(heard.data(), heard.size(), static_cast<int>(left.count())) > 0) return heard[0].revents != 0;
  }
  return false;
}

}  // namespace insd::pcsc
