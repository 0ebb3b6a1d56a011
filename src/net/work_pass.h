// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "net/ops.h"
#include "net/tensors.h"
#include "net/weights.h"

namespace truenext::net {

/// Ops that compute nothing and count what a network does, so that no network needs a formula for
/// its work.
class WorkPass final : public Ops {
 public:
  /// All outlive the pass; `names` are those of `tensors`. Of the input only sizes, and whatever
  /// the network itself looks at, matter.
  WorkPass(const TensorNames& names, const std::vector<TensorInfo>& tensors, const Input& input)
      : Ops(input), names_(names), tensors_(tensors) {}

  // Useful floating-point operations of the pass, a multiply-add counted as two: of products with
  // weights, and of scores and weighted sums over the pairs that attention sees. What is done
  // element by element does not count.
  double product_work() const { return linear_; }
  double attention_work() const { return attention_; }
  /// Numbers per token of the largest matrix; weights of attention count for every pair of tokens
  /// of a sequence, seen or not.
  double widest() const;

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
  struct Size {
    int64_t rows, columns;
  };
  Size size_of(std::string_view name, std::string_view end = {}) const;
  Rows make(int64_t count, int64_t width, Layout layout);
  Rows same(Rows x) { return make(x.count, x.width, x.layout); }
  Rows wanted_rows(int64_t width, const Wanted& wanted);
  void multiply_add(int64_t rows, int64_t out, int64_t in);
  void count_pairs(int64_t heads, int64_t width, bool causal, const Wanted& wanted);

  const TensorNames& names_;
  const std::vector<TensorInfo>& tensors_;
  double linear_ = 0, attention_ = 0, largest_ = 0;
  int32_t made_ = 0;
};

}  // namespace truenext::net
