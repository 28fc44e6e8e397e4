// SPDX-License-Identifier: Apache-2.0
// The configuration file /etc/insd/insd.toml as values. An unknown key is an error with its line; nothing
// unknown in public is guessed: it has a documented default or none. docs/man/insd.toml.5 describes every
// key. Keys are the field names below (cps.direct.real_cards excepted); a duration is a text with its unit:
// "500ms", "30s", "10min", "4h"; paths are absolute.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace insd {

enum class InsiEnvironment : std::uint8_t { UNSET, TEST, PRODUCTION };
enum class InsiMode : std::uint8_t { UNSET, CPS, ORGANISATION };
enum class CpsBackend : std::uint8_t { AUTO, DIRECT, MODULE };
enum class OnLeaseEnd : std::uint8_t { RESET, LEAVE };
enum class PinPadUse : std::uint8_t { NEVER, AUTO };
/// Where the audit trail is kept: a chained file in the state directory, or journald alone.
enum class JournalStore : std::uint8_t { FILE, JOURNALD };
enum class CertificatePolicy : std::uint8_t { REFUSE, REPORT };
/// Does a search by card need the card's serial number? AUTO: in production.
enum class VitaleSerialRule : std::uint8_t { AUTO, REQUIRED, OPTIONAL };
/// What a SOAP fault means for the caller.
enum class FaultMeaning : std::uint8_t { UNAVAILABLE, NOT_AUTHORISED, FAULT };
enum class CallerRole : std::uint8_t { NONE, DESK, KIOSK, NON_REPOSITORY, ADMIN };
enum class ReaderRole : std::uint8_t { ANY, PROFESSIONAL, PATIENT };

/// [daemon]
struct DaemonConfig {
  std::filesystem::path socket = "/run/insd/insd.sock";  ///< used when systemd passes no socket
  std::string socket_group = "insd";                     ///< empty: the group of the process (run by hand)
  std::filesystem::path state_dir = "/var/lib/insd";
  JournalStore journal = JournalStore::FILE;
  std::string log_level = "info";  ///< trace, debug, info, warning, error
  std::size_t max_connections = 256;
  std::size_t max_connections_per_uid = 64;
  std::size_t requests_per_minute = 600;  ///< per user id
  std::size_t proofs_per_minute = 30;     ///< proofs of presence (Authenticate), per user id
  bool operator==(const DaemonConfig&) const = default;
};

/// [[reader]]. What is set of match, usb and serial must all fit; one of them is. The first entry that fits a
/// reader counts.
struct ReaderConfig {
  std::string match;  ///< fnmatch(3) pattern on pcscd's reader name
  std::string alias;  ///< no other entry has it
  ReaderRole role = ReaderRole::ANY;
  std::string usb = {};     ///< port path in sysfs, e.g. "1-2.3"
  std::string serial = {};  ///< the whole serial number
  std::string desk = {};    ///< empty: belongs to no desk
  bool operator==(const ReaderConfig&) const = default;
};

/// [cps]
struct CpsConfig {
  CpsBackend backend = CpsBackend::AUTO;
  std::filesystem::path module;                 ///< empty: the ANS locations are looked at
  std::vector<std::string> module_environment;  ///< "NAME=value": all that the module's process is given
  std::chrono::seconds module_timeout{15};      ///< of one call into the module
  bool direct_real_cards = false;               ///< key direct.real_cards
  OnLeaseEnd on_lease_end = OnLeaseEnd::RESET;
  PinPadUse pin_pad = PinPadUse::NEVER;  ///< no real PIN pad has been met: a site decides
  std::chrono::seconds lease_idle{4 * 3600};
  std::chrono::seconds lease_absolute{12 * 3600};
  std::chrono::seconds prompt_timeout{120};
  std::filesystem::path
      trust_store;  ///< PEM of the accepted issuers; empty: certificates are shown, not judged
  std::filesystem::path revocation_lists;  ///< a file or a directory; empty: revocation is not looked at
  bool accept_stale_lists = true;          ///< also lists that should have been renewed
  CertificatePolicy certificate_policy = CertificatePolicy::REFUSE;  ///< what a bad judgement does to a login
  bool operator==(const CpsConfig&) const = default;
};

