// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/random.h"

/// Arithmetic on raw pointers: row-major arrays, no allocation of more than small scratch, no
/// exceptions, no threads (the caller splits the work over workers), no LibTorch. Every function
/// here has a float version dispatched at run time to the best instruction set (Highway) and a
/// plain twin in kernels/reference.h that is templated on float and double and that the tests
/// compare with. Results depend on the machine's vector width only, never on the number of threads.
namespace truenext::kernels {

// ---- matrix products -------------------------------------------------------------------------
// `accumulate` adds to C instead of overwriting it. ld* are row strides in elements.

/// C[m, n] = A[m, k] . B[n, k]^T
void gemm_nt(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
             int64_t ldb, float* c, int64_t ldc, bool accumulate);
/// C[m, n] = A[m, k] . B[k, n]
void gemm_nn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
             int64_t ldb, float* c, int64_t ldc, bool accumulate);
/// C[m, n] = A[k, m]^T . B[k, n]
void gemm_tn(int64_t m, int64_t n, int64_t k, const float* a, int64_t lda, const float* b,
             int64_t ldb, float* c, int64_t ldc, bool accumulate);

// ---- rows ------------------------------------------------------------------------------------

/// y = (x - mean) * rstd * weight + bias over each row of x [rows, dim]; biased variance, `epsilon`
/// inside the square root. mean and rstd [rows] may be null (inference).
void layer_norm(int64_t rows, int64_t dim, const float* x, const float* weight, const float* bias,
                float epsilon, float* y, float* mean, float* rstd);
/// Adds to weight_grad and bias_grad [dim]; writes x_grad [rows, dim] (may alias y_grad).
void layer_norm_backward(int64_t rows, int64_t dim, const float* x, const float* weight,
                         const float* mean, const float* rstd, const float* y_grad, float* x_grad,
                         float* weight_grad, float* bias_grad);

/// x[rows, dim] += bias[dim], in place, then the activation.
enum class Activation { none, relu, gelu };  ///< gelu is the exact one, 0.5 x (1 + erf(x / sqrt 2))
void add_bias(int64_t rows, int64_t dim, const float* bias, Activation activation, float* x);

/// sum[dim] += the rows of x [rows, dim]: the gradient of a bias.
void add_column_sums(int64_t rows, int64_t dim, const float* x, float* sum);
/// grad[n] = y > 0 ? factor * grad : 0 for y = relu(...), with or without dropout.
void relu_backward(int64_t n, const float* y, float factor, float* grad);
/// grad[n] *= derivative of the exact gelu at x (its input).
void gelu_backward(int64_t n, const float* x, float* grad);

/// values[n] *= factor
void scale(int64_t n, float factor, float* values);
/// y[n] += factor * x[n]
void axpy(int64_t n, float factor, const float* x, float* y);
/// <x, y>
float dot(int64_t n, const float* x, const float* y);

// ---- dropout ---------------------------------------------------------------------------------

/// Dropout keeps element c of a row when 16 random bits are >= threshold, so the kept share is
/// 1 - threshold / 65536 exactly and `scale` is its inverse. The bits of columns 8b .. 8b+7 are the
/// eight halves (low half first) of philox({b, row, stream low, stream high}, key): they depend on
/// the key and on (stream, row, column) and on nothing else, so on no tile, batch or thread.
struct Dropout {
  uint32_t threshold = 0;  ///< 0 turns dropout off
  float scale = 1.0f;
  PhiloxKey key{};

  static Dropout with_rate(double rate, PhiloxKey key);
  bool active() const { return threshold != 0; }
};

/// factors[c] = scale where kept, else 0, for c in 0..dim-1.
void dropout_factors(const Dropout& dropout, uint64_t stream, uint32_t row, int64_t dim,
                     float* factors);
/// x[rows, dim] *= the factors of rows (streams[i], row_numbers[i]), in place.
void dropout_rows(const Dropout& dropout, int64_t rows, int64_t dim, const uint64_t* streams,
                  const int32_t* row_numbers, float* x);

// ---- draws -----------------------------------------------------------------------------------

