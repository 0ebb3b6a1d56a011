// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

namespace truenext {

/// What a random number is for. Part of every key, so that no two uses share a stream.
/// The numbers are part of the reproducibility promise: never renumber, only append.
enum class Purpose : uint32_t {
  initialise = 1,
  epoch_order = 2,
  negatives = 3,
  dropout_embedding = 4,
  dropout_attention = 5,
  dropout_activation = 6,
  dropout_output = 7,
  validation_users = 8,
  split_users = 9,
  simulate = 10,
  bootstrap = 11,
  dropout_padding = 12,
  dropout_attention_output = 13,
  ties = 14,
  training_window = 15,
  new_items = 16,
  input_drop = 17,
  pretext = 18,
  noise = 19,
  event_sample = 20,
};

/// Philox4x32-10 (Salmon et al., SC 2011): counter-based, so a draw depends only on its key and
/// counter, never on who drew before, on threads or on tiles.
using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

PhiloxCounter philox(PhiloxCounter counter, PhiloxKey key);

/// Mixes the seed, the purpose and up to two indices (an epoch or step, a layer) into a key.
PhiloxKey random_key(uint64_t seed, Purpose purpose, uint64_t a = 0, uint64_t b = 0);

/// A sequential stream of one key: for code where draws have a natural order.
class RandomStream {
 public:
  /// `stream` selects one of 2^64 independent streams of the key (a user, a row of a tensor).
  explicit RandomStream(PhiloxKey key, uint64_t stream = 0);

  uint32_t next();
  uint64_t next64();
  /// In [0, 1) with 53 random bits.
  double uniform();
  /// Unbiased in 0..n-1 (Lemire's multiplication with rejection). n must be positive.
  uint32_t below(uint32_t n);
  /// Standard normal (Box-Muller in double, the same on every platform with correct libm).
  double normal();

 private:
  PhiloxKey key_;
  PhiloxCounter counter_;
  PhiloxCounter block_{};
  int used_ = 4;
  bool has_spare_ = false;
  double spare_ = 0;
};

/// A random permutation of 0..n-1 by Fisher-Yates from the top; `out` has room for n entries.
void shuffled_indices(PhiloxKey key, uint32_t* out, uint32_t n);

}  // namespace truenext
