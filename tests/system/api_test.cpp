// SPDX-License-Identifier: Apache-2.0
// The local API from outside: who may connect, how many, how much, and what happens at the edges.
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/create_channel_posix.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/system/desk_client.h"
#include "tests/world/spawn.h"
#include "tests/world/world.h"

namespace insd::test {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr uid_t kNobody = 65534;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) close(fd_);
  }
  [[nodiscard]] int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_;
};

Descriptor connect_to(const fs::path& path) {
  Descriptor made(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.native().copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    throw std::system_error(errno, std::generic_category(), "connect");
  }
  return made;
}

// The kernel notes the credentials of the thread that connects: only that thread becomes nobody.
Descriptor connect_as_nobody(const fs::path& path) {
  std::optional<Descriptor> made;
  std::exception_ptr failure;
  std::thread([&] {
    try {
      if (syscall(SYS_setgroups, 0, nullptr) != 0 || syscall(SYS_setresgid, kNobody, kNobody, kNobody) != 0 ||
          syscall(SYS_setresuid, kNobody, kNobody, kNobody) != 0) {
        throw std::system_error(errno, std::generic_category(), "setresuid");
      }
      made.emplace(connect_to(path));
    } catch (...) {
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
  return std::move(*made);
}

std::shared_ptr<grpc::Channel> channel_on(Descriptor socket) {
  return grpc::CreateInsecureChannelFromFd("insd", socket.release());
}

// A connection of its own: gRPC otherwise shares one for all channels to an address.
std::shared_ptr<grpc::Channel> own_channel(const fs::path& socket) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  return grpc::CreateCustomChannel("unix:" + socket.string(), grpc::InsecureChannelCredentials(), arguments);
}

grpc::Status get_info(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::GetInfoResponse response;
  return v1::SystemService::NewStub(channel)->GetInfo(&context, {}, &response);
}

v1::WhatMayIDoResponse what_may_i_do(const std::shared_ptr<grpc::Channel>& channel) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::WhatMayIDoResponse response;
  const auto status = v1::SystemService::NewStub(channel)->WhatMayIDo(&context, {}, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

struct RawAnswer {
  grpc::Status status;
  grpc::ByteBuffer bytes;
};

// A method by its name, for what no generated stub has.
RawAnswer call_by_name(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                       const grpc::ByteBuffer& request) {
  grpc::ClientContext context;
  context.set_deadline(deadline());
  grpc::CompletionQueue queue;
  grpc::GenericStub stub(channel);
  auto call = stub.PrepareUnaryCall(&context, method, request, &queue);
  call->StartCall();
  RawAnswer answer;
  call->Finish(&answer.bytes, &answer.status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  queue.Next(&tag, &ok);
  return answer;
}

// grpc.health.v1.Health/Check by its bytes: Debian ships no C++ code for it. The answer's status field; 1 =
// SERVING.
int health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  const std::string request = std::string("\x0a") + static_cast<char>(service.size()) + service;
  const grpc::Slice slice(request);
  const RawAnswer answer = call_by_name(channel, "/grpc.health.v1.Health/Check", grpc::ByteBuffer(&slice, 1));
  if (!answer.status.ok()) return -static_cast<int>(answer.status.error_code());
  grpc::Slice bytes;
  answer.bytes.DumpToSingleSlice(&bytes);
  return bytes.size() == 2 && bytes.begin()[0] == 0x08 ? bytes.begin()[1] : 0;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  if (at == std::string::npos) throw std::runtime_error("the configuration has no " + from);
  return text.replace(at, from.size(), to);
}

class ApiTest : public ::testing::Test {
 protected:
  // Without a pcscd: these tests are about callers.
  void start(const std::string& daemon_keys = "", const std::string& policy = "") {
    world_.start_insd(config(daemon_keys, policy));
  }
  std::string config(const std::string& daemon_keys = "", const std::string& policy = "") {
    std::string text = replaced(world_.insd_config(), "[daemon]\n", "[daemon]\n" + daemon_keys);
    if (!policy.empty()) text = replaced(text, "[[policy]]\nusers = [\"*\"]\nrole = \"desk\"\n", policy);
    return text;
  }
  void let_everybody_in() {
    chmod(world_.directory().c_str(), 0755);
    chmod(world_.socket().c_str(), 0666);
  }
  int threads() {
    std::ifstream status("/proc/" + std::to_string(world_.insd().pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Threads:")) return std::stoi(line.substr(8));
    }
    throw std::runtime_error("insd has no status");
  }
  template <class Condition>
  static bool eventually(Condition condition) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < until) {
      if (condition()) return true;
      std::this_thread::yield();
    }
    return false;
  }

  world::World world_;
};

TEST_F(ApiTest, HealthIsServedToEveryCaller) {
  start("", "[[policy]]\nusers = [\"*\"]\nrole = \"none\"\n");
  const auto channel = own_channel(world_.socket());
  EXPECT_EQ(health(channel, ""), 1);
  EXPECT_EQ(health(channel, "insd.v1.InsiService"), 1);
  EXPECT_EQ(health(channel, "insd.v1.NoSuchService"), -grpc::StatusCode::NOT_FOUND);
}

TEST_F(ApiTest, T_AUTH_01_ACallerWithoutARoleIsDeniedEveryMethod) {
  start("", "[[policy]]\nusers = [\"*\"]\nrole = \"none\"\n");
  DeskClient client(world_.socket());
  for (const auto& status :
       {decode(get_info(own_channel(world_.socket()))), std::get<Failure>(client.vitale()),
        std::get<Failure>(client.professional()), client.login()->failure()}) {
    EXPECT_EQ(status.detail.code(), "PERMISSION_DENIED");
    EXPECT_EQ(status.status.error_code(), grpc::StatusCode::PERMISSION_DENIED);
  }
  EXPECT_THROW(client.readers(), std::runtime_error);
}

TEST_F(ApiTest, T_AUTH_01_AMethodThatDoesNotExistIsRefused) {
  start();
  const auto status =
      call_by_name(own_channel(world_.socket()), "/insd.v1.SystemService/Shutdown", grpc::ByteBuffer())
          .status;
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(ApiTest, T_SOCK_02_TheCallerIsWhoeverConnected) {
  if (!world::may_become_others() || getenv("INSD_ISOLATED") == nullptr)
    GTEST_SKIP() << "only root can become somebody else";
  start("", "[[policy]]\nusers = [\"0\"]\nrole = \"admin\"\n");
  EXPECT_THROW(connect_as_nobody(world_.socket()), std::system_error) << "the socket's mode keeps nobody out";
  let_everybody_in();
  // The socket is used by root, but nobody connected it.
  const auto status = decode(get_info(channel_on(connect_as_nobody(world_.socket()))));
  EXPECT_EQ(status.detail.code(), "PERMISSION_DENIED");
  const auto mine = what_may_i_do(channel_on(connect_to(world_.socket())));
  EXPECT_EQ(mine.uid(), 0U);
  EXPECT_EQ(mine.role(), v1::CALLER_ROLE_ADMIN);
}

TEST_F(ApiTest, T_PIN_05_ALeaseServesNoOtherUser) {
  if (!world::may_become_others()) GTEST_SKIP() << "only root can become somebody else";
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-dr-exemple");
  world_.start_insi();
  start();
  let_everybody_in();
  DeskClient client(world_.socket());
  auto login = client.login();
  const auto lease = login->finish("1234");
  ASSERT_TRUE(lease) << login->failure().detail.ShortDebugString();

  const auto nobody = v1::InsiService::NewStub(channel_on(connect_as_nobody(world_.socket())));
  const auto request = DeskClient::zoe(DeskClient::context(lease->lease()));
  grpc::ClientContext context;
  context.set_deadline(deadline());
  v1::SearchByTraitsResponse response;
  EXPECT_EQ(decode(nobody->SearchByTraits(&context, request, &response)).detail.code(), "LEASE_INVALID");
  EXPECT_EQ(code_of(client.search(request)), "OK") << "its owner may";
}

TEST_F(ApiTest, TwoHundredConnectionsNeedNoMoreThreads) {
  start("max_connections_per_uid = 256\n");
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  const auto open = [&](std::size_t count) {
    while (channels.size() < count) {
      channels.push_back(own_channel(world_.socket()));
      const auto status = get_info(channels.back());
      ASSERT_TRUE(status.ok()) << channels.size() << ": " << status.error_message();
    }
  };
  open(20);
  // gRPC's own pools grow with the load up to a size that only the processors decide: first they are filled,
  // but for the last thread or two.
  std::vector<std::jthread> load;
  for (const auto& channel : channels) {
    load.emplace_back([channel] {
      for (int i = 0; i < 10; ++i) EXPECT_TRUE(get_info(channel).ok());
    });
  }
  load.clear();
  const int few = threads();
  open(200);
  EXPECT_LE(threads(), few + static_cast<int>(std::thread::hardware_concurrency())) << "at first " << few;
  // All of them still serve.
  for (const auto& channel : channels) EXPECT_TRUE(get_info(channel).ok());
}

TEST_F(ApiTest, T_SOCK_01_DescriptorExhaustionIsSurvived) {
  start("max_connections = 4096\nmax_connections_per_uid = 4096\n");
  const rlimit low{64, 64};
  ASSERT_EQ(prlimit(world_.insd().pid(), RLIMIT_NOFILE, &low, nullptr), 0);
  {
    std::vector<Descriptor> idle;
    for (int i = 0; i < 300; ++i) idle.push_back(connect_to(world_.socket()));
    // Those it could not take are closed, not left waiting: the last one hears of it.
    char byte = 0;
    timeval patience{20, 0};
    setsockopt(idle.back().get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    EXPECT_EQ(read(idle.back().get(), &byte, 1), 0);
  }
  EXPECT_TRUE(world_.insd().running());
  EXPECT_TRUE(eventually([&] { return get_info(own_channel(world_.socket())).ok(); }));
}

TEST_F(ApiTest, T_SOCK_01_OneUserCannotTakeAllConnections) {
  if (!world::may_become_others()) GTEST_SKIP() << "only root can become somebody else";
  start("max_connections_per_uid = 3\n");
  let_everybody_in();
  std::vector<Descriptor> greedy;
  for (int i = 0; i < 3; ++i) greedy.push_back(connect_as_nobody(world_.socket()));
  const Descriptor refused = connect_as_nobody(world_.socket());
  char byte = 0;
  timeval patience{20, 0};
  setsockopt(refused.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  EXPECT_EQ(read(refused.get(), &byte, 1), 0);
  EXPECT_TRUE(get_info(own_channel(world_.socket())).ok()) << "another user";
  greedy.pop_back();
  EXPECT_TRUE(eventually([&] { return get_info(channel_on(connect_as_nobody(world_.socket()))).ok(); }));
}

TEST_F(ApiTest, T_SOCK_03_OversizedMessagesAndMetadataAreRefused) {
  start();
  // Each on a connection of its own: gRPC may close the one that brought too much.
  const auto read = [&](grpc::ClientContext& context, const std::string& reader) {
    context.set_deadline(deadline());
    v1::ReadVitaleRequest request;
    request.mutable_card()->set_reader(reader);
    v1::ReadVitaleResponse response;
    return v1::VitaleService::NewStub(own_channel(world_.socket()))->ReadVitale(&context, request, &response);
  };
  grpc::ClientContext large;
  EXPECT_EQ(read(large, std::string(300 * 1024, 'x')).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  grpc::ClientContext metadata;
  metadata.AddMetadata("x-large", std::string(9 * 1024, 'x'));
  EXPECT_EQ(read(metadata, {}).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  grpc::ClientContext field;
  const auto failure = decode(read(field, std::string(201, 'x')));
  ASSERT_EQ(failure.detail.field_violations_size(), 1) << failure.status.error_message();
  EXPECT_EQ(failure.detail.field_violations(0).field(), "card.reader");
  EXPECT_TRUE(get_info(own_channel(world_.socket())).ok());
}

TEST_F(ApiTest, T_SOCK_03_WhatIsNotHttp2IsClosed) {
  start();
  const Descriptor garbage = connect_to(world_.socket());
  const std::string text = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
  ASSERT_EQ(write(garbage.get(), text.data(), text.size()), static_cast<ssize_t>(text.size()));
  timeval patience{20, 0};
  setsockopt(garbage.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  char bytes[4096];
  ssize_t got = 1;
  while (got > 0) got = read(garbage.get(), bytes, sizeof(bytes));
  EXPECT_EQ(got, 0);
  EXPECT_TRUE(get_info(own_channel(world_.socket())).ok());
}

TEST_F(ApiTest, TooManyRequestsAreRefusedForAWhile) {
  start("requests_per_minute = 5\n");
  const auto channel = own_channel(world_.socket());
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(get_info(channel).ok());
  const auto failure = decode(get_info(channel));
  EXPECT_EQ(failure.detail.code(), "RATE_LIMITED");
  EXPECT_EQ(failure.detail.retry(), v1::RETRY_RULE_LATER);
}

TEST_F(ApiTest, ErrorsSpeakTheCallersLanguage) {
  start();
  const auto stub = v1::VitaleService::NewStub(own_channel(world_.socket()));
  const auto remedy = [&](const std::string& language) {
    grpc::ClientContext context;
    context.set_deadline(deadline());
    if (!language.empty()) context.AddMetadata("accept-language", language);
    v1::ReadVitaleResponse response;
    return decode(stub->ReadVitale(&context, {}, &response)).detail.remedy();
  };
  EXPECT_THAT(remedy(""), HasSubstr("démarrer"));
  EXPECT_THAT(remedy("en"), HasSubstr("Start it"));
}

TEST_F(ApiTest, WatchBeginsWithASnapshotAndItsEnd) {
  start();
  grpc::ClientContext context;
  context.set_deadline(deadline());
  auto stream = v1::ReaderService::NewStub(own_channel(world_.socket()))->WatchReaders(&context, {});
  v1::WatchReadersResponse message;
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_EQ(message.pcsc().state(), v1::PCSC_STATE_ABSENT);
  EXPECT_FALSE(message.pcsc().remedy().empty());
  ASSERT_TRUE(stream->Read(&message));
  EXPECT_TRUE(message.has_snapshot_end());
  // Then what happens.
  world_.start_pcscd();
  bool available = false;
  bool reader = false;
  while (!(available && reader) && stream->Read(&message)) {
    available = available || message.pcsc().state() == v1::PCSC_STATE_AVAILABLE;
    reader = reader || message.reader().name() == world_.reader_name(0);
  }
  EXPECT_TRUE(available && reader);
  context.TryCancel();
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::CANCELLED);
}

TEST_F(ApiTest, ReloadTakesAGoodFileAndKeepsTheOldForABadOne) {
  start();
  const auto channel = own_channel(world_.socket());
  EXPECT_EQ(what_may_i_do(channel).role(), v1::CALLER_ROLE_DESK);
  world_.write_file("insd.toml", "nonsense = 1\n");
  world_.insd().signal(SIGHUP);
  const auto log_says = [&](const std::string& text) {
    std::ifstream log(world_.insd().log());
    return std::string(std::istreambuf_iterator<char>(log), {}).find(text) != std::string::npos;
  };
  EXPECT_TRUE(eventually([&] { return log_says("insd.toml:1: unknown key nonsense"); }));
  EXPECT_EQ(what_may_i_do(channel).role(), v1::CALLER_ROLE_DESK);
  world_.write_file("insd.toml", config("", "[[policy]]\nusers = [\"*\"]\nrole = \"admin\"\n"));
  world_.insd().signal(SIGHUP);
  EXPECT_TRUE(eventually([&] { return what_may_i_do(channel).role() == v1::CALLER_ROLE_ADMIN; }));
}

TEST_F(ApiTest, T_AUTH_01_AWatcherWhoLosesTheRightLosesTheStream) {
  start();
  grpc::ClientContext context;
  context.set_deadline(deadline());
  auto stream = v1::ReaderService::NewStub(own_channel(world_.socket()))->WatchReaders(&context, {});
  v1::WatchReadersResponse message;
  ASSERT_TRUE(stream->Read(&message));
  world_.write_file("insd.toml", config("",
                                        "[[policy]]\nusers = [\"*\"]\nrole = \"desk\"\n"
                                        "methods = [\"SystemService/*\"]\n"));
  world_.insd().signal(SIGHUP);
  while (stream->Read(&message)) {
  }
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(ApiTest, T_SOCK_01_OneUserCannotHoldStreamsWithoutEnd) {
  start();
  struct Stream {
    grpc::ClientContext context;
    std::unique_ptr<grpc::ClientReader<v1::WatchReadersResponse>> reader;
    v1::WatchReadersResponse first;
  };
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < 4; ++i) channels.push_back(own_channel(world_.socket()));
  std::vector<std::unique_ptr<Stream>> streams;
  const auto open_one = [&](const v1::WatchReadersRequest& request) {
    streams.push_back(std::make_unique<Stream>());
    Stream& stream = *streams.back();
    stream.context.set_deadline(deadline());
    const auto& channel = channels[streams.size() % channels.size()];
    stream.reader = v1::ReaderService::NewStub(channel)->WatchReaders(&stream.context, request);
    return stream.reader->Read(&stream.first);
  };
  v1::WatchReadersRequest large;
  large.GetReflection()->MutableUnknownFields(&large)->AddLengthDelimited(1000, std::string(2000, 'x'));
  EXPECT_FALSE(open_one(large));
  EXPECT_EQ(streams.back()->reader->Finish().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  streams.clear();
  for (int i = 0; i < 64; ++i) ASSERT_TRUE(open_one({})) << i;
  EXPECT_FALSE(open_one({}));
  EXPECT_EQ(streams.back()->reader->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  streams.erase(streams.begin(), streams.begin() + 2);  // the end of a stream cancels it
  EXPECT_TRUE(eventually([&] {
    const bool open = open_one({});
    if (!open) streams.pop_back();
    return open;
  }));
}

TEST_F(ApiTest, SigtermEndsItWithStreamsOpen) {
  start();
  grpc::ClientContext context;
  context.set_deadline(deadline());
  auto stream = v1::ReaderService::NewStub(own_channel(world_.socket()))->WatchReaders(&context, {});
  v1::WatchReadersResponse message;
  ASSERT_TRUE(stream->Read(&message));
  const Descriptor silent = connect_to(world_.socket());
  EXPECT_EQ(world_.insd().end(SIGTERM), 0);
  while (stream->Read(&message)) {
  }
  EXPECT_FALSE(stream->Finish().ok());
  EXPECT_FALSE(fs::exists(world_.socket())) << "its own socket goes with it";
}

TEST_F(ApiTest, ASocketPassedBySystemdIsServed) {
  const fs::path socket = world_.directory() / "activated.sock";
  const fs::path file = world_.write_file("insd.toml", config());
  world::Process activated(
      {"systemd-socket-activate", "-l", socket.string(), "insd", "--config", file.string()},
      world_.environment(), world_.directory() / "activated.log");
  ASSERT_TRUE(eventually([&] { return fs::exists(socket); }));
  // The socket is there a moment before it listens.
  EXPECT_TRUE(eventually([&] { return get_info(own_channel(socket)).ok(); }));
  EXPECT_EQ(activated.end(SIGTERM), 0);
  EXPECT_TRUE(fs::exists(socket)) << "systemd's socket is systemd's";
}

TEST_F(ApiTest, T_SOCK_04_ASecondDaemonDoesNotTakeTheSocket) {
  start();
  const auto outcome = world_.run({"insd", "--config", (world_.directory() / "insd.toml").string()});
  EXPECT_EQ(outcome.status, 78);
  EXPECT_THAT(outcome.err, HasSubstr("another daemon listens there"));
  EXPECT_TRUE(get_info(own_channel(world_.socket())).ok());
}

TEST_F(ApiTest, CheckConfigNamesTheLine) {
  const auto good = world_.write_file("good.toml", config());
  EXPECT_EQ(world_.run({"insd", "--check-config", good.string()}).status, 0);
  const auto bad = world_.write_file("bad.toml", "[insi]\nfoo = 1\n");
  const auto outcome = world_.run({"insd", "--check-config", bad.string()});
  EXPECT_EQ(outcome.status, 78);
  EXPECT_THAT(outcome.err, HasSubstr("bad.toml:2: unknown key insi.foo"));
}

TEST_F(ApiTest, T_MEM_01_NoCoreAndNoTracer) {
  start();
  std::ifstream limits("/proc/" + std::to_string(world_.insd().pid()) + "/limits");
  const std::string text(std::istreambuf_iterator<char>(limits), {});
  const auto line = text.find("Max core file size");
  ASSERT_NE(line, std::string::npos);
  EXPECT_THAT(text.substr(line, text.find('\n', line) - line), ::testing::ContainsRegex("size +0 +0 "));
}

// Reads what insd has in memory and may write to (its own data; libraries' code is not searched). Throws when
// the machine does not let us.
std::size_t occurrences_in_memory(pid_t pid, const std::string& text) {
  std::ifstream maps("/proc/" + std::to_string(pid) + "/maps");
  std::ifstream memory("/proc/" + std::to_string(pid) + "/mem", std::ios::binary);
  if (!memory) throw std::runtime_error("insd's memory cannot be read");
  std::size_t found = 0;
  for (std::string line; std::getline(maps, line);) {
    if (line.find(" rw") == std::string::npos) continue;
    const auto begin = std::stoull(line, nullptr, 16);
    const auto end = std::stoull(line.substr(line.find('-') + 1), nullptr, 16);
    std::string bytes(end - begin, '\0');
    memory.clear();
    memory.seekg(static_cast<std::streamoff>(begin));
    memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    bytes.resize(static_cast<std::size_t>(memory.gcount()));
    for (auto at = bytes.find(text); at != std::string::npos; at = bytes.find(text, at + 1)) ++found;
  }
  return found;
}

TEST_F(ApiTest, T_MEM_01_ThePinStaysNowhereInMemory) {
  world_.start_pcscd();
  world_.insert_card(0, "cps3", "cps-dr-second");
  start();
  if (!std::ifstream("/proc/" + std::to_string(world_.insd().pid()) + "/mem")) {
    GTEST_SKIP() << "the daemon's memory is closed to this user, as it should be to ordinary ones";
  }
  DeskClient client(world_.socket());
  // What is not secret is found: the search itself works.
  v1::LoginStart start;
  start.set_purpose_id("visit-to-be-found");
  for (const std::string digits : {"73519046", "246801", "864209"}) {  // malformed, right, wrong
    auto login = client.login(start);
    const auto question = login->next();
    ASSERT_TRUE(question && question->has_prompt());
    EXPECT_GT(occurrences_in_memory(world_.insd().pid(), "visit-to-be-found"), 0U);
    login->pin(question->prompt().prompt_id(), digits);
    EXPECT_EQ(login->next().has_value(), digits == "246801") << login->failure().detail.ShortDebugString();
    EXPECT_EQ(occurrences_in_memory(world_.insd().pid(), digits), 0U) << digits;
  }
}

}  // namespace
}  // namespace insd::test
