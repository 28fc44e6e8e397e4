// SPDX-License-Identifier: Apache-2.0
#include <google/protobuf/util/time_util.h>

#include "daemon/api/convert.h"
#include "daemon/api/search_call.h"

namespace insd::api {

void put_attempt(const SearchAttempt& attempt, v1::SearchAttempt& proto) {
  using google::protobuf::util::TimeUtil;
  proto.set_given_name_sent(attempt.sent.given_name);
  proto.set_birth_place_sent(attempt.sent.birth_place);
  proto.set_code(attempt.code);
  proto.set_label(attempt.label);
  *proto.mutable_duration() = TimeUtil::NanosecondsToDuration(attempt.duration.count());
  *proto.mutable_send_time() = to_proto(attempt.sent_at);
  proto.set_message_id(attempt.message_id);
  if (attempt.error) proto.set_error_code(std::string(catalogue_entry(*attempt.error).name));
  if (attempt.fault) put_insi_fault(*attempt.fault, *proto.mutable_insi_fault());
  proto.set_result_xml(attempt.result_xml);
  if (attempt.messages) {
    proto.set_request_message(attempt.messages->request);
    proto.set_answer_message(attempt.messages->answer);
  }
}

}  // namespace insd::api
