// SPDX-License-Identifier: Apache-2.0
// One RSA-2048 signature by a SoftHSM token, side by side in one run: in this process, through p11-kit's
// server and client, through insd-token, and by one run of pkcs11-tool; then login to lease, and memory. What
// it costs to leave the process is compared with what a bare gRPC call that is posted to another thread and
// p11-kit cost together. Run under tests/isolate. Prints; asserts nothing.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_future.hpp>
#include <fcntl.h>
#include <grpcpp/grpcpp.h>
#include <unistd.h>

#include "daemon/token/token_process.h"
#include "tests/bench/sign_ways.h"
#include "tests/system/backends_desk.h"

namespace insd::bench {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;
using Steady = std::chrono::steady_clock;
using Micros = std::chrono::duration<double, std::micro>;

constexpr const char* kLabel = "CPS3v3-0098765052";
constexpr const char* kPin = "1234";
constexpr int kRounds = 20;
constexpr int kPerRound = 25;
constexpr int kLogins = 20;
constexpr int kToolRuns = 10;

// One thing that is done again and again, and how long each time took.
struct Way {
  std::string name;
  std::function<void()> once;
  std::vector<double> micros;

  void measure(int times) {
    for (int i = 0; i < times; ++i) {
      const auto begin = Steady::now();
      once();
      micros.push_back(Micros(Steady::now() - begin).count());
    }
  }
  [[nodiscard]] double percentile(double part) const {
    auto sorted = micros;
    std::ranges::sort(sorted);
    return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
  }
  [[nodiscard]] double median() const { return percentile(0.5); }
};

// All of them in turn, so that the hour counts for none.
void measure(std::vector<Way>& ways) {
  for (auto& way : ways) {
    way.once();
    way.once();
  }
  for (int round = 0; round < kRounds; ++round) {
    for (auto& way : ways) way.measure(kPerRound);
  }
}

void print(const Way& way, double reference) {
  std::printf("  %-44s p50 %8.0f us  p99 %8.0f us   ratio of p50 %.2f\n", way.name.c_str(), way.median(),
              way.percentile(0.99), way.median() / reference);
}

template <class T>
T await(asio::awaitable<T> work) {
  asio::io_context io;
  auto result = asio::co_spawn(io, std::move(work), asio::use_future);
  io.run();
  return result.get();
}

// The least that a call costs whose handler does its work on another thread.
class PostedService final : public v1::SystemService::CallbackService {
 public:
  explicit PostedService(asio::io_context& io) : io_(io) {}

 private:
  grpc::ServerUnaryReactor* GetInfo(grpc::CallbackServerContext* context, const v1::GetInfoRequest*,
                                    v1::GetInfoResponse* response) override {
    auto* reactor = context->DefaultReactor();
    asio::post(io_, [reactor, response] {
      response->set_version(std::string(256, 's'));
      reactor->Finish(grpc::Status::OK);
    });
    return reactor;
  }
  asio::io_context& io_;
};

int serve_posted(const std::string& socket) {
  asio::io_context io;
  const auto guard = asio::make_work_guard(io);
  PostedService service(io);
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + socket, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  std::printf("READY\n");
  std::fflush(stdout);
  io.run();
  return 0;
}

// insd-token without a daemon around it.
class TokenChild {
 public:
  TokenChild(const test::Backends& desk, const sim::SoftToken& soft) {
    token::ChildOptions options;
    options.executable = INSD_BIN_DIR "/insd-token";
    options.module = desk.copy_of(sim::SoftToken::softhsm(), "softhsm-of-child.so");
    options.environment = soft.environment();
    process_ = std::make_unique<token::TokenProcess>(options);
    for (const auto& info : await(process_->list_tokens())) {
      if (info.ref.label == kLabel) token_ = info.ref;
    }
    log_in();
  }
  void log_in() { await(process_->login(token_, SecretString(kPin))); }
  void log_out() { await(process_->logout(token_)); }
  Bytes sign(const Bytes& message) {
    return await(process_->sign(token_, pkcs11::KeyUse::SIGNATURE, message));
  }

 private:
  std::unique_ptr<token::TokenProcess> process_;
  pkcs11::TokenRef token_;
};

// Where each write is safe before it returns.
class DurableFile {
 public:
  explicit DurableFile(const fs::path& path)
      : descriptor_(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) {}
  ~DurableFile() { close(descriptor_); }
  DurableFile(const DurableFile&) = delete;
  DurableFile& operator=(const DurableFile&) = delete;
  void append() const {
    const std::string line(300, 'x');
    if (write(descriptor_, line.data(), line.size()) < 0 || fdatasync(descriptor_) != 0) {
      throw std::runtime_error("the disk does not take a line");
    }
  }

