// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/lease_convert.h"

#include "daemon/api/convert.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

v1::LeaseEndCause cause_of(desk::LeaseEnd cause) {
  switch (cause) {
    case desk::LeaseEnd::LOGOUT:
      return v1::LEASE_END_CAUSE_LOGOUT;
    case desk::LeaseEnd::CARD_REMOVED:
      return v1::LEASE_END_CAUSE_CARD_REMOVED;
    case desk::LeaseEnd::CARD_RESET:
      return v1::LEASE_END_CAUSE_CARD_RESET;
    case desk::LeaseEnd::SERVICE_LOST:
      return v1::LEASE_END_CAUSE_SERVICE_LOST;
    case desk::LeaseEnd::READER_FAILED:
      return v1::LEASE_END_CAUSE_READER_FAILED;
    case desk::LeaseEnd::READER_RELEASED:
      return v1::LEASE_END_CAUSE_READER_RELEASED;
    case desk::LeaseEnd::IDLE:
      return v1::LEASE_END_CAUSE_IDLE;
    case desk::LeaseEnd::EXPIRED:
      return v1::LEASE_END_CAUSE_EXPIRED;
    case desk::LeaseEnd::SIGNATURES_USED:
      return v1::LEASE_END_CAUSE_SIGNATURES_USED;
    case desk::LeaseEnd::SUSPENDED:
      return v1::LEASE_END_CAUSE_SUSPENDED;
    case desk::LeaseEnd::SHUTDOWN:
      return v1::LEASE_END_CAUSE_SHUTDOWN;
  }
  return v1::LEASE_END_CAUSE_UNSPECIFIED;
}

}  // namespace

v1::Lease to_proto(const desk::LeaseInfo& lease) {
  v1::Lease proto;
  proto.set_lease(lease.token);
  proto.set_card_number(printable(lease.professional.card_number));
  proto.set_holder(printable(lease.professional.holder()));
  const desk::Chosen& card = lease.professional.card;
  proto.set_generation(card.generation);
  proto.set_reader(printable(card.reader));
  proto.set_reader_alias(card.alias);
  proto.set_desk(card.desk);
  *proto.mutable_expire_time() = to_proto(lease.expires);
  proto.set_idle_seconds(static_cast<std::uint32_t>(lease.idle.count()));
  proto.set_detached(lease.detached);
  for (const std::string& warning : lease.warnings) proto.add_warnings(warning);
  return proto;
}

v1::LeaseEnded to_proto(desk::LeaseEnd cause) {
  v1::LeaseEnded ended;
  ended.set_cause(cause_of(cause));
  const Code code = desk::is_loss(cause) ? Code::LEASE_LOST : Code::LEASE_INVALID;
  ended.set_code(std::string(catalogue_entry(code).name));
  return ended;
}

}  // namespace insd::api
