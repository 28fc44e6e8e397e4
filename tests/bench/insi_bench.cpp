// SPDX-License-Identifier: Apache-2.0
// What an INSi request costs beside the one RSA signature that it needs, and what reading an answer costs.
// The signature and the request are timed in turn, in the same run, so that their ratio does not depend on
// the hour.
#include <chrono>

#include <benchmark/benchmark.h>

#include "daemon/insi/answer.h"
#include "daemon/insi/signer.h"
#include "tests/unit/insi/test_answers.h"
#include "tests/unit/insi/test_exchange.h"

namespace insd {
namespace {

using Seconds = std::chrono::duration<double>;

template <class Work>
double seconds_of(Work work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return Seconds(std::chrono::steady_clock::now() - began).count();
}

void build_and_sign(benchmark::State& state) {
  EVP_PKEY* const key = test::shared_key();
  const std::string message(1000, 'm');
  test::signed_request(test::a_card_query());  // makes the keys
  double request = 0;
  double signature = 0;
  for ([[maybe_unused]] const auto iteration : state) {
    signature += seconds_of([&] { benchmark::DoNotOptimize(test::rsa_sha256(key, as_bytes(message))); });
    const double once =
        seconds_of([&] { benchmark::DoNotOptimize(test::signed_request(test::a_card_query())); });
    request += once;
    state.SetIterationTime(once);
  }
  const auto count = static_cast<double>(state.iterations());
  state.counters["raw_rsa_us"] = signature / count * 1e6;
  state.counters["ratio_to_raw_rsa"] = request / signature;
}
BENCHMARK(build_and_sign)->UseManualTime()->Unit(benchmark::kMicrosecond)->MinTime(2);

void verify_signature(benchmark::State& state) {
  const Bytes certificate = test::to_der(test::TestPki::get().professional.get());
  const Bytes value = test::rsa_sha256(test::shared_key(), as_bytes("message"));
  for ([[maybe_unused]] const auto iteration : state)
    benchmark::DoNotOptimize(signature_verifies(certificate, as_bytes("message"), value));
}
BENCHMARK(verify_signature)->Unit(benchmark::kMicrosecond);

void read_an_answer(benchmark::State& state) {
  const insi::HttpResponse response = test::ok(test::found());
  for ([[maybe_unused]] const auto iteration : state)
    benchmark::DoNotOptimize(insi::read_answer(response, InsiEnvironment::TEST));
  state.SetBytesProcessed(static_cast<std::int64_t>(response.body.size()) * state.iterations());
}
BENCHMARK(read_an_answer)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace insd

BENCHMARK_MAIN();
