// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "base/file.h"
#include "base/words.h"
#include "data/dataset.h"

namespace truenext {

/// What noise did to an event of a noisy dataset.
enum class NoiseMark : uint8_t { genuine, injected, swapped, mixed_in };
template <>
struct Words<NoiseMark> {
  static constexpr std::array names = {"genuine", "injected", "swapped", "mixed-in"};
};

/// The truth of a noisy dataset (data/noise.h): what every one of its events is. Memory-mapped;
/// event e is the e-th of all users' events, as in Dataset::histories().
class NoiseTruth {
 public:
  /// Data Error when the dataset is not noisy or the truth is damaged.
  static NoiseTruth open(const Dataset& noisy);

  NoiseMark mark(int64_t event) const { return static_cast<NoiseMark>(marks_[event]); }
  /// The user (of either dataset: the numbers are the same) whose event it is; -1 of injected ones.
  int64_t owner(int64_t event) const { return owners_[event]; }
  /// Which event of the source's events it is; -1 of injected ones. Events of the source that
  /// nobody names were dropped.
  int64_t origin(int64_t event) const { return origins_[event]; }

 private:
  MappedFile origins_file_, owners_file_, marks_file_;
  std::span<const int64_t> origins_;
  std::span<const int32_t> owners_;
  std::span<const uint8_t> marks_;
};

}  // namespace truenext
