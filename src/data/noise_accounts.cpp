// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "data/noise_makers.h"

namespace truenext {
namespace {

/// Two users share an account: each of both has the events of both.
class AccountNoise : public NoiseMaker {
 public:
  AccountNoise(const CleanHistories& parts, const NoiseOptions& options)
      : parts_(parts), options_(options), partners_(static_cast<size_t>(parts.users()), -1) {
    std::vector<int32_t> users;
    for (int64_t user = 0; user < parts.users(); ++user) {
      if (parts.length(user) > 0) users.push_back(static_cast<int32_t>(user));
    }
    const auto count = static_cast<int64_t>(users.size());
    const int64_t pairs = std::min(nearest_share(options.rate / 2, count), count / 2);
    RandomStream random = common_stream(options);
    for (int64_t i = 0; i < 2 * pairs; ++i) {  // the beginning of a shuffle
      std::swap(users[i], users[i + random.below(static_cast<uint32_t>(count - i))]);
    }
    for (int64_t i = 0; i < 2 * pairs; ++i) partners_[users[i]] = users[i ^ 1];
  }

  void make(int64_t user, NoisyPart* part) override {
    part->partner = partners_[user];
    const int64_t begin = parts_.begin(user), length = parts_.length(user);
    if (part->partner < 0) {
      for (int64_t i = 0; i < length; ++i) parts_.add(begin + i, part);
      return;
    }
    const std::vector<int32_t> held_out = parts_.held_out_items(user);
    for (const int64_t event : merged(user, part->partner)) {
      const bool own = begin <= event && event < begin + length;
      if (own || may_have(user, event, held_out)) {
        parts_.add(event, part);
      } else {
        ++part->left_out;
      }
    }
  }

 private:
  /// Training must tell a user neither his held-out items nor what came after them.
  bool may_have(int64_t user, int64_t event, const std::vector<int32_t>& held_out) const {
    if (std::binary_search(held_out.begin(), held_out.end(), parts_.item(event))) return false;
    if (!parts_.has_times() || !parts_.has_held_out(user)) return true;
    return parts_.time(event) <= parts_.time(parts_.begin(user) + parts_.length(user));
  }

  /// All training events of both, each user's in their order; the same for both users.
  std::vector<int64_t> merged(int64_t user, int64_t partner) const {
    const auto [first, second] = std::minmax(user, partner);
    RandomStream random = user_stream(options_, first);
    int64_t a = parts_.begin(first), b = parts_.begin(second);
    const int64_t a_end = a + parts_.length(first), b_end = b + parts_.length(second);
    std::vector<int64_t> events;
    events.reserve(static_cast<size_t>(a_end - a + b_end - b));
    while (a < a_end || b < b_end) {
      const bool first_next =
          b == b_end ||
          (a < a_end && (parts_.has_times() ? parts_.time(a) <= parts_.time(b)
                                            : is_first(a_end - a, b_end - b, random)));
      events.push_back(first_next ? a++ : b++);
    }
    return events;
  }

  /// Every way to put so many events of both into one order is equally likely.
  static bool is_first(int64_t of_first, int64_t of_second, RandomStream& random) {
    return draw_below(random, static_cast<uint64_t>(of_first + of_second)) <
           static_cast<uint64_t>(of_first);
  }

  const CleanHistories& parts_;
  NoiseOptions options_;
  std::vector<int32_t> partners_;  ///< of each user, -1 of those who keep to themselves
};

}  // namespace

std::unique_ptr<NoiseMaker> make_accounts(const CleanHistories& parts,
                                          const NoiseOptions& options) {
  return std::make_unique<AccountNoise>(parts, options);
}

}  // namespace truenext
