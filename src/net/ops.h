// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "net/block_style.h"

/// The vocabulary in which a network is written, once. A network is a function of Ops and of its
/// options (net/network.h); what computes it is a backend: TilePass (kernels, for training and for
/// use) or TorchPass (src/torch, on a device).
namespace truenext::net {

/// What the rows of a matrix belong to. Random masks need to know: a row of a token is told from
/// others by the user and the place in the history, whatever else is in the pass.
enum class Layout { tokens, wanted, other };

/// A matrix [count, width] somewhere in a pass. A value; the backend owns the memory.
struct Rows {
  int32_t id = -1;
  int64_t count = 0;
  int64_t width = 0;
  Layout layout = Layout::other;

  bool exists() const { return id >= 0; }
  int64_t size() const { return count * width; }
};

/// Row numbers and bounds that a network works out from its input: always on the host.
using Ids = std::vector<int32_t>;
using Offsets = std::vector<int64_t>;

/// The tokens whose states a pass is for: all of them, or an ascending list (the newest of every
/// sequence, masked places, places with a target). A network hands ops.wanted() to its last
/// operation that mixes positions; what follows has fewer rows by itself.
class Wanted {
 public:
  static Wanted all() { return {}; }
  /// `tokens` is borrowed.
  static Wanted list(std::span<const int32_t> tokens) {
    Wanted wanted;
    wanted.all_ = false;
    wanted.tokens_ = tokens;
    return wanted;
  }
  bool is_all() const { return all_; }
  /// Of a list.
  std::span<const int32_t> tokens() const { return tokens_; }

 private:
  bool all_ = true;
  std::span<const int32_t> tokens_;
};

/// The input of a pass: whole sequences packed back to back, oldest item first. Everything is
/// borrowed.
struct Input {
  std::span<const int32_t> items;     ///< [tokens]
  std::span<const int64_t> offsets;   ///< [sequences + 1], from 0
  std::span<const uint64_t> streams;  ///< [sequences]: identity for random masks; may be empty in use
  Wanted wanted;
  std::span<const int64_t> times;        ///< [tokens], seconds; empty where not known
  std::span<const int64_t> query_times;  ///< [tokens]: when the next item was asked for; may be empty

  int64_t tokens() const { return static_cast<int64_t>(items.size()); }
  int64_t sequences() const { return static_cast<int64_t>(offsets.size()) - 1; }
  int64_t wanted_count() const {
    return wanted.is_all() ? tokens() : static_cast<int64_t>(wanted.tokens().size());
  }
};

enum class Function { relu, gelu, sigmoid, tanh, silu };  ///< gelu is the exact one

/// A transformer block as one operation (decision 0010); equations: net/block_style.h. Its tensors
/// are `name` + kBlockTensorNames.
struct BlockCall {
  std::string_view name;  ///< prefix, e.g. "blocks.0."
  const BlockStyle* style = nullptr;
  int64_t heads = 1;
  int64_t inner_size = 0;
  bool causal = true;
  /// As originals that attend to their left padding: so many steps, less the sequence's own. 0 =
  /// padding does not exist.
  int64_t padded_length = 0;
  double dropout = 0;
  int64_t number = 0;  ///< tells its masks from those of other blocks
};

/// One GRU layer in PyTorch's gate order r, z, n (equations: kernels::gru_gates). Tensors:
/// `name` + input_weight [3 H, in], hidden_weight [3 H, H] and, with `bias`, input_bias and
/// hidden_bias [3 H].
struct GruCall {
  std::string_view name;
  bool bias = false;
  /// State that each sequence starts from, [sequences, H]; zero when there are none.
  Rows start{};
};

/// Operations on matrices. Parameters are meant by name. All shapes are [rows, columns].
class Ops {
 public:
  explicit Ops(const Input& input) : input_(input) {}
  virtual ~Ops() = default;
  Ops(const Ops&) = delete;
  Ops& operator=(const Ops&) = delete;

  const Input& input() const { return input_; }
  const Wanted& wanted() const { return input_.wanted; }
  /// Tokens of the rows that are wanted, [wanted_count()].
  Ids wanted_tokens() const;

  // Out of parameters.
  /// Rows `ids` of a table. Layout::tokens promises one row a token.
  virtual Rows lookup(std::string_view table, Ids ids, Layout layout = Layout::other) = 0;
  /// A whole small tensor: [rows, columns], a vector is one row.
  virtual Rows parameter(std::string_view name) = 0;
  /// x W^T + b with `name`.weight [out, in] and, with `bias`, `name`.bias [out].
  virtual Rows linear(Rows x, std::string_view name, bool bias = true) = 0;
  /// Over each row, with `name`.weight and `name`.bias.
  virtual Rows layer_norm(Rows x, std::string_view name, double epsilon) = 0;

  // Element by element; the layout is that of x.
  virtual Rows add(Rows x, Rows y, double factor = 1) = 0;  ///< x + factor y
  virtual Rows multiply(Rows x, Rows y) = 0;  ///< y of width 1 is one factor a row
  virtual Rows scale(Rows x, double factor, double shift = 0) = 0;  ///< factor x + shift
  virtual Rows apply(Function function, Rows x) = 0;
  /// In training only. x has the rows of the tokens or the wanted ones; `number` tells masks of one
  /// purpose apart.
  virtual Rows dropout(Rows x, double rate, Purpose purpose, int64_t number) = 0;
  virtual Rows beside(std::span<const Rows> parts) = 0;  ///< columns one after the other
  virtual Rows columns(Rows x, int64_t begin, int64_t end) = 0;

  // Rows by number. An id of -1 is a row of zeros.
  virtual Rows gather(Rows x, Ids ids, Layout layout = Layout::other) = 0;
  /// [count, width]: row ids[i] is the sum of the rows i of x in their order; -1 is left out.
  virtual Rows scatter_sum(Rows x, Ids ids, int64_t count, Layout layout = Layout::other) = 0;
  /// One constant a row.
  virtual Rows weigh(Rows x, std::span<const float> weights) = 0;
  // Over segments of rows, offsets [segments + 1]. An empty segment is a row of zeros.
  virtual Rows segment_sum(Rows x, Offsets offsets, Layout layout = Layout::other) = 0;
  virtual Rows segment_max(Rows x, Offsets offsets, Layout layout = Layout::other) = 0;
  /// Column by column; as many rows as x.
  virtual Rows segment_softmax(Rows x, Offsets offsets) = 0;

  // Over the sequences of the input: x has a row for every token, the result one for each wanted.
  virtual Rows running_mean(Rows x, const Wanted& wanted) = 0;
  virtual Rows gru(Rows x, const GruCall& call, const Wanted& wanted) = 0;
  virtual Rows block(Rows x, const BlockCall& call, const Wanted& wanted) = 0;
  /// A GRU over other sequences than the input's: x [offsets.back(), in].
  virtual Rows gru_over(Rows x, const Offsets& offsets, const GruCall& call) = 0;

  /// The wanted rows of a matrix with a row for every token.
  Rows pick(Rows x);

 private:
  Input input_;
};

// ---- What networks work out from their input -------------------------------------------------

/// Items of the tokens.
Ids item_ids(const Input& input);
/// Place of every token in its sequence, oldest = 0.
Ids places_from_start(const Input& input);
/// The same such that the newest token of every sequence has the place `length` - 1.
Ids places_from_end(const Input& input, int64_t length);
/// Sequence of every token.
Ids sequence_of_tokens(const Input& input);

}  // namespace truenext::net
