// SPDX-License-Identifier: Apache-2.0
#include "daemon/config.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "drivers/base/error.h"

namespace insd {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

std::string refusal(std::string_view text) {
  try {
    parse_config(text, "insd.toml");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::CONFIG_INVALID);
    return error.detail();
  }
  return "accepted";
}

TEST(Config, TheRulesOfSearches) {
  const InsiConfig defaults = parse_config("", "insd.toml").insi;
  EXPECT_EQ(defaults.vitale_serial, VitaleSerialRule::AUTO);
  EXPECT_EQ(defaults.retry_delay, std::chrono::seconds(2));
  EXPECT_EQ(defaults.searches_per_minute, 60U);
  EXPECT_EQ(defaults.searches_per_minute_all, 240U);
  EXPECT_FALSE(defaults.qualification_not_found);
  const InsiConfig set = parse_config(
                             "[insi]\nvitale_serial = \"optional\"\nretry_delay = \"0s\"\n"
                             "[[insi.fault]]\ncode = \"insi_100\"\nmeaning = \"unavailable\"\n",
                             "insd.toml")
                             .insi;
  EXPECT_EQ(set.vitale_serial, VitaleSerialRule::OPTIONAL);
  EXPECT_EQ(set.retry_delay, std::chrono::seconds(0));
  ASSERT_EQ(set.faults.size(), 1U);
  EXPECT_EQ(set.faults[0], (FaultRule{"", "insi_100", "", FaultMeaning::UNAVAILABLE}));
  EXPECT_THAT(refusal("[[insi.fault]]\nmeaning = \"fault\"\n"), HasSubstr("or subcode must be given"));
  EXPECT_THAT(refusal("[[insi.fault]]\ncode = \"insi_100\"\n"), HasSubstr("meaning"));
}

TEST(Config, AFaultIsReadAsNotFoundOnTheQualificationPlatformOnly) {
  const auto with = [](const std::string& rest) {
    return refusal("[insi]\nqualification_not_found = true\n" + rest);
  };
  EXPECT_EQ(with("environment = \"test\"\n"), "accepted");
  EXPECT_EQ(with("environment = \"test\"\nendpoint = \"https://qualiflps.services-ps.ameli.fr/lps\"\n"),
            "accepted");
  EXPECT_THAT(with(""), HasSubstr("qualification platform only"));
  EXPECT_THAT(with("environment = \"production\"\n"), HasSubstr("qualification platform only"));
  for (const char* host :
       {"services-ps.ameli.fr", "SERVICES-PS-tlsm.Ameli.fr", "services-ps.ameli.fr.:443"}) {
    EXPECT_THAT(with(std::string("environment = \"test\"\nendpoint = \"https://") + host + "/lps\"\n"),
                HasSubstr("qualification platform only"))
        << host;
  }
}

TEST(Config, EmptyFileGivesTheDocumentedDefaults) {
  const Config config = parse_config("", "insd.toml");
  EXPECT_EQ(config.daemon.socket, "/run/insd/insd.sock");
  EXPECT_EQ(config.daemon.socket_group, "insd");
  EXPECT_EQ(config.insi.environment, InsiEnvironment::UNSET);
  EXPECT_EQ(config.insi.mode, InsiMode::CPS);
  EXPECT_EQ(config.insi.trust_store, "/etc/insd/igc-sante.pem");
  EXPECT_FALSE(config.insi.common_name_fallback);
  EXPECT_EQ(config.insi.proxy, InsiProxyConfig{});
  EXPECT_EQ(config.cps.backend, CpsBackend::AUTO);
  EXPECT_FALSE(config.cps.direct_real_cards);
  EXPECT_FALSE(config.vitale.prefetch);
  EXPECT_TRUE(config.policies.empty());
}

