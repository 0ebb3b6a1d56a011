// SPDX-License-Identifier: Apache-2.0
#include "torch/device_criteria.h"

#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <limits>
#include <vector>

namespace truenext {
namespace {

using Context = DeviceCriterionContext;

constexpr double kNowhere = -std::numeric_limits<double>::infinity();

at::Tensor log1p_exp(const at::Tensor& x) {
  constexpr double kLinearAbove = 40;  // where e^-x is lost beside x even in double
  return at::softplus(x, /*beta=*/1.0, kLinearAbove);
}

at::Tensor positive_scores(const DeviceRows& rows) {
  return rows.scores.gather(1, rows.places);
}

/// [rows]: negatives of each, at least 1.
at::Tensor negative_counts(const DeviceRows& rows) {
  return rows.negative.sum(1).to(rows.scores.scalar_type()).clamp_min(1);
}

/// sum_p w_p softplus(-s_p), [rows].
at::Tensor positive_losses(const DeviceRows& rows) {
  return (rows.weights * log1p_exp(-positive_scores(rows))).sum(1);
}

/// sum_j softplus(s_j), [rows].
at::Tensor negative_losses(const DeviceRows& rows) {
  return log1p_exp(rows.scores).masked_fill(~rows.negative, 0).sum(1);
}

at::Tensor bce(const DeviceRows& rows, const Context&) {
  return (positive_losses(rows) + negative_losses(rows)) / (negative_counts(rows) + 1);
}

at::Tensor gbce(const DeviceRows& rows, const Context& context) {
  return (context.gbce_beta * positive_losses(rows) + negative_losses(rows)) /
         (negative_counts(rows) + 1);
}

at::Tensor bce_mean(const DeviceRows& rows, const Context&) {
  return positive_losses(rows) +
         rows.weights.sum(1) * negative_losses(rows) / negative_counts(rows);
}

at::Tensor bce_sum(const DeviceRows& rows, const Context&) {
  return positive_losses(rows) + negative_losses(rows);
}

at::Tensor softmax(const DeviceRows& rows, const Context&) {
  const at::Tensor scores =
      rows.padding.defined() ? rows.scores.masked_fill(rows.padding, kNowhere) : rows.scores;
  return rows.weights.sum(1) * at::logsumexp(scores, 1) -
         (rows.weights * positive_scores(rows)).sum(1);
}

/// sum_p w_p loss(s_p [rows, 1]), where `loss` gives [rows].
template <typename Loss>
at::Tensor over_positives(const DeviceRows& rows, const Loss& loss) {
  const at::Tensor positives = positive_scores(rows);
  at::Tensor total = at::zeros({rows.scores.size(0)}, rows.scores.options());
  for (int64_t p = 0; p < positives.size(1); ++p) {
    total = total + rows.weights.select(1, p) * loss(positives.narrow(1, p, 1));
  }
  return total;
}

at::Tensor bpr(const DeviceRows& rows, const Context&) {
  const at::Tensor counts = negative_counts(rows);
  return over_positives(rows, [&](const at::Tensor& positive) {
    return log1p_exp(rows.scores - positive).masked_fill(~rows.negative, 0).sum(1) / counts;
  });
}

/// sigma(s_j - s_p) + sigma(s_j^2)
at::Tensor top1_terms(const at::Tensor& scores, const at::Tensor& positive) {
  return at::sigmoid(scores - positive) + at::sigmoid(scores * scores);
}

at::Tensor top1(const DeviceRows& rows, const Context&) {
  const at::Tensor counts = negative_counts(rows);
  return over_positives(rows, [&](const at::Tensor& positive) {
    return top1_terms(rows.scores, positive).masked_fill(~rows.negative, 0).sum(1) / counts;
  });
}

at::Tensor top1_max(const DeviceRows& rows, const Context&) {
  const at::Tensor share = at::softmax(rows.scores.masked_fill(~rows.negative, kNowhere), 1);
  return over_positives(rows, [&](const at::Tensor& positive) {
    return (share * top1_terms(rows.scores, positive)).sum(1);
  });
}

at::Tensor bpr_max(const DeviceRows& rows, const Context& context) {
  const at::Tensor negatives = rows.scores.masked_fill(~rows.negative, kNowhere);
  const at::Tensor all = at::logsumexp(negatives, 1);
  at::Tensor squares = at::zeros_like(all);
  if (context.bpr_max_reg > 0) {
    const at::Tensor share = at::softmax(negatives, 1);
    squares = context.bpr_max_reg * (share * rows.scores * rows.scores).sum(1);
  }
  return over_positives(rows, [&](const at::Tensor& positive) {
    return all - at::logsumexp(negatives - log1p_exp(rows.scores - positive), 1) + squares;
  });
}

struct Entry {
  const char* name;
  DeviceCriterion criterion;
};

// Adding one: write it above and add a line; without a line a criterion runs on the host.
constexpr Entry kCriteria[] = {
    {"bce", bce},   {"bce-mean", bce_mean}, {"bce-sum", bce_sum},
    {"gbce", gbce}, {"bpr", bpr},           {"bpr-max", bpr_max},
    {"top1", top1}, {"top1-max", top1_max}, {"softmax", softmax},
};

}  // namespace

DeviceCriterion find_device_criterion(const ObjectiveOptions& options) {
  const bool plain =
      options.compat == PublishedError::none && options.gbce_form == GbceForm::direct;
  if (!plain || options.candidates == CandidateSet::buckets) return nullptr;
  for (const Entry& entry : kCriteria) {
    if (options.criterion == entry.name) return entry.criterion;
  }
  return nullptr;
}

}  // namespace truenext
