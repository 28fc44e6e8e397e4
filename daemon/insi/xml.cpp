// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/xml.h"

#include <cstring>
#include <new>

#include <libxml/c14n.h>
#include <libxml/chvalid.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "drivers/base/error.h"

namespace insd::insi::xml {
namespace {

const xmlChar* chars(const char* text) {
  return reinterpret_cast<const xmlChar*>(text);
}

template <class T>
T* need(T* object) {
  if (object == nullptr) throw std::bad_alloc();
  return object;
}

struct XmlFree {
  void operator()(xmlChar* text) const { xmlFree(text); }
};

// libxml2's own check stops at a NUL; this one sees the whole of `text` (XML 1.0, production Char).
bool is_xml_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return false;
  const std::string terminated(text);
  if (xmlCheckUTF8(chars(terminated.c_str())) == 0) return false;
  int length = 0;
  for (std::size_t i = 0; i < terminated.size(); i += static_cast<std::size_t>(length)) {
    length = static_cast<int>(terminated.size() - i);
    const int c = xmlGetUTF8Char(chars(terminated.c_str() + i), &length);
    if (c < 0 || length <= 0 || !xmlIsCharQ(static_cast<unsigned>(c))) return false;
  }
  return true;
}

std::string checked(std::string_view text) {
  if (!is_xml_text(text)) throw Error(Code::INVALID_ARGUMENT, "a text that XML cannot carry");
  return std::string(text);
}

std::string take(xmlChar* memory, int size) {
  const std::unique_ptr<xmlChar, XmlFree> owner(need(memory));
  if (size < 0) throw Error(Code::INTERNAL, "XML could not be written");
  return {reinterpret_cast<const char*>(memory), static_cast<std::size_t>(size)};
}

}  // namespace

Doc make_document(const char* prefix, const char* href, const char* name) {
  xmlInitParser();  // else some of its tables would be made by the first writer, without a lock
  Doc doc(need(xmlNewDoc(chars("1.0"))));
  xmlNode* root = need(xmlNewDocNode(doc.get(), nullptr, chars(name), nullptr));
  xmlDocSetRootElement(doc.get(), root);
  xmlSetNs(root, need(xmlNewNs(root, chars(href), prefix == nullptr ? nullptr : chars(prefix))));
  return doc;
}

xmlNode* add_child(xmlNode* parent, const char* name) {
  return need(xmlNewChild(parent, parent->ns, chars(name), nullptr));
}

xmlNode* add_child(xmlNode* parent, const char* prefix, const char* href, const char* name) {
  xmlNode* child = need(xmlNewChild(parent, nullptr, chars(name), nullptr));
  xmlSetNs(child, need(xmlNewNs(child, chars(href), chars(prefix))));
  return child;
}

xmlNode* add_text_child(xmlNode* parent, const char* name, std::string_view text) {
  xmlNode* child = add_child(parent, name);
  set_text(child, text);
  return child;
}

void set_text(xmlNode* element, std::string_view text) {
  // A text node: xmlNewChild's and xmlNodeSetContent's own content argument would read entity references.
  xmlNode* node = need(xmlNewDocText(element->doc, chars(checked(text).c_str())));
  xmlAddChild(element, node);
}

void set_attribute(xmlNode* element, const char* name, std::string_view value) {
  need(xmlNewProp(element, chars(name), chars(checked(value).c_str())));
}

std::string serialise(xmlDoc* doc) {
  xmlChar* memory = nullptr;
  int size = -1;
  xmlDocDumpFormatMemoryEnc(doc, &memory, &size, "UTF-8", 0);
  return take(memory, size);
}

std::string canonical(xmlDoc* doc) {
  xmlChar* memory = nullptr;
  const int size = xmlC14NDocDumpMemory(doc, nullptr, XML_C14N_EXCLUSIVE_1_0, nullptr, 0, &memory);
  return take(memory, size);
}

bool is(const xmlNode* node, const char* href, const char* name) {
  return node != nullptr && node->type == XML_ELEMENT_NODE && node->ns != nullptr &&
         xmlStrEqual(node->ns->href, chars(href)) != 0 && xmlStrEqual(node->name, chars(name)) != 0;
}

}  // namespace insd::insi::xml
