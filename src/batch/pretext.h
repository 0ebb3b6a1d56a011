// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/jagged.h"
#include "base/options.h"
#include "base/random.h"
#include "base/words.h"
#include "data/dataset.h"

namespace truenext {

struct Tile;

/// What the items of a pair are compared by: their scores, or the logistic function of these (the
/// published code of S3-Rec, whose losses are bounded by it).
enum class PairScores { logits, probabilities };
template <>
struct Words<PairScores> {
  static constexpr std::array names = {"logits", "probabilities"};
};

/// Self-supervised pretraining of Zhou et al., CIKM 2020 (S3-Rec): four losses over hidden items,
/// their attributes and segments. A factor of 0 leaves a loss out.
struct PretextOptions {
  double mask_rate = 0.2;  ///< share of the items that are hidden; the newest one always is
  double aap = 0.2;        ///< attributes of the items that are not hidden
  double mip = 1.0;        ///< hidden items against one negative each
  double map = 1.0;        ///< attributes of hidden items
  double sp = 0.5;         ///< a hidden segment against a segment of somebody else
  PairScores scores = PairScores::logits;

  bool needs_attributes() const { return aap > 0 || map > 0; }
  void list(OptionList& options);
};

/// What pretraining asks of a tile, by token. The true item of a token stands in the tile.
struct PretextTargets {
  std::vector<int32_t> known;      ///< told to the network: attributes (AAP)
  std::vector<int32_t> hidden;     ///< item (MIP) and attributes (MAP)
  std::vector<int32_t> negatives;  ///< [hidden] items that are not in the sequence
  // Newest tokens of three sequences for each segment (SP): the history without the segment,
  // nothing but the segment, and nothing but a segment of another place.
  std::vector<int32_t> around, segment, other;
  int64_t examples = 0;

  /// The tokens whose states are asked for, ascending.
  std::vector<int32_t> wanted() const;
};

/// Makes the sequences and targets of pretraining examples. The dataset must outlive it.
class PretextSampler {
 public:
  PretextSampler(const Dataset& dataset, const PretextOptions& options, uint64_t seed);

  /// Tokens that an example of so many items takes.
  int64_t tokens_of(int64_t length) const { return has_segments(length) ? 4 * length : length; }
  /// Appends the sequences of `items`, part of a user's training items; `stream` is the example's
  /// identity.
  void append(std::span<const int32_t> items, uint64_t stream, int64_t epoch, Tile& tile) const;

 private:
  bool has_segments(int64_t length) const { return options_.sp > 0 && length >= 2; }
  void append_sequence(std::span<const int32_t> items, uint64_t stream, uint8_t hidden,
                       Tile& tile) const;
  /// `length` consecutive training items of some user, by events.
  std::span<const int32_t> any_segment(std::span<const int32_t> own, int64_t length,
                                       RandomStream& random) const;
  int32_t negative(std::span<const int32_t> items, RandomStream& random) const;

  const Dataset& dataset_;
  PretextOptions options_;
  uint64_t seed_;
  std::vector<int64_t> before_;  ///< [users + 1]: training items of the users before
};

}  // namespace truenext
