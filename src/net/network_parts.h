// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "net/model_options.h"
#include "net/ops.h"
#include "net/tensors.h"

/// What the files of net/networks share beside the operations. Transformers: net/transformer.h.
namespace truenext::net {

/// What hidden places hold, [1, dim].
inline constexpr const char* kMaskVector = "mask_embedding";

/// Of networks without positions: replaces "auto", refuses others by a usage Error.
void check_no_positions(ModelOptions& options);

/// The item tables, and the padding's row where padding is seen.
void add_item_tables(const ModelOptions& options, int64_t num_items, std::vector<TensorInfo>& list);

/// Prefix of the tensors of a GRU layer, see GruCall.
std::string gru_layer_name(int64_t layer);
/// Those of model.gru_layers layers over item vectors.
void add_gru_tensors(const ModelOptions& options, std::vector<TensorInfo>& list);

/// Of rows that there is one of for every wanted token.
Layout wanted_layout(const Ops& ops);

}  // namespace truenext::net