/// out[j] = w_j * choices / 2^32 (multiply-shift: its bias is below choices / 2^32) for the words
/// w_4b .. w_4b+3 of philox({b, row, stream low, stream high}, key); items from `excluded` on (when
/// it is >= 0) move up by one, so it is never drawn.
void uniform_items(PhiloxKey key, uint64_t stream, uint32_t row, uint32_t choices, int32_t excluded,
                   int64_t n, int32_t* out);

// ---- attention over jagged sequences -----------------------------------------------------------

/// How scores s become weights: softmax over the keys that a query sees, or SiLU(s) * weight_scale,
/// not normalised (HSTU, Zhai et al. 2024, eq. 2).
enum class AttentionWeights { softmax, silu };

/// Terms added to the scores of a query i and a key j: tables with one row for all heads or one for
/// each. Their gradients are added to the arrays named here (null = not wanted). Null bias = no
/// such term. Not together with a virtual padding key, which has neither place nor time.
template <typename T>
struct AttentionTerms {
  /// [distance_heads, distances], column clamp(i - j + distance_origin, 0, distances - 1) with the
  /// places i and j in the sequence.
  const T* distance_bias = nullptr;
  T* distance_grad = nullptr;
  int64_t distance_heads = 1, distances = 0, distance_origin = 0;
  /// [time_heads, buckets <= 256], column min(buckets - 1, floor(ln(max(1, |t_i - t_j|)) / width)).
  const T* time_bias = nullptr;
  T* time_grad = nullptr;
  int64_t time_heads = 1, buckets = 0;
  double bucket_width = 0.301;
  const int64_t* query_times = nullptr;  ///< t_i [queries], seconds
  const int64_t* key_times = nullptr;    ///< t_j [tokens]
};

/// One attention layer over packed sequences. Sequence s owns tokens offsets[s] .. offsets[s+1] of
/// k and v, [tokens, row stride] with heads in contiguous column ranges of width dim / heads, and
/// queries query_offsets[s] .. query_offsets[s+1] of q [queries, row stride] and out
/// [queries, dim]. Scores are score_scale * <q, k> + the terms.
struct AttentionShape {
  int64_t sequences = 0;
  const int64_t* offsets = nullptr;  ///< [sequences + 1], offsets[0] = 0
  /// Which tokens ask: [sequences + 1] with query_offsets[0] = 0, and [queries] the place of each
  /// query in its own sequence, oldest token = 0, ascending within a sequence, which may have none.
  /// Both null: every token. What a query gets does not depend, in any bit, on what else is listed.
  const int64_t* query_offsets = nullptr;
  const int32_t* query_places = nullptr;
  int64_t dim = 0;
  int64_t heads = 1;
  bool causal = true;
  int64_t q_stride = 0, k_stride = 0, v_stride = 0;  ///< row strides in elements
  float score_scale = 0.0f;                          ///< 0 = 1 / sqrt(dim / heads)
  AttentionWeights weights = AttentionWeights::softmax;
  float weight_scale = 1.0f;  ///< of silu
  AttentionTerms<float> terms{};
  /// Dropout of the attention weights: stream = streams[s], row = (query * heads + head), column =
  /// key, where query and key count from the *end* of the window (newest = 0), so that the mask
  /// does not depend on how much of a history is shown. Null streams = no dropout.
  Dropout dropout{};
  const uint64_t* streams = nullptr;
  /// Originals that attend to their left padding: sequence s is preceded by max_length - n
  /// identical virtual keys (pad_key, pad_value [dim], the same for every sequence), folded into
  /// one with log(max_length - n) added to its score. 0 and null = padding does not exist
  /// (default). With softmax only.
  int64_t max_length = 0;
  const float* pad_key = nullptr;
  const float* pad_value = nullptr;
};

/// Number of floats attention() keeps for its backward pass: one for each pair, the weight before
/// dropout of a softmax, the score of silu, which gives both weight and derivative for one exp.
/// pad_key and the terms need not be set yet.
int64_t attention_saved_size(const AttentionShape& shape);

/// out [queries, dim]. `saved` may be null when no backward pass follows.
void attention(const AttentionShape& shape, const float* q, const float* k, const float* v,
               float* out, float* saved);

/// Overwrites q_grad, k_grad, v_grad (strides as q, k, v); adds to pad_key_grad and pad_value_grad
/// [dim] when the shape has a virtual key and to the gradients of the terms. out_grad is
/// [queries, dim].
void attention_backward(const AttentionShape& shape, const float* q, const float* k, const float* v,
                        const float* saved, const float* out_grad, float* q_grad, float* k_grad,
                        float* v_grad, float* pad_key_grad, float* pad_value_grad);

