// SPDX-License-Identifier: Apache-2.0
#include "teachers/asked_labels.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "base/error.h"
#include "kernels/kernels.h"
#include "teachers/asked_history.h"

namespace truenext {
namespace {

/// Scores that a survey of whole rows holds at once.
constexpr int64_t kSurveyNumbers = int64_t{1} << 20;

/// States of every member for the queries of a tile, and what the mixer knows of their rows.
class AskedRows final : public TileLabels {
 public:
  AskedRows(const Mixer& mixer, std::span<const Member> members, const Dataset& dataset,
            const Tile& tile)
      : mixer_(mixer), members_(members) {
    const auto& places = tile.targets.places;
    Queries asked;
    for (const HistoryPlace& place : places) {
      // A query without a history has no label; it is asked about something, and not read.
      add_asked(dataset, {place.user, std::max<int64_t>(place.end, 1)}, &asked);
    }
    for (const Member& member : members) {
      const SequenceEncoder& encoder = member.model->encoder();
      std::vector<float>& states = states_.emplace_back(places.size() * encoder.dim());
      encoder.encode_last(asked.histories, states.data(), asked.times(0, std::ssize(places)));
    }
    weights_.resize(places.size() * members.size());
    log_sums_.resize(weights_.size());
    survey(std::ssize(places), dataset.num_items());
  }

  double mass(int64_t query) const override {
    if (!mixer_.options().running_sum) return 1;
    const double* weights = weights_.data() + query * members();
    return std::accumulate(weights, weights + members(), 0.0);
  }

  void probabilities(int64_t begin, int64_t end, int64_t first, int64_t count,
                     float* out) const override {
    thread_local std::vector<float> scores;
    score(begin, end, first, count, scores);
    std::vector<const float*> here(members_.size());
    for (int64_t q = begin; q < end; ++q, out += count) {
      point(scores, end - begin, q - begin, count, here);
      mixer_.probabilities(here, count, weights_.data() + q * members(),
                           log_sums_.data() + q * members(), out);
    }
  }

 private:
  int64_t members() const { return std::ssize(members_); }

  /// scores [members, end - begin, count]
  void score(int64_t begin, int64_t end, int64_t first, int64_t count,
             std::vector<float>& scores) const {
    const int64_t rows = end - begin;
    scores.resize(static_cast<size_t>(members() * rows * count));
    for (int64_t k = 0; k < members(); ++k) {
      const SequenceEncoder& encoder = members_[k].model->encoder();
      const int64_t dim = encoder.dim();
      kernels::gemm_nt(rows, count, dim, states_[k].data() + begin * dim, dim,
                       encoder.item_table().data() + first * dim, dim,
                       scores.data() + k * rows * count, count, false);
    }
  }
  static void point(const std::vector<float>& scores, int64_t rows, int64_t row, int64_t count,
                    std::vector<const float*>& here) {
    for (size_t k = 0; k < here.size(); ++k) {
      here[k] = scores.data() + (static_cast<int64_t>(k) * rows + row) * count;
    }
  }

  void survey(int64_t queries, int64_t items) {
    std::vector<float> scores;
    std::vector<const float*> here(members_.size());
    const int64_t rows = std::max<int64_t>(1, kSurveyNumbers / (items * members()));
    for (int64_t begin = 0; begin < queries; begin += rows) {
      const int64_t end = std::min(queries, begin + rows);
      score(begin, end, 0, items, scores);
      for (int64_t q = begin; q < end; ++q) {
        point(scores, end - begin, q - begin, items, here);
        mixer_.survey(here, items, weights_.data() + q * members(),
                      log_sums_.data() + q * members());
      }
    }
  }

  const Mixer& mixer_;
  std::span<const Member> members_;
  std::vector<std::vector<float>> states_;  ///< by member: [queries, dim]
  std::vector<double> weights_, log_sums_;  ///< [queries, members]
};

}  // namespace

AskedLabels::AskedLabels(MixingOptions mixing, std::span<const Member> members,
                         const Dataset& dataset)
    : mixer_(std::move(mixing), std::ssize(members)), members_(members), dataset_(dataset) {
  for (const Member& member : members) {
    check_usage(member.model.has_value(),
                "labels.kept = 0: the teacher {} is no model that could be asked in every step; "
                "keep labels, e.g. labels.kept=100",
                member.name);
  }
}

std::unique_ptr<TileLabels> AskedLabels::of(const Tile& tile) const {
  return std::make_unique<AskedRows>(mixer_, members_, dataset_, tile);
}

}  // namespace truenext
