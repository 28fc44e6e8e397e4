// SPDX-License-Identifier: Apache-2.0
// Small XML documents, written forwards by libxml2, which escapes every text and attribute. Without an XML
// declaration: what is made here goes into other documents.
#pragma once

#include <string>
#include <string_view>

#include <libxml/tree.h>

struct _xmlTextWriter;

namespace insd::render {

/// Texts must be UTF-8 that XML 1.0 can carry (disclose() has seen to that).
class XmlWriter {
 public:
  XmlWriter();
  ~XmlWriter();
  XmlWriter(const XmlWriter&) = delete;
  XmlWriter& operator=(const XmlWriter&) = delete;

  XmlWriter& open(const char* name);
  XmlWriter& attribute(const char* name, std::string_view value);
  XmlWriter& text(std::string_view value);
  XmlWriter& close();
  /// A whole element that holds a text.
  XmlWriter& element(const char* name, std::string_view value) { return open(name).text(value).close(); }

  /// Ends the document; nothing may be written afterwards.
  std::string finish();

 private:
  xmlBuffer* buffer_;
  _xmlTextWriter* writer_;
};

}  // namespace insd::render
