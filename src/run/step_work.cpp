// SPDX-License-Identifier: Apache-2.0
#include "run/step_work.h"

#include "net/block_style.h"

namespace truenext {
namespace {

// Forward and backward pass in units of the forward pass.
constexpr double kPasses = 3;
constexpr double kAttentionPasses = 3.5;

double real(int64_t count) {
  return static_cast<double>(count);
}

/// Of one token: keys and values, which every token needs, and the rest of a block, which only
/// tokens with a query need.
struct BlockWork {
  double keys_values = 0;
  double rest = 0;
};

BlockWork block_work(const ModelOptions& model) {
  const double d = real(model.hidden_size);
  const double squares = block_style(model.block).output_projection ? 2 : 1;
  return {2 * d * d * 2, 2 * d * d * squares + 2 * 2 * d * real(model.inner_size)};
}

double gru_work(const ModelOptions& model) {
  const double hidden = real(model.gru_hidden_size);
  const double d = real(model.hidden_size);
  const double upper = real(model.gru_layers - 1) * (hidden + hidden);
  return 2 * 3 * hidden * (d + hidden + upper);
}

}  // namespace

PackedSize& PackedSize::operator+=(const PackedSize& other) {
  sequences += other.sequences;
  tokens += other.tokens;
  pairs += other.pairs;
  positions += other.positions;
  return *this;
}

UsefulWork training_work(const ModelOptions& model, const ObjectiveOptions& objective,
                         int64_t num_items, const PackedSize& size) {
  const double d = real(model.hidden_size);
  const int64_t positives = objective.future.future_items;
  const bool full = objective.candidates == "full";
  const double candidates = real(full ? num_items : objective.negatives_of(positives) + positives);
  UsefulWork work;
  work.scores = kPasses * 2 * d * candidates * real(size.positions);
  if (model.name == "gru4rec") {
    const double head = 2 * d * real(model.gru_hidden_size);
    work.linear = kPasses * real(size.tokens) * (gru_work(model) + head);
    return work;
  }
  const BlockWork block = block_work(model);
  const double blocks = real(model.num_blocks);
  work.linear = kPasses * blocks * real(size.tokens) * (block.keys_values + block.rest);
  work.attention = kAttentionPasses * blocks * 2 * 2 * d * real(size.pairs);
  return work;
}

UsefulWork inference_work(const ModelOptions& model, int64_t num_items, const PackedSize& size) {
  const double d = real(model.hidden_size);
  UsefulWork work;
  work.scores = 2 * d * real(num_items) * real(size.sequences);
  if (model.name == "gru4rec") {
    const double head = 2 * d * real(model.gru_hidden_size);
    work.linear = real(size.tokens) * gru_work(model) + real(size.sequences) * head;
    return work;
  }
  const BlockWork block = block_work(model);
  const double below = real(model.num_blocks - 1);
  work.linear = below * real(size.tokens) * (block.keys_values + block.rest) +
                real(size.tokens) * block.keys_values + real(size.sequences) * block.rest;
  work.attention = 2 * 2 * d * (below * real(size.pairs) + real(size.tokens));
  return work;
}

}  // namespace truenext
