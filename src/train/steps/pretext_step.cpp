// SPDX-License-Identifier: Apache-2.0
#include "train/steps/pretext_step.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "net/network_parts.h"
#include "objectives/pretext_loss.h"

namespace truenext {
namespace {

/// The true items of some tokens.
std::vector<int32_t> items_at(const Tile& tile, std::span<const int32_t> tokens) {
  std::vector<int32_t> items(tokens.size());
  std::ranges::transform(tokens, items.begin(), [&](int32_t token) {
    return tile.sequences.values[static_cast<size_t>(token)];
  });
  return items;
}

net::Input pretext_input(const Tile& tile, std::span<const int32_t> wanted) {
  const bool all = std::ssize(wanted) == tile.tokens();
  const auto states = all ? net::Wanted::all() : net::Wanted::list(wanted);
  return {tile.sequences.values, tile.sequences.offsets, tile.streams, states, {}, {},
          tile.hidden,           net::kMaskVector,       true};
}

/// The losses over the rows of one pass, and where their gradients are.
template <typename T>
class Losses {
 public:
  Losses(const Pretext& pretext, TileStep<T>& step, double divisor)
      : pretext_(pretext), step_(step), divisor_(divisor) {}

  double pairs(net::Rows x, net::Rows positive, net::Rows negative, double factor) {
    if (!x.exists()) return 0;
    const net::TilePass<T>& pass = step_.pass();
    PairRows<T> rows{x.count, x.width, pass.values(x), pass.values(positive),
                     pass.values(negative)};
    rows.x_grad = zeros(x);
    rows.positive_grad = zeros(positive);
    rows.negative_grad = zeros(negative);
    return pair_loss(rows, pretext_.options().scores, factor / divisor_);
  }

  double attributes(net::Rows x, std::span<const int32_t> items, net::Rows table, double factor) {
    if (!x.exists()) return 0;
    AttributeRows<T> rows{x.count,    x.width, step_.pass().values(x), items, pretext_.attributes(),
                          table.count};
    rows.table = step_.pass().values(table);
    rows.x_grad = zeros(x);
    rows.table_grad = zeros(table);
    return attribute_loss(rows, factor / divisor_);
  }

  std::span<const net::RowsGradient<T>> gradients() const { return gradients_; }

 private:
  T* zeros(net::Rows rows) {
    T* gradient = step_.take_gradient(rows);
    std::fill_n(gradient, rows.size(), T(0));
    gradients_.push_back({rows, gradient});
    return gradient;
  }

  const Pretext& pretext_;
  TileStep<T>& step_;
  double divisor_;
  std::vector<net::RowsGradient<T>> gradients_;
};

}  // namespace

std::string Pretext::name() const {
  return fmt::format("S3-Rec pretraining: {} AAP + {} MIP + {} MAP + {} SP{}", options_.aap,
                     options_.mip, options_.map, options_.sp,
                     options_.scores == PairScores::probabilities ? ", of probabilities" : "");
}

std::vector<int32_t> Pretext::candidates(const Tile& tile) const {
  std::vector<int32_t> items = items_at(tile, tile.pretext.hidden);
  items.insert(items.end(), tile.pretext.negatives.begin(), tile.pretext.negatives.end());
  return items;
}

template <typename T>
TileGradients<T> run_pretext_tile(const Model& model, const WeightViews<T>& weights,
                                  const Pretext& pretext, const Tile& tile,
                                  const StepContext& context, PretextLosses* losses) {
  const PretextTargets& targets = tile.pretext;
  const std::vector<int32_t> wanted = targets.wanted();
  const std::vector<int32_t> hidden = items_at(tile, targets.hidden);
  TileStep<T> step(model, weights, pretext_input(tile, wanted), {true, context.seed, context.step});
  const net::PretextRows rows =
      net::pretext_rows(step.pass(), step.state_rows(), pretext.heads(),
                        {targets.known, targets.hidden, hidden, targets.negatives, targets.around,
                         targets.segment, targets.other},
                        model.parameters()[model.score_table()].name, model.options().hidden_size);
  const PretextOptions& options = pretext.options();
  Losses<T> sum(pretext, step, static_cast<double>(context.divisor));
  PretextLosses parts;
  parts.aap =
      sum.attributes(rows.known, items_at(tile, targets.known), rows.attributes, options.aap);
  parts.mip = sum.pairs(rows.item, rows.positive, rows.negative, options.mip);
  parts.map = sum.attributes(rows.hidden, hidden, rows.attributes, options.map);
  parts.sp = sum.pairs(rows.around, rows.segment, rows.other, options.sp);
  if (losses) *losses = parts;
  step.gradients().loss = parts.sum();
  step.backward(sum.gradients());
  step.add_lookups();
  return std::move(step.gradients());
}

template TileGradients<float> run_pretext_tile(const Model&, const WeightViews<float>&,
                                               const Pretext&, const Tile&, const StepContext&,
                                               PretextLosses*);
template TileGradients<double> run_pretext_tile(const Model&, const WeightViews<double>&,
                                                const Pretext&, const Tile&, const StepContext&,
                                                PretextLosses*);

}  // namespace truenext
