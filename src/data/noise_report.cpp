// SPDX-License-Identifier: Apache-2.0
#include "data/noise_report.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "data/dataset_files.h"
#include "data/json_number.h"

namespace truenext {
namespace {

NoiseKind noise_kind(const nlohmann::json& noise) {
  const auto kind = find_word<NoiseKind>(noise.at("kind").get<std::string>());
  if (!kind) throw nlohmann::json::type_error::create(302, "no kind of noise", &noise);
  return *kind;
}

NoiseReport noise_of(const nlohmann::json& noise) {
  const auto count = [&](const char* name) { return whole_number(noise.at(name)); };
  NoiseReport report;
  report.kind = noise_kind(noise);
  report.rate = noise.at("rate").get<double>();
  report.seed = noise.at("seed").get<uint64_t>();
  report.source_fingerprint = noise.at("source_fingerprint").get<std::string>();
  report.source_split_fingerprint = noise.at("source_split_fingerprint").get<std::string>();
  report.source_training_events = count("source_training_events");
  report.training_events = count("training_events");
  report.injected = count("injected");
  report.swapped = count("swapped");
  report.dropped = count("dropped");
  report.mixed_in = count("mixed_in");
  report.left_out = count("left_out");
  report.users_changed = count("users_changed");
  return report;
}

}  // namespace

nlohmann::ordered_json noise_json(const std::optional<NoiseReport>& report) {
  if (!report) return nullptr;
  return {{"kind", word_of(report->kind)},
          {"rate", report->rate},
          {"seed", report->seed},
          {"source_fingerprint", report->source_fingerprint},
          {"source_split_fingerprint", report->source_split_fingerprint},
          {"source_training_events", report->source_training_events},
          {"training_events", report->training_events},
          {"injected", report->injected},
          {"swapped", report->swapped},
          {"dropped", report->dropped},
          {"mixed_in", report->mixed_in},
          {"left_out", report->left_out},
          {"users_changed", report->users_changed}};
}

std::optional<NoiseReport> noise_report(const Dataset& dataset) {
  const auto description = nlohmann::json::parse(dataset.description(), nullptr, false);
  const auto noise = description.find("noise");
  if (noise == description.end()) return std::nullopt;
  try {
    return noise_of(*noise);
  } catch (const nlohmann::json::exception&) {
    fail_data("{}: no usable \"noise\": the file is damaged; make the noise again",
              (dataset.folder() / dataset_files::kDescription).string());
  }
}

bool holds_noise(const NoiseOptions& options) {
  if (!std::filesystem::exists(options.out)) return false;
  const Dataset source = Dataset::open(options.source), there = Dataset::open(options.out);
  const auto report = noise_report(there);
  const bool same = report && report->kind == options.kind && report->rate == options.rate &&
                    report->seed == options.seed &&
                    report->source_fingerprint == source.fingerprint() &&
                    report->source_split_fingerprint == source.split_fingerprint() &&
                    there.attribute_fingerprint() == source.attribute_fingerprint();
  check_data(same,
             "{}: holds another dataset than {} with {} noise, rate {}, seed {}; remove it, or "
             "choose another folder",
             options.out.string(), options.source.string(), word_of(options.kind), options.rate,
             options.seed);
  return true;
}

std::string noise_label(const NoiseReport& report) {
  return fmt::format("{} noise, rate {}, seed {}", word_of(report.kind), report.rate, report.seed);
}

}  // namespace truenext
