// SPDX-License-Identifier: Apache-2.0
// The reading half of xml.h.
#include <algorithm>
#include <cstring>
#include <new>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "daemon/insi/xml.h"
#include "drivers/base/error.h"

namespace insd::insi::xml {
namespace {

struct ParserDeleter {
  void operator()(xmlParserCtxt* parser) const {
    xmlFreeDoc(parser->myDoc);
    parser->myDoc = nullptr;
    xmlFreeParserCtxt(parser);
  }
};
using Parser = std::unique_ptr<xmlParserCtxt, ParserDeleter>;

[[noreturn]] void refuse(const char* why) {
  throw Error(Code::INSI_ANSWER_INVALID, why);
}

constexpr std::ptrdiff_t kMaxEqualSigns = 4096;  // an answer has a dozen attributes

// Everything that can be told from the bytes alone, before libxml2 sees one of them.
void check_bytes(const std::string& text) {
  if (text.empty()) refuse("empty answer");
  if (text.size() > kMaxAnswerBytes) refuse("answer too long");
  if (text.find('\0') != std::string::npos) refuse("NUL in the answer");
  if (xmlCheckUTF8(reinterpret_cast<const xmlChar*>(text.c_str())) == 0) refuse("answer is not UTF-8");
  if (text.find("<!DOCTYPE") != std::string::npos || text.find("<!ENTITY") != std::string::npos)
    refuse("DOCTYPE in the answer");
  // libxml2 compares each attribute of an element with all the others, and a '>' inside a value hides it from
  // the bound on tags below.
  if (std::count(text.begin(), text.end(), '=') > kMaxEqualSigns) refuse("too many attributes");
  std::size_t open = text.find('<');
  while (open != std::string::npos) {
    const std::size_t close = text.find('>', open);
    if (close == std::string::npos || close - open > kMaxTagBytes) refuse("tag too long");
    open = text.find('<', close);
  }
}

bool same_without_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [](char x, char y) {
           return (x >= 'A' && x <= 'Z' ? x - 'A' + 'a' : x) == y;
         });
}

void stay_silent(void* /*context*/, xmlErrorPtr /*error*/) {}

}  // namespace

// What the SAX callbacks see: they count, bound, and note where the element kept begins and ends in the
// bytes.
struct Received::Reading {
  Received* answer;
  Kept kept;
  int depth = 0;
  std::size_t nodes = 0;
  bool too_much = false;

  static Reading& of(xmlParserCtxt* parser) { return *static_cast<Reading*>(parser->_private); }

  // No encoding is converted and no entity is opened (check_bytes, and the encoding is checked after), so the
  // parser's position is a position in the text.
  static std::size_t position(const xmlParserCtxt* parser) {
    return static_cast<std::size_t>(parser->input->consumed) +
           static_cast<std::size_t>(parser->input->cur - parser->input->base);
  }

  static void start(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri,
                    int namespaces, const xmlChar** namespace_list, int attributes, int defaulted,
                    const xmlChar** attribute_list) {
    auto* parser = static_cast<xmlParserCtxt*>(context);
    Reading& reading = of(parser);
    reading.nodes += 1U + static_cast<std::size_t>(namespaces) + static_cast<std::size_t>(attributes);
    if (++reading.depth > kMaxDepth || reading.nodes > kMaxNodes) {
      reading.too_much = true;
      xmlStopParser(parser);
      return;
    }
    xmlSAX2StartElementNs(context, name, prefix, uri, namespaces, namespace_list, attributes, defaulted,
                          attribute_list);
    if (!is(parser->node, reading.kept.href, reading.kept.name)) return;
    if (!reading.answer->spans_.empty()) {  // wherever it stands: one answer, one result
      reading.too_much = true;
      xmlStopParser(parser);
      return;
    }
    // The tag's '<' is the last one before its end: a well-formed tag holds no other.
    const std::size_t begin = reading.answer->text_.rfind('<', position(parser));
    reading.answer->spans_.push_back({parser->node, begin, std::string::npos});
  }

