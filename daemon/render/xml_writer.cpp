// SPDX-License-Identifier: Apache-2.0
#include "daemon/render/xml_writer.h"

#include <libxml/xmlwriter.h>

#include "drivers/base/error.h"

namespace insd::render {
namespace {

void require(bool worked) {
  if (!worked) throw Error(Code::INTERNAL, "libxml2 did not write");
}

std::string copy(std::string_view text) {
  return std::string(text);  // libxml2 wants a NUL at the end
}

const xmlChar* characters(const std::string& text) {
  return reinterpret_cast<const xmlChar*>(text.c_str());
}

}  // namespace

XmlWriter::XmlWriter() : buffer_(xmlBufferCreate()), writer_(nullptr) {
  if (buffer_ != nullptr) writer_ = xmlNewTextWriterMemory(buffer_, 0);
  if (writer_ == nullptr) {
    xmlBufferFree(buffer_);
    throw Error(Code::INTERNAL, "libxml2 has no writer");
  }
}

XmlWriter::~XmlWriter() {
  xmlFreeTextWriter(writer_);
  xmlBufferFree(buffer_);
}

XmlWriter& XmlWriter::open(const char* name) {
  require(xmlTextWriterStartElement(writer_, reinterpret_cast<const xmlChar*>(name)) >= 0);
  return *this;
}

XmlWriter& XmlWriter::attribute(const char* name, std::string_view value) {
  require(xmlTextWriterWriteAttribute(writer_, reinterpret_cast<const xmlChar*>(name),
                                      characters(copy(value))) >= 0);
  return *this;
}

XmlWriter& XmlWriter::text(std::string_view value) {
  require(xmlTextWriterWriteString(writer_, characters(copy(value))) >= 0);
  return *this;
}

XmlWriter& XmlWriter::close() {
  require(xmlTextWriterEndElement(writer_) >= 0);
  return *this;
}

std::string XmlWriter::finish() {
  require(xmlTextWriterEndDocument(writer_) >= 0 && xmlTextWriterFlush(writer_) >= 0);
  std::string text(reinterpret_cast<const char*>(xmlBufferContent(buffer_)),
                   static_cast<std::size_t>(xmlBufferLength(buffer_)));
  while (text.ends_with('\n')) text.pop_back();
  return text;
}

}  // namespace insd::render
