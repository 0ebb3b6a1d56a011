// SPDX-License-Identifier: Apache-2.0
#include "run/step_work.h"

#include <algorithm>
#include <numeric>

#include "net/network.h"
#include "net/work_pass.h"

namespace truenext {
namespace {

// Forward and backward pass in units of the forward pass.
constexpr double kPasses = 3;
constexpr double kAttentionPasses = 3.5;

double real(int64_t count) {
  return static_cast<double>(count);
}

enum class States { none, newest, all };

/// What a network does with sequences, by running it on operations that only count.
class SequenceWork {
 public:
  SequenceWork(const ModelOptions& model, int64_t num_items)
      : model_(model),
        network_(find_network(model.name)),
        tensors_(network_.tensors(model, num_items)),
        names_(tensors_),
        num_items_(num_items) {}

  /// Of all sequences, by what a second one of its length adds to the first: what a pass does once
  /// for all of them, such as the padding that some originals see, is not useful work.
  UsefulWork of(const std::vector<int64_t>& lengths, States states) const {
    UsefulWork sum;
    for (size_t n = 1; n < lengths.size(); ++n) {
      if (lengths[n] == 0) continue;
      const UsefulWork one = of_equal(1, static_cast<int64_t>(n), states);
      const UsefulWork two = of_equal(2, static_cast<int64_t>(n), states);
      sum.linear += real(lengths[n]) * (two.linear - one.linear);
      sum.attention += real(lengths[n]) * (two.attention - one.attention);
    }
    return sum;
  }

 private:
  UsefulWork of_equal(int64_t sequences, int64_t length, States states) const {
    const auto tokens = static_cast<size_t>(sequences * length);
    std::vector<int32_t> items(tokens), newest;
    std::vector<int64_t> offsets{0};
    // Networks may look at items and times: all different.
    for (size_t i = 0; i < tokens; ++i) items[i] = item(i);
    std::vector<int64_t> times(tokens);
    std::iota(times.begin(), times.end(), int64_t{0});
    const std::vector<uint64_t> streams(static_cast<size_t>(sequences), 0);
    for (int64_t s = 1; s <= sequences; ++s) {
      offsets.push_back(s * length);
      if (states == States::newest) newest.push_back(static_cast<int32_t>(s * length - 1));
    }
    const auto wanted = states == States::all ? net::Wanted::all() : net::Wanted::list(newest);
    net::WorkPass pass(names_, tensors_, {items, offsets, streams, wanted, times, times});
    network_.run(pass, model_);
    UsefulWork work;
    work.linear = pass.product_work();
    work.attention = pass.attention_work();
    return work;
  }
  int32_t item(size_t i) const {
    return static_cast<int32_t>(static_cast<int64_t>(i) % num_items_);
  }

  const ModelOptions& model_;
  const NetworkInfo& network_;
  std::vector<TensorInfo> tensors_;
  TensorNames names_;
  int64_t num_items_;
};

/// Forward pass for the states that are trained.
UsefulWork encoder_work(const RunConfig& config, int64_t num_items, const PackedSize& size) {
  const SequenceWork work(config.model, num_items);
  if (config.train.examples == Examples::prefixes) return work.of(size.lengths, States::newest);
  switch (config.objective.positions) {
    case TargetPositions::all:
      return work.of(size.lengths, States::all);
    case TargetPositions::last:
      return work.of(size.lengths, States::newest);
    case TargetPositions::hidden:
    case TargetPositions::masked:
      break;
  }
  // Any token is as likely as another to be trained, and what a state costs is added to what none
  // costs: the expectation.
  const UsefulWork none = work.of(size.lengths, States::none);
  UsefulWork sum = work.of(size.lengths, States::all);
  const double share = real(size.positions) / real(std::max<int64_t>(size.tokens(), 1));
  sum.linear = none.linear + share * (sum.linear - none.linear);
  sum.attention = none.attention + share * (sum.attention - none.attention);
  return sum;
}

}  // namespace

int64_t PackedSize::tokens() const {
  int64_t sum = 0;
  for (size_t n = 0; n < lengths.size(); ++n) sum += static_cast<int64_t>(n) * lengths[n];
  return sum;
}

void PackedSize::add_sequence(int64_t n, int64_t times) {
  if (std::ssize(lengths) <= n) lengths.resize(static_cast<size_t>(n) + 1, 0);
  lengths[static_cast<size_t>(n)] += times;
}

PackedSize& PackedSize::operator+=(const PackedSize& other) {
  for (size_t n = 0; n < other.lengths.size(); ++n) {
    if (other.lengths[n] > 0) add_sequence(static_cast<int64_t>(n), other.lengths[n]);
  }
  positions += other.positions;
  return *this;
}

UsefulWork training_work(const RunConfig& config, int64_t num_items, const PackedSize& size) {
  const ModelOptions& model = config.model;
  const ObjectiveOptions& objective = config.objective;
  UsefulWork work = encoder_work(config, num_items, size);
  work.linear *= kPasses;
  work.attention *= kAttentionPasses;
  const int64_t positives = objective.future.future_items;
  const bool full = objective.candidates == CandidateSet::full;
  const double candidates = real(full ? num_items : objective.negatives_of(positives) + positives);
  work.scores = kPasses * 2 * real(model.hidden_size) * candidates * real(size.positions);
  return work;
}

UsefulWork inference_work(const ModelOptions& model, int64_t num_items, const PackedSize& size) {
  UsefulWork work = SequenceWork(model, num_items).of(size.lengths, States::newest);
  const int64_t queries = std::accumulate(size.lengths.begin(), size.lengths.end(), int64_t{0});
  work.scores = 2 * real(model.hidden_size) * real(num_items) * real(queries);
  return work;
}

}  // namespace truenext
