// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include <algorithm>
#include <memory>

#include "daemon/config_file.h"
#include "daemon/config_section.h"
#include "drivers/base/bytes.h"
#include "drivers/base/error.h"

namespace insd {
namespace {

using config::Section;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::size_t kMaxFileBytes = 1 << 20;

void read_daemon(Section& section, DaemonConfig& daemon) {
  section.path("socket", daemon.socket);
  // sun_path holds 107 characters and its end.
  if (daemon.socket.empty() || daemon.socket.native().size() > 107) {
    section.refuse("socket", "must have 1 to 107 bytes");
  }
  section.text("socket_group", daemon.socket_group);
  section.path("state_dir", daemon.state_dir);
  if (daemon.state_dir.empty()) section.refuse("state_dir", "must not be empty");
  section.choice<JournalStore>("journal", daemon.journal,
                               {{"file", JournalStore::FILE}, {"journald", JournalStore::JOURNALD}});
  section.choice<std::string>(
      "log_level", daemon.log_level,
      {{"trace", "trace"}, {"debug", "debug"}, {"info", "info"}, {"warning", "warning"}, {"error", "error"}});
  section.number("max_connections", daemon.max_connections, 1, 4096);
  section.number("max_connections_per_uid", daemon.max_connections_per_uid, 1, 4096);
  section.number("requests_per_minute", daemon.requests_per_minute, 1, 1'000'000);
  section.number("proofs_per_minute", daemon.proofs_per_minute, 1, 1'000'000);
}

// "1-2.3": the bus, then the port of each hub on the way (kernel: names in /sys/bus/usb/devices).
bool is_usb_path(std::string_view path) {
  const auto number = [&path] {
    const auto digits = std::min(path.find_first_not_of("0123456789"), path.size());
    path.remove_prefix(digits);
    return digits > 0 && digits <= 3;
  };
  if (!number() || !path.starts_with('-')) return false;
  while (!path.empty()) {
    path.remove_prefix(1);
    if (!number() || (!path.empty() && !path.starts_with('.'))) return false;
  }
  return true;
}

// Two entries that say the same of a reader: which one was meant cannot be known.
void refuse_contradiction(const Section& section, const ReaderConfig& reader,
                          const std::vector<ReaderConfig>& earlier) {
  for (const ReaderConfig& other : earlier) {
    if (!reader.alias.empty() && reader.alias == other.alias) {
      section.refuse("alias", "is the alias of an earlier reader");
    }
    if (reader.match == other.match && reader.usb == other.usb && reader.serial == other.serial) {
      section.refuse(reader.match.empty() ? (reader.usb.empty() ? "serial" : "usb") : "match",
                     "is that of an earlier entry, which counts first");
    }
  }
}

ReaderConfig read_reader(Section& section) {
  ReaderConfig reader;
  section.text("match", reader.match);
  section.text("usb", reader.usb, 32);
  section.text("serial", reader.serial, 100);
  if (reader.match.empty() && reader.usb.empty() && reader.serial.empty()) {
    section.refuse("match", "is missing: a reader is found by match, usb or serial");
  }
  if (!reader.usb.empty() && !is_usb_path(reader.usb)) {
    section.refuse("usb", "must be a port path such as \"1-2.3\"");
  }
  section.text("alias", reader.alias, 64);
  section.text("desk", reader.desk, 64);
  section.choice<ReaderRole>("role", reader.role,
                             {{"any", ReaderRole::ANY},
                              {"professional", ReaderRole::PROFESSIONAL},
                              {"patient", ReaderRole::PATIENT}});
  return reader;
}

void read_environment(Section& section, std::vector<std::string>& environment) {
  section.texts("module_environment", environment);
  for (const std::string& variable : environment) {
    if (variable.find('=', 1) == std::string::npos)
      section.refuse("module_environment", "must be \"NAME=value\"");
  }
}

void read_cps(Section& section, CpsConfig& cps) {
  section.choice<CpsBackend>(
      "backend", cps.backend,
      {{"auto", CpsBackend::AUTO}, {"direct", CpsBackend::DIRECT}, {"module", CpsBackend::MODULE}});
  section.path("module", cps.module);
  read_environment(section, cps.module_environment);
  section.duration("module_timeout", cps.module_timeout, seconds(1), minutes(2));
  section.table("direct", [&](Section& direct) { direct.flag("real_cards", cps.direct_real_cards); });
  section.choice<OnLeaseEnd>("on_lease_end", cps.on_lease_end,
                             {{"reset", OnLeaseEnd::RESET}, {"leave", OnLeaseEnd::LEAVE}});
  section.choice<PinPadUse>("pin_pad", cps.pin_pad, {{"never", PinPadUse::NEVER}, {"auto", PinPadUse::AUTO}});
  section.duration("lease_idle", cps.lease_idle, seconds(1), hours(24));
  section.duration("lease_absolute", cps.lease_absolute, seconds(1), hours(24));
  section.duration("prompt_timeout", cps.prompt_timeout, seconds(1), minutes(10));
  section.path("trust_store", cps.trust_store);
  section.path("revocation_lists", cps.revocation_lists);
  if (!cps.revocation_lists.empty() && cps.trust_store.empty()) {
    section.refuse("revocation_lists", "needs cps.trust_store");
  }
  section.flag("accept_stale_lists", cps.accept_stale_lists);
  section.choice<CertificatePolicy>(
      "certificate_policy", cps.certificate_policy,
      {{"refuse", CertificatePolicy::REFUSE}, {"report", CertificatePolicy::REPORT}});
}

// An attribute's name ends up in signed XML: the characters of an NMTOKEN without the exotic ones.
void read_attribute(Section& section, std::string_view key, std::string& target, bool mandatory = true) {
  section.text(key, target, 64);
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
  };
  if ((mandatory && target.empty()) || !std::all_of(target.begin(), target.end(), allowed)) {
    section.refuse(key, "must be letters, digits, '_', '-', '.' or ':'");
  }
}

void read_organisation(Section& section, OrganisationConfig& organisation) {
  section.path("pkcs12", organisation.pkcs12);
  section.path("passphrase_file", organisation.passphrase_file);
  if (!organisation.passphrase_file.empty() && organisation.pkcs12.empty()) {
    section.refuse("passphrase_file", "needs insi.organisation.pkcs12");
  }
  section.text("pkcs11_uri", organisation.pkcs11_uri, 1000);
  section.path("certificate", organisation.certificate);
  section.path("module", organisation.module);
  read_environment(section, organisation.module_environment);
  section.duration("module_timeout", organisation.module_timeout, seconds(1), minutes(2));
  section.path("pin_file", organisation.pin_file);
  if (!organisation.pkcs11_uri.empty()) {
    if (!organisation.pkcs12.empty()) section.refuse("pkcs11_uri", "and pkcs12 are two keys: name one");
    for (const char* key : {"certificate", "module"}) section.require(key);
  }
}

// "http://host:port": what is spoken to a proxy is HTTP.
void read_proxy(Section& section, InsiProxyConfig& proxy) {
  section.text("address", proxy.address, 300);
  if (!proxy.address.empty() && !proxy.address.starts_with("http://")) {
    section.refuse("address", "must be \"http://host:port\"");
  }
  section.path("credentials_file", proxy.credentials_file);
  section.texts("no_proxy", proxy.no_proxy);
}

void read_phases(Section& section, InsiPhaseLimits& phases) {
  const auto limit = [&section](std::string_view key, milliseconds& target) {
    section.duration(key, target, milliseconds(100), minutes(5));
  };
  limit("resolve", phases.resolve);
  limit("connect", phases.connect);
  limit("proxy", phases.proxy);
  limit("tls", phases.tls);
  limit("send", phases.send);
  limit("first_byte", phases.first_byte);
  limit("body", phases.body);
}

FaultRule read_fault(Section& section) {
  FaultRule rule;
  section.text("subcode", rule.subcode, 64);
  section.text("code", rule.code, 64);
  section.text("severity", rule.severity, 64);
  if (rule.subcode.empty() && rule.code.empty()) section.refuse("code", "or subcode must be given");
  section.require("meaning");
  section.choice<FaultMeaning>("meaning", rule.meaning,
                               {{"unavailable", FaultMeaning::UNAVAILABLE},
                                {"not_authorised", FaultMeaning::NOT_AUTHORISED},
                                {"fault", FaultMeaning::FAULT}});
  return rule;
}

// The hosts of the real service are services-ps... of ameli.fr, those of qualification begin with "qualif"
// (specs: insi 4). Whatever else is said to be there may be real.
bool is_production_host(std::string endpoint) {
  for (char& c : endpoint) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return endpoint.find("ameli.fr") != std::string::npos && !endpoint.starts_with("https://qualif");
}

void read_search_rules(Section& section, InsiConfig& insi) {
  section.choice<VitaleSerialRule>("vitale_serial", insi.vitale_serial,
                                   {{"auto", VitaleSerialRule::AUTO},
                                    {"required", VitaleSerialRule::REQUIRED},
                                    {"optional", VitaleSerialRule::OPTIONAL}});
  section.duration("retry_delay", insi.retry_delay, milliseconds(0), minutes(1));
  section.number("searches_per_minute", insi.searches_per_minute, 1, 1'000'000);
  section.number("searches_per_minute_all", insi.searches_per_minute_all, 1, 1'000'000);
  section.flag("qualification_not_found", insi.qualification_not_found);
  if (insi.qualification_not_found &&
      (insi.environment != InsiEnvironment::TEST || is_production_host(insi.endpoint))) {
    section.refuse("qualification_not_found",
                   "is for the qualification platform only: a fault of the real "
                   "service is never \"not found\"");
  }
  section.tables("fault", [&](Section& fault) { insi.faults.push_back(read_fault(fault)); });
}

void read_insi(Section& section, InsiConfig& insi) {
  section.choice<InsiEnvironment>(
      "environment", insi.environment,
      {{"test", InsiEnvironment::TEST}, {"production", InsiEnvironment::PRODUCTION}});
  section.choice<InsiMode>("mode", insi.mode,
                           {{"cps", InsiMode::CPS}, {"organisation", InsiMode::ORGANISATION}});
  section.text("endpoint", insi.endpoint, 2000);
  if (!insi.endpoint.empty() && !insi.endpoint.starts_with("https://")) {
    section.refuse("endpoint", "must begin with https://");
  }
  section.path("trust_store", insi.trust_store);
  if (insi.trust_store.empty()) section.refuse("trust_store", "must not be empty");
  section.duration("connect_timeout", insi.connect_timeout, milliseconds(100), minutes(2));
  section.duration("total_timeout", insi.total_timeout, milliseconds(100), minutes(5));
  if (insi.connect_timeout > insi.total_timeout) {
    section.refuse("connect_timeout", "must not be longer than total_timeout");
  }
  read_attribute(section, "attribute_billing", insi.attribute_billing);
  read_attribute(section, "attribute_speciality", insi.attribute_speciality, false);
  read_attribute(section, "attribute_sector", insi.attribute_sector, false);
  read_attribute(section, "bam_version", insi.bam_version);
  read_attribute(section, "lps_version", insi.lps_version);
  section.duration("answer_ttl", insi.answer_ttl, seconds(1), hours(24));
  section.table("organisation",
                [&](Section& organisation) { read_organisation(organisation, insi.organisation); });
  section.flag("common_name_fallback", insi.common_name_fallback);
  section.table("proxy", [&](Section& proxy) { read_proxy(proxy, insi.proxy); });
  section.table("phases", [&](Section& phases) { read_phases(phases, insi.phases); });
  section.tables("legal_entity", [&](Section& entity) {
    read_organisation(entity, insi.legal_entities.emplace_back());
    if (!insi.legal_entities.back().configured()) entity.refuse("pkcs12", "or pkcs11_uri must be given");
    if (!insi.organisation.configured()) entity.refuse("pkcs12", "needs [insi.organisation] as well");
  });
  std::vector<std::string> operations;
  section.texts("operations", operations);
  for (const std::string& path : operations) {
    if (!path.starts_with('/')) section.refuse("operations", "must be absolute paths");
    insi.operations.emplace_back(path);
  }
  read_search_rules(section, insi);
}

void read_users(Section& section, std::vector<std::string>& users) {
  section.require("users");
  section.texts("users", users);
  if (users.empty()) section.refuse("users", "must name somebody");
}

EditorConfig read_editor(Section& section) {
  EditorConfig editor;
  read_users(section, editor.users);
  for (const std::string_view key : {"idam", "name", "version", "instance"}) section.require(key);
  section.text("idam", editor.idam, 64);
  section.text("name", editor.name);
  section.text("version", editor.version, 64);
  section.text("instance", editor.instance, 64);
  return editor;
}

ProfileConfig read_profile(Section& section) {
  ProfileConfig profile;
  section.require("name");
  section.text("name", profile.name, 64);
  if (profile.name.empty()) section.refuse("name", "must not be empty");
  section.text("professional_id", profile.professional_id, 64);
  section.text("structure_id", profile.structure_id, 64);
  if (profile.professional_id.empty() && profile.structure_id.empty()) {
    section.refuse("professional_id", "or structure_id must be given: a profile belongs to somebody");
  }
  section.text("activity", profile.activity);
  section.text("acting_for", profile.acting_for, 64);
  if (!profile.acting_for.empty()) {
    // Who replaces signs with a card of their own.
    if (profile.professional_id.empty()) section.refuse("acting_for", "needs professional_id");
    if (profile.acting_for == profile.professional_id) section.refuse("acting_for", "is professional_id");
  }
  section.text("billing_id", profile.billing_id, 64);
  section.text("speciality", profile.speciality, 16);
  section.text("sector", profile.sector, 16);
  return profile;
}

PolicyConfig read_policy(Section& section) {
  PolicyConfig policy;
  read_users(section, policy.users);
  section.require("role");
  section.choice<CallerRole>("role", policy.role,
                             {{"none", CallerRole::NONE},
                              {"desk", CallerRole::DESK},
                              {"kiosk", CallerRole::KIOSK},
                              {"non_repository", CallerRole::NON_REPOSITORY},
                              {"admin", CallerRole::ADMIN}});
  section.texts("readers", policy.readers);
  section.texts("methods", policy.methods);
  section.texts("rights", policy.rights);
  for (const std::string& right : policy.rights) {
    if (right != "declare_identity" && right != "accept_apcv") {
      section.refuse("rights", "must be declare_identity or accept_apcv");
    }
  }
  if (!policy.rights.empty() && (policy.role == CallerRole::NONE || policy.role == CallerRole::KIOSK)) {
    section.refuse("rights", "are not for this role");
  }
  return policy;
}

void read_identity(Section& section, IdentityConfig& identity) {
  section.duration("ttl", identity.ttl, seconds(1), hours(24));
  section.duration("token_ttl", identity.token_ttl, seconds(1), hours(12));
  section.path("site_key", identity.site_key);
}

Config read_file_table(Section& root) {
  Config config;
  root.table("daemon", [&](Section& section) { read_daemon(section, config.daemon); });
  root.tables("reader", [&](Section& section) {
    ReaderConfig reader = read_reader(section);
    refuse_contradiction(section, reader, config.readers);
    config.readers.push_back(std::move(reader));
  });
  root.table("cps", [&](Section& section) { read_cps(section, config.cps); });
  root.table("vitale", [&](Section& section) { section.flag("prefetch", config.vitale.prefetch); });
  root.table("insi", [&](Section& section) { read_insi(section, config.insi); });
  root.tables("editor", [&](Section& section) { config.editors.push_back(read_editor(section)); });
  root.tables("profile", [&](Section& section) {
    ProfileConfig profile = read_profile(section);
    const auto same = [&](const ProfileConfig& other) { return other.name == profile.name; };
    if (std::any_of(config.profiles.begin(), config.profiles.end(), same)) {
      section.refuse("name", "is the name of an earlier profile");
    }
    config.profiles.push_back(std::move(profile));
  });
  root.tables("policy", [&](Section& section) { config.policies.push_back(read_policy(section)); });
  root.table("identity", [&](Section& section) { read_identity(section, config.identity); });
  root.table("kiosk", [&](Section& section) {
    section.duration("card_left_after", config.kiosk.card_left_after, seconds(0), hours(24));
  });
  root.finish();
  return config;
}

}  // namespace

Config parse_config(std::string_view text, const std::string& file_name) {
  const toml::table table = config::parse_toml(text, file_name);
  Section root(table, "", file_name);
  return read_file_table(root);
}

Config load_config(const std::filesystem::path& file) {
  return parse_config(read_config_file(file, kMaxFileBytes), file.string());
}

}  // namespace insd
