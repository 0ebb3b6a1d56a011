// SPDX-License-Identifier: Apache-2.0
// Operations of TorchPass on rows by number and on segments of rows.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <algorithm>
#include <cassert>
#include <limits>

#include "torch/tensors.h"
#include "torch/torch_pass.h"

namespace truenext::net {
namespace {

constexpr double kNowhere = -std::numeric_limits<double>::infinity();

bool has_gaps(const Ids& ids) {
  return std::any_of(ids.begin(), ids.end(), [](int32_t id) { return id < 0; });
}

/// Segment of every row.
Ids owners(const Offsets& offsets) {
  Ids ids;
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    ids.insert(ids.end(), static_cast<size_t>(offsets[s + 1] - offsets[s]),
               static_cast<int32_t>(s));
  }
  return ids;
}

}  // namespace

Rows TorchPass::gather(Rows x, Ids ids, Layout layout) {
  const auto count = static_cast<int64_t>(ids.size());
  if (x.count == 0) return put(zeros(count, x.width), layout);
  const at::Tensor index = to_device(ids, device());
  if (!has_gaps(ids)) return put(at::embedding(values(x), index), layout);
  const at::Tensor found = at::embedding(values(x), index.clamp_min(0));
  return put(found.masked_fill(index.lt(0).unsqueeze(1), 0), layout);
}

/// [count, width]: the gradient of a lookup of these ids, if x were that of its result.
at::Tensor TorchPass::sum_rows(const at::Tensor& x, Ids ids, int64_t count) const {
  if (ids.empty()) return zeros(count, x.size(1));
  const int64_t rest = has_gaps(ids) ? 1 : 0;  // a row for what is left out
  for (int32_t& id : ids) id = id < 0 ? static_cast<int32_t>(count) : id;
  return at::embedding_dense_backward(x, to_device(ids, device()), count + rest, /*padding_idx=*/-1,
                                      /*scale_grad_by_freq=*/false)
      .narrow(0, 0, count);
}

Rows TorchPass::scatter_sum(Rows x, Ids ids, int64_t count, Layout layout) {
  assert(static_cast<int64_t>(ids.size()) == x.count);
  return put(sum_rows(values(x), std::move(ids), count), layout);
}

Rows TorchPass::weigh(Rows x, std::span<const float> weights) {
  const at::Tensor factors = to_device(weights, device()).to(values(x).scalar_type());
  return put(values(x) * factors.unsqueeze(1), x.layout);
}

Rows TorchPass::segment_sum(Rows x, Offsets offsets, Layout layout) {
  assert(offsets.back() == x.count);
  return put(sum_rows(values(x), owners(offsets), static_cast<int64_t>(offsets.size()) - 1),
             layout);
}

Rows TorchPass::segment_max(Rows x, Offsets offsets, Layout layout) {
  assert(offsets.back() == x.count);
  const PaddedRows form(offsets, 0, device());
  if (form.length() == 0) return put(zeros(form.sequences(), x.width), layout);
  const at::Tensor padded = form.pad(values(x), kNowhere);
  std::vector<int32_t> lengths;
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    lengths.push_back(static_cast<int32_t>(offsets[s + 1] - offsets[s]));
  }
  const at::Tensor empty = to_device(lengths, device()).eq(0);
  return put(std::get<0>(at::max(padded, 1)).masked_fill(empty.unsqueeze(1), 0), layout);
}

// Segments without rows come out as no numbers, and nobody reads them.
Rows TorchPass::segment_softmax(Rows x, Offsets offsets) {
  assert(offsets.back() == x.count);
  const PaddedRows form(offsets, 0, device());
  if (form.length() == 0) return x;
  const at::Tensor padded = form.pad(values(x), kNowhere);
  return put(form.unpad(at::softmax(padded, 1)), x.layout);
}

}  // namespace truenext::net
