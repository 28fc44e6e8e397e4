// SPDX-License-Identifier: Apache-2.0
// From pcscd to the client: how long after a raw SCardGetStatusChange a WatchReaders message arrives, alone
// and among 200; and how long after a restarted pcscd accepts the daemon has recovered. The reference of each
// is a raw libpcsclite program in this process. Run under tests/isolate. Prints; asserts nothing.
#include <algorithm>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <thread>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/bench/watchers.h"
#include "tests/world/world.h"

namespace insd::bench {
namespace {

using Micros = std::chrono::duration<double, std::micro>;

constexpr int kChangesAlone = 120;
constexpr int kChangesAmongMany = 20;
// 200 watchers: users of their own, because one user may have 64 streams.
constexpr unsigned kUsers = 4;
constexpr unsigned kWatchersOfAUser = 50;
constexpr unsigned kFirstUser = 60001;
constexpr int kRestarts = 10;

// Whoever hears of the card that comes and goes, beside two raw waiters. Times are told from the earlier of
// the two, which is when a program can first know.
class Changes {
 public:
  Changes(world::World& world, world::Card& card)
      : card_(card),
        first_(world.reader_name(0), [this](bool present) { heard(0, present); }),
        second_(world.reader_name(0), [this](bool present) { heard(1, present); }) {}

  /// `clients` waits for all clients and gives their times.
  void run(int changes, const std::function<std::vector<Steady::time_point>(bool present)>& clients) {
    for (int change = 0; change < changes; ++change) {
      expected_ = change % 2 != 0;  // before the round: a late message of the last one is not of this
      raw_.reset();
      expected_ ? card_.insert() : card_.remove();
      const auto client_times = clients(expected_);
      const auto raw_times = raw_.wait();
      const auto begin = std::min(raw_times[0], raw_times[1]);
      raw_delays_.push_back(Micros(std::max(raw_times[0], raw_times[1]) - begin).count());
      for (const auto time : client_times) client_delays_.push_back(Micros(time - begin).count());
    }
  }
  void print(const char* what) {
    std::printf(
        "%-24s p50 %7.0f us  p99 %7.0f us   a second raw waiter p50 %5.0f us  p99 %6.0f us   ratio of p50 "
        "%.1f\n",
        what, percentile(client_delays_, 0.5), percentile(client_delays_, 0.99), percentile(raw_delays_, 0.5),
        percentile(raw_delays_, 0.99),
        percentile(client_delays_, 0.5) / std::max(percentile(raw_delays_, 0.5), 1.0));
    std::fflush(stdout);
  }

 private:
  void heard(std::size_t hearer, bool present) {
    if (present == expected_) raw_.heard(hearer);
  }

