// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "net/model_options.h"
#include "net/ops.h"
#include "net/tensors.h"

/// What the networks made of transformer blocks share (net/block_style.h has the equations).
namespace truenext::net {

/// Replaces "auto" and 0 by the values of model.block. Usage Error for heads that do not divide the
/// width, and for padding = "attend" of blocks whose originals do not, or with distances or times.
void check_transformer(ModelOptions& options);

/// Item and position tables, in front of everything else.
void add_embedding_tensors(const ModelOptions& options, int64_t num_items,
                           std::vector<TensorInfo>& list);
/// The norms and blocks, and what times need.
void add_block_tensors(const ModelOptions& options, std::vector<TensorInfo>& list);

/// Item vectors [tokens, dim] with their positions, time gaps, norm and dropout.
Rows embed_places(Ops& ops, const ModelOptions& options, Rows items);
/// All blocks over embed_places(), the last for the wanted rows only, and the final norm.
Rows transformer_blocks(Ops& ops, const ModelOptions& options, Rows x, bool causal);

}  // namespace truenext::net
