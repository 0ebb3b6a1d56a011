// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "data/simulate.h"

namespace truenext {

/// The .truth file (docs/simulate.md): this header, int64 offsets[users + 1], int32
/// items[offsets[users]]. All little-endian; the header is 16 words of 8 bytes.
using TruthHeader = std::array<uint64_t, 16>;

constexpr uint64_t kTruthMagic = 0x313048545254504Eull;  // "NPTRTH01" in file order

constexpr TruthHeader truth_header(const SimulateOptions& options) {
  const auto number = [](double value) { return std::bit_cast<uint64_t>(value); };
  return {kTruthMagic,
          static_cast<uint64_t>(options.users),
          static_cast<uint64_t>(options.items),
          static_cast<uint64_t>(options.interests),
          options.seed,
          number(options.events),
          number(options.drift),
          number(options.chain),
          number(options.zipf),
          number(options.repeat),
          number(options.noise_random),
          number(options.noise_mix),
          number(options.noise_swap)};
}

constexpr SimulateOptions options_from(const TruthHeader& header) {
  const auto number = [](uint64_t bits) { return std::bit_cast<double>(bits); };
  SimulateOptions options;
  options.users = static_cast<int64_t>(header[1]);
  options.items = static_cast<int64_t>(header[2]);
  options.interests = static_cast<int64_t>(header[3]);
  options.seed = header[4];
  options.events = number(header[5]);
  options.drift = number(header[6]);
  options.chain = number(header[7]);
  options.zipf = number(header[8]);
  options.repeat = number(header[9]);
  options.noise_random = number(header[10]);
  options.noise_mix = number(header[11]);
  options.noise_swap = number(header[12]);
  return options;
}

}  // namespace truenext