/// [vitale]
struct VitaleConfig {
  /// Reads a Vitale card as soon as it is inserted, for display. For desks of one person: others
  /// should not have a patient's card read without a request.
  bool prefetch = false;
  bool operator==(const VitaleConfig&) const = default;
};

/// [insi.organisation]: the certificate of mode organisation.
struct OrganisationConfig {
  std::filesystem::path pkcs12;           ///< file with the certificate, its authorities and its key
  std::filesystem::path passphrase_file;  ///< of the PKCS#12 file; empty: it has none
  // Or a key on a token (libraries of its maker run in insd-token).
  std::filesystem::path certificate;  ///< PEM: the certificate, then its authorities
  std::string pkcs11_uri;             ///< RFC 7512: the token and the key
  std::filesystem::path module;
  std::vector<std::string> module_environment;  ///< "NAME=value": all that the module's process is given
  std::chrono::seconds module_timeout{15};      ///< beyond insi.total_timeout
  std::filesystem::path pin_file;               ///< empty: the token is used without a login
  [[nodiscard]] bool configured() const { return !pkcs12.empty() || !pkcs11_uri.empty(); }
  bool operator==(const OrganisationConfig&) const = default;
};

/// [insi.proxy]: how the teleservice is reached where it is not reached directly.
struct InsiProxyConfig {
  std::string address;                     ///< "http://host:port"; empty: none
  std::filesystem::path credentials_file;  ///< first line "user:password", read by insd alone; empty: none
  std::vector<std::string> no_proxy;       ///< hosts, ".suffix" or "*": reached directly
  bool operator==(const InsiProxyConfig&) const = default;
};

