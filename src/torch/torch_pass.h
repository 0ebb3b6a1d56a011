// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "net/ops.h"
#include "net/tile_pass.h"
#include "net/weights.h"
#include "torch/padded_attention.h"
#include "torch/padded_rows.h"

namespace truenext::net {

/// Gradient of some rows of a pass on a device, [rows.count, rows.width].
struct DeviceRowsGradient {
  Rows rows;
  at::Tensor gradient;
};

/// Ops in LibTorch operations: one pass over a whole batch on the device of the weights, in their
/// type (float32, or float64 in tests). Gradients are autograd's. Random masks are those of
/// LibTorch's generator, started anew by a training pass from the seed and step of its purpose.
///
/// The same bits every time, on CUDA too: sums over rows with one number (gather's gradient,
/// scatter_sum, segment_sum, tables of terms) are all made by embedding_dense_backward, which sorts
/// the numbers and adds in order; index_add and scatter_add would add by atomics. Everything else
/// is made of operations that move rows to places of their own, or reduce along a dimension.
/// (LibTorch's own deterministic mode is a setting of the process and refuses operations.)
class TorchPass final : public Ops {
 public:
  /// `weights` are in the order of `names`, on one device, and are read only; both outlive the
  /// pass. What is in `input` is borrowed too.
  TorchPass(const TensorNames& names, std::span<const at::Tensor> weights, const Input& input,
            const PassPurpose& purpose);

  const at::Tensor& values(Rows x) const { return values_[x.id]; }
  /// From the gradients of some rows to those of all weights, in their order; undefined where a
  /// weight took no part. Once.
  std::vector<at::Tensor> backward(std::span<const DeviceRowsGradient> gradients) const;

  Rows lookup(std::string_view table, Ids ids, Layout layout) override;
  Rows parameter(std::string_view name) override;
  Rows linear(Rows x, std::string_view name, bool bias) override;
  Rows layer_norm(Rows x, std::string_view name, double epsilon) override;
  Rows add(Rows x, Rows y, double factor) override;
  Rows multiply(Rows x, Rows y) override;
  Rows scale(Rows x, double factor, double shift) override;
  Rows apply(Function function, Rows x) override;
  Rows unit_rows(Rows x, double smallest) override;
  Rows standardise(Rows x, double epsilon) override;
  Rows dropout(Rows x, double rate, Purpose purpose, int64_t number) override;
  Rows beside(std::span<const Rows> parts) override;
  Rows columns(Rows x, int64_t begin, int64_t end) override;
  Rows gather(Rows x, Ids ids, Layout layout) override;
  Rows scatter_sum(Rows x, Ids ids, int64_t count, Layout layout) override;
  Rows weigh(Rows x, std::span<const float> weights) override;
  Rows segment_sum(Rows x, Offsets offsets, Layout layout) override;
  Rows segment_max(Rows x, Offsets offsets, Layout layout) override;
  Rows segment_softmax(Rows x, Offsets offsets) override;
  Rows running_mean(Rows x, const Wanted& wanted) override;
  Rows gru(Rows x, const GruCall& call, const Wanted& wanted) override;
  Rows block(Rows x, const BlockCall& call, const Wanted& wanted) override;
  Rows attention(Rows q, Rows k, Rows v, const AttentionCall& call, const Wanted& wanted) override;
  Rows conv(Rows x, const ConvCall& call, const Wanted& wanted) override;
  Rows windows(Rows x, int64_t length, const Wanted& wanted, const Prefix& before) override;
  Rows gru_over(Rows x, const Offsets& offsets, const GruCall& call) override;
  Rows conv_over(Rows x, const Offsets& offsets, const ConvCall& call) override;
  Rows slide(Rows x, int64_t length, int64_t height, std::string_view name, bool bias) override;

 private:
  const at::Tensor& weight(std::string_view name) const { return leaves_[names_.index(name)]; }
  const at::Tensor& weight(std::string_view name, std::string_view end) const;
  /// weight(name + end), undefined when it is not wanted.
  at::Tensor weight_if(std::string_view name, std::string_view end, bool wanted) const;
  at::Tensor map(const at::Tensor& x, std::string_view name, bool bias = true) const;
  at::Tensor norm(const at::Tensor& x, std::string_view name, double epsilon) const;
  at::Tensor drop(const at::Tensor& x, double rate) const;
  at::Tensor zeros(int64_t count, int64_t width) const;
  at::Device device() const { return leaves_[0].device(); }

  Rows put(at::Tensor values, Layout layout);
  static Layout layout_of(const Wanted& wanted) {
    return wanted.is_all() ? Layout::tokens : Layout::wanted;
  }

  at::Tensor sum_rows(const at::Tensor& x, Ids ids, int64_t count) const;
  /// Rows of x and of what is before each sequence: see Sources in torch_pass_windows.cpp.
  at::Tensor rows_before(Rows x, const Prefix& before, const Ids& ids) const;
  at::Tensor run_conv(Rows x, std::span<const int64_t> offsets, const ConvCall& call,
                      const Ids& rows);
  at::Tensor run_gru(const at::Tensor& x, const PaddedRows& form, const GruCall& call);
  /// The term by time of an attention, where there is one.
  void add_times(const TimeTerm& term, const Wanted& wanted, const PaddedAttention& form,
                 AttentionRule& rule);
  at::Tensor attend(const at::Tensor& source, const at::Tensor& x, const BlockCall& call,
                    const Wanted& wanted);
  at::Tensor feed_forward(const at::Tensor& y, const BlockCall& call);
  /// Kept where all tokens ask: every block of a pass asks for the same.
  const PaddedAttention& attention_over(const Wanted& wanted, bool causal, int64_t window);
  const PaddedRows& padded_tokens();

  const TensorNames& names_;
  PassPurpose purpose_;
  std::vector<at::Tensor> leaves_;
  std::vector<at::Tensor> values_;
  std::map<std::pair<bool, int64_t>, PaddedAttention> attentions_;
  std::optional<PaddedAttention> attention_of_some_;
  std::optional<PaddedRows> padded_tokens_;
};

}  // namespace truenext::net
