// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "kernels/elements.h"
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
  std::span<const int32_t> items;    ///< [tokens]
  std::span<const int64_t> offsets;  ///< [sequences + 1], from 0
  std::span<const uint64_t>
      streams;  ///< [sequences]: identity for random masks; may be empty in use
  Wanted wanted;
  std::span<const int64_t> times;  ///< [tokens], seconds; empty where not known
  std::span<const int64_t>
      query_times;  ///< [tokens]: when the next item was asked for; may be empty
  /// [tokens]: 1 = the network is not told the item, see item_vectors(); may be empty.
  std::span<const uint8_t> hidden{};
  /// Of pretraining (net/pretraining.h): what hidden places hold, [1, dim]; without a name zeros.
  std::string_view mask{};
  bool both_ways = false;  ///< attention of causal networks sees the whole sequence

  int64_t tokens() const { return static_cast<int64_t>(items.size()); }
  int64_t sequences() const { return static_cast<int64_t>(offsets.size()) - 1; }
  int64_t wanted_count() const {
    return wanted.is_all() ? tokens() : static_cast<int64_t>(wanted.tokens().size());
  }
};

using kernels::AttentionWeights;
using kernels::Function;

/// Which time a query has in terms by times: its own event's, or that of the request for the next
/// one (Input::query_times).
enum class QueryTime { past, request };

/// A term of attention by time, as calls name it.
struct TimeTerm {
  std::string_view bias;  ///< [1 or heads, buckets]; empty: there is none
  double bucket_width;
  QueryTime query_time;
};

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
  double dropout = 0;            ///< of rows
  double attention_dropout = 0;  ///< of the weights
  int64_t number = 0;            ///< tells its masks from those of other blocks
  /// As AttentionCall's; not together with a padded_length.
  std::string_view distance_bias = {};
  int64_t distance_origin = 0;
  std::string_view time_bias = {};
  double bucket_width = 0.301;
  QueryTime query_time = QueryTime::past;

  TimeTerm time_term() const { return {time_bias, bucket_width, query_time}; }
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

/// Attention over the sequences of the input: scores are score_scale <q, k> + the terms that are
/// named (none where the name is empty), of which each head has a row or all share one. Columns of
/// the terms: kernels::AttentionTerms.
struct AttentionCall {
  int64_t heads = 1;
  bool causal = true;
  double score_scale = 0;  ///< 0 = 1 / sqrt(width / heads)
  AttentionWeights weights = AttentionWeights::softmax;
  double weight_scale = 1;              ///< of silu
  std::string_view distance_bias = {};  ///< [1 or heads, distances]
  int64_t distance_origin = 0;          ///< column of distance 0
  std::string_view time_bias = {};      ///< [1 or heads, buckets]
  double bucket_width = 0.301;
  QueryTime query_time = QueryTime::past;
  double dropout = 0;  ///< of the weights
  int64_t number = 0;  ///< tells its masks from those of other attentions

  TimeTerm time_term() const { return {time_bias, bucket_width, query_time}; }
};

/// What lies before the oldest row of each sequence, for originals whose padding is alive: j places
/// before the first row of sequence s is row ends[s] - j of `rows`. Zeros where there is none.
struct Prefix {
  Rows rows{};
  Ids ends{};  ///< [sequences]
};

/// A causal convolution: with K = kernel, d = dilation,
///     y_t = sum over j = 0 .. K - 1 of W_j x_{t - (K - 1 - j) d} + b.
/// Tensors: `name`.weight [out, K * in], the columns of W_0, of the oldest row, first, and
/// `name`.bias [out].
struct ConvCall {
  std::string_view name;
  int64_t kernel = 1;
  int64_t dilation = 1;
  bool bias = true;
  Prefix before{};
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
  /// Over each row, with `name`.weight and `name`.bias; without a name they are ones and zeros.
  virtual Rows layer_norm(Rows x, std::string_view name, double epsilon) = 0;

  // Element by element; the layout is that of x. y has the shape of x, or one row for all rows,
  // one column for all columns, or both.
  virtual Rows add(Rows x, Rows y, double factor = 1) = 0;  ///< x + factor y
  virtual Rows multiply(Rows x, Rows y) = 0;
  virtual Rows scale(Rows x, double factor, double shift = 0) = 0;  ///< factor x + shift
  virtual Rows apply(Function function, Rows x) = 0;
  /// x / max(|x|, smallest), row by row.
  virtual Rows unit_rows(Rows x, double smallest) = 0;
  /// (x - mean) / (s + epsilon), row by row, s the sample standard deviation; 0 where width is 1.
  virtual Rows standardise(Rows x, double epsilon) = 0;
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
  /// k and v have a row for every token, q one for each wanted; all the width of the result.
  virtual Rows attention(Rows q, Rows k, Rows v, const AttentionCall& call,
                         const Wanted& wanted) = 0;
  virtual Rows conv(Rows x, const ConvCall& call, const Wanted& wanted) = 0;
  /// The newest `length` rows up to each wanted one, oldest first: [wanted * length, width].
  virtual Rows windows(Rows x, int64_t length, const Wanted& wanted, const Prefix& before = {}) = 0;
  // Over other sequences than the input's: x [offsets.back(), in], a result for every row.
  virtual Rows gru_over(Rows x, const Offsets& offsets, const GruCall& call) = 0;
  virtual Rows conv_over(Rows x, const Offsets& offsets, const ConvCall& call) = 0;
  /// One linear map of every `height` consecutive rows of each window x [windows * length, width]:
  /// [windows * (length - height + 1), out]. Tensors: `name`.weight [out, height * width], oldest
  /// row first, and, with `bias`, `name`.bias [out].
  virtual Rows slide(Rows x, int64_t length, int64_t height, std::string_view name,
                     bool bias = true) = 0;

  /// The wanted rows of a matrix with a row for every token.
  Rows pick(Rows x);

 private:
  Input input_;
};

// ---- What networks work out from their input -------------------------------------------------

/// Items of the tokens.
Ids item_ids(const Input& input);
/// Vectors of the items, [tokens, dim], out of the input table: where the input is hidden zeros, or
/// Input::mask.
Rows item_vectors(Ops& ops);
/// x [tokens, dim] plus the tensor `mask` [1, dim] where the input is hidden.
Rows add_mask(Ops& ops, Rows x, std::string_view mask);
/// Place of every token in its sequence, oldest = 0.
Ids places_from_start(const Input& input);
/// The same such that the newest token of every sequence has the place `length` - 1.
Ids places_from_end(const Input& input, int64_t length);
/// Sequence of every token.
Ids sequence_of_tokens(const Input& input);

/// Every wanted token beside each token of its history, itself included, oldest first.
struct HistoryPairs {
  Ids keys;            ///< tokens of the histories
  Ids queries;         ///< the wanted row (not token) that each belongs to
  Offsets offsets{0};  ///< [wanted + 1], of the pairs of each wanted row
};
HistoryPairs history_pairs(const Ops& ops);

}  // namespace truenext::net
