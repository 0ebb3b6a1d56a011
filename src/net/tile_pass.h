// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "kernels/kernels.h"
#include "net/arena.h"
#include "net/block_pass.h"
#include "net/ops.h"
#include "net/weights.h"

namespace truenext::net {

/// What a pass is for. Training drops out and records what the gradients need; use does neither.
struct PassPurpose {
  bool training = false;
  uint64_t seed = 0, step = 0;  ///< of the random masks
};

/// Gradient of some rows of a pass, [rows.count, rows.width]; used up.
template <typename T>
struct RowsGradient {
  Rows rows;
  T* gradient = nullptr;
};

/// Rows of a table that a pass read.
struct Lookup {
  int64_t table = 0;  ///< number of the tensor
  Ids ids;            ///< as the table is read: places in `held` where it has only some rows
  Rows rows;
};

/// Ops on the kernels: one pass over one tile, on the calling thread. T = float runs the kernels,
/// double their plain twins. Every operation computes at once and, in training, leaves on the tape
/// how its gradient is handed on. Memory is the arena's until that is reset; several passes may
/// share an arena and, by their weights, gradients.
template <typename T>
class TilePass final : public Ops {
 public:
  /// `names` and `weights` [names] outlive the pass. What is in `input` is borrowed too.
  TilePass(const TensorNames& names, const WeightViews<T>& weights, const Input& input,
           const PassPurpose& purpose, Arena& arena);

  const T* values(Rows x) const { return nodes_[x.id].value; }

  /// From the gradients of some rows (a loss each; the same rows may come twice) back to the
  /// weights, whose `grad` is added to, and to lookups(). Once.
  void backward(std::span<const RowsGradient<T>> gradients);
  const std::vector<Lookup>& lookups() const { return lookups_; }
  /// Of a lookup after backward(), [ids, columns]; null when nothing asked for it.
  const T* gradient(const Lookup& lookup) const { return nodes_[lookup.rows.id].grad; }

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
  struct Node {
    T* value;
    T* grad = nullptr;
  };
  /// Who the rows of a layout are, for masks.
  struct RowKeys {
    std::vector<uint64_t> streams;
    std::vector<int32_t> from_end;
  };

  T* data(Rows x) { return nodes_[x.id].value; }
  /// Gradient of x, zeros when it is asked for first.
  T* grad(Rows x);
  const WeightView<T>& weight(std::string_view name) const { return weights_[names_.index(name)]; }
  const WeightView<T>& weight(std::string_view name, std::string_view end);
  /// A row of equal numbers, with room for a gradient that nobody reads.
  WeightView<T> constant(int64_t width, T value);

  Rows make(int64_t count, int64_t width, Layout layout);
  Rows copy(Rows x);
  /// In training, how gradients are handed on.
  template <typename Step>
  void record(Step&& step) {
    if (purpose_.training) steps_.emplace_back(std::forward<Step>(step));
  }
  /// write(to) overwrites [x]: the first gradient of x in place, later ones beside and added.
  template <typename Write>
  void write_gradient(Rows x, const Write& write);
  /// multiply(to, accumulate): a product that can add by itself.
  template <typename Multiply>
  void add_product(Rows x, const Multiply& multiply);
  /// The gradient of y, which nobody needs any more, is (part of) that of x.
  void hand_on(Rows y, Rows x) { hand_on(grad(y), x); }
  void hand_on(T* gradient, Rows x);

  kernels::Dropout mask(double rate, Purpose purpose, int64_t number) const;
  const RowKeys& keys_of(Layout layout);
  static Layout layout_of(const Wanted& wanted) {
    return wanted.is_all() ? Layout::tokens : Layout::wanted;
  }
  Rows keep_wanted(Rows x, const Wanted& wanted);
  /// Which tokens ask: all of them, or the wanted ones by sequence and place. Made once a pass.
  void set_queries(const Wanted& wanted, kernels::AttentionShape& shape);
  /// A term by distance; none where the name is empty.
  void set_distances(std::string_view name, int64_t origin, kernels::AttentionTerms<T>& terms);
  /// A term by time; none where the name is empty.
  void set_times(const TimeTerm& term, const Wanted& wanted, kernels::AttentionTerms<T>& terms);
  Rows convolve(Rows x, std::span<const int64_t> offsets, const ConvCall& call,
                const Wanted& wanted, Layout layout);

  const TensorNames& names_;
  const WeightViews<T>& weights_;
  PassPurpose purpose_;
  Arena& arena_;
  RowKeys token_keys_, wanted_keys_;
  std::vector<int64_t> query_offsets_;  ///< of the wanted list, empty until somebody asks
  std::vector<int32_t> query_places_;
  std::string name_;  ///< scratch of weight()
  std::vector<Node> nodes_;
  std::vector<std::function<void()>> steps_;
  std::vector<Lookup> lookups_;
};

extern template class TilePass<float>;
extern template class TilePass<double>;

}  // namespace truenext::net
