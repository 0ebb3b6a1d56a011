// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "base/words.h"

namespace truenext {

/// What held-out items are ranked against (docs/protocols.md).
///  - full (default): the whole catalogue;
///  - clean: distinct items that the user never met, drawn by seed and user;
///  - original: as the published multi-future-item evaluation draws them, with repetition and only
///    outside the user's training part, so that held-out items can come again as negatives.
enum class CandidateRule { full, clean, original };
template <>
struct Words<CandidateRule> {
  static constexpr std::array names = {"full", "clean", "original"};
};

}  // namespace truenext
