// SPDX-License-Identifier: Apache-2.0
#include "objectives/labels.h"

#include <algorithm>
#include <numeric>

namespace truenext {
namespace {

float probability(const StoredLabel& label, int32_t item) {
  const auto found = std::ranges::lower_bound(label.items, item);
  if (found == label.items.end() || *found != item) return label.rest;
  return label.probabilities[found - label.items.begin()];
}

}  // namespace

void mix_target(const StoredLabel& label, double share, std::span<const int32_t> candidates,
                std::span<const uint8_t> counted, std::span<const int32_t> positives,
                std::span<const float> weights, RowTarget& target) {
  target.places.resize(candidates.size());
  std::iota(target.places.begin(), target.places.end(), 0);
  target.weights.assign(candidates.size(), 0.0f);
  double known = 0;
  for (size_t i = 0; i < candidates.size(); ++i) {
    if (counted[i] == 0) continue;
    target.weights[i] = probability(label, candidates[i]);
    known += target.weights[i];
  }
  double total = 0;
  for (const float weight : weights) total += weight;
  const double soft = known > 0 ? share : 0;
  const double factor = known > 0 ? soft * total / known : 0;
  for (float& weight : target.weights) weight = static_cast<float>(factor * weight);
  for (size_t p = 0; p < positives.size(); ++p) {
    target.weights[positives[p]] += static_cast<float>((1 - soft) * weights[p]);
  }
}

}  // namespace truenext
