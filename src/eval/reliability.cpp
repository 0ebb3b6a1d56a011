// SPDX-License-Identifier: Apache-2.0
#include "eval/reliability.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/error.h"

namespace truenext {
namespace {

constexpr double kNormal95 = 1.959963984540054;

// A cell of the grid holds the probabilities whose floats share exponent and five bits of mantissa.
constexpr float kSmallest = 0x1p-40f;
constexpr int kDropped = 23 - 5;
constexpr uint32_t grid_number(float p) {
  return std::bit_cast<uint32_t>(p) >> kDropped;
}
constexpr uint32_t kFirst = grid_number(kSmallest);
constexpr size_t kCells = grid_number(1.0f) - kFirst + 1;

size_t grid_cell(double p) {
  return grid_number(std::max(static_cast<float>(p), kSmallest)) - kFirst;
}

void set_interval(ReliabilityBin* bin) {
  const auto n = static_cast<double>(bin->pairs);
  const double z2 = kNormal95 * kNormal95;
  const double p = bin->observed;
  const double centre = (p + z2 / (2 * n)) / (1 + z2 / n);
  const double half = kNormal95 * std::sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n);
  bin->low = std::max(0.0, centre - half);
  bin->high = std::min(1.0, centre + half);
}

}  // namespace

void ReliabilityCell::add(const ReliabilityCell& other) {
  pairs += other.pairs;
  hits += other.hits;
  predicted += other.predicted;
  truth += other.truth;
}

Reliability::Reliability(int64_t bins) : bins_(bins) {
  check_usage(bins >= 1 && bins <= 1000, "{} bins: want 1 to 1000", bins);
  grid_.resize(kCells);
  widths_.resize(static_cast<size_t>(bins));
}

void Reliability::add(double predicted, bool hit, double truth) {
  const ReliabilityCell pair{1, hit ? 1 : 0, predicted, truth};
  grid_[grid_cell(predicted)].add(pair);
  const auto width = static_cast<size_t>(predicted * static_cast<double>(bins_));
  widths_[std::min(width, widths_.size() - 1)].add(pair);
  truth_error_ += std::abs(predicted - truth);
}

void Reliability::add(const Reliability& other) {
  for (size_t i = 0; i < grid_.size(); ++i) grid_[i].add(other.grid_[i]);
  for (size_t i = 0; i < widths_.size(); ++i) widths_[i].add(other.widths_[i]);
  truth_error_ += other.truth_error_;
}

ReliabilityTable Reliability::table(const std::vector<ReliabilityCell>& cells, int64_t pairs) {
  ReliabilityTable table;
  for (const ReliabilityCell& cell : cells) {
    if (cell.pairs == 0) continue;
    const auto n = static_cast<double>(cell.pairs);
    ReliabilityBin bin;
    bin.pairs = cell.pairs;
    bin.predicted = cell.predicted / n;
    bin.observed = static_cast<double>(cell.hits) / n;
    bin.truth = cell.truth / n;
    set_interval(&bin);
    const double share = n / static_cast<double>(pairs);
    table.ece += share * std::abs(bin.predicted - bin.observed);
    table.truth_ece += share * std::abs(bin.predicted - bin.truth);
    table.bins.push_back(bin);
  }
  return table;
}

std::vector<ReliabilityCell> Reliability::equal_mass_cells() const {
  int64_t pairs = 0;
  for (const ReliabilityCell& cell : grid_) pairs += cell.pairs;
  std::vector<ReliabilityCell> bins(1);
  int64_t passed = 0;
  for (const ReliabilityCell& cell : grid_) {
    bins.back().add(cell);
    passed += cell.pairs;
    // The next border is that of the bin in which the pairs seen so far end.
    if (bins.back().pairs > 0 && passed * bins_ >= pairs * std::ssize(bins)) {
      while (std::ssize(bins) < passed * bins_ / std::max<int64_t>(pairs, 1) + 1) {
        bins.emplace_back();
      }
    }
  }
  return bins;
}

ReliabilitySummary Reliability::summary() const {
  ReliabilityCell all;
  for (const ReliabilityCell& cell : grid_) all.add(cell);
  ReliabilitySummary summary;
  summary.pairs = all.pairs;
  if (all.pairs == 0) return summary;
  const auto n = static_cast<double>(all.pairs);
  summary.predicted = all.predicted / n;
  summary.observed = static_cast<double>(all.hits) / n;
  summary.truth = all.truth / n;
  summary.truth_error = truth_error_ / n;
  summary.equal_mass = table(equal_mass_cells(), all.pairs);
  summary.equal_width = table(widths_, all.pairs);
  return summary;
}

}  // namespace truenext
