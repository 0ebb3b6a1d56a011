// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>

#include "kernels/overloads.h"
#include "net/ops.h"

/// What windows and convolutions look back at.
namespace truenext::net {

/// A result row and the place in its sequence that it looks back from.
struct Place {
  int64_t row = 0;
  int64_t token = 0;
  int64_t first = 0;       ///< token of its sequence
  int64_t prefix_end = 0;  ///< row of the prefix behind the last one of its sequence; 0 = no prefix
};

/// `count` rows, `dilation` apart, up to a place. Arrays have rows of `width`; the rows of a place
/// lie side by side, oldest first: [count * width].
struct Taps {
  int64_t count = 1;
  int64_t dilation = 1;
  int64_t width = 0;

  int64_t window() const { return count * width; }

  /// to [places, window]. `prefix` may be null when no place has one.
  template <typename T>
  void gather(std::span<const Place> places, const T* x, const T* prefix, T* to) const {
    for (const Place& place : places) {
      each_run(place, [&](Source source, int64_t row, int64_t tap, int64_t rows) {
        T* at = to + tap * width;
        if (source == Source::nothing) {
          std::fill_n(at, rows * width, T(0));
        } else {
          std::copy_n((source == Source::rows ? x : prefix) + row * width, rows * width, at);
        }
      });
      to += window();
    }
  }

  /// Adds from [places, window] to where it was gathered.
  template <typename T>
  void scatter_add(std::span<const Place> places, const T* from, T* x, T* prefix) const {
    for (const Place& place : places) {
      each_run(place, [&](Source source, int64_t row, int64_t tap, int64_t rows) {
        if (source == Source::nothing) return;
        T* to = (source == Source::rows ? x : prefix) + row * width;
        kernels::axpy(rows * width, T(1), from + tap * width, to);
      });
      from += window();
    }
  }

 private:
  enum class Source { nothing, prefix, rows };

  /// visit(source, row, tap, rows): taps from `tap` on are `rows` rows from `row` on.
  template <typename Visit>
  void each_run(const Place& place, const Visit& visit) const {
    const int64_t inside = std::min(count, (place.token - place.first) / dilation + 1);
    const int64_t outside = count - inside;
    const int64_t oldest = place.token - (count - 1) * dilation;
    const int64_t before = place.prefix_end + oldest - place.first;  // row of the prefix, tap 0
    if (dilation == 1) {
      const int64_t missing = std::clamp<int64_t>(-before, 0, outside);
      if (missing > 0) visit(Source::nothing, 0, 0, missing);
      if (outside > missing) {
        visit(Source::prefix, before + missing, missing, outside - missing);
      }
      visit(Source::rows, oldest + outside, outside, inside);
      return;
    }
    for (int64_t tap = 0; tap < outside; ++tap) {
      const int64_t row = before + tap * dilation;
      visit(row < 0 ? Source::nothing : Source::prefix, row, tap, 1);
    }
    for (int64_t tap = outside; tap < count; ++tap) {
      visit(Source::rows, oldest + tap * dilation, tap, 1);
    }
  }
};

/// visit(Place) for every wanted token of the sequences, in their order.
template <typename Visit>
void for_each_place(std::span<const int64_t> offsets, const Wanted& wanted, const Prefix& before,
                    const Visit& visit) {
  int64_t row = 0;
  for (size_t s = 0; s + 1 < offsets.size(); ++s) {
    const int64_t prefix_end = before.rows.exists() ? before.ends[s] : 0;
    const auto token_of = [&](int64_t r) {
      return wanted.is_all() ? r : static_cast<int64_t>(wanted.tokens()[r]);
    };
    const int64_t rows = wanted.is_all() ? offsets.back() : std::ssize(wanted.tokens());
    for (; row < rows && token_of(row) < offsets[s + 1]; ++row) {
      visit(Place{row, token_of(row), offsets[s], prefix_end});
    }
  }
}

}  // namespace truenext::net
