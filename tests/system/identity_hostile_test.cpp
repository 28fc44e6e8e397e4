// SPDX-License-Identifier: Apache-2.0
// Every field of every request about identities, found by descriptor, with what no honest caller sends:
// refused by its name, and nothing half applied.
#include <algorithm>
#include <functional>
#include <set>

#include <gmock/gmock.h>

#include "insd/v1/render_service.grpc.pb.h"
#include "tests/system/identity_desk.h"

namespace insd::test {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

struct Change {
  std::string field;  // path in the request, without the numbers of repeated fields
  std::string what;
  bool never_right;
  std::function<void(Message&)> make;
};
using Reach = std::function<Message&(Message&)>;

const std::vector<std::pair<const char*, std::string>>& hostile_texts() {
  static const std::vector<std::pair<const char*, std::string>> texts = {
      {"NUL", std::string("A\0B", 3)},
      {"line end", "A\nB"},
      {"right-to-left override", "A\u202EB"},
      {"5000 characters", std::string(5000, 'A')},
      {"200 kB", std::string(200'000, 'A')},
      {"1 MB", std::string(1'000'000, 'A')},
      {"decomposed and wide", "e\u0301\U0001F9FF"},
  };
  return texts;
}

void set_value(Message& at, const FieldDescriptor* field, const std::string& value) {
  const auto* how = at.GetReflection();
  field->is_repeated() ? how->AddString(&at, field, value) : how->SetString(&at, field, value);
}
void set_value(Message& at, const FieldDescriptor* field, int value) {
  const auto* how = at.GetReflection();
  field->is_repeated() ? how->AddEnumValue(&at, field, value) : how->SetEnumValue(&at, field, value);
}

void add_values(std::vector<Change>& changes, const std::string& name, const Reach& reach,
                const FieldDescriptor* field) {
  const auto add = [&](const std::string& what, bool never_right, auto value) {
    changes.push_back(
        {name, what, never_right, [=](Message& root) { set_value(reach(root), field, value); }});
  };
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      for (const auto& [what, text] : hostile_texts())
        add(what, std::string_view(what) != "decomposed and wide", text);
      break;
    case FieldDescriptor::CPPTYPE_ENUM:
      add("enumerator 77", true, 77);
      add("enumerator -1", true, -1);
      break;
    default:
      break;
  }
}

void add_numbers(std::vector<Change>& changes, const std::string& name, const Reach& reach,
                 const FieldDescriptor* field) {
  const auto add = [&](const char* what, auto set) {
    changes.push_back({name, what, false, [=](Message& root) {
                         Message& at = reach(root);
                         set(at, at.GetReflection());
                       }});
  };
  if (field->is_repeated()) return;
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT32)
    add("largest", [=](Message& at, const auto* how) { how->SetUInt32(&at, field, 0xFFFFFFFFU); });
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_UINT64)
    add("largest", [=](Message& at, const auto* how) { how->SetUInt64(&at, field, ~0ULL); });
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) {
    add("smallest", [=](Message& at, const auto* how) { how->SetInt64(&at, field, INT64_MIN); });
    add("largest", [=](Message& at, const auto* how) { how->SetInt64(&at, field, INT64_MAX); });
  }
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT32)
    add("smallest", [=](Message& at, const auto* how) { how->SetInt32(&at, field, INT32_MIN); });
}

// NOLINTNEXTLINE(misc-no-recursion): as deep as the contract
void collect(const Descriptor& type, const std::string& path, const Reach& reach,
             std::vector<Change>& changes) {
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    const std::string name = path.empty() ? field->name() : path + "." + field->name();
    if (field->is_repeated() && field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      changes.push_back({name, "10000 empty entries", true, [=](Message& root) {
                           Message& at = reach(root);
                           for (int n = 0; n < 10'000; ++n) at.GetReflection()->AddMessage(&at, field);
                         }});
    }
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      add_values(changes, name, reach, field);
      add_numbers(changes, name, reach, field);
      continue;
    }
    const Reach deeper = [=](Message& root) -> Message& {
      Message& at = reach(root);
      const auto* how = at.GetReflection();
      if (!field->is_repeated()) return *how->MutableMessage(&at, field);
      if (how->FieldSize(at, field) == 0) how->AddMessage(&at, field);
      return *how->MutableRepeatedMessage(&at, field, 0);
    };
    collect(*field->message_type(), name, deeper, changes);
  }
}

