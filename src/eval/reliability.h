// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace truenext {

/// Pairs (user, item) whose predicted probabilities are near each other.
struct ReliabilityBin {
  int64_t pairs = 0;
  double predicted = 0;      ///< mean predicted probability
  double observed = 0;       ///< share of pairs whose item came next
  double low = 0, high = 0;  ///< 95 % interval of that share (Wilson, JASA 1927)
  double truth = 0;          ///< mean true probability, 0 when it is not known
};

/// Sums over some pairs.
struct ReliabilityCell {
  int64_t pairs = 0, hits = 0;
  double predicted = 0, truth = 0;

  void add(const ReliabilityCell& other);
};

/// Expected calibration error: sum over bins of pairs / all pairs * |predicted - observed| (Naeini,
/// Cooper and Hauskrecht, AAAI 2015; Guo et al., ICML 2017), and the same against the truth.
struct ReliabilityTable {
  std::vector<ReliabilityBin> bins;  ///< with pairs, by ascending prediction
  double ece = 0;
  double truth_ece = 0;
};

/// One kind of pairs, summed up. The error of a pair needs the truth.
struct ReliabilitySummary {
  int64_t pairs = 0;
  double predicted = 0, observed = 0, truth = 0;  ///< means over pairs
  double truth_error = 0;                         ///< mean |predicted - true| of a pair
  ReliabilityTable equal_mass;   ///< bins of about equally many pairs (Nixon et al., 2019)
  ReliabilityTable equal_width;  ///< bins of equal width in [0, 1], as Guo et al. have them
};

/// Collects pairs one by one in little memory: the borders of the bins of equal mass are places in
/// a grid of probabilities that is 3 % fine (down to 1e-12), so that no pair is kept.
class Reliability {
 public:
  explicit Reliability(int64_t bins);

  /// `hit`: the item came next. `truth`: its true probability, 0 when not known.
  void add(double predicted, bool hit, double truth);
  /// Adds what another collected with the same number of bins.
  void add(const Reliability& other);
  ReliabilitySummary summary() const;
  /// The cells of the grid, by ascending prediction; most are empty.
  const std::vector<ReliabilityCell>& grid() const { return grid_; }

 private:
  static ReliabilityTable table(const std::vector<ReliabilityCell>& cells, int64_t pairs);
  std::vector<ReliabilityCell> equal_mass_cells() const;

  int64_t bins_;
  std::vector<ReliabilityCell> grid_, widths_;
  double truth_error_ = 0;  ///< sum
};

}  // namespace truenext
