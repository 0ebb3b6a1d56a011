// SPDX-License-Identifier: Apache-2.0
#include "batch/pretext.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/random.h"
#include "batch/batch.h"

namespace truenext {
namespace {

constexpr int kTries = 100;

/// Tells the four sequences of an example apart; identities of examples have at most 62 bits.
uint64_t stream_of(uint64_t example, uint64_t sequence) {
  return sequence << 62 | example;
}

}  // namespace

void PretextOptions::list(OptionList& options) {
  options
      .add("mask_rate", mask_rate,
           "share of the items of a pretraining example that are hidden; its newest one always is")
      .range(0, 0.99);
  options.add("aap", aap, "factor of the loss of attributes of items that are not hidden (AAP)")
      .range(0, 1000);
  options.add("mip", mip, "factor of the loss of hidden items against one negative each (MIP)")
      .range(0, 1000);
  options.add("map", map, "factor of the loss of attributes of hidden items (MAP)").range(0, 1000);
  options.add("sp", sp, "factor of the loss of a hidden segment against another one (SP)")
      .range(0, 1000);
  options.add("scores", scores,
              "what MIP and SP compare: scores (logits), or the logistic function of them as the "
              "published code (probabilities)");
}

std::vector<int32_t> PretextTargets::wanted() const {
  std::vector<int32_t> tokens;
  for (const auto* list : {&known, &hidden, &around, &segment, &other}) {
    tokens.insert(tokens.end(), list->begin(), list->end());
  }
  std::sort(tokens.begin(), tokens.end());
  return tokens;
}

PretextSampler::PretextSampler(const Dataset& dataset, const PretextOptions& options, uint64_t seed)
    : dataset_(dataset), options_(options), seed_(seed), before_{0} {
  check_usage(options.aap + options.mip + options.map + options.sp > 0,
              "pretrain.aap, mip, map and sp are all 0, so there is nothing to pretrain; give one "
              "of them a factor");
  check_data(!options.needs_attributes() || dataset.attributes().size() > 0,
             "{}: has no item attributes, which pretrain.aap and pretrain.map need; prepare it "
             "again with --attributes FILE, or set both to 0",
             dataset.folder().string());
  for (const SplitPoint& split : dataset.splits()) {
    before_.push_back(before_.back() + split.train_end);
  }
}

void PretextSampler::append_sequence(std::span<const int32_t> items, uint64_t stream,
                                     uint8_t hidden, Tile& tile) const {
  tile.sequences.add_row(items);
  tile.streams.push_back(stream);
  tile.hidden.resize(static_cast<size_t>(tile.tokens()), hidden);
}

int32_t PretextSampler::negative(std::span<const int32_t> items, RandomStream& random) const {
  const auto count = static_cast<uint32_t>(dataset_.num_items());
  auto item = static_cast<int32_t>(random.below(count));
  // A row that has nearly all items keeps what it drew last.
  for (int i = 0; i < kTries && std::ranges::find(items, item) != items.end(); ++i) {
    item = static_cast<int32_t>(random.below(count));
  }
  return item;
}

std::span<const int32_t> PretextSampler::any_segment(std::span<const int32_t> own, int64_t length,
                                                     RandomStream& random) const {
  const auto events = static_cast<uint64_t>(before_.back());
  for (int i = 0; i < kTries; ++i) {
    const auto event = static_cast<int64_t>(random.next64() % events);
    const auto after = std::upper_bound(before_.begin(), before_.end(), event);
    if (event + length > *after) continue;  // it would go on with another user
    const int64_t user = after - before_.begin() - 1;
    return dataset_.histories().row(user).subspan(static_cast<size_t>(event - *(after - 1)),
                                                  static_cast<size_t>(length));
  }
  return own.first(static_cast<size_t>(length));
}

void PretextSampler::append(std::span<const int32_t> items, uint64_t stream, int64_t epoch,
                            Tile& tile) const {
  RandomStream random(random_key(seed_, Purpose::pretext, static_cast<uint64_t>(epoch)), stream);
  PretextTargets& targets = tile.pretext;
  const auto length = std::ssize(items);
  ++targets.examples;

  auto first = static_cast<int32_t>(tile.tokens());
  append_sequence(items, stream_of(stream, 0), 0, tile);
  for (int32_t i = 0; i < length; ++i) {
    if (i + 1 < length && random.uniform() >= options_.mask_rate) {
      targets.known.push_back(first + i);
      continue;
    }
    tile.hidden[static_cast<size_t>(first + i)] = 1;
    targets.hidden.push_back(first + i);
    targets.negatives.push_back(negative(items, random));
  }
  if (!has_segments(length)) return;

  const auto taken = static_cast<int64_t>(random.below(static_cast<uint32_t>(length / 2))) + 1;
  const auto begin = static_cast<int64_t>(random.below(static_cast<uint32_t>(length - taken + 1)));
  const std::span<const int32_t> elsewhere = any_segment(items, taken, random);
  std::vector<int32_t> replaced(items.begin(), items.end());
  std::ranges::copy(elsewhere, replaced.begin() + begin);
  // Where an item is hidden, what it is does not matter.
  const std::array<std::span<const int32_t>, 3> rows = {items, items, replaced};
  const std::array<std::vector<int32_t>*, 3> newest = {&targets.around, &targets.segment,
                                                       &targets.other};
  for (size_t k = 0; k < rows.size(); ++k) {
    first = static_cast<int32_t>(tile.tokens());
    const uint8_t outside = k == 0 ? 0 : 1;
    append_sequence(rows[k], stream_of(stream, k + 1), outside, tile);
    std::fill_n(tile.hidden.begin() + first + begin, taken, static_cast<uint8_t>(1 - outside));
    newest[k]->push_back(static_cast<int32_t>(tile.tokens()) - 1);
  }
}

}  // namespace truenext
