// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/resources.h"

namespace truenext::cli {

/// One repeat of a benchmark.
struct BenchSample {
  double seconds = 0;
  double cpu_seconds = 0;  ///< of all threads
  double count = 0;        ///< positions, users, events ... handled
  double flop = 0;         ///< useful operations (run/step_work.h), 0 when there is no such number
};

/// Runs `body`, which fills in what was done, and adds how long it took.
template <typename Body>
BenchSample timed(const Body& body) {
  BenchSample sample;
  const double begin = wall_seconds();
  const double cpu_begin = process_cpu_seconds();
  body(sample);
  sample.seconds = wall_seconds() - begin;
  sample.cpu_seconds = process_cpu_seconds() - cpu_begin;
  return sample;
}

/// The value at share q of the sorted values (0.5 = median), on the straight line between
/// neighbours; 0 of nothing.
double quantile(std::vector<double> values, double q);

/// What a benchmark found, for people (table) and programs (JSON): facts say what was run, figures
/// what it took.
struct BenchReport {
  struct Figure {
    std::string key;  ///< in JSON
    double value = 0;
    std::string text;  ///< with unit, in the table
  };

  std::vector<std::pair<std::string, std::string>> facts;
  std::vector<Figure> figures;
  std::vector<double> seconds;  ///< of every repeat, in order

  void add_fact(std::string key, std::string value) {
    facts.emplace_back(std::move(key), std::move(value));
  }
  void add(std::string key, double value, std::string text) {
    figures.push_back({std::move(key), value, std::move(text)});
  }
  void append(const BenchReport& other);
  void add_count(std::string key, int64_t count);
  /// Rates and times, all medians; `noun` is what a sample counts, in the plural.
  void add_samples(const std::string& noun, const std::vector<BenchSample>& samples);
  /// GFLOP per CPU second of one core in matrix products, and what share of it was reached.
  void add_peak(double gflops);

  std::string table() const;
  std::string json() const;
};

}  // namespace truenext::cli