std::string without_numbers(std::string path) {
  for (auto open = path.find('['); open != std::string::npos; open = path.find('[')) {
    path.erase(open, path.find(']', open) - open + 1);
  }
  return path;
}

// "facts.history" and "facts.history.key" speak of each other.
bool related(const std::string& violation, const std::string& field) {
  const std::string named = without_numbers(violation);
  const auto begins = [](const std::string& text, const std::string& with) {
    return text.compare(0, with.size(), with) == 0 &&
           (text.size() == with.size() || text[with.size()] == '.');
  };
  return begins(named, field) || begins(field, named);
}

class HostileIdentityTest : public IdentityDesk {
 protected:
  void start_desk() {
    start("role = \"desk\"\nrights = [\"declare_identity\", \"accept_apcv\"]\n", "state", 1'000'000);
    renderer_ = v1::RenderService::NewStub(
        grpc::CreateChannel("unix:" + world_.socket().string(), grpc::InsecureChannelCredentials()));
    identity_ = create();
    answer_ = answer_id();
  }

  v1::IdentityReport now() {
    v1::GetStatusRequest request;
    request.mutable_identity()->set_identity_id(identity_.identity_id());
    return done(&Stub::GetStatus, request).identity();
  }

  // Says nothing when the refusal is one.
  void judge(const Change& change, const std::string& method, const grpc::Status& status) {
    SCOPED_TRACE(method + " " + change.field + ": " + change.what);
    EXPECT_FALSE(change.never_right && status.ok()) << "it is not refused";
    if (status.ok()) return;
    if (status.error_code() == grpc::StatusCode::RESOURCE_EXHAUSTED && change.what == "1 MB") return;
    const Failure failure = decode(status);
    EXPECT_NE(failure.detail.code(), "") << status.error_message();
    EXPECT_NE(failure.detail.code(), "INTERNAL");
    const std::set<std::string> without_field = {
        "IDENTITY_TOKEN_INVALID", "LEASE_INVALID",  "NOT_FOUND",
        "IDENTITY_STALE",         "IDENTITY_STATE", "CONFIRMATION_REQUIRED"};
    const auto fields = fields_of(failure);
    const bool named =
        std::ranges::any_of(fields, [&](const std::string& field) { return related(field, change.field); });
    const bool known = without_field.contains(failure.detail.code());
    EXPECT_TRUE(named || (known && (fields.empty() || !change.never_right)))
        << failure.detail.ShortDebugString();
    for (const auto& text : {failure.detail.ShortDebugString(), status.error_message()}) {
      EXPECT_EQ(text.find("AAAAAAAAAA"), std::string::npos) << "the value is repeated";
    }
  }

  template <class Service, class Request, class Response>
  void walk(Service& service,
            grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Response*),
            const Request& base, const std::string& only = "", const std::string& but = "-") {
    std::vector<Change> changes;
    collect(
        *Request::descriptor(), "", [](Message& root) -> Message& { return root; }, changes);
    ASSERT_FALSE(changes.empty());
    v1::IdentityReport before = now();
    for (const Change& change : changes) {
      if (!change.field.starts_with(only) || change.field.starts_with(but)) continue;
      Request request = base;
      change.make(request);
      grpc::ClientContext context;
      context.set_deadline(deadline());
      Response response;
      const auto status = (service.*method)(&context, request, &response);
      judge(change, Request::descriptor()->name(), status);
      const auto after = now();
      if (!status.ok()) {
        EXPECT_EQ(after.revision(), before.revision()) << change.field << ": " << change.what;
        EXPECT_EQ(after.facts().SerializeAsString(), before.facts().SerializeAsString()) << change.field;
      }
      before = after;
    }
  }

  v1::IdentityReport identity_;
  std::string answer_;
  std::unique_ptr<v1::RenderService::Stub> renderer_;
};