/// [insi.phases]: what each phase of an exchange may take, within connect_timeout and total_timeout.
struct InsiPhaseLimits {
  std::chrono::milliseconds resolve{5'000};      ///< looking up the name
  std::chrono::milliseconds connect{5'000};      ///< TCP
  std::chrono::milliseconds proxy{5'000};        ///< the proxy's answer to CONNECT
  std::chrono::milliseconds tls{8'000};          ///< handshake
  std::chrono::milliseconds send{10'000};        ///< the whole request
  std::chrono::milliseconds first_byte{25'000};  ///< from the request's end to the answer's head
  std::chrono::milliseconds body{10'000};        ///< from the head to the answer's end
  bool operator==(const InsiPhaseLimits&) const = default;
};

/// [[insi.fault]]: what is set must be what the fault says; the first entry that fits counts, before what
/// insd knows itself (specs: insi 8.9).
struct FaultRule {
  std::string subcode, code, severity;
  FaultMeaning meaning = FaultMeaning::FAULT;
  bool operator==(const FaultRule&) const = default;
};

/// [insi]
struct InsiConfig {
  InsiEnvironment environment = InsiEnvironment::UNSET;  ///< test | production; no default
  InsiMode mode = InsiMode::CPS;
  std::string endpoint;                                           ///< https URL
  std::filesystem::path trust_store = "/etc/insd/igc-sante.pem";  ///< PEM; the server's chain must end here
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds total_timeout{30'000};
  // Spellings that the public sources do not settle (specs: insi 8.3, 8.6).
  // An empty speciality or sector name: that attribute is never sent.
  std::string attribute_billing = "identifiantFacturation";
  std::string attribute_speciality = "codeSpecialiteAMO";
  std::string attribute_sector = "secteurActivite";
  std::string bam_version = "01_02";
  std::string lps_version = "01_00";
  std::chrono::seconds answer_ttl{1800};
  OrganisationConfig organisation;
  /// The server's name may stand in its CN when its certificate has no subjectAltName at all.
  bool common_name_fallback = false;
  InsiProxyConfig proxy;
  InsiPhaseLimits phases;
  std::vector<OrganisationConfig> legal_entities;  ///< [[insi.legal_entity]]: further certificates
  /// Descriptors of the national operations: files, or directories of *.toml. Empty: the package's own.
  std::vector<std::filesystem::path> operations;
  VitaleSerialRule vitale_serial = VitaleSerialRule::AUTO;
  std::chrono::milliseconds retry_delay{2'000};  ///< before the one retry of a passing fault; 0: no retry
  std::size_t searches_per_minute = 60;          ///< questions to INSi, per user id
  std::size_t searches_per_minute_all = 240;     ///< the same, of all users
  /// The qualification platform says insi_101/102 where production says 01: read them as such. Test only.
  bool qualification_not_found = false;
  std::vector<FaultRule> faults;  ///< key fault
  bool operator==(const InsiConfig&) const = default;
};

/// [[editor]]: the software that calls, as the national contract names it. Chosen by the verified caller.
struct EditorConfig {
  std::vector<std::string> users;  ///< user names, numeric uids, "@group", or "*"
  std::string idam;                ///< CNDA authorisation number
  std::string name;                ///< LPS/Nom, e.g. "urn:lps:EXEMPLE:1.0.0"
  std::string version;
  std::string instance;  ///< installation UUID
};

/// [[profile]]: whose exchange it is.
struct ProfileConfig {
  std::string name;
  std::string professional_id;  ///< national id (CN of the certificate); empty in mode organisation
  /// Alone: the structure of a staff card or of an organisation (OU of the certificate). With
  /// professional_id: that of one activity on the card, which the sector must be of, too.
  std::string structure_id;
  std::string activity;    ///< free label shown to people
  std::string acting_for;  ///< national id of the replaced professional; empty otherwise
  std::string billing_id;  ///< identifiantFacturation
  std::string speciality;  ///< AMO speciality code; empty unless doctor
  std::string sector;      ///< SAnn
};

/// [[policy]]: the first entry that matches a caller decides; defaults follow the file's entries.
struct PolicyConfig {
  std::vector<std::string> users;  ///< user names, numeric uids, "@group", or "*"
  CallerRole role = CallerRole::NONE;
  std::vector<std::string> readers = {"*"};  ///< fnmatch patterns on name or alias
  std::vector<std::string>
      methods;  ///< empty: what the role allows; else a further limit, "Service/Method" patterns
  std::vector<std::string> rights;  ///< "declare_identity", "accept_apcv": what no role has by itself
};

/// [identity]
struct IdentityConfig {
  std::chrono::seconds ttl{1800};            ///< of an identity in memory, from its last use
  std::chrono::seconds token_ttl{4 * 3600};  ///< of a sealed token; at most 12 h
  std::filesystem::path site_key;            ///< 32 bytes shared by chosen daemons; empty: no site tokens
  bool operator==(const IdentityConfig&) const = default;
};

/// [kiosk]
struct KioskConfig {
  std::chrono::seconds card_left_after{
      0};  ///< a card that stays longer in a kiosk's reader is forgotten; 0: never
  bool operator==(const KioskConfig&) const = default;
};

struct Config {
  DaemonConfig daemon;
  std::vector<ReaderConfig> readers;
  CpsConfig cps;
  VitaleConfig vitale;
  InsiConfig insi;
  std::vector<EditorConfig> editors;
  std::vector<ProfileConfig> profiles;
  std::vector<PolicyConfig> policies;
  IdentityConfig identity;
  KioskConfig kiosk;
};

/// Throws CONFIG_INVALID with "file:line: ..." for anything unknown, of a wrong type, or out of range.
Config parse_config(std::string_view text, const std::string& file_name);
Config load_config(const std::filesystem::path& file);

}  // namespace insd
