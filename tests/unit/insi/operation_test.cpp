// SPDX-License-Identifier: Apache-2.0
// Descriptors of operations: the shipped one, hostile ones, and what an exchange makes of them.
#include "daemon/insi/operation.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "daemon/insi/answer.h"
#include "daemon/insi/operations.h"
#include "drivers/base/error.h"
#include "tests/unit/insi/test_answers.h"
#include "tests/unit/insi/test_exchange.h"
#include "tests/unit/insi/tls_server.h"
#include "tests/unit/insi/xml_query.h"

namespace insd::insi {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

const fs::path kShipped = fs::path(INSD_SOURCE_DIR) / "daemon/insi/operations/verification-unverified.toml";

std::string shipped() {
  std::ifstream file(kShipped);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const auto at = text.find(what);
  if (at == std::string::npos) throw std::runtime_error("not in the descriptor: " + what);
  return text.replace(at, what.size(), by);
}

std::string refusal(const std::string& text) {
  try {
    parse_operation(text, "op.toml");
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), Code::CONFIG_INVALID);
    return error.detail();
  }
  return "accepted";
}

template <class Work>
Code code_of(const Work& work) {
  try {
    work();
  } catch (const Error& error) {
    return error.code();
  }
  return Code::INTERNAL;
}

VerificationQuery a_verification() {
  return {"2751263220749", "74", "1.2.250.1.213.1.4.8", "ADRUN", "ZOE", "ZOE", "F", "1975-12-31", "63220"};
}

std::string written(const VerificationQuery& query, const Operation& operation) {
  return make_envelope(
             {.bam = {"01_02", "11111111-2222-4333-8444-555555555555", "2030-01-02T03:04:05.678Z", "8"},
              .lps = {"01_00", "11111111-2222-4333-8444-555555555556", "2030-01-02T03:04:05.678Z", "8"},
              .editor = test::a_party().editor,
              .query = query,
              .message_id = "uuid:11111111-2222-4333-8444-555555555557",
              .operation = operation})
      .with("");
}

std::string answer(const std::string& code, const std::string& more = "") {
  return test::envelope(
      "<r:ReponseUnitaire xmlns:r=\"http://www.cnamts.fr/INSiLot2/REPUnitaire\"><r:CR><r:CodeCR>" + code +
      "</r:CodeCR><r:LibelleCR>Texte</r:LibelleCR></r:CR>" + more + "</r:ReponseUnitaire>");
}

std::string search_descriptor(const std::string& verified) {
  return "format = 1\noperation = \"search_by_traits\"\nname = \"rechercher\"\naction = "
         "\"urn:x:2.0.0:rechercher\"\n"
         "origin = \"package 7\"\nverified = " +
         verified +
         "\n[context]\nbam_version = \"02_00\"\n[request]\nnamespace = \"urn:x:2\"\n"
         "[response]\nnamespace = \"urn:x:answer:2\"\n";
}

TEST(Operation, TheShippedDescriptorIsUnverifiedAndAsksByTheSchema) {
  const Operation operation = parse_operation(shipped(), kShipped.string());
  EXPECT_EQ(operation.kind, OperationKind::VERIFICATION);
  EXPECT_FALSE(operation.verified);
  EXPECT_EQ(test::XmlQuery(written(a_verification(), operation)).schema_errors("request.xsd"), "");
  EXPECT_EQ(code_of([&] { require_usable(operation, InsiEnvironment::PRODUCTION); }),
            Code::OPERATION_UNVERIFIED);
  EXPECT_NO_THROW(require_usable(operation, InsiEnvironment::TEST));
}

TEST(Operation, TheBodyHoldsWhatIsKnownInTheOrderOfTheDescriptor) {
  const Operation operation = parse_operation(shipped(), "op.toml");
  const test::XmlQuery whole(written(a_verification(), operation));
  EXPECT_THAT(whole.names("//*[local-name()='TraitsIdentiteIndividu']/*"),
              testing::ElementsAre("NomNaissance", "Prenom", "ListePrenom", "Sexe", "DateNaissance",
                                   "LieuNaissance"));
  EXPECT_EQ(whole.text("//*[local-name()='Cle']"), "74");
  EXPECT_EQ(whole.text("//a:Action"), "urn:ServiceIdentiteCertifiee:1.0.0:verifierInsAvecTraitsIdentite");
  EXPECT_EQ(whole.count("//bam:COUVERTURE/node()"), 0U);
  VerificationQuery least = a_verification();
  least.key = least.first_given_name = least.birth_place = "";
  const test::XmlQuery part(written(least, operation));
  EXPECT_EQ(part.count("//*[local-name()='Cle' or local-name()='Prenom' or local-name()='LieuNaissance']"),
            0U);
  EXPECT_EQ(part.schema_errors("request.xsd"), "");
  least.birth_name = "";
  EXPECT_EQ(code_of([&] { written(least, operation); }), Code::TRAITS_INVALID);
}

