// SPDX-License-Identifier: Apache-2.0
#include "cli/bench_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <nlohmann/json.hpp>

namespace truenext::cli {
namespace {

constexpr const char* kUsefulRate = "gflop_per_cpu_second";

template <typename Value>
double median_of(const std::vector<BenchSample>& samples, const Value& value) {
  std::vector<double> values(samples.size());
  std::transform(samples.begin(), samples.end(), values.begin(), value);
  return quantile(std::move(values), 0.5);
}

std::string seconds_text(double seconds) {
  return seconds < 1 ? fmt::format("{:.3f} ms", 1e3 * seconds) : fmt::format("{:.3f} s", seconds);
}

}  // namespace

double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  const double place = q * static_cast<double>(values.size() - 1);
  const auto below = static_cast<size_t>(place);
  const size_t above = std::min(below + 1, values.size() - 1);
  return values[below] + (place - std::floor(place)) * (values[above] - values[below]);
}

void BenchReport::append(const BenchReport& other) {
  facts.insert(facts.end(), other.facts.begin(), other.facts.end());
  figures.insert(figures.end(), other.figures.begin(), other.figures.end());
  seconds.insert(seconds.end(), other.seconds.begin(), other.seconds.end());
}

void BenchReport::add_count(std::string key, int64_t count) {
  add(std::move(key), static_cast<double>(count), fmt::format("{}", count));
}

void BenchReport::add_samples(const std::string& noun, const std::vector<BenchSample>& samples) {
  for (const BenchSample& sample : samples) seconds.push_back(sample.seconds);
  const auto rate = [&](const std::string& key, const std::string& unit, const auto& value) {
    const double median = median_of(samples, value);
    add(key, median, fmt::format("{:.{}f} {}", median, median < 100 ? 2 : 0, unit));
  };
  rate(noun + "_per_second", noun + "/s", [](const BenchSample& s) { return s.count / s.seconds; });
  rate(noun + "_per_cpu_second", noun + " per CPU second",
       [](const BenchSample& s) { return s.count / s.cpu_seconds; });
  const double wall = median_of(samples, [](const BenchSample& s) { return s.seconds; });
  const double cpu = median_of(samples, [](const BenchSample& s) { return s.cpu_seconds; });
  add("seconds", wall, seconds_text(wall));
  add("cpu_seconds", cpu, seconds_text(cpu));
  if (median_of(samples, [](const BenchSample& s) { return s.flop; }) == 0) return;
  rate("gflop_per_second", "useful GFLOP/s",
       [](const BenchSample& s) { return 1e-9 * s.flop / s.seconds; });
  rate(kUsefulRate, "useful GFLOP per CPU second",
       [](const BenchSample& s) { return 1e-9 * s.flop / s.cpu_seconds; });
}

void BenchReport::add_peak(double gflops) {
  const auto useful = std::find_if(figures.begin(), figures.end(),
                                   [](const Figure& f) { return f.key == kUsefulRate; });
  if (useful == figures.end()) return;
  const double share = useful->value / gflops;
  add("sgemm_gflop_per_cpu_second", gflops, fmt::format("{:.1f} GFLOP per CPU second", gflops));
  add("share_of_sgemm", share, fmt::format("{:.1f} %", 100 * share));
}

std::string BenchReport::table() const {
  size_t width = 0;
  for (const auto& [key, value] : facts) width = std::max(width, key.size());
  for (const Figure& figure : figures) width = std::max(width, figure.key.size());
  std::string text;
  for (const auto& [key, value] : facts) text += fmt::format("{:<{}}  {}\n", key, width, value);
  for (const Figure& figure : figures) {
    text += fmt::format("{:<{}}  {}\n", figure.key, width, figure.text);
  }
  return text;
}

std::string BenchReport::json() const {
  nlohmann::ordered_json json;
  for (const auto& [key, value] : facts) json[key] = value;
  for (const Figure& figure : figures) {
    const bool whole = figure.value == std::floor(figure.value) && std::abs(figure.value) < 1e15;
    if (whole) {
      json[figure.key] = static_cast<int64_t>(figure.value);
    } else {
      json[figure.key] = figure.value;
    }
  }
  json["samples_seconds"] = seconds;
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace truenext::cli
