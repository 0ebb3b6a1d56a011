// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <utility>

#include "train/ranks/ranks.h"
#include "train/steps/tile_step.h"

namespace truenext {

/// TileGradients as bytes between processes of one job: numbers as they lie in memory, tables by
/// touched row where they are kept so. Not a file format: both ends are the same binary.
struct GradientWire {
  static Bytes pack(const TileGradients<float>& gradients);
  static TileGradients<float> unpack(std::span<const std::byte> bytes);
  static void add(TileGradients<float>& left, TileGradients<float>&& right) {
    left.add(std::move(right));
  }
};

}  // namespace truenext
