// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <span>

#include "eval/evaluator.h"
#include "serve/recommend.h"

namespace truenext::serve {
namespace {

constexpr size_t kNewest = 20;  ///< positions that are left out one by one

using Effects = std::vector<std::vector<Reason>>;

/// The score of an item, less its score without that one item of the history: what the model
/// itself would say.
Effects leave_one_out(const Serving& serving, const std::vector<int32_t>& history,
                      const std::vector<ScoredItem>& list) {
  Effects effects(list.size());
  if (history.size() < 2) return effects;  // without it there is no history
  // Without an item of the window the model sees the one before the window.
  const auto length = static_cast<size_t>(serving.model->file().encoder().max_length());
  const size_t first = history.size() - std::min({kNewest, length, history.size()});
  Queries queries;
  for (size_t out = first; out < history.size(); ++out) {
    std::vector<int32_t> shorter = history;
    shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(out));
    queries.histories.add_row(shorter);
  }
  std::vector<float> memory;
  const auto scores = serving.model->scorer().block(queries, 0, queries.histories.size(), memory);
  for (size_t i = 0; i < list.size(); ++i) {
    for (size_t out = first; out < history.size(); ++out) {
      const auto row = static_cast<int64_t>(out - first);
      const double without = scores->at(row, list[i].item);
      effects[i].push_back({out, static_cast<double>(list[i].score) - without});
    }
  }
  return effects;
}

double cosine(std::span<const float> a, std::span<const float> b) {
  double product = 0, a2 = 0, b2 = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += static_cast<double>(a[i]) * b[i];
    a2 += static_cast<double>(a[i]) * a[i];
    b2 += static_cast<double>(b[i]) * b[i];
  }
  return a2 == 0 || b2 == 0 ? 0 : product / std::sqrt(a2 * b2);
}

/// Items of the window that resemble the item in the model's table.
Effects similar(const Serving& serving, const std::vector<int32_t>& history,
                const std::vector<ScoredItem>& list) {
  const SequenceEncoder& encoder = serving.model->file().encoder();
  const auto length = static_cast<size_t>(encoder.max_length());
  const size_t first = history.size() - std::min(length, history.size());
  const auto row = [&](int32_t item) {
    return encoder.item_table().subspan(static_cast<size_t>(item * encoder.dim()),
                                        static_cast<size_t>(encoder.vector_dim()));
  };
  Effects effects(list.size());
  for (size_t i = 0; i < list.size(); ++i) {
    for (size_t at = first; at < history.size(); ++at) {
      effects[i].push_back({at, cosine(row(history[at]), row(list[i].item))});
    }
  }
  return effects;
}

}  // namespace

std::vector<std::vector<Reason>> explain(const Serving& serving, Explain how, int64_t most,
                                         const std::vector<int32_t>& history,
                                         const std::vector<ScoredItem>& list) {
  Effects effects = how == Explain::similar ? similar(serving, history, list)
                                            : leave_one_out(serving, history, list);
  for (auto& reasons : effects) {
    std::stable_sort(reasons.begin(), reasons.end(),
                     [](const Reason& a, const Reason& b) { return a.effect > b.effect; });
    reasons.resize(std::min(reasons.size(), static_cast<size_t>(most)));
  }
  return effects;
}

}  // namespace truenext::serve
