// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/error_status.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "drivers/base/bytes.h"
#include "insd/v1/error.pb.h"

namespace insd::api {
namespace {

// A client takes 8 KiB of metadata by default; base64 and the message itself come on top of this.
constexpr std::size_t kMaxDetailBytes = 4096;
constexpr std::size_t kMaxTextBytes = 500;

grpc::StatusCode status_code_of_api(Code code) {
  switch (code) {
    case Code::INVALID_ARGUMENT:
      return grpc::StatusCode::INVALID_ARGUMENT;
    case Code::PERMISSION_DENIED:
      return grpc::StatusCode::PERMISSION_DENIED;
    case Code::RATE_LIMITED:
    case Code::BUSY:
      return grpc::StatusCode::RESOURCE_EXHAUSTED;
    case Code::CANCELLED:
      return grpc::StatusCode::CANCELLED;
    case Code::DEADLINE_EXCEEDED:
      return grpc::StatusCode::DEADLINE_EXCEEDED;
    case Code::SHUTTING_DOWN:
      return grpc::StatusCode::UNAVAILABLE;
    case Code::NOT_FOUND:
      return grpc::StatusCode::NOT_FOUND;
    case Code::UNSUPPORTED:
      return grpc::StatusCode::UNIMPLEMENTED;
    default:
      return grpc::StatusCode::FAILED_PRECONDITION;
  }
}

// gRPC's few codes say who should act: a client that knows no insd code does no harm by them.
grpc::StatusCode status_code_of(const CatalogueEntry& entry) {
  switch (entry.layer) {
    case Layer::API:
      return status_code_of_api(entry.code);
    case Layer::INTERNAL:
      return entry.code == Code::JOURNAL_UNAVAILABLE ? grpc::StatusCode::UNAVAILABLE
                                                     : grpc::StatusCode::INTERNAL;
    case Layer::IDENTITY:
      return entry.code == Code::TRAITS_INVALID ? grpc::StatusCode::INVALID_ARGUMENT
                                                : grpc::StatusCode::FAILED_PRECONDITION;
    case Layer::READER:
    case Layer::INSI:
      return entry.retry == Retry::NOW || entry.retry == Retry::LATER ? grpc::StatusCode::UNAVAILABLE
                                                                      : grpc::StatusCode::FAILED_PRECONDITION;
    case Layer::CONFIG:
    case Layer::CARD:
    case Layer::PIN:
    case Layer::TOKEN:
      return grpc::StatusCode::FAILED_PRECONDITION;
  }
  return grpc::StatusCode::INTERNAL;
}

v1::Layer to_proto(Layer layer) {
  switch (layer) {
    case Layer::API:
      return v1::LAYER_API;
    case Layer::CONFIG:
      return v1::LAYER_CONFIG;
    case Layer::READER:
      return v1::LAYER_READER;
    case Layer::CARD:
      return v1::LAYER_CARD;
    case Layer::PIN:
      return v1::LAYER_PIN;
    case Layer::TOKEN:
      return v1::LAYER_TOKEN;
    case Layer::INSI:
      return v1::LAYER_INSI;
    case Layer::IDENTITY:
      return v1::LAYER_IDENTITY;
    case Layer::INTERNAL:
      return v1::LAYER_INTERNAL;
  }
  return v1::LAYER_INTERNAL;
}

v1::RetryRule to_proto(Retry retry) {
  switch (retry) {
    case Retry::NEVER:
      return v1::RETRY_RULE_NEVER;
    case Retry::AFTER_USER_ACTION:
      return v1::RETRY_RULE_AFTER_USER_ACTION;
    case Retry::NOW:
      return v1::RETRY_RULE_NOW;
    case Retry::LATER:
      return v1::RETRY_RULE_LATER;
    case Retry::OUTCOME_UNKNOWN:
      return v1::RETRY_RULE_OUTCOME_UNKNOWN;
  }
  return v1::RETRY_RULE_OUTCOME_UNKNOWN;
}

v1::PinTrySpent to_proto(TrySpent spent) {
  switch (spent) {
    case TrySpent::NO:
      return v1::PIN_TRY_SPENT_NO;
    case TrySpent::YES:
      return v1::PIN_TRY_SPENT_YES;
    case TrySpent::UNKNOWN:
      return v1::PIN_TRY_SPENT_UNKNOWN;
  }
  return v1::PIN_TRY_SPENT_UNKNOWN;
}

v1::ErrorDetail to_detail(const Error& error, Language language) {
  const CatalogueEntry& entry = error.entry();
  v1::ErrorDetail detail;
  detail.set_code(std::string(entry.name));
  detail.set_layer(to_proto(entry.layer));
  detail.set_retry(to_proto(entry.retry));
  detail.set_pin_try_spent(to_proto(error.try_spent()));
  detail.set_remedy(std::string(remedy(entry, language)));
  detail.set_summary(std::string(summary(entry, language)));
  detail.set_technical_detail(printable(error.detail(), kMaxTextBytes));
  if (error.tries_left()) detail.set_pin_tries_left(*error.tries_left());
  if (error.insi_fault()) put_insi_fault(*error.insi_fault(), *detail.mutable_insi_fault());
  for (const FieldViolation& field : error.fields()) {
    auto* violation = detail.add_field_violations();
    violation->set_field(printable(field.path, 100));
    violation->set_description(printable(field.description, 200));
    if (detail.ByteSizeLong() > kMaxDetailBytes) {
      detail.mutable_field_violations()->RemoveLast();
      break;
    }
  }
  return detail;
}

// "fr-CA;q=0.8" -> its weight when its primary tag is `tag`, else -1.
double weight_for(std::string_view range, std::string_view tag) {
  while (!range.empty() && range.front() == ' ') range.remove_prefix(1);
  if (range.size() < tag.size()) return -1;
  for (std::size_t i = 0; i < tag.size(); ++i) {
    if ((range[i] | 0x20) != tag[i]) return -1;
  }
  const std::string_view rest = range.substr(tag.size());
  if (!rest.empty() && rest.front() != '-' && rest.front() != '_' && rest.front() != ';' &&
      rest.front() != ' ') {
    return -1;
  }
  const std::size_t weight = rest.find("q=");
  if (weight == std::string_view::npos) return 1;
  return std::strtod(std::string(rest.substr(weight + 2, 8)).c_str(), nullptr);
}

}  // namespace

void put_insi_fault(const InsiFault& fault, v1::InsiFault& proto) {
  // Bytes of the network: what is not UTF-8 would make the message unreadable.
  proto.set_subcode(printable(fault.subcode));
  proto.set_code(printable(fault.code));
  proto.set_severity(printable(fault.severity));
  proto.set_message_id(printable(fault.message_id));
  proto.set_label(printable(fault.label, kMaxTextBytes));
}

Language language_from(std::string_view accept_language) {
  double french = 0;
  double english = 0;
  accept_language = accept_language.substr(0, 200);
  while (!accept_language.empty()) {
    const std::size_t comma = accept_language.find(',');
    const std::string_view range = accept_language.substr(0, comma);
    french = std::max(french, weight_for(range, "fr"));
    english = std::max(english, weight_for(range, "en"));
    if (comma == std::string_view::npos) break;
    accept_language.remove_prefix(comma + 1);
  }
  return english > french ? Language::ENGLISH : Language::FRENCH;
}

std::string_view summary(const CatalogueEntry& entry, Language language) {
  return language == Language::FRENCH ? entry.summary_fr : entry.summary_en;
}

std::string_view remedy(const CatalogueEntry& entry, Language language) {
  return language == Language::FRENCH ? entry.remedy_fr : entry.remedy_en;
}

grpc::Status to_status(const Error& error, Language language) {
  const grpc::StatusCode code = status_code_of(error.entry());
  const std::string message = printable(error.what(), kMaxTextBytes);
  v1::RpcStatus status;
  status.set_code(static_cast<int>(code));
  status.set_message(message);
  status.add_details()->PackFrom(to_detail(error, language));
  return {code, message, status.SerializeAsString()};
}

grpc::Status to_status(const std::exception_ptr& exception, Language language) {
  try {
    std::rethrow_exception(exception);
  } catch (const Error& error) {
    return to_status(error, language);
  } catch (...) {
    return to_status(Error(Code::INTERNAL), language);
  }
}

}  // namespace insd::api
