// SPDX-License-Identifier: Apache-2.0
#include "data/noise_makers.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace truenext {

void NoisyPart::clear() {
  items.clear();
  times.clear();
  origins.clear();
  partner = -1;
  left_out = 0;
}

CleanHistories::CleanHistories(const Dataset& source)
    : histories_(source.histories()), times_(source.times().values), splits_(source.splits()) {
  for (const SplitPoint& cut : splits_) events_ += cut.train_end;
}

std::vector<int32_t> CleanHistories::held_out_items(int64_t user) const {
  const auto rest = histories_.row(user).subspan(static_cast<size_t>(length(user)));
  std::vector<int32_t> items(rest.begin(), rest.end());
  std::sort(items.begin(), items.end());
  items.erase(std::unique(items.begin(), items.end()), items.end());
  return items;
}

void CleanHistories::add(int64_t event, NoisyPart* part) const {
  part->items.push_back(item(event));
  if (has_times()) part->times.push_back(time(event));
  part->origins.push_back(event);
}

std::unique_ptr<NoiseMaker> make_noise(const CleanHistories& parts, int64_t num_items,
                                       const NoiseOptions& options) {
  switch (options.kind) {
    case NoiseKind::swap:
      return make_swaps(parts, options);
    case NoiseKind::drop:
      return make_drops(parts, options);
    case NoiseKind::account_mix:
      return make_accounts(parts, options);
    case NoiseKind::random_click:
    case NoiseKind::popular_click:
      break;
  }
  const bool popular = options.kind == NoiseKind::popular_click;
  std::vector<int64_t> weights(static_cast<size_t>(num_items), popular ? 0 : 1);
  for (int64_t user = 0; popular && user < parts.users(); ++user) {
    for (int64_t i = 0; i < parts.length(user); ++i) ++weights[parts.item(parts.begin(user) + i)];
  }
  return make_clicks(parts, options, weights);
}

RandomStream user_stream(const NoiseOptions& options, int64_t user) {
  const auto kind = static_cast<uint64_t>(options.kind);
  return RandomStream(random_key(options.seed, Purpose::noise, kind, 0),
                      static_cast<uint64_t>(user));
}

RandomStream common_stream(const NoiseOptions& options) {
  const auto kind = static_cast<uint64_t>(options.kind);
  return RandomStream(random_key(options.seed, Purpose::noise, kind, 1));
}

uint64_t draw_below(RandomStream& random, uint64_t n) {
  if (n <= std::numeric_limits<uint32_t>::max()) return random.below(static_cast<uint32_t>(n));
  return std::min(n - 1, static_cast<uint64_t>(random.uniform() * static_cast<double>(n)));
}

int64_t nearest_share(double rate, int64_t count) {
  return std::llround(rate * static_cast<double>(count));
}

Selection::Selection(RandomStream random, int64_t wanted, int64_t total)
    : random_(random), wanted_(std::min(wanted, total)), left_(total) {}

bool Selection::next() {
  const bool taken =
      draw_below(random_, static_cast<uint64_t>(left_)) < static_cast<uint64_t>(wanted_);
  --left_;
  if (taken) --wanted_;
  return taken;
}

}  // namespace truenext
