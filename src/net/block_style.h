// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/kernels.h"
#include "net/model_options.h"

namespace truenext {

struct OperationBlock;

/// Everything in which the transformer blocks of the SASRec family differ. With LN = layer norm,
/// A(q, z) = attention with queries from q and keys and values from z, F = two linear maps:
///
///     query-norm (gsasrec, pmixer)             post-norm (post-norm, csrec)
///     q = LN_attention(z)                      y = LN_attention(z + A(z, z))
///     y = LN_ffn(q + A(q, z))                  z = LN_ffn(y + F(y))
///     z = y + F(y)
///
///     pre-norm (csrec-bert)
///     n = S_attention(z)        y = z + A(n, n)        z = y + F(S_ffn(y))
///
///     gated (hstu)              n = N(z)      q, k, v, u = silu(W n) of four matrices
///     o_i = sum over j of v_j silu(<q_i, k_j> + distance bias) / L
///     z = z + W_o (u * N(o)) + b_o, without a feed-forward part
///
///     residual (res)            y = a LN_skip(z + s^2 * z) + (1 - a) LN_attention(z + A(z, z))
///     z = LN_ffn(y + F(y)), with s [d] learned and a = model.skip_share
///
/// In the query-norm form keys and values see the raw z and both residuals add the *normalised*
/// input. S divides by the sample standard deviation + epsilon where LN divides by the root of the
/// variance + epsilon; N is LN without weights, L is model.max_length. Sources: gsasrec: Petrov and
/// Macdonald, RecSys 2023, official PyTorch port; pmixer: the PyTorch port of SASRec as used by
/// Bacciu et al. 2023; post-norm: S3Rec's network (Zhou et al., CIKM 2020); csrec, csrec-bert:
/// SASRec and BERT4Rec as in CSRec's baselines; hstu: Zhai et al., ICML 2024, without times; res:
/// BSARec (Shin et al., AAAI 2024) without its Fourier part, in the place of which a causal block
/// has nothing (decision 0037).
struct BlockStyle {
  std::string name;
  bool post_norm = false;
  /// Made of operations (net/blocks/blocks.h); null: BlockPass.
  const OperationBlock* operations = nullptr;
  bool scale_embedding = false;     ///< item vector times sqrt(d) before the position is added
  bool embedding_map = false;       ///< linear map of the embedding sum
  bool embedding_norm = false;      ///< LN of the embedding sum
  bool output_projection = false;   ///< linear map after the heads are joined
  bool final_norm = false;          ///< LN after the last block
  bool can_attend_padding = false;  ///< the original attends to its left padding
  bool feed_forward = true;         ///< reads model.inner_size
  bool cloze_head = true;           ///< bert4rec: LN(gelu(W h + b)) over the states
  kernels::Activation activation = kernels::Activation::relu;
  float epsilon = 1e-5f;  ///< of every LN
  int64_t default_heads = 1;
  int64_t inner_factor = 1;  ///< default feed-forward width in units of d
  PositionNumbers default_positions = PositionNumbers::from_end;
};

/// Usage Error naming model.block when there is no such style.
const BlockStyle& block_style(const std::string& name);
/// The same with the activation that the options ask for. Usage Error naming model.activation where
/// the block has its own.
const BlockStyle& block_style(const ModelOptions& options);
std::vector<std::string> block_style_names();

}  // namespace truenext
