// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "net/model_options.h"
#include "net/ops.h"
#include "net/tensors.h"

/// What pretraining (Zhou et al., CIKM 2020, S3-Rec) puts over the states of a network that looks
/// both ways. The losses of these rows: objectives/pretext_loss.h.
namespace truenext::net {

/// Which heads there are.
struct PretextHeads {
  bool aap = true, mip = true, map = true, sp = true;
};

/// Their tensors, which belong to the training and not to the model: the vector of hidden places, a
/// linear map for each head and the vectors of the attributes.
std::vector<TensorInfo> pretext_tensors(const ModelOptions& options, const PretextHeads& heads,
                                        int64_t num_attributes);

/// The tokens and items that are compared; everything is borrowed.
struct PretextLists {
  std::span<const int32_t> known;                   ///< tokens
  std::span<const int32_t> hidden;                  ///< tokens
  std::span<const int32_t> items, negatives;        ///< [hidden]
  std::span<const int32_t> around, segment, other;  ///< tokens, one of each a segment
};

/// Rows to be compared, all [.., hidden size]; those of an empty list or of a head that there is
/// not do not exist.
struct PretextRows {
  Rows known;                     ///< AAP, against `attributes`
  Rows hidden;                    ///< MAP, against `attributes`
  Rows attributes;                ///< [num_attributes, ..]
  Rows item, positive, negative;  ///< MIP
  Rows around, segment, other;    ///< SP
};

/// `states` of a pass whose wanted tokens have all those of the lists. Items are compared by the
/// rows of `table`. Columns of either beyond `width`, the hidden size, are those of a bias of
/// scores, which has no part in this.
PretextRows pretext_rows(Ops& ops, Rows states, const PretextHeads& heads,
                         const PretextLists& lists, std::string_view table, int64_t width);

}  // namespace truenext::net
