// SPDX-License-Identifier: Apache-2.0
#include "torch/device_scorer.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "eval/score_blocks.h"
#include "torch/tensors.h"

namespace truenext {
namespace {

constexpr int64_t kMostQueries = 4096;

JaggedView<int32_t> rows_of(const Jagged<int32_t>& lists, int64_t begin, int64_t end) {
  const std::span<const int64_t> offsets(lists.offsets);
  return {lists.values,
          offsets.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin) + 1)};
}

/// The rows of the entries of a list of items, and where they lie in scores [rows, items].
struct Places {
  std::vector<int64_t> rows, flat;
};

Places places_of(JaggedView<int32_t> lists, int64_t items) {
  Places places;
  for (int64_t row = 0; row < lists.size(); ++row) {
    for (const int32_t item : lists.row(row)) {
      places.rows.push_back(row);
      places.flat.push_back(row * items + item);
    }
  }
  return places;
}

/// What Target counts, for rows of scores of which each has one target.
struct DeviceCounts {
  std::vector<at::Tensor> greater, equal, lower_equal;

  void add(const at::Tensor& scores, const at::Tensor& own, const at::Tensor& items, TieRule ties) {
    greater.push_back(scores.gt(own).sum(1));
    const at::Tensor same = scores.eq(own);
    equal.push_back(same.sum(1));
    if (ties != TieRule::lower_id) return;
    const at::Tensor numbers = at::arange(scores.size(1), items.options());
    lower_equal.push_back(same.logical_and(numbers < items).sum(1));
  }
};

std::vector<int64_t> fetch(const std::vector<at::Tensor>& parts) {
  if (parts.empty()) return {};
  const at::Tensor all = at::cat(parts).to(at::kCPU).contiguous();
  return {all.data_ptr<int64_t>(), all.data_ptr<int64_t>() + all.numel()};
}

std::vector<float> fetch_scores(const at::Tensor& scores) {
  const at::Tensor all = scores.to(at::kCPU).contiguous();
  std::vector<float> values(all.data_ptr<float>(), all.data_ptr<float>() + all.numel());
  const bool broken =
      std::any_of(values.begin(), values.end(), [](float v) { return std::isnan(v); });
  check_data(!broken,
             "a score is not a number: the model has diverged or its file is damaged; train again "
             "with a lower learning rate");
  return values;
}

/// Work on a block of so many queries.
template <typename Work>
auto within_memory(at::Device device, int64_t queries, const Work& work) {
  try {
    return work();
  } catch (const c10::OutOfMemoryError&) {
    fail_data(
        "{}: out of memory with {} users at a time; evaluate with --device cpu, or validate "
        "fewer (train.valid_users)",
        device.str(), queries);
  }
}

/// Lists of the best, in any order. Where more items tie with the last of a list than it has room
/// for, topk() takes any of them: those rows are sorted, which puts lower items first.
std::pair<at::Tensor, at::Tensor> best_of(const at::Tensor& scores, int64_t k, int64_t at_once) {
  auto [values, items] = at::topk(scores, k, 1, /*largest=*/true, /*sorted=*/false);
  const at::Tensor last = values.amin(1, /*keepdim=*/true);
  const at::Tensor crowded =
      scores.ge(last).sum(1).gt(k).logical_and(last.squeeze(1).gt(kExcluded)).nonzero().squeeze(1);
  for (int64_t first = 0; first < crowded.size(0); first += at_once) {
    const at::Tensor rows = crowded.narrow(0, first, std::min(at_once, crowded.size(0) - first));
    const auto sorted = at::sort(scores.index_select(0, rows), /*stable=*/true, /*dim=*/1,
                                 /*descending=*/true);
    values.index_copy_(0, rows, std::get<0>(sorted).narrow(1, 0, k));
    items.index_copy_(0, rows, std::get<1>(sorted).narrow(1, 0, k));
  }
  return {values, items};
}

Jagged<ScoredItem> fetch_lists(const at::Tensor& scores, const at::Tensor& items) {
  const auto length = static_cast<size_t>(scores.size(1));
  const std::vector<float> values = fetch_scores(scores);
  const std::vector<int64_t> numbers = fetch({items.reshape(-1)});
  Jagged<ScoredItem> lists;
  std::vector<ScoredItem> list;
  for (size_t begin = 0; begin < values.size(); begin += length) {
    list.clear();
    for (size_t i = begin; i < begin + length; ++i) {
      if (values[i] > kExcluded) list.push_back({static_cast<int32_t>(numbers[i]), values[i]});
    }
    std::sort(list.begin(), list.end(), ranks_before);
    lists.add_row(list);
  }
  return lists;
}