  world::Card& card_;
  std::atomic<bool> expected_ = true;
  Round raw_{2};
  std::vector<double> raw_delays_, client_delays_;
  RawWaiter first_, second_;
};

std::optional<bool> presence(const v1::WatchReadersResponse& message, const std::string& reader) {
  if (!message.has_reader() || message.reader().name() != reader) return std::nullopt;
  return message.reader().state() == v1::READER_STATE_CARD_PRESENT;
}

void one_watcher(world::World& world, world::Card& card) {
  Round round(1);
  std::atomic<bool> expected = true;
  const std::string reader = world.reader_name(0);
  const Watchers watcher(world.socket(), 1, [&](std::size_t, const v1::WatchReadersResponse& message) {
    if (presence(message, reader) == expected) round.heard(0);
  });
  Changes changes(world, card);
  expected = false;
  round.reset();
  changes.run(kChangesAlone, [&](bool present) {
    auto times = round.wait();
    expected = !present;  // the next one
    round.reset();
    return times;
  });
  changes.print("card event, 1 watcher");
}

// A process of another user: watches, and writes when each of its watchers heard of what.
int watch_as(const std::vector<std::string>& arguments) {
  const auto user = static_cast<uid_t>(std::stoul(arguments.at(0)));
  if (setresuid(user, user, user) != 0) {
    std::printf("REFUSED\n");
    return 0;
  }
  const std::string reader = arguments.at(2);
  const Watchers watchers(arguments.at(1), kWatchersOfAUser,
                          [&](std::size_t, const v1::WatchReadersResponse& message) {
                            const auto present = presence(message, reader);
                            const auto now = Steady::now().time_since_epoch();
                            if (present)
                              std::printf("HEARD %d %lld\n", *present ? 1 : 0,
                                          static_cast<long long>(std::chrono::nanoseconds(now).count()));
                            std::fflush(stdout);
                          });
  std::printf("READY\n");
  std::fflush(stdout);
  std::getchar();  // until the bench ends
  return 0;
}

void many_watchers(world::World& world, world::Card& card) {
  std::filesystem::permissions(world.directory(),
                               std::filesystem::perms::owner_all | std::filesystem::perms::group_exec);
  std::vector<std::unique_ptr<world::Process>> users;
  for (unsigned user = kFirstUser; user < kFirstUser + kUsers; ++user) {
    const std::vector<std::string> argv = {std::filesystem::read_symlink("/proc/self/exe"), "--watch-as",
                                           std::to_string(user), world.socket(), world.reader_name(0)};
    users.push_back(std::make_unique<world::Process>(
        argv, world.environment(), world.directory() / ("watchers-" + std::to_string(user))));
    while (true) {
      const auto line = users.back()->wait_for_line("R");
      if (line == "READY") break;
      if (line == "REFUSED") {
        std::printf("card event, 200 watchers: left out, only root can be the %u users that they need\n",
                    kUsers);
        return;
      }
    }
  }
  Changes changes(world, card);
  changes.run(kChangesAmongMany, [&](bool present) {
    std::vector<Steady::time_point> times;
    const std::string heard = present ? "HEARD 1 " : "HEARD 0 ";
    for (const auto& user : users) {
      for (unsigned i = 0; i < kWatchersOfAUser; ++i) {
        const auto line = user->wait_for_line(heard);
        times.emplace_back(std::chrono::nanoseconds(std::stoll(line.substr(heard.size()))));
      }
    }
    return times;
  });
  changes.print("card event, 200 watchers");
}

bool pcscd_accepts() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::string("/run/pcscd/pcscd.comm").copy(address.sun_path, sizeof address.sun_path - 1);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool accepted = connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(descriptor);
  return accepted;
}

// From the moment the new pcscd's socket accepts until a raw program has a context and its readers, and until
// the client has heard that the daemon has recovered.
void recoveries(world::World& world, std::chrono::milliseconds away, const char* what) {
  Round round(2);
  const Watchers watcher(world.socket(), 1, [&](std::size_t, const v1::WatchReadersResponse& message) {
    if (message.pcsc_event().kind() == v1::PCSC_EVENT_KIND_RECOVERED) round.heard(1);
  });
  std::vector<double> raw_delays, client_delays;
  for (int restart = 0; restart < kRestarts; ++restart) {
    world.stop_pcscd(SIGKILL);
    std::this_thread::sleep_for(away);
    round.reset();
    Steady::time_point accepts;
    std::thread raw([&] {
      while (!pcscd_accepts()) std::this_thread::sleep_for(std::chrono::microseconds(200));
      accepts = Steady::now();
      SCARDCONTEXT context = 0;
      DWORD length = 0;
      while (SCardEstablishContext(SCARD_SCOPE_SYSTEM, nullptr, nullptr, &context) != SCARD_S_SUCCESS ||
             SCardListReaders(context, nullptr, nullptr, &length) != SCARD_S_SUCCESS) {
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      }
      round.heard(0);
      SCardReleaseContext(context);
    });
    world.start_pcscd(1);
    raw.join();
    const auto times = round.wait();
    raw_delays.push_back(Micros(times[0] - accepts).count() / 1000);
    client_delays.push_back(Micros(times[1] - accepts).count() / 1000);
  }
  std::printf(
      "%-24s p50 %7.1f ms  max %7.1f ms   raw context and list  p50 %5.1f ms  max %6.1f ms   ratio of p50 "
      "%.1f\n",
      what, percentile(client_delays, 0.5), percentile(client_delays, 1), percentile(raw_delays, 0.5),
      percentile(raw_delays, 1),
      percentile(client_delays, 0.5) / std::max(percentile(raw_delays, 0.5), 0.001));
  std::fflush(stdout);
}

void run() {
  world::World world;
  world.start_pcscd(1);
  auto& card = world.insert_card(0, "vitale2", "vitale-demo");
  world.start_insd(world.insd_config());
  one_watcher(world, card);
  many_watchers(world, card);
  recoveries(world, std::chrono::milliseconds(0), "pcscd restarted at once");
  recoveries(world, std::chrono::milliseconds(1000), "pcscd away for 1 s");
}

}  // namespace
}  // namespace insd::bench

int main(int argc, char** argv) try {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (!arguments.empty() && arguments[0] == "--watch-as")
    return insd::bench::watch_as({arguments.begin() + 1, arguments.end()});
  insd::bench::run();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "reader_bench: %s\n", error.what());
  return 1;
}