  static void end(void* context, const xmlChar* name, const xmlChar* prefix, const xmlChar* uri) {
    auto* parser = static_cast<xmlParserCtxt*>(context);
    --of(parser).depth;
    for (Span& span : of(parser).answer->spans_) {
      if (span.element == parser->node) span.end = position(parser);
    }
    xmlSAX2EndElementNs(context, name, prefix, uri);
  }
};

Received::Received(std::string_view text, Kept kept) : text_(text) {
  check_bytes(text_);
  xmlInitParser();
  const Parser parser(xmlNewParserCtxt());
  if (!parser) throw std::bad_alloc();
  Reading reading{this, kept};
  parser->_private = &reading;
  parser->sax->startElementNs = &Reading::start;
  parser->sax->endElementNs = &Reading::end;
  parser->sax->serror = &stay_silent;
  doc_.reset(xmlCtxtReadMemory(parser.get(), text_.data(), static_cast<int>(text_.size()), nullptr, nullptr,
                               XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  xmlResetLastError();
  if (reading.too_much) refuse("answer too deep, too large or with several results");
  if (!doc_ || parser->wellFormed == 0 || root() == nullptr) refuse("answer is not well-formed XML");
  if (doc_->encoding != nullptr && !same_without_case(reinterpret_cast<const char*>(doc_->encoding), "utf-8"))
    refuse("answer declares an encoding other than UTF-8");
}

const xmlNode* Received::root() const {
  return xmlDocGetRootElement(doc_.get());
}

void Received::rename_namespace(const char* from, const char* to) {
  const auto* old_name = reinterpret_cast<const xmlChar*>(from);
  // In document order, bounded by kMaxNodes.
  for (xmlNode* node = xmlDocGetRootElement(doc_.get()); node != nullptr;) {
    if (node->type == XML_ELEMENT_NODE) {
      for (xmlNs* declared = node->nsDef; declared != nullptr; declared = declared->next) {
        if (xmlStrEqual(declared->href, old_name) == 0) continue;
        xmlChar* renamed = xmlStrdup(reinterpret_cast<const xmlChar*>(to));
        if (renamed == nullptr) throw std::bad_alloc();
        xmlFree(const_cast<xmlChar*>(declared->href));
        declared->href = renamed;
      }
    }
    if (node->type == XML_ELEMENT_NODE && node->children != nullptr) {
      node = node->children;
      continue;
    }
    while (node != nullptr && node->next == nullptr) {
      node = node->parent != nullptr && node->parent->type == XML_ELEMENT_NODE ? node->parent : nullptr;
    }
    if (node != nullptr) node = node->next;
  }
}

std::string_view Received::bytes_of(const xmlNode* element) const {
  for (const Span& span : spans_) {
    if (span.element == element && span.begin < span.end && span.end <= text_.size())
      return std::string_view(text_).substr(span.begin, span.end - span.begin);
  }
  throw Error(Code::INTERNAL, "no bytes noted for this element");
}

std::vector<const xmlNode*> elements(const xmlNode* parent) {
  std::vector<const xmlNode*> found;
  for (const xmlNode* child = parent->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) found.push_back(child);
  }
  return found;
}

const xmlNode* only_child(const xmlNode* parent, const char* href, const char* name) {
  const xmlNode* found = nullptr;
  for (const xmlNode* child : elements(parent)) {
    if (!is(child, href, name)) continue;
    if (found != nullptr) refuse("an element occurs twice");
    found = child;
  }
  return found;
}

std::string text_of(const xmlNode* element, std::size_t max_bytes) {
  std::string text;
  for (const xmlNode* child = element->children; child != nullptr; child = child->next) {
    if (child->type != XML_TEXT_NODE && child->type != XML_CDATA_SECTION_NODE)
      refuse("a value holds something that is not text");
    if (child->content != nullptr) text += reinterpret_cast<const char*>(child->content);
    if (text.size() > max_bytes) refuse("a value is too long");
  }
  return text;
}

std::optional<std::string> child_text(const xmlNode* parent, const char* href, const char* name,
                                      std::size_t max_bytes) {
  const xmlNode* child = only_child(parent, href, name);
  if (child == nullptr) return std::nullopt;
  return text_of(child, max_bytes);
}

}  // namespace insd::insi::xml