/// Targets counted in `scores` [queries, items], for so many of them at a time.
Jagged<Target> count_targets(const at::Tensor& scores, JaggedView<int32_t> targets, TieRule ties,
                             int64_t at_once) {
  const Places places = places_of(targets, scores.size(1));
  const auto total = static_cast<int64_t>(places.flat.size());
  const at::Tensor flat = to_device(places.flat, scores.device());
  const at::Tensor rows = to_device(places.rows, scores.device());
  const at::Tensor items = (flat - rows * scores.size(1)).unsqueeze(1);
  const at::Tensor own = scores.view(-1).index_select(0, flat).unsqueeze(1);
  DeviceCounts counts;
  for (int64_t first = 0; first < total; first += at_once) {
    const int64_t size = std::min(at_once, total - first);
    counts.add(scores.index_select(0, rows.narrow(0, first, size)), own.narrow(0, first, size),
               items.narrow(0, first, size), ties);
  }
  const std::vector<float> values = fetch_scores(own);
  const std::vector<int64_t> greater = fetch(counts.greater);
  const std::vector<int64_t> equal = fetch(counts.equal);
  const std::vector<int64_t> lower = fetch(counts.lower_equal);
  Jagged<Target> found;
  for (int64_t row = 0; row < targets.size(); ++row) {
    for (const int32_t item : targets.row(row)) {
      const size_t i = found.values.size();
      found.values.push_back({item, values[i], {greater[i], equal[i]}});
      if (!lower.empty()) found.values.back().lower_equal = lower[i];
    }
    found.offsets.push_back(std::ssize(found.values));
  }
  return found;
}

}  // namespace

DeviceScorer::DeviceScorer(const Model& model, std::vector<at::Tensor> weights,
                           int64_t most_numbers)
    : encoder_(model, std::move(weights)), most_numbers_(most_numbers) {}

int64_t DeviceScorer::most_rows() const {
  return std::max<int64_t>(1, most_numbers_ / num_items());
}

int64_t DeviceScorer::most_queries() const {
  return std::min({encoder_.most_histories(most_numbers_), most_rows(), kMostQueries});
}

at::Tensor DeviceScorer::scores_of(const Queries& queries, int64_t begin, int64_t end) const {
  const at::Tensor states =
      encoder_.encode_last(rows_of(queries.histories, begin, end), queries.times(begin, end));
  return at::matmul(states, encoder_.item_table().t());
}

at::Tensor DeviceScorer::candidates_of(const Queries& queries, int64_t begin, int64_t end,
                                       bool exclude_seen) const {
  at::Tensor scores = scores_of(queries, begin, end);
  const Exclusions exclusions(queries, {begin, end, 0, num_items()}, exclude_seen);
  const Places seen = places_of(exclusions.items(), num_items());
  if (!seen.flat.empty()) {
    scores.view(-1).index_fill_(0, to_device(seen.flat, encoder_.device()), kExcluded);
  }
  return scores;
}

void DeviceScorer::score(const Queries& queries, int64_t begin, int64_t end, float* scores) const {
  const std::lock_guard lock(device_);
  for (int64_t first = begin; first < end; first += most_queries()) {
    const int64_t last = std::min(end, first + most_queries());
    within_memory(encoder_.device(), last - first, [&] {
      const at::Tensor made = scores_of(queries, first, last);
      at::from_blob(scores + (first - begin) * num_items(), made.sizes(), at::kFloat).copy_(made);
    });
  }
}

Jagged<Target> DeviceScorer::count(const Queries& queries, int64_t begin, int64_t end,
                                   const Protocol& protocol) const {
  const std::lock_guard lock(device_);
  return within_memory(encoder_.device(), end - begin, [&] {
    const JaggedView<int32_t> targets = rows_of(queries.targets, begin, end);
    return count_targets(candidates_of(queries, begin, end, protocol.exclude_seen), targets,
                         protocol.ties, most_rows());
  });
}

Jagged<ScoredItem> DeviceScorer::best(const Queries& queries, int64_t begin, int64_t end, int64_t k,
                                      bool exclude_seen) const {
  const std::lock_guard lock(device_);
  return within_memory(encoder_.device(), end - begin, [&] {
    const auto [scores, items] =
        best_of(candidates_of(queries, begin, end, exclude_seen), std::min(k, num_items()),
                std::max<int64_t>(1, most_rows() / 4));
    return fetch_lists(scores, items);
  });
}

std::vector<float> DeviceScorer::scores_at(const Queries& queries, int64_t begin, int64_t end,
                                           const Jagged<int32_t>& items) const {
  const std::lock_guard lock(device_);
  return within_memory(encoder_.device(), end - begin, [&] {
    const at::Tensor states =
        encoder_.encode_last(rows_of(queries.histories, begin, end), queries.times(begin, end));
    const at::Tensor table = encoder_.item_table();
    const Places places = places_of(items, num_items());
    const at::Tensor flat = to_device(places.flat, encoder_.device());
    const at::Tensor rows = to_device(places.rows, encoder_.device());
    const at::Tensor numbers = flat - rows * num_items();
    const int64_t at_once = std::max<int64_t>(1, most_numbers_ / table.size(1));
    std::vector<at::Tensor> scores;
    for (int64_t first = 0; first < flat.size(0); first += at_once) {
      const int64_t size = std::min(at_once, flat.size(0) - first);
      const at::Tensor left = states.index_select(0, rows.narrow(0, first, size));
      const at::Tensor right = table.index_select(0, numbers.narrow(0, first, size));
      scores.push_back((left * right).sum(1));
    }
    return scores.empty() ? std::vector<float>() : fetch_scores(at::cat(scores));
  });
}

}  // namespace truenext
