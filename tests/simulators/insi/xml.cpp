// SPDX-License-Identifier: Apache-2.0
#include "tests/simulators/insi/xml.h"

#include <set>
#include <stdexcept>

#include <libxml/parser.h>
#include <libxml/xmlerror.h>

namespace sim::xml {
namespace {

std::string_view view(const xmlChar* chars) {
  return chars == nullptr ? std::string_view() : reinterpret_cast<const char*>(chars);
}

const xmlChar* chars(const std::string& text) {
  return reinterpret_cast<const xmlChar*>(text.c_str());
}

std::string taken(xmlChar* owned) {
  std::string text(view(owned));
  xmlFree(owned);
  return text;
}

/// Keeps the first message of libxml2, one line of it.
void keep_first(void* into, xmlError* error) {
  auto& kept = *static_cast<std::string*>(into);
  if (!kept.empty()) return;
  kept = error->message == nullptr ? "an error without words" : error->message;
  while (!kept.empty() && kept.back() == '\n') kept.pop_back();
}

struct ParserDeleter {
  void operator()(xmlParserCtxt* parser) const { xmlFreeParserCtxt(parser); }
};

/// Why a tree is refused: nodes that hide something inside values, or two identifiers alike.
std::string refused_node(const xmlNode* node, std::set<std::string>& ids) {
  for (; node != nullptr; node = node->next) {
    if (node->type == XML_COMMENT_NODE) return "a comment";
    if (node->type == XML_PI_NODE) return "a processing instruction";
    if (node->type == XML_CDATA_SECTION_NODE) return "a CDATA section";
    if (node->type == XML_ENTITY_REF_NODE) return "an entity";
    if (node->type != XML_ELEMENT_NODE) continue;
    for (const xmlAttr* attr = node->properties; attr != nullptr; attr = attr->next) {
      const auto name = view(attr->name);
      if (name != "ID" && name != "Id" && name != "id") continue;
      if (!ids.insert(taken(xmlNodeListGetString(node->doc, attr->children, 1))).second) return "an ID twice";
    }
    if (auto why = refused_node(node->children, ids); !why.empty())
      return why;  // libxml2 bounds depth to 256
  }
  return {};
}

}  // namespace

Parsed parse(const std::string& body) {
  // UTF-16 and the like could carry what the next line looks for in disguise.
  if (body.find('\0') != std::string::npos) return {nullptr, "a NUL byte"};
  if (body.find("<!DOCTYPE") != std::string::npos) return {nullptr, "a DOCTYPE"};
  const std::unique_ptr<xmlParserCtxt, ParserDeleter> parser(xmlNewParserCtxt());
  Doc doc(xmlCtxtReadMemory(parser.get(), body.data(), static_cast<int>(body.size()), nullptr, "UTF-8",
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  if (!doc) {
    const xmlError* error = xmlCtxtGetLastError(parser.get());
    std::string why = error != nullptr && error->message != nullptr ? error->message : "not well-formed";
    while (!why.empty() && why.back() == '\n') why.pop_back();
    return {nullptr, why};
  }
  if (doc->intSubset != nullptr || doc->extSubset != nullptr) return {nullptr, "a DOCTYPE"};
  std::set<std::string> ids;
  if (auto why = refused_node(doc->children, ids); !why.empty()) return {nullptr, "the message holds " + why};
  return {std::move(doc), {}};
}

bool is(const xmlNode* node, std::string_view ns, std::string_view name) {
  return node != nullptr && node->type == XML_ELEMENT_NODE && node->ns != nullptr &&
         view(node->ns->href) == ns && view(node->name) == name;
}

xmlNode* child(const xmlNode* node, std::string_view ns, std::string_view name) {
  if (node == nullptr) return nullptr;
  for (xmlNode* each = node->children; each != nullptr; each = each->next) {
    if (is(each, ns, name)) return each;
  }
  return nullptr;
}

std::vector<xmlNode*> children(const xmlNode* node) {
  std::vector<xmlNode*> elements;
  if (node == nullptr) return elements;
  for (xmlNode* each = node->children; each != nullptr; each = each->next) {
    if (each->type == XML_ELEMENT_NODE) elements.push_back(each);
  }
  return elements;
}

std::optional<std::string> text(const xmlNode* node) {
  if (node == nullptr) return std::nullopt;
  std::string joined;
  for (const xmlNode* each = node->children; each != nullptr; each = each->next) {
    if (each->type != XML_TEXT_NODE) return std::nullopt;
    joined += view(each->content);
  }
  return joined;
}

std::optional<std::string> attribute(const xmlNode* node, std::string_view name) {
  if (node == nullptr) return std::nullopt;
  const std::string key(name);
  if (xmlHasNsProp(node, chars(key), nullptr) == nullptr) return std::nullopt;
  return taken(xmlGetNoNsProp(node, chars(key)));
}

Schema::Schema(const std::filesystem::path& file) {
  std::string complaints;
  xmlSchemaParserCtxt* parser = xmlSchemaNewParserCtxt(file.c_str());
  xmlSchemaSetParserStructuredErrors(parser, keep_first, &complaints);
  schema_.reset(xmlSchemaParse(parser));
  xmlSchemaFreeParserCtxt(parser);
  if (!schema_) throw std::runtime_error(file.string() + ": " + complaints);
}

std::string Schema::complaint(xmlDoc* doc) const {
  std::string complaints;
  xmlSchemaValidCtxt* validator = xmlSchemaNewValidCtxt(schema_.get());
  xmlSchemaSetValidStructuredErrors(validator, keep_first, &complaints);
  const int result = xmlSchemaValidateDoc(validator, doc);
  xmlSchemaFreeValidCtxt(validator);
  if (result == 0) return {};
  return complaints.empty() ? "does not obey the schema" : complaints;
}

std::string escape(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '&':
        escaped += "&amp;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

}  // namespace sim::xml
