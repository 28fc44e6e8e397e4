// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "daemon/api/convert.h"
#include "daemon/api/services.h"
#include "daemon/api/unary_call.h"
#include "daemon/api/watch_stream.h"
#include "insd/v1/reader_service.grpc.pb.h"

namespace insd::api {
namespace {

boost::asio::awaitable<v1::ListReadersResponse> list_readers(Backend& backend, Call call,
                                                             v1::ListReadersRequest /*request*/) {
  const auto state = backend.desk.state();
  const desk::ReaderFilter allowed = reader_filter(backend, call);
  v1::ListReadersResponse response;
  for (const desk::Reader& reader : state->readers) {
    if (allowed(reader)) *response.add_readers() = to_proto(reader, call.language);
  }
  *response.mutable_pcsc() = pcsc_to_proto(*state, call.language);
  co_return response;
}

boost::asio::awaitable<v1::SetReaderEnabledResponse> set_reader_enabled(Backend& backend, Call call,
                                                                        v1::SetReaderEnabledRequest request) {
  if (request.reader().empty()) throw Error(Code::INVALID_ARGUMENT).with_field("reader", "is missing");
  const desk::ReaderFilter allowed = reader_filter(backend, call);
  // A reader that the caller may not use is as if it were not there.
  if (!std::ranges::all_of(backend.desk.meant_by(request.reader()), allowed))
    throw Error(Code::READER_NOT_FOUND);
  const desk::Reader changed = co_await backend.desk.set_enabled(request.reader(), request.enabled());
  v1::SetReaderEnabledResponse response;
  *response.mutable_reader() = to_proto(changed, call.language);
  co_return response;
}

class ReaderServiceAdapter final : public v1::ReaderService::CallbackService {
 public:
  ReaderServiceAdapter(Backend& backend, Caller caller) : backend_(backend), caller_(std::move(caller)) {}

  grpc::ServerUnaryReactor* ListReaders(grpc::CallbackServerContext* context,
                                        const v1::ListReadersRequest* request,
                                        v1::ListReadersResponse* response) override {
    return unary_call(backend_, caller_, "ReaderService/ListReaders", context, request, response,
                      list_readers);
  }
  grpc::ServerWriteReactor<v1::WatchReadersResponse>* WatchReaders(
      grpc::CallbackServerContext* context, const v1::WatchReadersRequest* request) override {
    return watch_readers(backend_, caller_, context, *request);
  }
  grpc::ServerUnaryReactor* SetReaderEnabled(grpc::CallbackServerContext* context,
                                             const v1::SetReaderEnabledRequest* request,
                                             v1::SetReaderEnabledResponse* response) override {
    return unary_call(backend_, caller_, "ReaderService/SetReaderEnabled", context, request, response,
                      set_reader_enabled);
  }

 private:
  Backend& backend_;
  const Caller caller_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_reader_service(Backend& backend, const Caller& caller) {
  return std::make_unique<ReaderServiceAdapter>(backend, caller);
}

}  // namespace insd::api
