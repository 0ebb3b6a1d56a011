// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "base/error.h"
#include "base/options.h"
#include "run/noise_plan-inl.h"

namespace truenext {
namespace {

std::string noise_place(const std::string& source, const toml::node& node) {
  return fmt::format("{}:{}", source, node.source().begin.line);
}

const toml::array& list_of(const toml::node& node, const std::string& where, const char* what) {
  const toml::array* list = node.as_array();
  check_usage(list != nullptr && !list->empty(), "{}: wants a list of {}", where, what);
  return *list;
}

NoiseKind read_kind(const std::string& word, const std::string& where) {
  const auto kind = find_word<NoiseKind>(word);
  const std::vector<std::string> known(words_of<NoiseKind>().begin(), words_of<NoiseKind>().end());
  const std::string near = nearest_word(word, known);
  check_usage(kind.has_value(), "{}: \"{}\" is unknown{}; want some of {}", where, word,
              near.empty() ? "" : fmt::format(", did you mean {}?", near), fmt::join(known, ", "));
  return *kind;
}

std::vector<NoiseKind> read_kinds(const toml::node& node, const std::string& source) {
  const std::string where = noise_place(source, node) + ": [noise] kinds";
  std::vector<NoiseKind> kinds;
  for (const toml::node& element : list_of(node, where, "kinds of noise")) {
    const std::string word = element.value_exact<std::string>().value_or("");
    const NoiseKind kind = read_kind(word, where);
    check_usage(std::find(kinds.begin(), kinds.end(), kind) == kinds.end(), "{}: {} comes twice",
                where, word);
    kinds.push_back(kind);
  }
  return kinds;
}

std::vector<double> read_rates(const toml::node& node, const std::string& source) {
  const std::string where = noise_place(source, node) + ": [noise] rates";
  std::vector<double> rates;
  for (const toml::node& element : list_of(node, where, "shares")) {
    const double rate = element.value_exact<double>().value_or(0);
    check_usage(rate > 0 && rate < 1,
                "{}: wants shares above 0 and below 1, e.g. [0.1, 0.2]; the clean data are always "
                "part of it",
                where);
    check_usage(rates.empty() || rates.back() < rate, "{}: want rates that ascend", where);
    rates.push_back(rate);
  }
  return rates;
}

/// What `kind` at `rate` makes of a dataset of the plan.
NoisyData noisy_data(const GridPlan& plan, const std::string& data, const std::string& folder,
                     NoiseKind kind, double rate) {
  NoisyData noisy;
  noisy.source = data;
  noisy.name = fmt::format("{}-{}-{}", data, word_of(kind), rate);
  noisy.options.source = folder;
  noisy.options.out = plan.out / kNoisyFolder / noisy.name;
  noisy.options.kind = kind;
  noisy.options.rate = rate;
  noisy.options.seed = plan.noise->seed;
  return noisy;
}

}  // namespace

GridNoise read_noise(const toml::table& table, const std::string& source) {
  GridNoise noise;
  std::vector<NoiseKind> kinds;
  std::vector<double> rates;  // of all kinds
  for (const auto& [name, node] : table) {
    const std::string_view key = name.str();
    if (key == "kinds") {
      kinds = read_kinds(node, source);
    } else if (key == "rates" && node.is_table()) {
      for (const auto& [word, own] : *node.as_table()) {
        const std::string where = noise_place(source, own) + ": [noise] rates";
        noise.kinds.push_back({read_kind(std::string(word.str()), where), read_rates(own, source)});
      }
    } else if (key == "rates") {
      rates = read_rates(node, source);
    } else if (key == "seed") {
      const int64_t seed = node.value_exact<int64_t>().value_or(-1);
      check_usage(seed >= 0, "{}: [noise] seed wants a whole number from 0",
                  noise_place(source, node));
      noise.seed = static_cast<uint64_t>(seed);
    } else {
      const std::string near = nearest_word(key, {"kinds", "rates", "seed"});
      fail_usage("{}: unknown key [noise] {}{}; want kinds, rates, seed", noise_place(source, node),
                 key, near.empty() ? "" : fmt::format("; did you mean {}?", near));
    }
  }
  check_usage(kinds.empty() || noise.kinds.empty(),
              "{}: [noise] kinds goes with one list of rates for all; a table of rates names the "
              "kinds itself",
              noise_place(source, table));
  for (const NoiseKind kind : kinds) noise.kinds.push_back({kind, rates});
  check_usage(!noise.kinds.empty() && !noise.kinds.front().rates.empty(),
              "{}: [noise] wants kinds and rates, e.g. kinds = [\"swap\"], rates = [0.1, 0.2]",
              noise_place(source, table));
  return noise;
}

std::vector<NoisyData> noisy_data(const GridPlan& plan) {
  check_usage(plan.noise.has_value(),
              "{}: [noise] is missing: want the kinds and rates of noise, e.g. kinds = [\"swap\"], "
              "rates = [0.1, 0.2]",
              plan.source);
  for (const GridVariant& variant : plan.variants) {
    check_usage(variant.name != kNoisyFolder,
                "{}: a variant called {} would stand where the noisy data are; choose another name",
                plan.source, kNoisyFolder);
  }
  std::vector<NoisyData> all;
  for (const auto& [kind, rates] : plan.noise->kinds) {
    for (const double rate : rates) {
      for (const auto& [data, folder] : plan.data) {
        all.push_back(noisy_data(plan, data, folder, kind, rate));
      }
    }
  }
  for (const NoisyData& noisy : all) {
    const bool taken = std::any_of(plan.data.begin(), plan.data.end(),
                                   [&](const auto& data) { return data.first == noisy.name; });
    check_usage(!taken, "{}: a dataset is called {}, as {} with its noise would be; rename it",
                plan.source, noisy.name, noisy.source);
  }
  return all;
}

}  // namespace truenext