TEST(Config, EveryKeyIsRead) {
  const Config config = parse_config(R"(
[daemon]
socket = "/tmp/s"
socket_group = ""
state_dir = "/tmp/state"
log_level = "debug"
max_connections = 10
max_connections_per_uid = 5
requests_per_minute = 100
proofs_per_minute = 7
[[reader]]
match = "Gemalto*"
alias = "desk-1-cps"
role = "professional"
usb = "1-2.3"
serial = "SN 1"
desk = "desk-1"
[[reader]]
match = "*"
[cps]
backend = "direct"
module = "/usr/lib/m.so"
module_environment = ["OPENSC_CONF=/etc/opensc/cps.conf", "EMPTY="]
module_timeout = "20s"
direct.real_cards = true
on_lease_end = "leave"
lease_idle = "10min"
lease_absolute = "2h"
prompt_timeout = "30s"
trust_store = "/etc/ca.pem"
[vitale]
prefetch = true
[insi]
environment = "test"
mode = "organisation"
endpoint = "https://localhost:1/x"
trust_store = "/etc/insi.pem"
connect_timeout = "500ms"
total_timeout = "20s"
attribute_billing = "a"
attribute_speciality = "b"
attribute_sector = "c"
bam_version = "01_03"
lps_version = "01_01"
answer_ttl = "60s"
organisation.pkcs12 = "/etc/insd/organisation.p12"
organisation.passphrase_file = "/run/credentials/insd.service/organisation"
common_name_fallback = true
proxy.address = "http://proxy.example:3128"
proxy.credentials_file = "/etc/insd/proxy"
proxy.no_proxy = [".example", "localhost"]
phases.resolve = "1s"
phases.connect = "2s"
phases.proxy = "3s"
phases.tls = "4s"
phases.send = "5s"
phases.first_byte = "6s"
phases.body = "7s"
[[editor]]
users = ["root", "@insd", "*"]
idam = "CNDA1"
name = "urn:lps:EXEMPLE:1.0.0"
version = "1"
instance = "11111111-2222-3333-4444-555555555555"
[[profile]]
name = "cabinet"
professional_id = "899700000017"
structure_id = "1"
activity = "Cabinet"
acting_for = "2"
billing_id = "3"
speciality = "01"
sector = "SA07"
[[policy]]
users = ["1000"]
role = "kiosk"
readers = ["kiosk-*"]
methods = ["VitaleService/*"]
)",
                                     "insd.toml");
  EXPECT_EQ(config.daemon.socket, "/tmp/s");
  EXPECT_EQ(config.daemon.socket_group, "");
  EXPECT_EQ(config.daemon.log_level, "debug");
  EXPECT_EQ(config.daemon.max_connections, 10U);
  EXPECT_EQ(config.daemon.max_connections_per_uid, 5U);
  EXPECT_EQ(config.daemon.requests_per_minute, 100U);
  EXPECT_EQ(config.daemon.proofs_per_minute, 7U);
  ASSERT_EQ(config.readers.size(), 2U);
  EXPECT_EQ(config.readers[0].role, ReaderRole::PROFESSIONAL);
  EXPECT_EQ(config.readers[0].usb, "1-2.3");
  EXPECT_EQ(config.readers[0].serial, "SN 1");
  EXPECT_EQ(config.readers[0].desk, "desk-1");
  EXPECT_EQ(config.readers[1].role, ReaderRole::ANY);
  EXPECT_EQ(config.cps.backend, CpsBackend::DIRECT);
  EXPECT_EQ(config.cps.module_environment,
            (std::vector<std::string>{"OPENSC_CONF=/etc/opensc/cps.conf", "EMPTY="}));
  EXPECT_EQ(config.cps.module_timeout, std::chrono::seconds(20));
  EXPECT_TRUE(config.cps.direct_real_cards);
  EXPECT_EQ(config.cps.on_lease_end, OnLeaseEnd::LEAVE);
  EXPECT_EQ(config.cps.lease_idle, std::chrono::minutes(10));
  EXPECT_EQ(config.cps.lease_absolute, std::chrono::hours(2));
  EXPECT_EQ(config.cps.prompt_timeout, std::chrono::seconds(30));
  EXPECT_TRUE(config.vitale.prefetch);
  EXPECT_EQ(config.insi.environment, InsiEnvironment::TEST);
  EXPECT_EQ(config.insi.mode, InsiMode::ORGANISATION);
  EXPECT_EQ(config.insi.connect_timeout, std::chrono::milliseconds(500));
  EXPECT_EQ(config.insi.attribute_sector, "c");
  EXPECT_EQ(config.insi.organisation.pkcs12, "/etc/insd/organisation.p12");
  EXPECT_EQ(config.insi.organisation.passphrase_file, "/run/credentials/insd.service/organisation");
  EXPECT_EQ(config.insi.answer_ttl, std::chrono::seconds(60));
  EXPECT_TRUE(config.insi.common_name_fallback);
  EXPECT_EQ(config.insi.proxy.address, "http://proxy.example:3128");
  EXPECT_EQ(config.insi.proxy.credentials_file, "/etc/insd/proxy");
  EXPECT_EQ(config.insi.proxy.no_proxy, (std::vector<std::string>{".example", "localhost"}));
  using std::chrono::seconds;
  EXPECT_EQ(config.insi.phases, (InsiPhaseLimits{seconds(1), seconds(2), seconds(3), seconds(4), seconds(5),
                                                 seconds(6), seconds(7)}));
  ASSERT_EQ(config.editors.size(), 1U);
  EXPECT_EQ(config.editors[0].users.size(), 3U);
  ASSERT_EQ(config.profiles.size(), 1U);
  EXPECT_EQ(config.profiles[0].sector, "SA07");
  ASSERT_EQ(config.policies.size(), 1U);
  EXPECT_EQ(config.policies[0].role, CallerRole::KIOSK);
  EXPECT_EQ(config.policies[0].methods.front(), "VitaleService/*");
}

