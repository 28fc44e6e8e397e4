// SPDX-License-Identifier: Apache-2.0
// A desk of an establishment with IdentityService, and the ways to an identity of each status.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "insd/v1/identity_service.grpc.pb.h"
#include "tests/system/organisation_desk.h"

namespace insd::test {

inline constexpr const char* kNir = "1.2.250.1.213.1.4.8";

inline v1::ActContext act() {
  v1::ActContext context;
  context.set_purpose_id("visit-1");
  context.set_request_id("request-1");
  context.mutable_acting_user()->set_id("secretary-7");
  context.mutable_acting_user()->set_authenticated_how("smartcard");
  return context;
}

inline v1::IdentityTraits zoe() {
  v1::IdentityTraits traits;
  traits.set_birth_name("Adrun");
  traits.set_given_names("Zo\u00e9");
  traits.set_first_given_name("Zoe");
  traits.set_sex("F");
  traits.set_birth_date("1975-12-31");
  traits.set_birth_place("63220");
  return traits;
}

inline std::vector<std::string> fields_of(const Failure& failure) {
  std::vector<std::string> fields;
  for (const auto& violation : failure.detail.field_violations()) fields.push_back(violation.field());
  return fields;
}

inline std::vector<std::string> missing_of(const v1::IdentityReport& report) {
  std::vector<std::string> codes;
  for (const auto& missing : report.missing()) codes.push_back(missing.code());
  return codes;
}

class IdentityDesk : public OrganisationDesk {
 protected:
  IdentityDesk() {
    world_.write_file("passphrase", "secret\n");
    run({"openssl", "pkcs12", "-export", "-in", pki() / "organisation/insi-manu.cert.pem", "-inkey",
         pki() / "organisation/insi-manu.key.pem", "-passout", "pass:secret", "-out", file().string()});
    std::filesystem::permissions(file(),
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    world_.write_file("site.key", std::string(32, 's'));
    std::filesystem::permissions(world_.directory() / "site.key",
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  }
  [[nodiscard]] std::filesystem::path file() const { return world_.directory() / "organisation.p12"; }

  /// `role`: the line of the policy and what follows it; `state`: the directory of another daemon.
  void start(const std::string& role = "role = \"desk\"\n", const std::string& state = "state",
             unsigned requests_per_minute = 600) {
    std::string text =
        config("organisation.pkcs12 = \"" + file().string() + "\"\norganisation.passphrase_file = \"" +
               (world_.directory() / "passphrase").string() + "\"\n") +
        "[identity]\nsite_key = \"" + (world_.directory() / "site.key").string() + "\"\n";
    const auto replace = [&text](const std::string& from, const std::string& to) {
      text.replace(text.find(from), from.size(), to);
    };
    replace("[daemon]\n", "[daemon]\nrequests_per_minute = " + std::to_string(requests_per_minute) + "\n");
    replace("role = \"desk\"\n", role);
    replace((world_.directory() / "state").string(), (world_.directory() / state).string());
    world_.start_insd(text);
    client_.emplace(world_.socket());
    stub_ = v1::IdentityService::NewStub(
        grpc::CreateChannel("unix:" + world_.socket().string(), grpc::InsecureChannelCredentials()));
  }
  void restart(const std::string& role = "role = \"desk\"\n", const std::string& state = "state") {
    world_.stop_insd();
    start(role, state);
  }

  template <class Request, class Response>
  std::variant<Response, Failure> call(grpc::Status (v1::IdentityService::Stub::*method)(grpc::ClientContext*,
                                                                                         const Request&,
                                                                                         Response*),
                                       const Request& request) {
    grpc::ClientContext context;
    context.set_deadline(deadline());
    Response response;
    const auto status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return decode(status);
    return response;
  }
  template <class Method, class Request>
  auto done(Method method, const Request& request) {
    return expect_value(call(method, request));
  }
  template <class Method, class Request>
  Failure refused(Method method, const Request& request) {
    const auto outcome = call(method, request);
    if (const auto* failure = std::get_if<Failure>(&outcome)) return *failure;
    ADD_FAILURE() << "it is not refused";
    return {};
  }

  std::string answer_id() { return expect_value(search()).answer_id(); }
  v1::IdentityReport create() {
    v1::CreateIdentityRequest request;
    *request.mutable_context() = act();
    *request.mutable_traits() = zoe();
    request.mutable_used_names()->set_used_name("Martin-Adrun");
    return done(&Stub::CreateIdentity, request).identity();
  }
  static v1::AcceptRequest acceptance(const std::string& id, const std::string& answer) {
    v1::AcceptRequest request;
    *request.mutable_context() = act();
    request.mutable_identity()->set_identity_id(id);
    request.set_answer_id(answer);
    return request;
  }
  /// Of what a token brought: nothing is known here, so every trait is confirmed.
  static v1::AcceptRequest acceptance_of_all(const std::string& id) {
    auto request = acceptance(id, "");
    for (const auto trait : {v1::TRAIT_BIRTH_NAME, v1::TRAIT_GIVEN_NAMES, v1::TRAIT_SEX, v1::TRAIT_BIRTH_DATE,
                             v1::TRAIT_BIRTH_PLACE}) {
      request.add_confirmed_traits(trait);
    }
    return request;
  }
  static v1::ValidateRequest passport(const v1::IdentityReport& shown) {
    v1::ValidateRequest request;
    *request.mutable_context() = act();
    request.mutable_identity()->set_identity_id(shown.identity_id());
    request.mutable_evidence()->set_type(v1::EVIDENCE_TYPE_PASSPORT);
    request.set_traits_digest(shown.traits_digest());
    return request;
  }
  v1::IdentityReport qualified() {
    const auto accepted = done(&Stub::Accept, acceptance(create().identity_id(), answer_id())).identity();
    return done(&Stub::Validate, passport(accepted)).identity();
  }
  v1::SealResponse sealed(const std::string& id, v1::TokenAudience audience) {
    v1::SealRequest request;
    *request.mutable_context() = act();
    request.mutable_identity()->set_identity_id(id);
    request.set_audience(audience);
    return done(&Stub::Seal, request);
  }
  static v1::RestoreRequest restoring(const std::string& token) {
    v1::RestoreRequest request;
    *request.mutable_context() = act();
    request.set_sealed_token(token);
    return request;
  }
  v1::IdentityReport demoted(const std::string& id, v1::Demotion what = v1::DEMOTION_ALL) {
    v1::DemoteRequest request;
    *request.mutable_context() = act();
    request.mutable_identity()->set_identity_id(id);
    request.set_demotion(what);
    return done(&Stub::Demote, request).identity();
  }

  using Stub = v1::IdentityService::Stub;
  std::unique_ptr<Stub> stub_;
};

}  // namespace insd::test