 private:
  int descriptor_;
};

// The processes of a p11-kit server for the same token; its client finds it by an environment variable.
std::unique_ptr<world::Process> start_p11_kit(const sim::SoftToken& soft, const fs::path& directory) {
  const auto environment = world::environment_with(soft.environment(), INSD_BIN_DIR);
  const auto socket = directory / "p11-kit.sock";
  auto server = std::make_unique<world::Process>(
      std::vector<std::string>{"p11-kit", "server", "--foreground", "--name", socket, "--provider",
                               sim::SoftToken::softhsm(), "pkcs11:"},
      environment, directory / "p11-kit.log");
  server->wait_for_line("P11_KIT_SERVER_ADDRESS=");
  setenv("P11_KIT_SERVER_ADDRESS", ("unix:path=" + socket.string()).c_str(), 1);
  return server;
}

Memory memory_of_tree(int pid) {
  Memory all = memory_of(pid);
  for (const int child : children_of(pid)) {
    const Memory more = memory_of_tree(child);
    all.resident += more.resident;
    all.proportional += more.proportional;
  }
  return all;
}

class Bench {
 public:
  void run() {
    desk_.daemon_lines("requests_per_minute = 1000000\nproofs_per_minute = 1000000\n");
    desk_.make_soft_token();
    desk_.start_insd(desk_.copy_of(sim::SoftToken::softhsm(), "softhsm.so"));
    desk_.soft().enter_environment();
    const auto& directory = desk_.world().directory();
    posted_ = std::make_unique<world::Process>(
        std::vector<std::string>{fs::read_symlink("/proc/self/exe"), "--serve-posted", posted_socket()},
        desk_.world().environment(), directory / "posted.log");
    posted_->wait_for_line("READY");
    p11_kit_ = start_p11_kit(desk_.soft(), directory);
    in_process_ = std::make_unique<InProcess>(sim::SoftToken::softhsm(), kLabel, kPin);
    remoted_ = std::make_unique<InProcess>(INSD_P11_KIT_CLIENT, kLabel, kPin);
    child_ = std::make_unique<TokenChild>(desk_, desk_.soft());
    signatures();
    logins();
    memory();
  }

 private:
  [[nodiscard]] std::string posted_socket() { return desk_.world().directory() / "posted.sock"; }

  void signatures();
  void logins();
  void memory();
  void tool_run();
  void authenticate(const std::string& lease);

