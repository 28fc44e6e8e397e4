// SPDX-License-Identifier: Apache-2.0
// The daemon as a client sees it: from exec to accepting, idle memory, and a unary call through the whole
// path beside a bare callback server with the same message, both in this run. Prints; asserts nothing.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "insd/v1/system_service.grpc.pb.h"

namespace {

using Steady = std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;
namespace fs = std::filesystem;

constexpr int kCalls = 5000;
constexpr int kWarmUp = 500;

bool connectable(const fs::path& socket_path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socket_path.string().copy(address.sun_path, sizeof address.sun_path - 1);
  const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const bool connected = connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  close(descriptor);
  return connected;
}

// A child process that ends with this object.
class Child {
 public:
  explicit Child(std::vector<std::string> arguments) {
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ) != 0) {
      throw std::runtime_error("cannot start " + arguments[0]);
    }
    posix_spawn_file_actions_destroy(&actions);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    kill(pid_, SIGTERM);
    waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

Micros wait_until_connectable(const fs::path& socket_path, Steady::time_point since) {
  while (!connectable(socket_path)) {
    if (Steady::now() - since > std::chrono::seconds(20)) throw std::runtime_error("nobody listens");
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
  return Steady::now() - since;
}

long resident_kb(pid_t pid) {
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS:")) return std::strtol(line.c_str() + 6, nullptr, 10);
  }
  return 0;
}

// The least a callback server can do for the same message.
class BareService final : public insd::v1::SystemService::CallbackService {
  grpc::ServerUnaryReactor* GetInfo(grpc::CallbackServerContext* context, const insd::v1::GetInfoRequest*,
                                    insd::v1::GetInfoResponse* response) override {
    response->set_version("0.0.0");
    auto* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int serve_bare(const std::string& socket_path) {
  BareService service;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + socket_path, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  server->Wait();
  return 0;
}

struct Latency {
  double p50, p99;
};

Latency measure(const std::string& socket_path) {
  const auto stub = insd::v1::SystemService::NewStub(
      grpc::CreateChannel("unix:" + socket_path, grpc::InsecureChannelCredentials()));
  std::vector<double> micros;
  for (int i = 0; i < kWarmUp + kCalls; ++i) {
    grpc::ClientContext context;
    insd::v1::GetInfoResponse response;
    const auto begin = Steady::now();
    const grpc::Status status = stub->GetInfo(&context, {}, &response);
    if (!status.ok()) throw std::runtime_error("GetInfo: " + status.error_message());
    if (i >= kWarmUp) micros.push_back(Micros(Steady::now() - begin).count());
  }
  std::ranges::sort(micros);
  return {micros[micros.size() / 2], micros[micros.size() * 99 / 100]};
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc == 3 && std::string(argv[1]) == "--serve-bare") return serve_bare(argv[2]);
  char pattern[] = "/tmp/insd-bench.XXXXXX";
  const fs::path dir = mkdtemp(pattern);
  std::ofstream(dir / "insd.toml") << "[daemon]\nsocket = \"" << (dir / "insd.sock").string()
                                   << "\"\nsocket_group = \"\"\nstate_dir = \"" << dir.string()
                                   << "\"\nlog_level = \"error\"\nrequests_per_minute = 1000000\n"
                                   << "[[policy]]\nusers = [\"*\"]\nrole = \"desk\"\n";
  {
    const auto started = Steady::now();
    const Child insd({std::string(INSD_BIN_DIR) + "/insd", "--config", (dir / "insd.toml").string()});
    const auto accepting = wait_until_connectable(dir / "insd.sock", started);
    const auto bare_started = Steady::now();
    const Child bare(
        {fs::read_symlink("/proc/self/exe").string(), "--serve-bare", (dir / "bare.sock").string()});
    const auto bare_accepting = wait_until_connectable(dir / "bare.sock", bare_started);

    const Latency echo = measure(dir / "bare.sock");
    const Latency whole = measure(dir / "insd.sock");
    std::printf("exec to accepting     insd %6.1f ms   bare server %6.1f ms   ratio %.2f\n",
                accepting.count() / 1000, bare_accepting.count() / 1000, accepting / bare_accepting);
    std::printf("resident memory       insd %6ld kB   bare server %6ld kB   ratio %.2f\n",
                resident_kb(insd.pid()), resident_kb(bare.pid()),
                static_cast<double>(resident_kb(insd.pid())) / static_cast<double>(resident_kb(bare.pid())));
    std::printf("unary call p50        insd %6.0f us   bare server %6.0f us   ratio %.2f\n", whole.p50,
                echo.p50, whole.p50 / echo.p50);
    std::printf("unary call p99        insd %6.0f us   bare server %6.0f us   ratio %.2f\n", whole.p99,
                echo.p99, whole.p99 / echo.p99);
  }
  fs::remove_all(dir);
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "daemon_bench: %s\n", error.what());
  return 1;
}
