// SPDX-License-Identifier: Apache-2.0
// `insctl ins` and `insctl identity render`.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "clients/cli/failure.h"
#include "insd/v1/render_service.grpc.pb.h"
#include "tests/unit/clients/fake_daemon.h"
#include "tests/unit/clients/insctl_run.h"

namespace insd::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

using test::Ran;

Ran insctl(const std::vector<std::string>& arguments, const std::string& input = {}) {
  return test::run_insctl(arguments, input, false, [](const char* name) -> const char* {
    return std::string_view(name) == "LANG" ? "fr_FR.UTF-8" : nullptr;
  });
}

TEST(InsCheck, NeedsNoDaemonAndKnowsThePublishedNumbers) {
  for (const char* right :
       {"109076322083489", "209076322083439", "109076322088835", "180032B02040123", "160012B02077713",
        "279035121518989", "260058815400233", "277010115400329", "2 60 05 88 154 002 33"}) {
    const Ran made = insctl({"--socket", "/nowhere/insd.sock", "ins", "check", right});
    EXPECT_EQ(made.status, EXIT_OK) << right;
    EXPECT_THAT(made.out, HasSubstr("est juste"));
  }
  // Numbers of official material whose keys are wrong (specs: ins-rules 2).
  for (const char* wrong : {"181036322045660", "221042545611404", "123456789012244"}) {
    EXPECT_EQ(insctl({"ins", "check", wrong}).status, EXIT_NEGATIVE) << wrong;
  }
  EXPECT_THAT(insctl({"ins", "check", "181036322045660"}).out, HasSubstr("76"));
  EXPECT_THAT(insctl({"ins", "check", "2600588154002"}).out, HasSubstr("La clé de ce matricule est 33."));
}

TEST(InsCheck, OnlyTheOidTellsTheKind) {
  EXPECT_THAT(insctl({"ins", "check", "1090763220888"}).out, HasSubstr("--oid"));
  EXPECT_THAT(insctl({"ins", "check", "1090763220888", "--oid", "1.2.250.1.213.1.4.9"}).out,
              HasSubstr("NIA"));
  EXPECT_THAT(insctl({"ins", "check", "1090763220888", "--oid", "1.2.3"}).out, HasSubstr("espèce inconnue"));
  EXPECT_THAT(insctl({"--json", "ins", "check", "109076322088835", "--oid", "1.2.250.1.213.1.4.9"}).out,
              HasSubstr("\"kind\":\"NUMBER_KIND_NIA\""));
}

TEST(InsCheck, WhatIsNoNumberIsSaidSoAndNotRepeated) {
  for (const std::string bad : {"", "1", "18003XB020401", "18003AB02040123", "2600588154002A3",
                                "260058815400233333", "\x1b[2J260058815400", "26005881540020"}) {
    const Ran made = insctl({"ins", "check"}, bad + "\n");
    EXPECT_EQ(made.status, EXIT_NEGATIVE) << bad;
    EXPECT_THAT(made.out, IsEmpty());
    EXPECT_THAT(made.err, HasSubstr("13 caractères"));
  }
}

class RenderDaemon : public ::testing::Test, protected v1::RenderService::Service {
 protected:
  RenderDaemon() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(socket_, grpc::InsecureServerCredentials());
    builder.RegisterService(static_cast<v1::RenderService::Service*>(this));
    server_ = builder.BuildAndStart();
  }
  ~RenderDaemon() override { server_->Shutdown(); }

  Ran with_daemon(std::vector<std::string> arguments, const std::string& input = {}) {
    arguments.insert(arguments.begin(), {"--socket", socket_});
    return insctl(std::move(arguments), input);
  }

  grpc::Status ParseDatamatrix(grpc::ServerContext* /*context*/, const v1::ParseDatamatrixRequest* request,
                               v1::ParseDatamatrixResponse* response) override {
    scanned = request->data();
    *response = parsed;
    return grpc::Status::OK;
  }

  grpc::Status Render(grpc::ServerContext* /*context*/, const v1::RenderRequest* request,
                      v1::RenderResponse* response) override {
    asked = *request;
    *response = rendered;
    return grpc::Status::OK;
  }

  test::PrivateDirectory directory_;
  std::string socket_ = "unix:" + (directory_.path() / "insd.sock").string();
  std::unique_ptr<grpc::Server> server_;
  std::string scanned;
  v1::ParseDatamatrixResponse parsed;
  v1::RenderRequest asked;
  v1::RenderResponse rendered;
};