TEST(Operation, T_XML_15_AValueIsTextWhateverItHolds) {
  const Operation operation = parse_operation(shipped(), "op.toml");
  VerificationQuery query = a_verification();
  query.birth_name = "</q:NomNaissance><q:Sexe>M</q:Sexe>&amp;]]>\"'";
  const test::XmlQuery xml(written(query, operation));
  EXPECT_EQ(xml.text("//*[local-name()='NomNaissance']"), query.birth_name);
  EXPECT_EQ(xml.count("//*[local-name()='Sexe']"), 1U);
}

TEST(Operation, HostileDescriptorsAreRefusedWithTheirLine) {
  struct Case {
    std::string what, by, says;
  };
  const std::string first = "path = \"RequeteUnitaire/IndividuVerifie/INSFourni/IdIndividu/NumIdentifiant\"";
  for (const Case& each : {
           Case{"format = 1", "format = 2", "format must be between 1 and 1"},
           Case{"format = 1", "format = 1\nsurprise = 1", "unknown key surprise"},
           Case{"operation = \"verification\"", "operation = \"deletion\"", "must be one of"},
           Case{"verified = false", "", "verified is missing"},
           Case{"verified = false", "verified = \"yes\"", "must be true or false"},
           Case{"origin = \"insd: public facts and inference\"", "origin = \"\"", "origin must not be empty"},
           Case{"name = \"verifier", "name = \"<a>verifier", "must be the name of an element"},
           Case{"urn:ServiceIdentiteCertifiee", "urn:\\\"><x", "action must be letters"},
           Case{"\"http://www.cnamts.fr/INSiLot2/REQUnitaire\"", "\"urn:&amp;\"",
                "namespace must be letters"},
           Case{"\"http://www.cnamts.fr/INSiLot2/REPUnitaire\"", "\"\"", "namespace must not be empty"},
           Case{"root = \"ReponseUnitaire\"", "root = \"//*\"", "must be the name of an element"},
           Case{"code = \"CR/CodeCR\"", "code = \"CR//CodeCR\"", "must be names of elements"},
           Case{"code = \"CR/CodeCR\"", "code = \"../CodeCR\"", "must be names of elements"},
           Case{"code = \"CR/CodeCR\"", "code = \"CR[1]\"", "must be names of elements"},
           Case{"code = \"CR/CodeCR\"", "code = \"a/b/c/d/e/f/g/h/i\"", "deeper than 8"},
           Case{"code = \"CR/CodeCR\"", "", "code is missing"},
           Case{"consistent = [\"00\"]", "consistent = []", "must hold 1 to 64 codes"},
           Case{"consistent = [\"00\"]", "consistent = [\"01\"]", "consistent as well"},
           Case{first, "path = \"RequeteUnitaire\"", "must name the root and an element"},
           Case{first, "path = \"Autre/A\"", "has another root"},
           Case{"INSFourni/IdIndividu/Cle", "TraitsIdentiteIndividu/Y", "opens an element a second time"},
           Case{"IdIndividu/Cle", "IdIndividu/NumIdentifiant", "is that of elements or of a value before"},
           Case{"IdIndividu/Cle", "IdIndividu/NumIdentifiant/Cle",
                "goes through an element that holds a value"},
           Case{"INSFourni/OID", "../OID", "must be names of elements"},
           Case{"value = \"number\"", "value = \"birth_name\"", "nowhere holds the number"},
           Case{"value = \"number\"", "value = \"pin\"", "must be one of"},
           Case{"mandatory = true", "mandatory = true\nxpath = \"//*\"", "unknown key"},
       }) {
    const std::string said = refusal(replaced(shipped(), each.what, each.by));
    EXPECT_THAT(said, HasSubstr(each.says)) << each.by;
    EXPECT_THAT(said, StartsWith("op.toml:"));
  }
  EXPECT_THAT(refusal(shipped() + std::string(65'536, '#')), HasSubstr("larger than 64 KiB"));
  EXPECT_THAT(refusal("format = "), StartsWith("op.toml:1: "));
  std::string many = shipped().substr(0, shipped().find("[response]"));
  for (int i = 0; i < 64; ++i) {
    many += "[[request.element]]\npath = \"RequeteUnitaire/Z" + std::to_string(i) + "\"\nvalue = \"sex\"\n";
  }
  EXPECT_THAT(refusal(many + shipped().substr(shipped().find("[response]"))),
              HasSubstr("more than 64 elements"));
  // A search's body is public and code: a descriptor cannot give it another.
  EXPECT_THAT(refusal(search_descriptor("true") + "root = \"X\"\n"), HasSubstr("unknown key response.root"));
}

TEST(Operation, AnAnswerIsReadByTheDescriptorsPathsAlone) {
  const Operation operation = parse_operation(shipped(), "op.toml");
  const auto read = [&](const std::string& body) { return read_verdict(test::ok(body), operation); };
  const Verdict yes = read(answer("00"));
  EXPECT_TRUE(yes.consistent);
  EXPECT_EQ(yes.code, "00");
  EXPECT_EQ(yes.label, "Texte");
  EXPECT_THAT(yes.result_xml, StartsWith("<r:ReponseUnitaire"));
  EXPECT_FALSE(read(answer("01")).consistent);
  for (const std::string& bad : {
           answer("99"),             // a code that the descriptor does not list
           answer("0<!-- -->0"),     // T-XML-11
           answer("00", "<r:CR/>"),  // which of the two?
           test::envelope("<ReponseUnitaire xmlns=\"urn:other\"/>"),  // another namespace
           test::found(),                                             // the answer of another operation
           answer("00", answer("00")),
       }) {
    EXPECT_EQ(code_of([&] { read(bad); }), Code::INSI_ANSWER_INVALID) << bad;
  }
  EXPECT_EQ(code_of([&] {
              read_verdict(test::server_error(test::fault("siram_40", "desir_1020", "fatale")), operation);
            }),
            Code::INSI_UNAVAILABLE);
}

class OperationFilesTest : public testing::Test {
 protected:
  std::string refused(const std::vector<fs::path>& places) const {
    try {
      load_operations(places);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), Code::CONFIG_INVALID);
      return error.detail();
    }
    return "accepted";
  }
  test::TempDir dir_;
};

TEST_F(OperationFilesTest, BuiltInSearchesAreReplacedOneByOne) {
  const Operations loaded = load_operations({dir_.write("s.toml", search_descriptor("true"))});
  EXPECT_EQ(loaded.by_traits.request_namespace, "urn:x:2");
  EXPECT_EQ(loaded.by_traits.origin, "package 7");
  EXPECT_EQ(loaded.by_card.request_namespace, "http://www.cnamts.fr/INSiRecVit");
  EXPECT_FALSE(loaded.verification);
}

TEST_F(OperationFilesTest, OfADirectoryTheTomlFilesAndNoOperationTwice) {
  const fs::path file = dir_.write("one.toml", shipped());
  static_cast<void>(dir_.write("README", "not a descriptor"));
  EXPECT_TRUE(load_operations({file.parent_path()}).verification);
  static_cast<void>(dir_.write("two.toml", shipped()));
  EXPECT_THAT(refused({file.parent_path()}), HasSubstr("two.toml: describes the operation of"));
}

TEST_F(OperationFilesTest, T_FS_01_AFileThatOthersCanWriteIsNotRead) {
  const fs::path file = dir_.write("op.toml", shipped());
  EXPECT_EQ(refused({file}), "accepted");
  chmod(file.c_str(), 0666);
  EXPECT_THAT(refused({file}), HasSubstr("can be written by others"));
  EXPECT_THAT(refused({"/nonexistent.toml"}), HasSubstr("/nonexistent.toml"));
  EXPECT_THAT(refused({"/dev/zero"}), HasSubstr("is not a regular file"));
}

class OperationExchangeTest : public testing::Test {
 protected:
  InsiConfig config(const std::string& url, const std::string& descriptor, InsiEnvironment environment) {
    InsiConfig config;
    config.environment = environment;
    config.endpoint = url;
    config.trust_store = dir_.write("trust.pem", test::TlsServer::trusted_pem());
    config.total_timeout = std::chrono::seconds(10);
    config.operations = {dir_.write("op.toml", descriptor)};
    return config;
  }
  test::TempDir dir_;
  Clock clock_;
  test::SoftwareSigner signer_;
  std::vector<std::string> journal_;
  Exchange::BeforeSend before_send_ = [this](const std::string& id) -> boost::asio::awaitable<void> {
    journal_.push_back(id);
    co_return;
  };
};

TEST_F(OperationExchangeTest, AnUnverifiedDescriptorNeverMeetsTheProductionService) {
  for (const std::string& descriptor : {shipped(), search_descriptor("false")}) {
    Exchange exchange(config("https://127.0.0.1:1/lps", descriptor, InsiEnvironment::PRODUCTION), clock_);
    const bool search = descriptor != shipped();
    EXPECT_EQ(code_of([&] {
                search ? static_cast<void>(test::run(exchange.by_traits(
                             test::a_traits_query(), test::a_party(), &signer_, before_send_, {})))
                       : static_cast<void>(test::run(
                             exchange.verify(a_verification(), test::a_party(), &signer_, before_send_, {})));
              }),
              Code::OPERATION_UNVERIFIED);
  }
  EXPECT_THAT(journal_, IsEmpty());
  EXPECT_EQ(signer_.signatures, 0);
}

TEST_F(OperationExchangeTest, WithoutADescriptorThereIsNoVerification) {
  Exchange exchange(config("https://127.0.0.1:1/lps", search_descriptor("true"), InsiEnvironment::TEST),
                    clock_);
  EXPECT_EQ(code_of([&] {
              test::run(exchange.verify(a_verification(), test::a_party(), &signer_, before_send_, {}));
            }),
            Code::OPERATION_NOT_CONFIGURED);
  EXPECT_THAT(journal_, IsEmpty());
}

TEST_F(OperationExchangeTest, ALaterContractOfASearchIsAskedAndReadByItsDescriptor) {
  std::string request;
  const std::string reply = replaced(test::found(), "http://www.cnamts.fr/INSiResultat", "urn:x:answer:2");
  test::TlsServer server([&](test::TlsSession& session) {
    request = session.read_request();
    session.answer(reply);
  });
  Exchange exchange(config(server.url(), search_descriptor("true"), InsiEnvironment::TEST), clock_);
  const Reply got =
      test::run(exchange.by_traits(test::a_traits_query(), test::a_party(), &signer_, before_send_, {}));
  EXPECT_EQ(got.outcome, Outcome::FOUND);
  EXPECT_EQ(got.operation, "rechercher");
  EXPECT_THAT(got.result_xml, HasSubstr("urn:x:answer:2"));
  EXPECT_THAT(request, HasSubstr(">urn:x:2.0.0:rechercher<"));
  EXPECT_THAT(request, HasSubstr("RECSANSVITALE xmlns:t=\"urn:x:2\""));
  EXPECT_THAT(request, HasSubstr("Version=\"02_00\""));
}

TEST_F(OperationExchangeTest, AVerificationIsSignedAsASearchIs) {
  std::string request;
  test::TlsServer server([&](test::TlsSession& session) {
    request = session.read_request();
    session.answer(answer("01"));
  });
  Exchange exchange(config(server.url(), shipped(), InsiEnvironment::TEST), clock_);
  const Verdict verdict =
      test::run(exchange.verify(a_verification(), test::a_party(), &signer_, before_send_, {}));
  EXPECT_FALSE(verdict.consistent);
  EXPECT_FALSE(verdict.contract_verified);
  EXPECT_EQ(signer_.signatures, 1);
  ASSERT_EQ(journal_.size(), 1U);
  EXPECT_EQ(verdict.message_id, journal_[0]);
  const std::string body = request.substr(request.find("\r\n\r\n") + 4);
  EXPECT_EQ(test::XmlQuery(body).schema_errors("request.xsd"), "");
  EXPECT_EQ(test::xmlsec_verdict(body), 0);
}

}  // namespace
}  // namespace insd::insi