TEST_F(HostileIdentityTest, EveryFieldOfNewIdentitiesIsJudged) {
  start_desk();
  v1::CreateIdentityRequest creating;
  *creating.mutable_context() = act();
  *creating.mutable_traits() = zoe();
  walk(*stub_, &Stub::CreateIdentity, creating);
  v1::DeclareIdentityRequest declaring;
  *declaring.mutable_context() = act();
  *declaring.mutable_facts() = qualified().facts();
  declaring.mutable_facts()->mutable_replaced_number()->set_number("2090763220834");
  declaring.mutable_facts()->mutable_replaced_number()->set_oid(kNir);
  walk(*stub_, &Stub::DeclareIdentity, declaring);
  v1::AcceptApcvRequest apcv;
  *apcv.mutable_context() = act();
  *apcv.mutable_traits() = zoe();
  apcv.mutable_number()->set_number("2751263220749");
  apcv.mutable_number()->set_key("74");
  apcv.mutable_number()->set_oid(kNir);
  walk(*stub_, &Stub::AcceptApcv, apcv);
}

TEST_F(HostileIdentityTest, EveryFieldOfActsIsJudged) {
  start_desk();
  walk(*stub_, &Stub::Accept, acceptance(identity_.identity_id(), answer_));
  v1::CompareRequest comparing;
  comparing.set_answer_id(answer_);
  *comparing.mutable_known_traits() = zoe();
  comparing.mutable_known_number()->set_number("2751263220749");
  comparing.mutable_known_number()->set_oid(kNir);
  walk(*stub_, &Stub::Compare, comparing, "", "identity");
  comparing.clear_known_traits();
  comparing.clear_known_number();
  walk(*stub_, &Stub::Compare, comparing, "identity");
  walk(*stub_, &Stub::Validate, passport(now()));
  v1::DemoteRequest demoting;
  *demoting.mutable_context() = act();
  demoting.mutable_identity()->set_identity_id(identity_.identity_id());
  demoting.set_demotion(v1::DEMOTION_ALL);
  walk(*stub_, &Stub::Demote, demoting);
  v1::SetAttributesRequest attributes;
  *attributes.mutable_context() = act();
  attributes.mutable_identity()->set_identity_id(identity_.identity_id());
  attributes.add_attributes(v1::IDENTITY_ATTRIBUTE_HOMONYM);
  walk(*stub_, &Stub::SetAttributes, attributes);
}

TEST_F(HostileIdentityTest, EveryFieldOfWhatReadsAndLeavesIsJudged) {
  start_desk();
  v1::SealRequest sealing;
  *sealing.mutable_context() = act();
  sealing.mutable_identity()->set_identity_id(identity_.identity_id());
  sealing.set_audience(v1::TOKEN_AUDIENCE_THIS_DAEMON);
  walk(*stub_, &Stub::Seal, sealing);
  walk(*stub_, &Stub::Restore, restoring("INSD"));
  v1::GetStatusRequest asking;
  asking.mutable_identity()->set_identity_id(identity_.identity_id());
  walk(*stub_, &Stub::GetStatus, asking);
  walk(*stub_, &Stub::ForgetIdentity, v1::ForgetIdentityRequest());
  v1::RenderRequest rendering;
  *rendering.mutable_identity() = asking.identity();
  rendering.set_format(v1::RENDER_FORMAT_HL7V2_PAM_FR);
  rendering.add_local_identifiers()->set_value("4711");
  rendering.mutable_local_identifiers(0)->set_oid("1.2.250.1.999");
  walk(*renderer_, &v1::RenderService::Stub::Render, rendering);
  walk(*renderer_, &v1::RenderService::Stub::ParseDatamatrix, v1::ParseDatamatrixRequest());
}

}  // namespace
}  // namespace insd::test