TEST(Config, TwoReadersOfOneDeviceAreTwoEntries) {
  const Config config = parse_config(R"(
[[reader]]
usb = "3-1.4.2"
match = "*KAP-LINK 0*"
[[reader]]
usb = "3-1.4.2"
match = "*KAP-LINK 1*"
)",
                                     "insd.toml");
  ASSERT_EQ(config.readers.size(), 2U);
  EXPECT_NE(config.readers[0], config.readers[1]);
}

TEST(Config, LegalEntitiesAndOperationsAreListsInTheirOrder) {
  const Config config = parse_config(R"(
[insi]
attribute_sector = ""
operations = ["/etc/insd/verification.toml", "/etc/insd/operations"]
[insi.organisation]
pkcs12 = "/etc/insd/one.p12"
[[insi.legal_entity]]
pkcs12 = "/etc/insd/two.p12"
passphrase_file = "/etc/insd/two.txt"
[[insi.legal_entity]]
pkcs12 = "/etc/insd/three.p12"
)",
                                     "insd.toml");
  ASSERT_EQ(config.insi.legal_entities.size(), 2U);
  EXPECT_EQ(config.insi.legal_entities[0].pkcs12, "/etc/insd/two.p12");
  EXPECT_EQ(config.insi.legal_entities[0].passphrase_file, "/etc/insd/two.txt");
  EXPECT_EQ(config.insi.legal_entities[1].pkcs12, "/etc/insd/three.p12");
  ASSERT_EQ(config.insi.operations.size(), 2U);
  EXPECT_EQ(config.insi.operations[1], "/etc/insd/operations");
  EXPECT_EQ(config.insi.attribute_sector, "");
}

TEST(Config, UnknownKeyIsRefusedWithItsLine) {
  EXPECT_EQ(refusal("[insi]\nenvironment = \"test\"\nfoo = 1\n"), "insd.toml:3: unknown key insi.foo");
  EXPECT_EQ(refusal("\n[nothing]\n"), "insd.toml:2: unknown key nothing");
  EXPECT_EQ(refusal("[[reader]]\nmatch = \"a\"\n[[reader]]\nmatch = \"*\"\nx = 1\n"),
            "insd.toml:5: unknown key reader[1].x");
  EXPECT_EQ(refusal("[cps]\ndirect.real = true\n"), "insd.toml:2: unknown key cps.direct.real");
}

TEST(Config, SyntaxErrorIsRefusedWithItsLine) {
  EXPECT_THAT(refusal("[daemon]\nsocket = \n"), StartsWith("insd.toml:2: "));
}

