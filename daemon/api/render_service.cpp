// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/identity_request.h"
#include "daemon/api/render_convert.h"
#include "daemon/api/services.h"
#include "daemon/api/unary_call.h"
#include "drivers/base/random.h"
#include "insd/v1/render_service.grpc.pb.h"

namespace insd::api {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kControlIdBytes = 10;  // MSH-10 holds 20 characters

asio::awaitable<v1::RenderResponse> render_identity(Backend& backend, Call call, v1::RenderRequest request) {
  const auto& held = resolve(backend, call, request.identity(), reading_deed(call));
  co_return render(held.identity, request, backend.clock.wall(), random_hex(kControlIdBytes));
}

asio::awaitable<v1::ParseDatamatrixResponse> parse(Backend& /*backend*/, Call /*call*/,
                                                   v1::ParseDatamatrixRequest request) {
  co_return parse_datamatrix(request);
}

class RenderServiceAdapter final : public v1::RenderService::CallbackService {
 public:
  RenderServiceAdapter(Backend& backend, Caller caller) : backend_(backend), caller_(std::move(caller)) {}

  grpc::ServerUnaryReactor* Render(grpc::CallbackServerContext* context, const v1::RenderRequest* request,
                                   v1::RenderResponse* response) override {
    return unary_call(backend_, caller_, "RenderService/Render", context, request, response, render_identity);
  }
  grpc::ServerUnaryReactor* ParseDatamatrix(grpc::CallbackServerContext* context,
                                            const v1::ParseDatamatrixRequest* request,
                                            v1::ParseDatamatrixResponse* response) override {
    return unary_call(backend_, caller_, "RenderService/ParseDatamatrix", context, request, response, parse);
  }

 private:
  Backend& backend_;
  const Caller caller_;
};

}  // namespace

std::unique_ptr<grpc::Service> make_render_service(Backend& backend, const Caller& caller) {
  return std::make_unique<RenderServiceAdapter>(backend, caller);
}

}  // namespace insd::api
