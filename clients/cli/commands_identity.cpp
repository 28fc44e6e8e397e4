// SPDX-License-Identifier: Apache-2.0
// `insctl identity`: an identity that the daemon holds.
#include <array>
#include <fstream>
#include <iterator>
#include <ostream>

#include "clients/cli/commands.h"
#include "clients/cli/json.h"
#include "clients/cli/text.h"

namespace insd::cli {
namespace {

constexpr std::size_t kMostTokenBytes = 64U << 10U;

struct Format {
  std::string_view name;
  v1::RenderFormat format;
};
constexpr std::array kFormats = {
    Format{"fhir-2.1.0", v1::RENDER_FORMAT_FHIR_FR_CORE_2_1_0},
    Format{"fhir-2.2.0", v1::RENDER_FORMAT_FHIR_FR_CORE_2_2_0},
    Format{"hl7", v1::RENDER_FORMAT_HL7V2_PAM_FR},
    Format{"cda", v1::RENDER_FORMAT_CDA_PATIENT_ROLE},
    Format{"datamatrix", v1::RENDER_FORMAT_DATAMATRIX_PAYLOAD},
    Format{"datamatrix-png", v1::RENDER_FORMAT_DATAMATRIX_PNG},
    Format{"datamatrix-svg", v1::RENDER_FORMAT_DATAMATRIX_SVG},
    Format{"cartouche", v1::RENDER_FORMAT_CARTOUCHE_SVG},
    Format{"label", v1::RENDER_FORMAT_LABEL_SVG},
};

Failure file_failure(const Session& session) {
  return {"FILE_FAILED", session.say(Word::FILE_FAILED), session.say(Word::FILE_FAILED_REMEDY)};
}

v1::IdentityRef reference(const Session& session) {
  v1::IdentityRef ref;
  if (!session.options.identity.empty()) {
    ref.set_identity_id(session.options.identity);
    return ref;
  }
  if (session.options.token_file.empty()) {
    throw UsageError(session.say(Word::USAGE_MISSING, {"--identity"}));
  }
  std::ifstream file(session.options.token_file, std::ios::binary);
  std::string token(kMostTokenBytes + 1, '\0');
  file.read(token.data(), static_cast<std::streamsize>(token.size()));
  token.resize(static_cast<std::size_t>(file.gcount()));
  if (token.empty() || token.size() > kMostTokenBytes) throw file_failure(session);
  ref.set_sealed_token(token);
  return ref;
}

v1::LocalIdentifier local_identifier(const Session& session, const std::string& text) {
  const auto first = text.find('@');
  if (first == std::string::npos) throw UsageError(session.say(Word::USAGE_VALUE, {"--local-id"}));
  const auto second = text.find('@', first + 1);
  v1::LocalIdentifier made;
  made.set_value(text.substr(0, first));
  made.set_oid(text.substr(first + 1, second == std::string::npos ? second : second - first - 1));
  if (second != std::string::npos) made.set_namespace_id(text.substr(second + 1));
  return made;
}

}  // namespace

int run_identity_render(Session& session) {
  v1::RenderRequest request;
  *request.mutable_identity() = reference(session);
  for (const auto& each : kFormats) {
    if (each.name == session.options.format) request.set_format(each.format);
  }
  for (const auto& text : session.options.local_ids) {
    *request.add_local_identifiers() = local_identifier(session, text);
  }
  const auto rendered = session.client.render(request);
  for (const auto& warning : rendered.warnings()) {
    session.io.err << "! " << printable(session.term(warning)) << '\n';
  }
  if (rendered.test_environment()) session.io.err << session.say(Word::ANSWER_TEST) << '\n';
  if (session.options.json) {
    session.io.out << to_json(rendered) << '\n';
    return EXIT_OK;
  }
  if (session.options.output.empty()) {
    session.io.out.write(rendered.content().data(), static_cast<std::streamsize>(rendered.content().size()));
    return EXIT_OK;
  }
  std::ofstream file(session.options.output, std::ios::binary | std::ios::trunc);
  file.write(rendered.content().data(), static_cast<std::streamsize>(rendered.content().size()));
  file.close();
  if (!file) throw file_failure(session);
  session.io.err << session.say(Word::RENDERED_FILE, {printable(session.options.output)}) << '\n';
  return EXIT_OK;
}

}  // namespace insd::cli
