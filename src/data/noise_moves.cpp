// SPDX-License-Identifier: Apache-2.0
// Noise that brings in nothing: events change places, events are lost.
#include <algorithm>
#include <utility>

#include "data/noise_makers.h"

namespace truenext {
namespace {

/// Every training part is laid out in pairs of neighbours, from its first or its second event on,
/// by a coin, so that any two neighbours can be a pair; of all pairs the wanted number is drawn.
class SwapNoise : public NoiseMaker {
 public:
  SwapNoise(const CleanHistories& parts, const NoiseOptions& options)
      : parts_(parts),
        options_(options),
        drawn_(common_stream(options), nearest_share(options.rate / 2, parts.events()), pairs()) {}

  void make(int64_t user, NoisyPart* part) override {
    const int64_t length = parts_.length(user);
    for (int64_t i = 0; i < length; ++i) parts_.add(parts_.begin(user) + i, part);
    for (int64_t i = first_pair(user); i + 1 < length; i += 2) {
      if (!drawn_.next()) continue;
      // Times stay where they are and go on ascending.
      std::swap(part->items[i], part->items[i + 1]);
      std::swap(part->origins[i], part->origins[i + 1]);
    }
  }

 private:
  int64_t first_pair(int64_t user) const { return user_stream(options_, user).below(2); }
  int64_t pairs() const {
    int64_t count = 0;
    for (int64_t user = 0; user < parts_.users(); ++user) {
      count += std::max<int64_t>(parts_.length(user) - first_pair(user), 0) / 2;
    }
    return count;
  }

  const CleanHistories& parts_;
  NoiseOptions options_;
  Selection drawn_;
};

/// Of every training part kKeptByDrop events, drawn anew for each, are not to be lost; of all
/// others the wanted number is drawn.
class DropNoise : public NoiseMaker {
 public:
  DropNoise(const CleanHistories& parts, const NoiseOptions& options)
      : parts_(parts),
        options_(options),
        drawn_(common_stream(options), nearest_share(options.rate, parts.events()), loose()) {}

  void make(int64_t user, NoisyPart* part) override {
    const int64_t length = parts_.length(user);
    Selection kept(user_stream(options_, user), kKeptByDrop, length);
    for (int64_t i = 0; i < length; ++i) {
      if (kept.next() || !drawn_.next()) parts_.add(parts_.begin(user) + i, part);
    }
  }

 private:
  int64_t loose() const {
    int64_t count = 0;
    for (int64_t user = 0; user < parts_.users(); ++user) {
      count += std::max<int64_t>(parts_.length(user) - kKeptByDrop, 0);
    }
    return count;
  }

  const CleanHistories& parts_;
  NoiseOptions options_;
  Selection drawn_;
};

}  // namespace

std::unique_ptr<NoiseMaker> make_swaps(const CleanHistories& parts, const NoiseOptions& options) {
  return std::make_unique<SwapNoise>(parts, options);
}

std::unique_ptr<NoiseMaker> make_drops(const CleanHistories& parts, const NoiseOptions& options) {
  return std::make_unique<DropNoise>(parts, options);
}

}  // namespace truenext
