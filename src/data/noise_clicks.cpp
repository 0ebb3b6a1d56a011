// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "data/noise_makers.h"

namespace truenext {
namespace {

/// A click and the place before which it stands, 0 to the length of the part.
using Click = std::pair<int64_t, int32_t>;

class ClickNoise : public NoiseMaker {
 public:
  ClickNoise(const CleanHistories& parts, const NoiseOptions& options,
             std::span<const int64_t> weights)
      : parts_(parts), options_(options), clicks_(static_cast<size_t>(parts.users()), 0) {
    starts_.reserve(weights.size() + 1);
    for (const int64_t weight : weights) starts_.push_back(starts_.back() + weight);
    deal();
  }

  void make(int64_t user, NoisyPart* part) override {
    RandomStream random = user_stream(options_, user);
    const std::vector<Click> clicks = draw(user, random);
    const int64_t length = parts_.length(user);
    auto next = clicks.begin();
    for (int64_t place = 0; place <= length; ++place) {
      const auto end = std::find_if(next, clicks.end(),
                                    [place](const Click& click) { return click.first != place; });
      for (auto click = next; click != end; ++click) {
        part->items.push_back(click->second);
        part->origins.push_back(kInjected);
      }
      if (parts_.has_times()) add_times(user, place, end - next, random, part);
      next = end;
      if (place < length) parts_.add(parts_.begin(user) + place, part);
    }
  }

 private:
  /// Of all clicks, each falls to a user with a chance by the length of his training part. A user
  /// whose held-out items are all that could be clicked gets none.
  void deal() {
    std::vector<int64_t> ends{0};
    ends.reserve(clicks_.size() + 1);
    for (int64_t user = 0; user < parts_.users(); ++user) {
      const int64_t length = parts_.length(user);
      const bool open = length > 0 && weight_without(parts_.held_out_items(user)) > 0;
      ends.push_back(ends.back() + (open ? length : 0));
    }
    const int64_t wanted = nearest_share(options_.rate, parts_.events());
    check_data(wanted == 0 || ends.back() > 0,
               "{}: no click can be inserted: every item is held out of every training part",
               options_.source.string());
    RandomStream random = common_stream(options_);
    for (int64_t i = 0; i < wanted; ++i) {
      const auto at = static_cast<int64_t>(draw_below(random, static_cast<uint64_t>(ends.back())));
      ++clicks_[std::upper_bound(ends.begin(), ends.end(), at) - ends.begin() - 1];
    }
  }

  int64_t weight_without(std::span<const int32_t> items) const {
    int64_t weight = starts_.back();
    for (const int32_t item : items) weight -= starts_[item + 1] - starts_[item];
    return weight;
  }

  /// By weight among the items that are not in `held_out` (ascending): a place in what is left of
  /// the weights, moved behind each of those that lie before it.
  int32_t draw_item(std::span<const int32_t> held_out, int64_t weight, RandomStream& random) const {
    auto at = static_cast<int64_t>(draw_below(random, static_cast<uint64_t>(weight)));
    for (const int32_t item : held_out) {
      if (at < starts_[item]) break;
      at += starts_[item + 1] - starts_[item];
    }
    return static_cast<int32_t>(std::upper_bound(starts_.begin(), starts_.end(), at) -
                                starts_.begin() - 1);
  }

  /// In the order of their places.
  std::vector<Click> draw(int64_t user, RandomStream& random) const {
    std::vector<Click> clicks(static_cast<size_t>(clicks_[user]));
    if (clicks.empty()) return clicks;
    const std::vector<int32_t> held_out = parts_.held_out_items(user);
    const int64_t weight = weight_without(held_out);
    const auto places = static_cast<uint64_t>(parts_.length(user)) + 1;
    for (Click& click : clicks) {
      click.first = static_cast<int64_t>(draw_below(random, places));
      click.second = draw_item(held_out, weight, random);
    }
    std::stable_sort(clicks.begin(), clicks.end(),
                     [](const Click& a, const Click& b) { return a.first < b.first; });
    return clicks;
  }

  /// Between the neighbours. Before the first event and behind the last one a click has their
  /// times: a later one could lie behind the cut of a temporal split.
  void add_times(int64_t user, int64_t place, int64_t count, RandomStream& random,
                 NoisyPart* part) const {
    if (count == 0) return;
    const int64_t begin = parts_.begin(user), length = parts_.length(user);
    const int64_t before = parts_.time(begin + std::max<int64_t>(place - 1, 0));
    const int64_t behind = parts_.time(begin + std::min(place, length - 1));
    const auto [low, high] = std::minmax(before, behind);
    const uint64_t width = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
    const size_t first = part->times.size();
    for (int64_t i = 0; i < count; ++i) {
      const uint64_t further = draw_below(random, std::max(width, width + 1));
      part->times.push_back(static_cast<int64_t>(static_cast<uint64_t>(low) + further));
    }
    std::sort(part->times.begin() + static_cast<int64_t>(first), part->times.end());
  }

  const CleanHistories& parts_;
  NoiseOptions options_;
  std::vector<int64_t> starts_{0};  ///< [items + 1]: weights of the items before each
  std::vector<int64_t> clicks_;     ///< of each user
};

}  // namespace

std::unique_ptr<NoiseMaker> make_clicks(const CleanHistories& parts, const NoiseOptions& options,
                                        std::span<const int64_t> weights) {
  return std::make_unique<ClickNoise>(parts, options, weights);
}

}  // namespace truenext
