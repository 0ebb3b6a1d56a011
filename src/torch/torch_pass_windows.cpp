// SPDX-License-Identifier: Apache-2.0
// Operations of TorchPass on windows of rows: each is one gather of all rows of all windows and one
// matrix product.
#include <ATen/Functions.h>
#include <ATen/TensorOperators.h>

#include <cassert>
#include <numeric>

#include "torch/tensors.h"
#include "torch/torch_pass.h"

namespace truenext::net {
namespace {

/// For each of some rows of sequences the rows `steps` * spacing, ..., 2 * spacing, spacing and 0
/// places before it, numbered as in rows_before().
class Sources {
 public:
  Sources(std::span<const int64_t> offsets, const Prefix& before)
      : offsets_(offsets), before_(before), rows_(offsets.back()) {}

  Ids of(std::span<const int32_t> rows, int64_t steps, int64_t spacing) const {
    Ids ids;
    ids.reserve(rows.size() * static_cast<size_t>(steps + 1));
    int64_t sequence = 0;
    for (const int32_t row : rows) {
      while (row >= offsets_[sequence + 1]) ++sequence;
      for (int64_t step = steps; step >= 0; --step) {
        ids.push_back(source(sequence, row - step * spacing));
      }
    }
    return ids;
  }

 private:
  int32_t source(int64_t sequence, int64_t row) const {
    const int64_t missing = offsets_[sequence] - row;  // places before the first row
    if (missing <= 0) return static_cast<int32_t>(row);
    const int64_t found = before_.rows.exists() ? before_.ends[sequence] - missing : -1;
    return static_cast<int32_t>(found >= 0 ? rows_ + found : -1);
  }

  std::span<const int64_t> offsets_;
  const Prefix& before_;
  int64_t rows_;
};

Ids all_rows(int64_t count) {
  Ids ids(static_cast<size_t>(count));
  std::iota(ids.begin(), ids.end(), 0);
  return ids;
}

Ids tokens_of(const Wanted& wanted, int64_t tokens) {
  if (wanted.is_all()) return all_rows(tokens);
  return {wanted.tokens().begin(), wanted.tokens().end()};
}

}  // namespace

/// Rows `ids` of x with the rows of `before` behind it; -1 is a row of zeros.
at::Tensor TorchPass::rows_before(Rows x, const Prefix& before, const Ids& ids) const {
  std::vector<at::Tensor> parts = {values(x)};
  int64_t count = x.count;
  if (before.rows.exists()) {
    parts.push_back(values(before.rows));
    count += before.rows.count;
  }
  parts.push_back(zeros(1, x.width));
  Ids places = ids;
  for (int32_t& id : places) id = id < 0 ? static_cast<int32_t>(count) : id;
  return at::embedding(at::cat(parts), to_device(places, device()), /*padding_idx=*/count);
}

/// [rows, out]
at::Tensor TorchPass::run_conv(Rows x, std::span<const int64_t> offsets, const ConvCall& call,
                               const Ids& rows) {
  const Ids ids = Sources(offsets, call.before).of(rows, call.kernel - 1, call.dilation);
  const at::Tensor taken = rows_before(x, call.before, ids);
  return map(taken.view({static_cast<int64_t>(rows.size()), call.kernel * x.width}), call.name,
             call.bias);
}

Rows TorchPass::conv(Rows x, const ConvCall& call, const Wanted& wanted) {
  assert(x.count == input().tokens());
  return put(run_conv(x, input().offsets, call, tokens_of(wanted, x.count)), layout_of(wanted));
}

Rows TorchPass::conv_over(Rows x, const Offsets& offsets, const ConvCall& call) {
  assert(offsets.back() == x.count);
  return put(run_conv(x, offsets, call, all_rows(x.count)), x.layout);
}

Rows TorchPass::windows(Rows x, int64_t length, const Wanted& wanted, const Prefix& before) {
  assert(x.count == input().tokens());
  const Ids tokens = tokens_of(wanted, x.count);
  const Ids ids = Sources(input().offsets, before).of(tokens, length - 1, 1);
  return put(rows_before(x, before, ids), Layout::other);
}

Rows TorchPass::slide(Rows x, int64_t length, int64_t height, std::string_view name, bool bias) {
  const int64_t windows = x.count / length;
  const at::Tensor places = values(x)
                                .reshape({windows, length, x.width})
                                .unfold(1, height, 1)  // [windows, places, width, height]
                                .transpose(2, 3)
                                .reshape({windows * (length - height + 1), height * x.width});
  return put(map(places, name, bias), Layout::other);
}

}  // namespace truenext::net
