// SPDX-License-Identifier: Apache-2.0
// The C++ examples of docs/services: what stands between "// [name]" and "// [/name]" is in the page of that
// name. `insd-examples NAME` asks the daemon at INSD_SOCKET, else at unix:/run/insd/insd.sock.
#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <string>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "insd/v1/identity_service.grpc.pb.h"
#include "insd/v1/insi_service.grpc.pb.h"
#include "insd/v1/journal_service.grpc.pb.h"
#include "insd/v1/maintenance_service.grpc.pb.h"
#include "insd/v1/professional_service.grpc.pb.h"
#include "insd/v1/reader_service.grpc.pb.h"
#include "insd/v1/render_service.grpc.pb.h"
#include "insd/v1/system_service.grpc.pb.h"
#include "insd/v1/vitale_service.grpc.pb.h"

namespace v1 = insd::v1;
using Channel = std::shared_ptr<grpc::Channel>;

namespace {

grpc::Status system_example(const Channel& channel) {
  // [system]
  const auto insd = v1::SystemService::NewStub(channel);
  grpc::ClientContext context;
  v1::GetInfoResponse info;
  const grpc::Status status = insd->GetInfo(&context, v1::GetInfoRequest(), &info);
  if (status.ok()) std::cout << info.version() << ' ' << v1::Environment_Name(info.environment()) << '\n';
  // [/system]
  return status;
}

grpc::Status reader_example(const Channel& channel) {
  // [reader]
  const auto readers = v1::ReaderService::NewStub(channel);
  grpc::ClientContext context;
  const auto events = readers->WatchReaders(&context, v1::WatchReadersRequest());
  v1::WatchReadersResponse event;
  while (events->Read(&event) && !event.has_snapshot_end()) {
    if (event.has_reader())
      std::cout << event.reader().name() << ' ' << v1::ReaderState_Name(event.reader().state()) << '\n';
  }
  const bool complete = event.has_snapshot_end();  // read on to be told every change
  context.TryCancel();
  const grpc::Status status = events->Finish();
  // [/reader]
  return complete ? grpc::Status::OK : status;
}

grpc::Status vitale_example(const Channel& channel) {
  // [vitale]
  const auto cards = v1::VitaleService::NewStub(channel);
  grpc::ClientContext context;
  v1::ReadVitaleResponse response;
  const grpc::Status status = cards->ReadVitale(&context, v1::ReadVitaleRequest(), &response);
  for (const v1::Beneficiary& person : response.reading().beneficiaries())
    std::cout << person.index() << ' ' << person.usual_name() << ' ' << person.given_name() << '\n';
  // [/vitale]
  return status;
}

grpc::Status professional_example(const Channel& channel) {
  // [professional]
  const auto desk = v1::ProfessionalService::NewStub(channel);
  grpc::ClientContext context;
  const auto dialogue = desk->Login(&context);
  v1::LoginRequest answer;
  answer.mutable_start();
  dialogue->Write(answer);
  v1::LoginResponse step;
  while (dialogue->Read(&step) && step.has_prompt()) {
    std::cerr << step.prompt().holder() << ", " << step.prompt().tries_left() << " tries left: ";
    std::string pin;  // a real program reads it without echo, and wipes it
    std::getline(std::cin, pin);
    answer.mutable_pin()->set_prompt_id(step.prompt().prompt_id());
    answer.mutable_pin()->set_pin(pin);
    dialogue->Write(answer);
  }
  if (step.has_lease()) std::cout << "logged in as " << step.lease().holder() << '\n';
  const bool logged_in = step.has_lease();
  if (logged_in) context.TryCancel();  // the login lasts as long as this stream
  const grpc::Status status = dialogue->Finish();
  // [/professional]
  return logged_in ? grpc::Status::OK : status;
}

grpc::Status insi_example(const Channel& channel) {
  const char* const lease = std::getenv("INSD_LEASE");
  // [insi]
  const auto searches = v1::InsiService::NewStub(channel);
  v1::SearchByTraitsRequest request;
  request.mutable_context()->set_purpose_id("visit-4711");
  request.mutable_context()->set_request_id("4711-1");
  request.mutable_context()->add_identity_attributes(v1::IDENTITY_ATTRIBUTE_NONE);
  if (lease != nullptr) request.mutable_context()->set_lease(lease);
  request.mutable_traits()->set_birth_name("ECETINSI");
  request.mutable_traits()->add_given_names("PIERRE-ALAIN");
  request.mutable_traits()->set_sex("M");
  request.mutable_traits()->set_birth_date("2009-07-14");
  grpc::ClientContext context;
  v1::SearchByTraitsResponse response;
  const grpc::Status status = searches->SearchByTraits(&context, request, &response);
  if (status.ok()) std::cout << v1::SearchOutcome_Name(response.result().outcome()) << '\n';
  // [/insi]
  return status;
}

grpc::Status journal_example(const Channel& channel) {
  // [journal]
  const auto trail = v1::JournalService::NewStub(channel);
  grpc::ClientContext context;
  v1::ListJournalRecordsResponse page;
  const grpc::Status status = trail->ListJournalRecords(&context, v1::ListJournalRecordsRequest(), &page);
  for (const v1::JournalRecord& record : page.records())
    std::cout << record.sequence() << ' ' << record.operation() << ' ' << record.code() << '\n';
  // [/journal]
  return status;
}

grpc::Status identity_example(const Channel& channel) {
  // [identity]
  const auto identities = v1::IdentityService::NewStub(channel);
  v1::CreateIdentityRequest request;
  request.mutable_context()->set_purpose_id("visit-4711");
  request.mutable_context()->set_request_id("4711-2");
  request.mutable_context()->mutable_acting_user()->set_id("m.durand");
  request.mutable_context()->mutable_acting_user()->set_authenticated_how("directory password");
  request.mutable_traits()->set_birth_name("ECETINSI");
  request.mutable_traits()->set_first_given_name("PIERRE-ALAIN");
  request.mutable_traits()->set_sex("M");
  request.mutable_traits()->set_birth_date("2009-07-14");
  grpc::ClientContext context;
  v1::CreateIdentityResponse response;
  const grpc::Status status = identities->CreateIdentity(&context, request, &response);
  if (status.ok()) std::cout << v1::IdentityStatus_Name(response.identity().status()) << '\n';
  // [/identity]
  return status;
}

grpc::Status maintenance_example(const Channel& channel) {
  // [maintenance]
  const auto care = v1::MaintenanceService::NewStub(channel);
  grpc::ClientContext context;
  v1::CheckInsiResponse response;
  const grpc::Status status = care->CheckInsi(&context, v1::CheckInsiRequest(), &response);
  for (const v1::Check& check : response.checks())
    std::cout << check.name() << ' ' << v1::CheckState_Name(check.state()) << ' ' << check.code() << '\n';
  // [/maintenance]
  return status;
}

grpc::Status render_example(const Channel& channel) {
  // [render]
  const auto renderer = v1::RenderService::NewStub(channel);
  grpc::ClientContext context;
  v1::ParseDatamatrixRequest scan;
  scan.set_data(
      "IS010000000000000000000000S1260058815400233S21.2.250.1.213.1.4.10S3JEANNE MARIE "
      "CECILE\x1dS4DARK\x1dS5FS630-05-1960"
      "S788154");
  v1::ParseDatamatrixResponse said;
  const grpc::Status status = renderer->ParseDatamatrix(&context, scan, &said);
  if (status.ok())
    std::cout << said.traits().birth_name() << ", to do: " << said.missing_for_qualification_size() << '\n';
  // [/render]
  return status;
}

}  // namespace

int main(int count, char** words) {
  const std::map<std::string, std::function<grpc::Status(const Channel&)>> examples = {
      {"system", system_example},     {"reader", reader_example},
      {"vitale", vitale_example},     {"professional", professional_example},
      {"insi", insi_example},         {"journal", journal_example},
      {"identity", identity_example}, {"maintenance", maintenance_example},
      {"render", render_example}};
  const auto chosen = count == 2 ? examples.find(words[1]) : examples.end();
  if (chosen == examples.end()) {
    std::cerr << "usage: " << words[0] << " NAME\n";
    return 2;
  }
  const char* const socket = std::getenv("INSD_SOCKET");
  const grpc::Status status = chosen->second(grpc::CreateChannel(
      socket != nullptr ? socket : "unix:/run/insd/insd.sock", grpc::InsecureChannelCredentials()));
  if (status.ok()) return 0;
  std::cerr << status.error_message() << '\n';
  return 3;
}