  test::Backends desk_{test::Way::SOFTHSM};
  std::unique_ptr<world::Process> posted_, p11_kit_;
  std::unique_ptr<InProcess> in_process_, remoted_;
  std::unique_ptr<TokenChild> child_;
  const Bytes message_ = Bytes(1000, 'm');
};

void Bench::tool_run() {
  const auto& directory = desk_.world().directory();
  const auto file = directory / "message";
  if (!fs::exists(file)) std::ofstream(file) << std::string(message_.begin(), message_.end());
  const auto outcome =
      desk_.world().run({"pkcs11-tool", "--module", sim::SoftToken::softhsm(), "--token-label", kLabel,
                         "--login", "--pin", kPin, "--sign", "--mechanism", "SHA256-RSA-PKCS", "--id", "01",
                         "--input-file", file, "--output-file", directory / "signature"});
  if (outcome.status != 0) throw std::runtime_error("pkcs11-tool: " + outcome.err);
}

// The daemon signs with the authentication key, of the same size, and verifies the signature before it
// answers.
void Bench::authenticate(const std::string& lease) {
  v1::AuthenticateRequest request;
  request.set_lease(lease);
  request.set_challenge(std::string(32, 'c'));
  request.set_audience("https://records.example.org");
  grpc::ClientContext context;
  v1::AuthenticateResponse response;
  const auto status = desk_.client().professional_->Authenticate(&context, request, &response);
  if (!status.ok())
    throw std::runtime_error("Authenticate: " + test::decode(status).detail.ShortDebugString());
}

void Bench::signatures() {
  const auto stub = v1::SystemService::NewStub(
      grpc::CreateChannel("unix:" + posted_socket(), grpc::InsecureChannelCredentials()));
  std::vector<Way> ways;
  ways.push_back({"in process, session and key kept", [&] { in_process_->sign_kept(message_); }, {}});
  ways.push_back({"in process, all looked for each time", [&] { in_process_->sign_afresh(message_); }, {}});
  ways.push_back({"p11-kit server and client, kept", [&] { remoted_->sign_kept(message_); }, {}});
  ways.push_back({"p11-kit, all looked for each time", [&] { remoted_->sign_afresh(message_); }, {}});
  ways.push_back({"insd-token, without gRPC", [&] { child_->sign(message_); }, {}});
  ways.push_back({"a bare posted gRPC call",
                  [&] {
                    grpc::ClientContext context;
                    v1::GetInfoResponse response;
                    const auto status = stub->GetInfo(&context, {}, &response);
                    if (!status.ok()) throw std::runtime_error("GetInfo: " + status.error_message());
                  },
                  {}});
  auto login = desk_.client().login();
  const auto lease = login->finish(kPin);
  if (!lease) throw std::runtime_error(login->failure().detail.ShortDebugString());
  ways.push_back({"through the daemon: gRPC, lease, insd-token", [&] { authenticate(lease->lease()); }, {}});
  // What the law of the audit trail asks of the disk: a record before the signature.
  DurableFile file(desk_.world().directory() / "durable");
  ways.push_back({"a line appended, safe on the disk", [&] { file.append(); }, {}});
  measure(ways);
  Way tool{"one run of pkcs11-tool --sign", [this] { tool_run(); }, {}};
  tool.measure(kToolRuns);

  const double kept = ways[0].median();
  std::printf("one RSA-2048 signature, SoftHSM:\n");
  for (const auto& way : ways) print(way, kept);
  print(tool, kept);
  const double p11_kit = ways[2].median() - kept;
  const double allowed = ways[5].median() + p11_kit;
  const double child = ways[4].median() - kept;
  const double daemon = ways[6].median() - kept;
  std::printf("  beyond the signature in process: insd-token %.0f us, p11-kit %.0f us, ratio %.2f\n", child,
              p11_kit, child / p11_kit);
  const double disk = ways[7].median();
  std::printf(
      "  beyond the signature in process: the daemon %.0f us, of which the disk %.0f us; allowed: a gRPC"
      " call and p11-kit %.0f us\n",
      daemon, disk, allowed);
  std::printf("  ratios: daemon/allowed %.2f; (daemon - disk)/allowed %.2f; daemon/(allowed + disk) %.2f\n",
              daemon / allowed, (daemon - disk) / allowed, daemon / (allowed + disk));
}

void Bench::logins() {
  std::vector<Way> ways;
  ways.push_back({"in process: C_Logout, C_Login, key found", [&] { in_process_->log_in_again(); }, {}});
  ways.push_back({"p11-kit server and client: the same", [&] { remoted_->log_in_again(); }, {}});
  ways.push_back({"insd-token, without gRPC: logout, login",
                  [&] {
                    child_->log_out();
                    child_->log_in();
                  },
                  {}});
  ways.push_back({"insd: Login to lease, then Logout",
                  [&] {
                    auto login = desk_.client().login();
                    const auto lease = login->finish(kPin);
                    if (!lease) throw std::runtime_error(login->failure().detail.ShortDebugString());
                    desk_.logout(lease->lease());
                  },
                  {}});
  for (int i = 0; i < kLogins; ++i) {
    for (auto& way : ways) way.measure(1);
  }
  std::printf("login to lease:\n");
  for (const auto& way : ways) print(way, ways[0].median());
}

void Bench::memory() {
  auto login = desk_.client().login();
  if (!login->finish(kPin)) throw std::runtime_error("no login");
  const auto children = children_of(desk_.world().insd().pid());
  if (children.size() != 1)
    throw std::runtime_error("insd has " + std::to_string(children.size()) + " children");
  const Memory token = memory_of(children.front());
  const Memory daemon = memory_of(desk_.world().insd().pid());
  const Memory p11_kit = memory_of_tree(p11_kit_->pid());
  std::printf("memory, logged in (resident, proportional; 0: the kernel does not say):\n");
  std::printf("  insd-token %ld kB, %ld kB   insd %ld kB, %ld kB   p11-kit's server %ld kB, %ld kB",
              token.resident, token.proportional, daemon.resident, daemon.proportional, p11_kit.resident,
              p11_kit.proportional);
  std::printf(
      "   insd-token to p11-kit's server: resident %.2f, proportional %.2f\n",
      static_cast<double>(token.resident) / static_cast<double>(std::max(p11_kit.resident, 1L)),
      static_cast<double>(token.proportional) / static_cast<double>(std::max(p11_kit.proportional, 1L)));
}

}  // namespace
}  // namespace insd::bench

int main(int argc, char** argv) try {
  if (argc == 3 && std::string(argv[1]) == "--serve-posted") return insd::bench::serve_posted(argv[2]);
  insd::bench::Bench().run();
  return 0;
} catch (const std::exception& error) {
  std::fprintf(stderr, "sign_bench: %s\n", error.what());
  return 1;
}
