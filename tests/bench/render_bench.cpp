// SPDX-License-Identifier: Apache-2.0
// How fast an identity is rendered, on one core; the PNG of a datamatrix beside libzint's own work on it.
#include <benchmark/benchmark.h>

#include "daemon/identity/compare.h"
#include "daemon/identity/explain.h"
#include "daemon/render/cartouche.h"
#include "daemon/render/cda.h"
#include "daemon/render/datamatrix.h"
#include "daemon/render/fhir.h"
#include "daemon/render/hl7.h"
#include "daemon/render/symbol.h"
#include "tests/unit/render/everything.h"
#include "tests/unit/render/subjects.h"

namespace insd::render {
namespace {

// Status and what it entitles to are computed anew each time, as for a call.
template <class Write>
void run(benchmark::State& state, Write write) {
  const auto identity = test::qualified();
  for (auto _ : state) benchmark::DoNotOptimize(write(disclose(identity, test::ipp())));
  state.SetItemsProcessed(state.iterations());
}

void fhir(benchmark::State& state) {
  run(state, [](const Disclosure& out) { return fhir_patient(out, FrCore::V2_2_0).json.size(); });
}
void hl7(benchmark::State& state) {
  run(state, [](const Disclosure& out) { return hl7_message(out, test::header()).text.size(); });
}
void cda(benchmark::State& state) {
  run(state, [](const Disclosure& out) { return cda_patient_role(out).size(); });
}
void payload(benchmark::State& state) {
  run(state, [](const Disclosure& out) { return datamatrix_payload(out).size(); });
}
void symbol_alone(benchmark::State& state) {
  const auto bytes = datamatrix_payload(disclose(test::qualified(), {}));
  for (auto _ : state) benchmark::DoNotOptimize(datamatrix_symbol(bytes).size);
}
void datamatrix_png(benchmark::State& state) {
  run(state, [](const Disclosure& out) {
    return symbol_png(datamatrix_symbol(datamatrix_payload(out)), 4, false).size();
  });
}
void cartouche(benchmark::State& state) {
  run(state, [](const Disclosure& out) { return cartouche_svg(out).size(); });
}

// What a desk asks for between an answer and a print: Compare, GetStatus and Render, one after the other on
// one core.
void compare_status_render(benchmark::State& state) {
  const auto identity = test::qualified();
  identity::Answer answer;
  answer.number = *identity.number;
  answer.traits = identity.traits;
  answer.traits.first_given_name.clear();
  for (auto _ : state) {
    benchmark::DoNotOptimize(identity::compare(identity::known_of(identity), answer).traits.size());
    benchmark::DoNotOptimize(identity::explain(identity).missing.size());
    benchmark::DoNotOptimize(fhir_patient(disclose(identity, test::ipp()), FrCore::V2_2_0).json.size());
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK(compare_status_render);
BENCHMARK(fhir);
BENCHMARK(hl7);
BENCHMARK(cda);
BENCHMARK(payload);
BENCHMARK(symbol_alone);
BENCHMARK(datamatrix_png);
BENCHMARK(cartouche);

}  // namespace
}  // namespace insd::render

BENCHMARK_MAIN();
