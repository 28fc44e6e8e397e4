// SPDX-License-Identifier: Apache-2.0
// The little of libxml2 that daemon/insi needs: documents built node by node, exclusive canonicalisation, and
// a parser for answers that trusts nothing. Internal to daemon/insi. Errors never reach standard error.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <libxml/tree.h>

namespace insd::insi::xml {

namespace ns {
inline constexpr const char* kSoap = "http://www.w3.org/2003/05/soap-envelope";
inline constexpr const char* kAddressing = "http://www.w3.org/2005/08/addressing";
inline constexpr const char* kSecurity =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
inline constexpr const char* kSaml = "urn:oasis:names:tc:SAML:2.0:assertion";
inline constexpr const char* kSignature = "http://www.w3.org/2000/09/xmldsig#";
inline constexpr const char* kContextBam = "urn:siram:bam:ctxbam";
inline constexpr const char* kContextLps = "urn:siram:lps:ctxlps";
inline constexpr const char* kFault = "urn:siram";
inline constexpr const char* kByTraits = "http://www.cnamts.fr/INSiRecSans";
inline constexpr const char* kByCard = "http://www.cnamts.fr/INSiRecVit";
inline constexpr const char* kResult = "http://www.cnamts.fr/INSiResultat";
}  // namespace ns

struct DocDeleter {
  void operator()(xmlDoc* doc) const { xmlFreeDoc(doc); }
};
using Doc = std::unique_ptr<xmlDoc, DocDeleter>;

// ---- building. Values are set as text and escaped by libxml2; one that XML 1.0 cannot carry (invalid UTF-8,
// control characters) throws INVALID_ARGUMENT without repeating it.

/// A new document with a root element; `prefix` nullptr makes `href` its default namespace.
Doc make_document(const char* prefix, const char* href, const char* name);

/// A child in the namespace of `parent`, or in one that it declares itself.
xmlNode* add_child(xmlNode* parent, const char* name);
xmlNode* add_child(xmlNode* parent, const char* prefix, const char* href, const char* name);
xmlNode* add_text_child(xmlNode* parent, const char* name, std::string_view text);
void set_text(xmlNode* element, std::string_view text);
void set_attribute(xmlNode* element, const char* name, std::string_view value);

/// UTF-8 with the XML declaration, not one character of white space added.
std::string serialise(xmlDoc* doc);
/// Exclusive C14N 1.0 without comments of the whole document.
std::string canonical(xmlDoc* doc);

// ---- reading

/// Limits on an answer; a real one has about 1 kB (specs: insi 2.4).
inline constexpr std::size_t kMaxAnswerBytes = 1U << 20U;
inline constexpr int kMaxDepth = 32;
inline constexpr std::size_t kMaxNodes = 20'000;  ///< elements and attributes
inline constexpr std::size_t kMaxTagBytes =
    4096;  ///< libxml2 compares the attributes of a tag with one another

/// A parsed answer. Elements are found by namespace and local name only.
/// The element whose bytes are kept: there is at most one in an answer.
struct Kept {
  const char* href = ns::kResult;
  const char* name = "RESULTAT";
};

class Received {
 public:
  /// Throws INSI_ANSWER_INVALID: too big, not UTF-8, NUL, a DOCTYPE or another declared encoding, too deep,
  /// too many nodes, not well formed. Never opens a file or a connection.
  explicit Received(std::string_view text, Kept kept = {});

  [[nodiscard]] const xmlNode* root() const;
  /// The bytes of `element` exactly as received. Only for the element kept.
  [[nodiscard]] std::string_view bytes_of(const xmlNode* element) const;
  /// From now on the elements of namespace `from` are found under `to`: a later version of a contract.
  void rename_namespace(const char* from, const char* to);

 private:
  struct Span {
    const xmlNode* element;
    std::size_t begin, end;
  };
  struct Reading;
  std::string text_;
  Doc doc_;
  std::vector<Span> spans_;
};

[[nodiscard]] bool is(const xmlNode* node, const char* href, const char* name);
/// The element children, in order.
[[nodiscard]] std::vector<const xmlNode*> elements(const xmlNode* parent);
/// The only child of that name; nullptr when there is none. Throws INSI_ANSWER_INVALID when there are
/// several.
[[nodiscard]] const xmlNode* only_child(const xmlNode* parent, const char* href, const char* name);
/// The whole text of an element that holds nothing else. Throws INSI_ANSWER_INVALID for a comment, a
/// processing instruction or an element inside (a comment must not cut a value: threats T-XML-11), or above
/// `max_bytes`.
[[nodiscard]] std::string text_of(const xmlNode* element, std::size_t max_bytes = 512);
/// Text of the only child of that name; nothing when there is none. Throws like the two above.
[[nodiscard]] std::optional<std::string> child_text(const xmlNode* parent, const char* href, const char* name,
                                                    std::size_t max_bytes = 512);

}  // namespace insd::insi::xml
