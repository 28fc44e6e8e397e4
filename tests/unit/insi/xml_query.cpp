// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/insi/xml_query.h"

#include <stdexcept>

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xmlschemas.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

namespace insd::test {
namespace {

const xmlChar* chars(const char* text) {
  return reinterpret_cast<const xmlChar*>(text);
}

xmlDoc* as_doc(void* doc) {
  return static_cast<xmlDoc*>(doc);
}

xmlXPathObject* evaluate(xmlDoc* doc, xmlXPathContext*& context, const std::string& expression) {
  context = xmlXPathNewContext(doc);
  const char* const prefixes[][2] = {
      {"s", "http://www.w3.org/2003/05/soap-envelope"},
      {"a", "http://www.w3.org/2005/08/addressing"},
      {"w", "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"},
      {"saml", "urn:oasis:names:tc:SAML:2.0:assertion"},
      {"ds", "http://www.w3.org/2000/09/xmldsig#"},
      {"bam", "urn:siram:bam:ctxbam"},
      {"lps", "urn:siram:lps:ctxlps"},
      {"t", "http://www.cnamts.fr/INSiRecSans"},
      {"v", "http://www.cnamts.fr/INSiRecVit"}};
  for (const auto& [prefix, href] : prefixes) xmlXPathRegisterNs(context, chars(prefix), chars(href));
  xmlXPathObject* found = xmlXPathEvalExpression(chars(expression.c_str()), context);
  if (found == nullptr) throw std::runtime_error("bad XPath: " + expression);
  return found;
}

void add_error(void* context, xmlErrorPtr error) {
  *static_cast<std::string*>(context) += error->message == nullptr ? "?" : error->message;
}

}  // namespace

XmlQuery::XmlQuery(const std::string& xml)
    : doc_(xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr, XML_PARSE_NONET)) {
  if (doc_ == nullptr) throw std::runtime_error("not well-formed");
}

XmlQuery::~XmlQuery() {
  xmlFreeDoc(as_doc(doc_));
}

std::string XmlQuery::text(const std::string& expression) const {
  xmlXPathContext* context = nullptr;
  xmlXPathObject* found = evaluate(as_doc(doc_), context, expression);
  xmlChar* value = xmlXPathCastToString(found);
  std::string text(reinterpret_cast<const char*>(value));
  xmlFree(value);
  xmlXPathFreeObject(found);
  xmlXPathFreeContext(context);
  return text;
}

std::vector<std::string> XmlQuery::names(const std::string& expression) const {
  xmlXPathContext* context = nullptr;
  xmlXPathObject* found = evaluate(as_doc(doc_), context, expression);
  std::vector<std::string> names;
  for (int i = 0; found->nodesetval != nullptr && i < found->nodesetval->nodeNr; ++i)
    names.emplace_back(reinterpret_cast<const char*>(found->nodesetval->nodeTab[i]->name));
  xmlXPathFreeObject(found);
  xmlXPathFreeContext(context);
  return names;
}

std::string XmlQuery::canonical() const {
  xmlChar* memory = nullptr;
  const int size = xmlC14NDocDumpMemory(as_doc(doc_), nullptr, XML_C14N_EXCLUSIVE_1_0, nullptr, 0, &memory);
  std::string text(reinterpret_cast<const char*>(memory), static_cast<std::size_t>(size));
  xmlFree(memory);
  return text;
}

std::string XmlQuery::schema_errors(const std::string& file) const {
  const std::string path = std::string(INSD_SOURCE_DIR) + "/tests/schemas/" + file;
  std::string errors;
  xmlSchemaParserCtxt* parser = xmlSchemaNewParserCtxt(path.c_str());
  xmlSchemaSetParserStructuredErrors(parser, add_error, &errors);
  xmlSchema* schema = xmlSchemaParse(parser);
  xmlSchemaFreeParserCtxt(parser);
  if (schema == nullptr) return "the schema itself: " + errors;
  xmlSchemaValidCtxt* validator = xmlSchemaNewValidCtxt(schema);
  xmlSchemaSetValidStructuredErrors(validator, add_error, &errors);
  const int verdict = xmlSchemaValidateDoc(validator, as_doc(doc_));
  xmlSchemaFreeValidCtxt(validator);
  xmlSchemaFree(schema);
  return verdict == 0 ? std::string() : errors + " (" + std::to_string(verdict) + ")";
}

}  // namespace insd::test
