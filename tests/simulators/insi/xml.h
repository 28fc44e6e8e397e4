// SPDX-License-Identifier: Apache-2.0
// libxml2 as the simulator uses it: a strict parse, lookups by namespace, texts that are only text.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <libxml/tree.h>
#include <libxml/xmlschemas.h>

namespace sim::xml {

inline constexpr std::string_view kSoap = "http://www.w3.org/2003/05/soap-envelope";
inline constexpr std::string_view kWsa = "http://www.w3.org/2005/08/addressing";
inline constexpr std::string_view kWsse =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
inline constexpr std::string_view kSaml = "urn:oasis:names:tc:SAML:2.0:assertion";
inline constexpr std::string_view kDsig = "http://www.w3.org/2000/09/xmldsig#";
inline constexpr std::string_view kBam = "urn:siram:bam:ctxbam";
inline constexpr std::string_view kLps = "urn:siram:lps:ctxlps";
inline constexpr std::string_view kTraits = "http://www.cnamts.fr/INSiRecSans";
inline constexpr std::string_view kCard = "http://www.cnamts.fr/INSiRecVit";
inline constexpr std::string_view kResult = "http://www.cnamts.fr/INSiResultat";

struct DocDeleter {
  void operator()(xmlDoc* doc) const { xmlFreeDoc(doc); }
};
using Doc = std::unique_ptr<xmlDoc, DocDeleter>;

struct Parsed {
  Doc doc;          ///< null when refused
  std::string why;  ///< why it is refused
};

/// UTF-8 only, no DOCTYPE, no comment, no processing instruction, no CDATA, no two identifier attributes
/// alike.
Parsed parse(const std::string& body);

bool is(const xmlNode* node, std::string_view ns, std::string_view name);
/// The first child element of that name; null on null.
xmlNode* child(const xmlNode* node, std::string_view ns, std::string_view name);
std::vector<xmlNode*> children(const xmlNode* node);
/// The element's text when it holds nothing but text ("" when empty); nothing on null or on child elements.
std::optional<std::string> text(const xmlNode* node);
/// An attribute without namespace; nothing when absent.
std::optional<std::string> attribute(const xmlNode* node, std::string_view name);

/// A compiled schema, usable from one thread at a time.
class Schema {
 public:
  /// Throws std::runtime_error.
  explicit Schema(const std::filesystem::path& file);
  /// Empty when the document is valid, else the first complaint.
  [[nodiscard]] std::string complaint(xmlDoc* doc) const;

 private:
  struct Deleter {
    void operator()(xmlSchema* schema) const { xmlSchemaFree(schema); }
  };
  std::unique_ptr<xmlSchema, Deleter> schema_;
};

/// For building answers as text.
std::string escape(std::string_view text);

}  // namespace sim::xml