TEST_F(RenderDaemon, AScannedCodeIsSentWholeAndSaidToProveNothing) {
  parsed.mutable_number()->set_number("2770101154003");
  parsed.mutable_number()->set_key("29");
  parsed.mutable_number()->set_kind(v1::NUMBER_KIND_NIR);
  parsed.mutable_traits()->set_birth_name("GARCIA\x1b[2J");
  const std::string code = "IS01\x1DS4GARCIA" + std::string(300, 'A');
  const Ran made = with_daemon({"ins", "parse-datamatrix"}, code + "\n");
  EXPECT_EQ(made.status, EXIT_OK) << made.err;
  EXPECT_EQ(scanned, code);
  EXPECT_THAT(made.out, HasSubstr("2770101154003 29 (NIR)"));
  EXPECT_THAT(made.out, HasSubstr("GARCIA?[2J"));
  EXPECT_THAT(made.out, HasSubstr("provisoire"));
  EXPECT_THAT(with_daemon({"--json", "ins", "parse-datamatrix", "IS01"}).out, HasSubstr("\"birth_name\""));
  EXPECT_EQ(scanned, "IS01");
}

TEST_F(RenderDaemon, AnIdentityIsWrittenByteForByteAndItsTestMarkSaid) {
  rendered.set_content(std::string("\x89PNG\0\n", 6));
  rendered.set_test_environment(true);
  const std::string file = directory_.path() / "out.png";
  const Ran made = with_daemon({"identity", "render", "--format", "datamatrix-png", "--identity", "abc",
                                "--local-id", "IPP-42@1.2.3@CHU", "--local-id", "7@1.2.4", "--output", file});
  EXPECT_EQ(made.status, EXIT_OK) << made.err;
  EXPECT_EQ(asked.format(), v1::RENDER_FORMAT_DATAMATRIX_PNG);
  EXPECT_EQ(asked.identity().identity_id(), "abc");
  ASSERT_EQ(asked.local_identifiers_size(), 2);
  EXPECT_EQ(asked.local_identifiers(0).value(), "IPP-42");
  EXPECT_EQ(asked.local_identifiers(0).oid(), "1.2.3");
  EXPECT_EQ(asked.local_identifiers(0).namespace_id(), "CHU");
  EXPECT_EQ(asked.local_identifiers(1).oid(), "1.2.4");
  EXPECT_THAT(made.err, HasSubstr("ENVIRONNEMENT DE TEST"));
  std::ifstream written(file, std::ios::binary);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(written), {}), rendered.content());
  EXPECT_EQ(with_daemon({"identity", "render", "--format", "label", "--identity", "abc"}).out,
            rendered.content());
}

TEST_F(RenderDaemon, ASealedIdentityIsReadFromItsFile) {
  const std::string file = directory_.path() / "token";
  std::ofstream(file, std::ios::binary) << std::string("\0token\xFF", 7);
  EXPECT_EQ(with_daemon({"identity", "render", "--format", "hl7", "--token-file", file}).status, EXIT_OK);
  EXPECT_EQ(asked.identity().sealed_token(), std::string("\0token\xFF", 7));
  EXPECT_EQ(with_daemon({"identity", "render", "--format", "hl7", "--token-file", file + "x"}).status,
            EXIT_ERROR);
  EXPECT_EQ(with_daemon({"identity", "render", "--format", "hl7"}).status, EXIT_USAGE);
  EXPECT_EQ(with_daemon({"identity", "render", "--format", "pdf", "--identity", "a"}).status, EXIT_USAGE);
  EXPECT_EQ(
      with_daemon({"identity", "render", "--format", "hl7", "--identity", "a", "--local-id", "1"}).status,
      EXIT_USAGE);
}

}  // namespace
}  // namespace insd::cli
