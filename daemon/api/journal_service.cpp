// SPDX-License-Identifier: Apache-2.0
#include <charconv>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "daemon/api/convert.h"
#include "daemon/api/services.h"
#include "daemon/api/unary_call.h"
#include "daemon/journal/database.h"
#include "daemon/journal/trail.h"
#include "insd/v1/journal_service.grpc.pb.h"

namespace insd::api {
namespace {

namespace asio = boost::asio;

constexpr int kMostCheckpoints = 10'000;
constexpr std::int32_t kPage = 100;
constexpr std::int32_t kMostRecords = 1000;

std::filesystem::path trail_file(const Backend& backend) {
  if (backend.trail.empty()) throw Error(Code::UNSUPPORTED, "daemon.journal is \"journald\"");
  return backend.trail / "journal.sqlite";
}

std::vector<journal::Checkpoint> checkpoints(const v1::VerifyJournalRequest& request) {
  if (request.checkpoints_size() > kMostCheckpoints) {
    throw Error(Code::INVALID_ARGUMENT).with_field("checkpoints", "has more than 10000");
  }
  std::vector<journal::Checkpoint> seen;
  for (const auto& at : request.checkpoints()) seen.push_back({at.sequence(), at.link()});
  return seen;
}

// A long trail takes seconds to follow: the desk goes on meanwhile.
template <class Work>
asio::awaitable<typename std::invoke_result_t<Work>> aside(Work work) {
  asio::thread_pool thread(1);
  co_return co_await asio::co_spawn(
      thread,
      [](Work moved) -> asio::awaitable<std::invoke_result_t<Work>> { co_return moved(); }(std::move(work)),
      asio::use_awaitable);
}

asio::awaitable<v1::VerifyJournalResponse> verify_journal(Backend& backend, Call /*call*/,
                                                          v1::VerifyJournalRequest request) {
  const auto file = trail_file(backend);
  const auto seen = checkpoints(request);
  const auto judge = [&file, &keys = backend.keys->journal, &seen] {
    return journal::verify(file, keys, seen);
  };
  const journal::Verdict verdict = co_await aside(judge);
  v1::VerifyJournalResponse response;
  response.set_record_count(verdict.records);
  response.set_bad_sequence(verdict.bad_sequence.value_or(0));
  response.set_reason(verdict.reason);
  co_return response;
}

std::optional<std::int64_t> microseconds(bool set, const google::protobuf::Timestamp& time,
                                         const char* field) {
  if (!set) return std::nullopt;
  // The range of the type (year 1 to 9999), so that nothing overflows.
  if (time.seconds() < -62'135'596'800 || time.seconds() > 253'402'300'799 || time.nanos() < 0 ||
      time.nanos() > 999'999'999) {
    throw Error(Code::INVALID_ARGUMENT).with_field(field, "is not a time");
  }
  return time.seconds() * 1'000'000 + time.nanos() / 1000;
}

journal::Filter filter_of(const v1::ListJournalRecordsRequest& request) {
  journal::Filter filter;
  filter.from_us = microseconds(request.has_start_time(), request.start_time(), "start_time");
  filter.until_us = microseconds(request.has_end_time(), request.end_time(), "end_time");
  filter.professional = request.professional();
  if (request.page_size() < 0) throw Error(Code::INVALID_ARGUMENT).with_field("page_size", "is negative");
  filter.limit = std::min(request.page_size() == 0 ? kPage : request.page_size(), kMostRecords);
  const std::string& token = request.page_token();
  if (token.empty()) return filter;
  const auto [end, failure] = std::from_chars(token.data(), token.data() + token.size(), filter.after);
  if (failure != std::errc() || end != token.data() + token.size() || filter.after < 0) {
    throw Error(Code::INVALID_ARGUMENT).with_field("page_token", "is not from an answer");
  }
  return filter;
}

std::string text(const journal::Record& record, journal::Column column) {
  const auto* words = std::get_if<std::string>(&record[column]);
  return words != nullptr ? printable(*words) : "";
}

std::int64_t number(const journal::Record& record, journal::Column column) {
  const auto* value = std::get_if<std::int64_t>(&record[column]);
  return value != nullptr ? *value : 0;
}

void set_time(google::protobuf::Timestamp& time, std::int64_t microseconds_since_1970) {
  time.set_seconds(microseconds_since_1970 / 1'000'000);
  time.set_nanos(static_cast<std::int32_t>(microseconds_since_1970 % 1'000'000 * 1000));
}

v1::JournalRecord to_proto(const journal::Operation& operation) {
  const journal::Record& begin = operation.begin;
  v1::JournalRecord record;
  record.set_sequence(number(begin, journal::SEQUENCE));
  set_time(*record.mutable_begin_time(), number(begin, journal::TIME_US));
  record.set_host(text(begin, journal::HOST));
  record.set_operation(text(begin, journal::OPERATION));
  record.set_mode(text(begin, journal::MODE));
  record.set_uid(number(begin, journal::UID));
  record.set_pid(number(begin, journal::PID));
  record.set_executable(text(begin, journal::EXECUTABLE));
  record.set_unit(text(begin, journal::UNIT));
  record.set_request_id(text(begin, journal::REQUEST_ID));
  record.set_purpose_id(text(begin, journal::PURPOSE_ID));
  record.set_professional(text(begin, journal::PROFESSIONAL));
  record.set_profile(text(begin, journal::PROFILE));
  record.set_editor(text(begin, journal::EDITOR));
  record.set_message_id(text(begin, journal::MESSAGE_ID));
  record.set_environment(text(begin, journal::ENVIRONMENT));
  record.set_audience(text(begin, journal::AUDIENCE));
  record.set_certificate_name(text(begin, journal::CERTIFICATE_NAME));
  if (!operation.end) return record;
  set_time(*record.mutable_end_time(), number(*operation.end, journal::TIME_US));
  record.set_code(text(*operation.end, journal::CODE));
  record.set_duration_ms(number(*operation.end, journal::DURATION_MS));
  record.set_number_hmac(text(*operation.end, journal::NUMBER_HMAC));
  record.set_changed_traits(text(*operation.end, journal::CHANGED_TRAITS));
  return record;
}

asio::awaitable<v1::ListJournalRecordsResponse> list_records(Backend& backend, Call /*call*/,
                                                             v1::ListJournalRecordsRequest request) {
  const auto file = trail_file(backend);
  const journal::Filter filter = filter_of(request);
  co_await backend.journal.written();
  const auto look = [&file, &filter] {
    return journal::Database(file, journal::Database::Access::READ).operations(filter);
  };
  const auto found = co_await aside(look);
  v1::ListJournalRecordsResponse response;
  for (const auto& operation : found) *response.add_records() = to_proto(operation);
  if (static_cast<std::int64_t>(found.size()) == filter.limit) {
    response.set_next_page_token(std::to_string(number(found.back().begin, journal::SEQUENCE)));
  }
  co_return response;
}

class JournalServiceAdapter final : public v1::JournalService::CallbackService {
 public:
  JournalServiceAdapter(Backend& backend, Caller caller) : backend_(backend), caller_(std::move(caller)) {}

  grpc::ServerUnaryReactor* VerifyJournal(grpc::CallbackServerContext* context,
                                          const v1::VerifyJournalRequest* request,
                                          v1::VerifyJournalResponse* response) override {
    return unary_call(backend_, caller_, "JournalService/VerifyJournal", context, request, response,
                      verify_journal);
  }
  grpc::ServerUnaryReactor* ListJournalRecords(grpc::CallbackServerContext* context,
                                               const v1::ListJournalRecordsRequest* request,
                                               v1::ListJournalRecordsResponse* response) override {
    return unary_call(backend_, caller_, "JournalService/ListJournalRecords", context, request, response,
                      list_records);
  }

 private:
  Backend& backend_;
  const Caller caller_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_journal_service(Backend& backend, const Caller& caller) {
  return std::make_unique<JournalServiceAdapter>(backend, caller);
}

}  // namespace insd::api