struct Case {
  const char* text;
  const char* says;
};
class ConfigValue : public ::testing::TestWithParam<Case> {};

TEST_P(ConfigValue, IsRefused) {
  const std::string said = refusal(GetParam().text);
  EXPECT_THAT(said, StartsWith("insd.toml:"));
  EXPECT_THAT(said, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Bad, ConfigValue,
    ::testing::Values(
        Case{"[daemon]\nsocket = \"relative\"", "daemon.socket must be an absolute path"},
        Case{"[daemon]\nsocket = \"\"", "daemon.socket must have"},
        Case{"[daemon]\nsocket = 1", "must be a text"},
        Case{"[daemon]\nlog_level = \"loud\"", "daemon.log_level must be one of"},
        Case{"[daemon]\nmax_connections = 0", "must be between 1 and"},
        Case{"[daemon]\nproofs_per_minute = 0", "must be between 1 and"},
        Case{"[daemon]\nmax_connections = -1", "must be between"},
        Case{"[daemon]\nmax_connections = 1.5", "must be a whole number"},
        Case{"[daemon]\nsocket_group = \"a\\nb\"", "cannot be printed"},
        Case{"daemon = 1", "must be a table"}, Case{"reader = 1", "must be a list of tables"},
        Case{"[[reader]]\nalias = \"a\"", "match is missing"},
        Case{"[[reader]]\nmatch = \"*\"\nrole = \"boss\"", "reader[0].role must be one of"},
        Case{"[[reader]]\nmatch = \"\"\nalias = \"a\"", "match is missing"},
        Case{"[[reader]]\nusb = \"2.3\"", "reader[0].usb must be a port path"},
        Case{"[[reader]]\nusb = \"1-\"", "must be a port path"},
        Case{"[[reader]]\nusb = \"1-2.\"", "must be a port path"},
        Case{"[[reader]]\nusb = \"1-2:1.0\"", "must be a port path"},
        Case{"[[reader]]\nusb = \"../1-2\"", "must be a port path"},
        Case{"[[reader]]\nmatch=\"A*\"\nalias=\"a\"\n[[reader]]\nmatch=\"B*\"\nalias=\"a\"",
             "reader[1].alias is the alias of an earlier reader"},
        Case{"[[reader]]\nmatch=\"A*\"\nalias=\"a\"\n[[reader]]\nmatch=\"A*\"\nalias=\"b\"",
             "reader[1].match is that of an earlier entry"},
        Case{"[[reader]]\nusb=\"1-2\"\n[[reader]]\nusb=\"1-2\"\nrole=\"patient\"",
             "reader[1].usb is that of an earlier entry"},
        Case{"[[reader]]\nserial=\"1\"\n[[reader]]\nserial=\"1\"", "reader[1].serial is that of"},
        Case{"[cps]\ndirect.real_cards = 1", "must be true or false"},
        Case{"[cps]\nmodule_environment = [\"NAME\"]", "must be \"NAME=value\""},
        Case{"[cps]\nmodule_environment = [\"=value\"]", "must be \"NAME=value\""},
        Case{"[cps]\nrevocation_lists = \"/etc/ssl/crl\"", "needs cps.trust_store"},
        Case{"[cps]\ncertificate_policy = \"ignore\"", "must be one of refuse, report"},
        Case{"[cps]\nmodule_timeout = \"0s\"", "must be between"},
        Case{"[cps]\nlease_idle = \"10\"", "must be a duration"},
        Case{"[cps]\nlease_idle = \"-1s\"", "must be a duration"},
        Case{"[cps]\nlease_idle = \"99999999999999999999h\"", "must be a duration"},
        Case{"[cps]\nlease_idle = \"25h\"", "must be between"},
        Case{"[cps]\nlease_idle = \"1500ms\"", "whole seconds"},
        Case{"[insi]\nenvironment = \"prod\"", "insi.environment must be one of test, production"},
        Case{"[insi]\nendpoint = \"http://x\"", "must begin with https://"},
        Case{"[insi]\norganisation.passphrase_file = \"/p\"",
             "passphrase_file needs insi.organisation.pkcs12"},
        Case{"[insi]\norganisation.pkcs11_uri = \"pkcs11:token=a\"",
             "insi.organisation.certificate is missing"},
        Case{"[insi.organisation]\npkcs11_uri = \"pkcs11:token=a\"\npkcs12 = \"/p\"", "are two keys"},
        Case{"[[insi.legal_entity]]\npkcs12 = \"/p\"",
             "insi.legal_entity[0].pkcs12 needs [insi.organisation]"},
        Case{"[[insi.legal_entity]]\npin_file = \"/p\"", "pkcs12 or pkcs11_uri must be given"},
        Case{"[insi]\noperations = [\"relative.toml\"]", "insi.operations must be absolute paths"},
        Case{"[[profile]]\nname = \"a\"\nstructure_id = \"1\"\nacting_for = \"2\"",
             "acting_for needs professional_id"},
        Case{"[[profile]]\nname = \"a\"\nprofessional_id = \"2\"\nacting_for = \"2\"",
             "acting_for is professional_id"},
        Case{"[insi]\norganisation.module_environment = [\"NAME\"]", "must be \"NAME=value\""},
        Case{"[insi]\ntrust_store = \"\"", "must not be empty"},
        Case{"[insi.proxy]\naddress = \"https://p:1\"", "must be \"http://host:port\""},
        Case{"[insi]\nattribute_billing = \"a b\"", "must be letters"},
        Case{"[insi]\nconnect_timeout = \"10s\"\ntotal_timeout = \"5s\"", "must not be longer"},
        Case{"[[editor]]\nusers = []\nidam=\"a\"\nname=\"b\"\nversion=\"c\"\ninstance=\"d\"",
             "must name somebody"},
        Case{"[[editor]]\nusers = [\"*\"]\n", "is missing"},
        Case{"[[editor]]\nusers = [1]\n", "must be a list of texts"},
        Case{"[[profile]]\nname = \"a\"\n", "or structure_id must be given"},
        Case{"[[profile]]\nname=\"a\"\nstructure_id=\"1\"\n[[profile]]\nname=\"a\"\nstructure_id=\"1\"\n",
             "earlier profile"},
        Case{"[[policy]]\nrole = \"desk\"\n", "users is missing"},
        Case{"[[policy]]\nusers = [\"*\"]\n", "role is missing"}));

class ConfigFile : public ::testing::Test {
 protected:
  ConfigFile() {
    std::string pattern = ::testing::TempDir() + "insd-config-XXXXXX";
    directory_ = mkdtemp(pattern.data());
    file_ = directory_ / "insd.toml";
    std::ofstream(file_) << "[daemon]\nmax_connections = 7\n";
    chmod(file_.c_str(), 0600);
  }
  ~ConfigFile() override { std::filesystem::remove_all(directory_); }
  std::string refusal() {
    try {
      load_config(file_);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::CONFIG_INVALID);
      return error.detail();
    }
    return "accepted";
  }
  std::filesystem::path directory_, file_;
};

TEST_F(ConfigFile, IsRead) {
  EXPECT_EQ(load_config(file_).daemon.max_connections, 7U);
}

TEST_F(ConfigFile, MissingOneIsNamed) {
  std::filesystem::remove(file_);
  EXPECT_THAT(refusal(), HasSubstr("insd.toml: No such file"));
}

TEST_F(ConfigFile, T_FS_01_WritableByOthersIsRefused) {
  for (const mode_t mode : {0602, 0620, 0666}) {
    chmod(file_.c_str(), mode);
    EXPECT_THAT(refusal(), HasSubstr("can be written by others")) << mode;
  }
}

TEST_F(ConfigFile, T_FS_01_FifoInItsPlaceDoesNotHold) {
  std::filesystem::remove(file_);
  ASSERT_EQ(mkfifo(file_.c_str(), 0600), 0);
  EXPECT_THAT(refusal(), HasSubstr("is not a regular file"));
}

TEST_F(ConfigFile, TooLargeIsRefused) {
  std::filesystem::resize_file(file_, (1 << 20) + 1);
  EXPECT_THAT(refusal(), HasSubstr("larger than 1 MiB"));
}

}  // namespace
}  // namespace insd
