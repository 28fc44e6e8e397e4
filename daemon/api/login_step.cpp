// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/login_step.h"

#include <array>
#include <vector>

#include "daemon/api/convert.h"

namespace insd::api {
namespace {

constexpr std::size_t kMaxPromptId = 64;
constexpr std::size_t kMaxStep = 4096;  // the largest honest one is a tenth of it

LoginStep start_step(const v1::LoginStart& start) {
  StartStep step;
  step.request.card = from_proto(start.card(), "start.card");
  step.request.detached = start.detached();
  step.request.max_signatures = start.max_signatures();
  if (start.purpose_id().size() > 64 || printable(start.purpose_id(), 64) != start.purpose_id()) {
    throw Error(Code::INVALID_ARGUMENT).with_field("start.purpose_id", "must be at most 64 printable bytes");
  }
  step.request.purpose_id = start.purpose_id();
  return step;
}

std::string prompt_id_of(const std::string& id, const std::string& path) {
  if (id.empty() || id.size() > kMaxPromptId) {
    throw Error(Code::INVALID_ARGUMENT).with_field(path, "is not the id of a question");
  }
  return id;
}

// Wipes the message's own copy of the PIN when the step has been taken, or could not be.
class PinWiper {
 public:
  explicit PinWiper(v1::LoginRequest& message) : message_(message) {}
  PinWiper(const PinWiper&) = delete;
  PinWiper& operator=(const PinWiper&) = delete;
  ~PinWiper() {
    if (!message_.has_pin()) return;
    std::string& pin = *message_.mutable_pin()->mutable_pin();
    wipe(pin.data(), pin.size());
    pin.clear();
  }

 private:
  v1::LoginRequest& message_;
};

LoginStep step_of(const v1::LoginRequest& message) {
  switch (message.step_case()) {
    case v1::LoginRequest::kStart:
      return start_step(message.start());
    case v1::LoginRequest::kPin:
      return PinStep{prompt_id_of(message.pin().prompt_id(), "pin.prompt_id"),
                     SecretString(message.pin().pin())};
    case v1::LoginRequest::kConsent:
      return ConsentStep{prompt_id_of(message.consent().prompt_id(), "consent.prompt_id"),
                         message.consent().agreed()};
    case v1::LoginRequest::kCancel:
      return CancelStep{};
    case v1::LoginRequest::STEP_NOT_SET:
      break;
  }
  throw Error(Code::INVALID_ARGUMENT).with_field("step", "is missing");
}

// Slices are shared and immutable by contract; but these bytes are of this message alone, and nobody reads
// them after us.
void wipe_slice(const grpc::Slice& slice) {
  wipe(const_cast<std::uint8_t*>(slice.begin()), slice.size());
}

LoginStep parse_and_take(const std::vector<char>& bytes) {
  v1::LoginRequest request;
  const bool whole = request.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
  LoginStep step = take_step(request);
  if (!whole) return RefusedStep{Error(Code::INVALID_ARGUMENT, "not a LoginRequest")};
  return step;
}

}  // namespace

LoginStep take_step(v1::LoginRequest& message) {
  const PinWiper wiper(message);
  try {
    return step_of(message);
  } catch (const Error& error) {
    return RefusedStep{error};
  }
}

LoginStep take_step(grpc::ByteBuffer& message) {
  std::vector<grpc::Slice> slices;
  const std::size_t size = message.Length();
  if (!message.Dump(&slices).ok() || size > kMaxStep) {
    for (const grpc::Slice& slice : slices) wipe_slice(slice);
    message.Clear();
    return RefusedStep{Error(Code::INVALID_ARGUMENT, "not a LoginRequest")};
  }
  std::vector<char> bytes;
  bytes.reserve(size);
  for (const grpc::Slice& slice : slices) {
    bytes.insert(bytes.end(), slice.begin(), slice.end());
    wipe_slice(slice);
  }
  message.Clear();
  LoginStep step = parse_and_take(bytes);
  wipe(bytes.data(), bytes.size());
  return step;
}

[[gnu::noinline]] void wipe_dead_stack() {
  std::array<char, 32768> dead;
  wipe(dead.data(), dead.size());
}

}  // namespace insd::api
