// SPDX-License-Identifier: Apache-2.0
// How often a daemon that nobody asks anything wakes up: each thread of insd, and the whole process beside a
// bare gRPC server over the same seconds, with nobody connected and with a connection each. A card is in the
// reader. Run under tests/isolate. Prints; asserts nothing.
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <grpcpp/grpcpp.h>

#include "insd/v1/system_service.grpc.pb.h"
#include "tests/world/world.h"

namespace insd::bench {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kWarmUp{5};
constexpr std::chrono::seconds kIdle{20};
// As gRPC names its threads; the others are ours.
constexpr const char* kGrpcThreads[] = {
    "grpc", "event_engine", "default-executo", "resolver-execut", "nexting_thread", "timer_manager", "iomgr"};

struct Thread {
  std::string name;
  long wakes = 0;  ///< a thread that goes to sleep of its own accord has been woken before
};

std::map<pid_t, Thread> threads_of(pid_t process) {
  std::map<pid_t, Thread> threads;
  for (const auto& task : fs::directory_iterator("/proc/" + std::to_string(process) + "/task")) {
    Thread thread;
    std::ifstream status(task.path() / "status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Name:\t")) thread.name = line.substr(6);
      if (line.starts_with("voluntary_ctxt_switches:"))
        thread.wakes = std::strtol(line.c_str() + 24, nullptr, 10);
    }
    threads[std::stoi(task.path().filename())] = thread;
  }
  return threads;
}

bool is_grpcs(const std::string& name) {
  for (const char* prefix : kGrpcThreads) {
    if (name.starts_with(prefix)) return true;
  }
  return false;
}

// The wake-ups between two looks at the same process, thread by thread.
struct Idle {
  std::map<std::string, std::vector<long>> own, grpc;  ///< by name; one number a thread
  long own_total = 0, total = 0;
  std::size_t own_threads = 0, threads = 0;
};

Idle between(const std::map<pid_t, Thread>& before, const std::map<pid_t, Thread>& after) {
  Idle idle;
  for (const auto& [id, thread] : after) {
    const auto then = before.find(id);
    const long wakes = thread.wakes - (then == before.end() ? 0 : then->second.wakes);
    const bool grpcs = is_grpcs(thread.name);
    (grpcs ? idle.grpc : idle.own)[thread.name].push_back(wakes);
    idle.total += wakes;
    ++idle.threads;
    if (grpcs) continue;
    idle.own_total += wakes;
    ++idle.own_threads;
  }
  return idle;
}

void print(const char* whose, const std::map<std::string, std::vector<long>>& wakes) {
  for (const auto& [name, threads] : wakes) {
    std::printf("  %-10s %-18s", whose, name.c_str());
    for (const long count : threads) std::printf(" %ld", count);
    std::printf("\n");
  }
}

// A connection that was used once and stays open.
std::shared_ptr<grpc::Channel> connect(const fs::path& socket) {
  auto channel = grpc::CreateChannel("unix:" + socket.string(), grpc::InsecureChannelCredentials());
  grpc::ClientContext context;
  context.set_wait_for_ready(true);
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  v1::GetInfoResponse response;
  const auto status = v1::SystemService::NewStub(channel)->GetInfo(&context, {}, &response);
  if (!status.ok()) throw std::runtime_error("GetInfo: " + status.error_message());
  return channel;
}

void compare(const char* situation, pid_t insd_process, pid_t bare_process) {
  std::this_thread::sleep_for(kWarmUp);
  const auto insd_before = threads_of(insd_process);
  const auto bare_before = threads_of(bare_process);
  std::this_thread::sleep_for(kIdle);
  const Idle insd = between(insd_before, threads_of(insd_process));
  const Idle bare = between(bare_before, threads_of(bare_process));
  std::printf("%s, wake-ups in %ld s: insd's own threads %ld (of %zu threads)\n", situation,
              static_cast<long>(kIdle.count()), insd.own_total, insd.own_threads);
  std::printf("  whole process  insd %ld (%zu threads)   bare server %ld (%zu threads)   ratio %.2f\n",
              insd.total, insd.threads, bare.total, bare.threads,
              static_cast<double>(insd.total) / static_cast<double>(std::max(bare.total, 1L)));
  print("insd, own", insd.own);
  print("insd, gRPC", insd.grpc);
  print("bare, gRPC", bare.grpc);
  std::fflush(stdout);
}

void run() {
  world::World world;
  world.start_pcscd(1);
  world.insert_card(0, "vitale2", "vitale-demo");
  world.start_insd(world.insd_config());
  const fs::path bare_socket = world.directory() / "bare.sock";
  const world::Process bare({fs::path(INSD_BIN_DIR) / "daemon_bench", "--serve-bare", bare_socket},
                            world.environment(), world.directory() / "bare.log");
  compare("nobody connected", world.insd().pid(), bare.pid());
  // gRPC looks at its timers more often where it has one: the daemon's is the idle limit of a connection.
  const auto to_insd = connect(world.socket());
  const auto to_bare = connect(bare_socket);
  compare("one idle connection", world.insd().pid(), bare.pid());
}

}  // namespace
}  // namespace insd::bench

int main() try {
  insd::bench::run();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "idle_bench: %s\n", error.what());
  return 1;
}