/// Attention of one query, the newest of a sequence, over keys and values [n, stride]: what the
/// last layer of an inference pass needs. out [dim]. No dropout.
void attention_last(int64_t n, int64_t dim, int64_t heads, const float* q, const float* k,
                    int64_t k_stride, const float* v, int64_t v_stride, const float* pad_key,
                    const float* pad_value, int64_t max_length, float* out);

// ---- recurrent -------------------------------------------------------------------------------

/// Gates of one GRU step for `rows` sequences at once, PyTorch's order r, z, n in rows of length
/// 3 * hidden: r = s(x_r + h_r), z = s(x_z + h_z), n = tanh(x_n + r * h_n), h' = (1 - z) n + z h.
/// x_gates = W_ih x (+ b_ih), h_gates = W_hh h (+ b_hh). state [rows, hidden] is updated in place.
/// `saved` (null for inference) receives r, z, n, h_n: [rows, 4 * hidden].
void gru_gates(int64_t rows, int64_t hidden, const float* x_gates, const float* h_gates,
               float* state, float* saved);
/// state_grad [rows, hidden] is dL/dh' on entry and the direct part of dL/dh on exit; writes
/// x_gates_grad and h_gates_grad [rows, 3 * hidden]. previous_state is h.
void gru_gates_backward(int64_t rows, int64_t hidden, const float* previous_state,
                        const float* saved, float* state_grad, float* x_gates_grad,
                        float* h_gates_grad);

// ---- scores of listed candidates ---------------------------------------------------------------

/// scores[r, j] = <states row r, table row ids[r, j]> for ids [rows, count].
void gather_scores(int64_t rows, int64_t count, int64_t dim, const float* states,
                   const float* table, const int32_t* ids, float* scores);
/// Given score gradients [rows, count]: state_grad [rows, dim] += sum_j g * table row. A caller
/// that works a few rows at a time finds the rows of the table still in cache from gather_scores().
void gather_state_grad(int64_t rows, int64_t count, int64_t dim, const float* table,
                       const int32_t* ids, const float* score_grad, float* state_grad);
/// table_grad row ids[r, j] += g * states row r; `table_grad` has the layout of the table. Sorted
/// by item, so that a row of the gradient is loaded once for many states: for many rows at once.
void gather_table_grad(int64_t rows, int64_t count, int64_t dim, const float* states,
                       const int32_t* ids, const float* score_grad, float* table_grad);
/// Both.
void gather_scores_backward(int64_t rows, int64_t count, int64_t dim, const float* states,
                            const float* table, const int32_t* ids, const float* score_grad,
                            float* state_grad, float* table_grad);

// ---- ranking ---------------------------------------------------------------------------------

/// Among scores[n]: how many are greater than and how many equal `value`.
struct Counts {
  int64_t greater = 0;
  int64_t equal = 0;
};
Counts count_above(int64_t n, const float* scores, float value);
/// Which of scores[n], at most 64, are greater than `value`: bit i for scores[i].
uint64_t mask_above(int64_t n, const float* scores, float value);

/// max(x) and log(sum exp x) of x[n], n >= 1.
float log_sum_exp(int64_t n, const float* x);
/// x[n] = exp(x - shift)
void exp_shifted(int64_t n, float shift, float* x);

// ---- optimiser -------------------------------------------------------------------------------

/// One Adam step over n parameters in one pass (Kingma and Ba 2015; PyTorch's form, epsilon outside
/// the bias-corrected root). decay is decoupled weight decay times the learning rate (AdamW), l2
/// adds l2 * p to the gradient.
struct AdamStep {
  double learning_rate = 1e-3, beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;  ///< 1 - beta2 in double
  double l2 = 0.0, decay = 0.0;
  double correction1 = 1.0;  ///< 1 - beta1^t
  double correction2 = 1.0;  ///< 1 - beta2^t
};
void adam(int64_t n, const AdamStep& step, const float* grad, float* parameter, float* moment1,
          float* moment2);

/// Name of the instruction set in use, e.g. "AVX3" or "AVX2".
const char* instruction_set();

}  // namespace truenext::kernels
