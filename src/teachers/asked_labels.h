// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "data/dataset.h"
#include "eval/mixing.h"
#include "objectives/labels.h"
#include "teachers/member.h"

namespace truenext {

/// Soft labels of which nothing is stored: for every tile the teachers are asked anew, each with
/// the first `end` items of the user, cut to its own length, in a pass of its own. Exact over the
/// whole catalogue, made by blocks of items; a step costs several times that of stored labels.
class AskedLabels final : public LabelSource {
 public:
  /// Borrows everything. Usage Error when a member is no model.
  AskedLabels(MixingOptions mixing, std::span<const Member> members, const Dataset& dataset);

  int64_t num_items() const override { return dataset_.num_items(); }
  bool is_stored() const override { return false; }
  std::unique_ptr<TileLabels> of(const Tile& tile) const override;

 private:
  Mixer mixer_;
  std::span<const Member> members_;
  const Dataset& dataset_;
};

}  // namespace truenext
