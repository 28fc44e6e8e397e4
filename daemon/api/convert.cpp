// SPDX-License-Identifier: Apache-2.0
#include "daemon/api/convert.h"

#include <google/protobuf/util/time_util.h>

#include "daemon/api/no_driver_words.h"
#include "drivers/base/error.h"

namespace insd::api {
namespace {

constexpr std::size_t kMaxReaderName = 200;
constexpr std::size_t kMaxGeneration = 100;
constexpr std::size_t kMaxDesk = 64;

v1::ReaderState to_proto(desk::ReaderState state) {
  switch (state) {
    case desk::ReaderState::EMPTY:
      return v1::READER_STATE_EMPTY;
    case desk::ReaderState::CARD_PRESENT:
      return v1::READER_STATE_CARD_PRESENT;
    case desk::ReaderState::CARD_MUTE:
      return v1::READER_STATE_CARD_MUTE;
    case desk::ReaderState::HELD:
      return v1::READER_STATE_HELD;
    case desk::ReaderState::UNUSABLE:
      return v1::READER_STATE_UNUSABLE;
    case desk::ReaderState::DISABLED:
      return v1::READER_STATE_DISABLED;
  }
  return v1::READER_STATE_UNUSABLE;
}

v1::ReaderRole to_proto(ReaderRole role) {
  switch (role) {
    case ReaderRole::ANY:
      return v1::READER_ROLE_UNSPECIFIED;
    case ReaderRole::PROFESSIONAL:
      return v1::READER_ROLE_PROFESSIONAL;
    case ReaderRole::PATIENT:
      return v1::READER_ROLE_PATIENT;
  }
  return v1::READER_ROLE_UNSPECIFIED;
}

v1::PcscEventKind to_proto(desk::ServiceEvent::Kind kind) {
  switch (kind) {
    case desk::ServiceEvent::Kind::LOST:
      return v1::PCSC_EVENT_KIND_LOST;
    case desk::ServiceEvent::Kind::RECOVERING:
      return v1::PCSC_EVENT_KIND_RECOVERING;
    case desk::ServiceEvent::Kind::RECOVERED:
      return v1::PCSC_EVENT_KIND_RECOVERED;
  }
  return v1::PCSC_EVENT_KIND_UNSPECIFIED;
}

v1::PcscState pcsc_state(const std::optional<Code>& fault) {
  if (!fault) return v1::PCSC_STATE_AVAILABLE;
  switch (*fault) {
    case Code::PCSC_ABSENT:
      return v1::PCSC_STATE_ABSENT;
    case Code::PCSC_REFUSED:
      return v1::PCSC_STATE_REFUSED;
    case Code::PCSC_OUT_OF_CONTEXTS:
      return v1::PCSC_STATE_OUT_OF_CONTEXTS;
    case Code::PCSC_LOST:
    case Code::PCSC_RESTARTING:
      return v1::PCSC_STATE_RECOVERING;
    default:
      return v1::PCSC_STATE_FAILED;
  }
}

}  // namespace

google::protobuf::Timestamp to_proto(Clock::Wall time) {
  return google::protobuf::util::TimeUtil::NanosecondsToTimestamp(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count());
}

v1::CardKind to_proto(CardKind kind) {
  switch (kind) {
    case CardKind::UNKNOWN:
      return v1::CARD_KIND_UNKNOWN;
    case CardKind::VITALE_2:
      return v1::CARD_KIND_VITALE_2;
    case CardKind::VITALE_1:
      return v1::CARD_KIND_VITALE_1;
    case CardKind::CP8:
      return v1::CARD_KIND_CP8;
    case CardKind::CPS_3:
      return v1::CARD_KIND_CPS_3;
    case CardKind::CPS_3_CONTACTLESS:
      return v1::CARD_KIND_CPS_3_CONTACTLESS;
    case CardKind::CPS_4:
      return v1::CARD_KIND_CPS_4;
  }
  return v1::CARD_KIND_UNKNOWN;
}

v1::Environment to_proto(InsiEnvironment environment) {
  switch (environment) {
    case InsiEnvironment::UNSET:
      return v1::ENVIRONMENT_UNSPECIFIED;
    case InsiEnvironment::TEST:
      return v1::ENVIRONMENT_TEST;
    case InsiEnvironment::PRODUCTION:
      return v1::ENVIRONMENT_PRODUCTION;
  }
  return v1::ENVIRONMENT_UNSPECIFIED;
}

v1::Reader to_proto(const desk::Reader& reader, Language language) {
  v1::Reader proto;
  proto.set_name(printable(reader.name, kMaxReaderName));
  proto.set_alias(reader.alias);
  proto.set_role(to_proto(reader.role));
  proto.set_state(to_proto(reader.state));
  if (!reader.atr.empty()) proto.set_card_kind(to_proto(reader.kind));
  proto.set_generation(reader.generation);
  *proto.mutable_since() = to_proto(reader.since);
  proto.set_enabled(reader.enabled);
  if (reader.problem) {
    const CatalogueEntry& entry = catalogue_entry(*reader.problem);
    proto.set_problem_code(std::string(entry.name));
    proto.set_problem(std::string(summary(entry, language)));
    proto.set_remedy(std::string(remedy(entry, language)));
  }
  if (reader.problem == Code::READER_NO_DRIVER && reader.no_driver) {
    const NoDriverWords words = no_driver_words(*reader.no_driver, language);
    proto.set_problem(std::string(words.problem));
    proto.set_remedy(std::string(words.remedy));
  }
  proto.set_atr(to_hex(reader.atr));
  proto.set_desk(reader.desk);
  proto.set_usb_path(reader.usb_path);
  proto.set_serial(reader.serial);
  proto.set_card_left(reader.card_left);
  if (reader.features) {
    proto.set_pin_pad(reader.features->pin_pad() ? v1::PIN_PAD_PRESENT : v1::PIN_PAD_NONE);
  }
  return proto;
}

v1::CardUsed to_proto(const desk::Chosen& card) {
  v1::CardUsed proto;
  proto.set_reader(printable(card.reader, kMaxReaderName));
  proto.set_reader_alias(card.alias);
  proto.set_desk(card.desk);
  proto.set_generation(card.generation);
  proto.set_card_kind(to_proto(card.kind));
  return proto;
}

v1::PcscStatus pcsc_to_proto(const desk::State& state, Language language) {
  v1::PcscStatus proto;
  proto.set_state(pcsc_state(state.pcsc_fault));
  *proto.mutable_since() = to_proto(state.pcsc_since);
  if (state.pcsc_fault) {
    const CatalogueEntry& entry = catalogue_entry(*state.pcsc_fault);
    proto.set_problem_code(std::string(entry.name));
    proto.set_problem(std::string(summary(entry, language)));
    proto.set_remedy(std::string(remedy(entry, language)));
  }
  return proto;
}

v1::PcscEvent to_proto(const desk::ServiceEvent& event) {
  v1::PcscEvent proto;
  proto.set_kind(to_proto(event.kind));
  *proto.mutable_event_time() = to_proto(event.time);
  if (event.cause) proto.set_problem_code(std::string(catalogue_entry(*event.cause).name));
  if (event.kind == desk::ServiceEvent::Kind::RECOVERED) {
    *proto.mutable_outage() = google::protobuf::util::TimeUtil::MillisecondsToDuration(event.outage.count());
  }
  return proto;
}

desk::Selection from_proto(const v1::CardSelection& selection, const std::string& path) {
  if (selection.reader().size() > kMaxReaderName) {
    throw Error(Code::INVALID_ARGUMENT).with_field(path + ".reader", "is longer than 200 bytes");
  }
  if (selection.generation().size() > kMaxGeneration) {
    throw Error(Code::INVALID_ARGUMENT).with_field(path + ".generation", "is not a generation");
  }
  if (selection.desk().size() > kMaxDesk) {
    throw Error(Code::INVALID_ARGUMENT).with_field(path + ".desk", "is longer than 64 bytes");
  }
  return {selection.reader(), selection.generation(), selection.desk()};
}

}  // namespace insd::api
