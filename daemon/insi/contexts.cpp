// SPDX-License-Identifier: Apache-2.0
#include "daemon/insi/contexts.h"

#include "daemon/insi/xml.h"

namespace insd::insi {
namespace {

xmlNode* add_context(xmlNode* header, const char* prefix, const char* href, const char* name,
                     const char* nature, const ContextHead& head) {
  xmlNode* context = xml::add_child(header, prefix, href, name);
  xml::set_attribute(context, "Nature", nature);
  xml::set_attribute(context, "Version", head.version);
  xml::add_text_child(context, "Id", head.id);
  xml::add_text_child(context, "Temps", head.time);
  xml::add_text_child(context, "Emetteur", head.sender);
  return context;
}

}  // namespace

void add_context_bam(xmlNode* header, const ContextHead& head, const CardQuery* card) {
  xmlNode* context = add_context(header, "bam", xml::ns::kContextBam, "ContexteBAM", "CTXBAM", head);
  xmlNode* cover = xml::add_child(context, "COUVERTURE");  // mandatory, empty in a search by traits
  if (card == nullptr) return;
  xmlNode* insured = xml::add_child(xml::add_child(cover, "ASSURE"), "Id");
  xml::add_text_child(insured, "Num", card->insured_nir);
  xmlNode* beneficiary = xml::add_child(cover, "BENEFICIAIRE");
  if (card->beneficiary_nir)
    xml::add_text_child(xml::add_child(beneficiary, "Nir"), "Num", *card->beneficiary_nir);
  xml::add_text_child(beneficiary, "DateNai", card->birth_date);
  xml::add_text_child(beneficiary, "Rang", std::to_string(card->birth_rank));
}

void add_context_lps(xmlNode* header, const ContextHead& head, const EditorConfig& editor) {
  xmlNode* context = add_context(header, "lps", xml::ns::kContextLps, "ContexteLPS", "CTXLPS", head);
  xmlNode* software = xml::add_child(context, "LPS");
  xml::set_attribute(xml::add_text_child(software, "IDAM", editor.idam), "R", "4");
  xml::add_text_child(software, "Version", editor.version);
  xml::add_text_child(software, "Instance", editor.instance);
  xml::add_text_child(software, "Nom", editor.name);
}

}  // namespace insd::insi
