// SPDX-License-Identifier: Apache-2.0
// What soft labels add to CatalogueLoss.
#include <cmath>

#include "kernels/overloads.h"
#include "kernels/scratch.h"
#include "objectives/catalogue_loss.h"

namespace truenext {

template <typename T>
double CatalogueLoss<T>::label_share_of(int64_t part, int64_t query) const {
  if (!parts_[part].labels) return 0;
  return label_share(parts_[part].tile->targets, query, use_.share);
}

template <typename T>
double CatalogueLoss<T>::label_weight(int64_t part, int64_t query) const {
  double sum = 0;
  for (const float weight : parts_[part].tile->targets.positive_weights(query)) sum += weight;
  return label_share_of(part, query) * sum;
}

// finish() multiplies by w share / sum, w the positives' weights together: what is put in before is
// so many times too small.
template <typename T>
double CatalogueLoss<T>::start_divergence(const Block& block, const LabelDivergence<T>& divergence,
                                          T* grads) {
  double loss = 0;
  for (int64_t q = block.begin; q < block.end; ++q) {
    const WholeRow& row = rows_[block.part][q];
    if (parts_[block.part].tile->targets.places[q].end == 0) continue;
    const double cost = divergence.cost(q - block.begin) / row.sum;
    costs_[block.part][q] = cost;
    loss += use_.reverse * row.weight * (cost - row.top - std::log(row.sum));
    T* grad = grads + (q - block.begin) * dim_;
    kernels::scale(dim_, static_cast<T>(1 - use_.reverse * cost), grad);
    kernels::axpy(dim_, static_cast<T>(use_.reverse), divergence.cost_vector(q - block.begin),
                  grad);
  }
  return loss * share_;
}

template <typename T>
void CatalogueLoss<T>::apply_divergence(const Block& block, Range range, std::span<T> raw,
                                        T* scores) const {
  const TileLabels* labels = parts_[block.part].labels;
  if (!labels) return;
  auto* piece = kernels::scratch<float>(kernels::Scratch::objective_labels,
                                        (block.end - block.begin) * range.count);
  labels->probabilities(block.begin, block.end, range.first, range.count, piece);
  for (int64_t q = block.begin; q < block.end; ++q) {
    const WholeRow& row = rows_[block.part][q];
    if (parts_[block.part].tile->targets.places[q].end == 0) continue;
    const int64_t at = (q - block.begin) * range.count;
    const double factor = share_ * use_.reverse * row.weight / row.sum;
    for (int64_t i = at; i < at + range.count; ++i) {
      const double above =
          static_cast<double>(label_cost(raw[i], piece[i])) - costs_[block.part][q];
      const double exponential = std::exp(static_cast<double>(raw[i]) - row.top);
      scores[i] += static_cast<T>(factor * exponential * above);
    }
  }
}

template <typename T>
double CatalogueLoss<T>::finish_labels(const Block& block, T* grads) const {
  const TileLabels* labels = parts_[block.part].labels;
  if (!labels) return 0;
  T* means =
      kernels::scratch<T>(kernels::Scratch::objective_labels, (block.end - block.begin) * dim_);
  means_->of(*labels, block.begin, block.end, means);
  double loss = 0;
  for (int64_t q = block.begin; q < block.end; ++q) {
    const WholeRow& row = rows_[block.part][q];
    const double weight = label_weight(block.part, q);
    const T* mean = means + (q - block.begin) * dim_;
    const T* state = queries_[block.part] + q * dim_;
    const double all = row.top + std::log(row.sum);
    loss += weight * (labels->mass(q) * all - static_cast<double>(kernels::dot(dim_, state, mean)));
    kernels::axpy(dim_, static_cast<T>(-share_ * weight), mean, grads + (q - block.begin) * dim_);
  }
  return loss * share_;
}

template <typename T>
void CatalogueLoss<T>::apply_labels(const Block& block, Range range, T* scores) const {
  const TileLabels* labels = parts_[block.part].labels;
  if (!labels) return;
  auto* piece = kernels::scratch<float>(kernels::Scratch::objective_labels,
                                        (block.end - block.begin) * range.count);
  labels->probabilities(block.begin, block.end, range.first, range.count, piece);
  for (int64_t q = block.begin; q < block.end; ++q) {
    const double weight = label_weight(block.part, q);
    const float* label = piece + (q - block.begin) * range.count;
    T* row = scores + (q - block.begin) * range.count;
    for (int64_t i = 0; i < range.count; ++i) row[i] -= static_cast<T>(share_ * weight) * label[i];
  }
}

template double CatalogueLoss<float>::label_share_of(int64_t, int64_t) const;
template double CatalogueLoss<float>::label_weight(int64_t, int64_t) const;
template double CatalogueLoss<float>::start_divergence(const Block&, const LabelDivergence<float>&,
                                                       float*);
template void CatalogueLoss<float>::apply_divergence(const Block&, Range, std::span<float>,
                                                     float*) const;
template double CatalogueLoss<float>::finish_labels(const Block&, float*) const;
template void CatalogueLoss<float>::apply_labels(const Block&, Range, float*) const;
template double CatalogueLoss<double>::label_share_of(int64_t, int64_t) const;
template double CatalogueLoss<double>::label_weight(int64_t, int64_t) const;
template double CatalogueLoss<double>::start_divergence(const Block&,
                                                        const LabelDivergence<double>&, double*);
template void CatalogueLoss<double>::apply_divergence(const Block&, Range, std::span<double>,
                                                      double*) const;
template double CatalogueLoss<double>::finish_labels(const Block&, double*) const;
template void CatalogueLoss<double>::apply_labels(const Block&, Range, double*) const;

}  // namespace truenext
