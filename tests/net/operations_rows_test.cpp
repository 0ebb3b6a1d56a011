// SPDX-License-Identifier: Apache-2.0
// The entries of operations on rows by number, on segments of rows and on windows.
#include "net/operation_list.h"

namespace truenext::net::testing {
namespace {

Offsets segments(const Tile& tile) {
  return tile.offsets;
}

/// Rows by number with repeats, gaps and none.
int32_t scrambled(int64_t row, int64_t count) {
  return row % 4 == 2 ? -1 : static_cast<int32_t>((row * 5 + 1) % count);
}

Ids scrambled_ids(int64_t rows, int64_t count) {
  Ids ids;
  for (int64_t row = 0; row < rows; ++row) ids.push_back(scrambled(row, count));
  return ids;
}

double scatter_sum_of(const Naive& n) {
  double sum = 0;
  for (int64_t row = 0; row < n.tile.tokens(); ++row) {
    if (scrambled(row, 6) == n.row) sum += n.at("x", row, n.column);
  }
  return sum;
}

std::vector<float> row_weights(const Tile& tile) {
  std::vector<float> weights;
  for (int64_t i = 0; i < tile.tokens(); ++i)
    weights.push_back(0.5f - 0.25f * static_cast<float>(i % 7));
  return weights;
}

/// Over the rows of sequence s.
template <typename Visit>
void over_segment(const Naive& n, int64_t s, const Visit& visit) {
  for (int64_t i = n.tile.offsets[s]; i < n.tile.offsets[s + 1]; ++i) visit(n.at("x", i, n.column));
}

double segment_max_of(const Naive& n) {
  double top = -1e9;
  over_segment(n, n.row, [&](double x) { top = std::max(top, x); });
  return top == -1e9 ? 0 : top;
}

double segment_softmax_of(const Naive& n) {
  double sum = 0;
  over_segment(n, n.tile.sequence(n.row), [&](double x) { sum += std::exp(x); });
  return std::exp(n.at("x", n.row, n.column)) / sum;
}

constexpr int64_t kBefore = 6;  // rows of the prefix

/// Rows of the prefix that a sequence has; told by its stream, which it keeps in every tile.
int64_t prefix_end(const Tile& tile, int64_t s) {
  return static_cast<int64_t>(tile.streams[s] % (kBefore + 1));
}

Prefix prefix_of(Ops& ops, const Tile& tile) {
  Prefix prefix{ops.parameter("before"), {}};
  for (int64_t s = 0; s < tile.sequences(); ++s) {
    prefix.ends.push_back(static_cast<int32_t>(prefix_end(tile, s)));
  }
  return prefix;
}

/// Element of x `back` places before a token, in the prefix or zero before its sequence.
double back_of(const Naive& n, int64_t token, int64_t back, int64_t column, bool prefix) {
  const int64_t s = n.tile.sequence(token), place = token - n.tile.offsets[s] - back;
  if (place >= 0) return n.at("x", token - back, column);
  const int64_t row = prefix ? prefix_end(n.tile, s) + place : -1;
  return row < 0 ? 0 : n.at("before", row, column);
}

double conv_of(const Naive& n, int64_t kernel, int64_t dilation, bool bias, bool prefix) {
  const int64_t d = n.tile.width;
  double sum = bias ? n.at("conv.bias", 0, n.column) : 0;
  for (int64_t tap = 0; tap < kernel; ++tap) {
    for (int64_t c = 0; c < d; ++c) {
      sum += n.at("conv.weight", n.column, tap * d + c) *
             back_of(n, n.token(), (kernel - 1 - tap) * dilation, c, prefix);
    }
  }
  return sum;
}

Operation conv_entry(const char* name, int64_t kernel, int64_t dilation, bool bias, bool prefix) {
  return {name, with_x([=](const Tile& tile) {
            std::vector<TensorInfo> infos{dense("conv.weight", 4, kernel * tile.width)};
            if (bias) infos.push_back({"conv.bias", {4}});
            if (prefix) infos.push_back(dense("before", kBefore, tile.width));
            return infos;
          }),
          [=](Ops& ops, const Tile& tile) {
            ConvCall call{"conv", kernel, dilation, bias};
            if (prefix) call.before = prefix_of(ops, tile);
            return ops.conv(token_rows(ops, "x"), call, ops.wanted());
          },
          [=](const Naive& n) { return conv_of(n, kernel, dilation, bias, prefix); }};
}

double conv_over_of(const Naive& n) {
  double sum = 0;
  for (int64_t tap = 0; tap < 2; ++tap) {
    const int64_t row = n.row + tap - 1, half = n.tile.tokens() / 2;
    if (row < 0 || (n.row >= half && row < half)) continue;
    for (int64_t c = 0; c < n.tile.width; ++c) {
      sum += n.at("conv.weight", n.column, tap * n.tile.width + c) * n.at("x", row, c);
    }
  }
  return sum;
}

constexpr int64_t kLength = 5;  // of windows

double slide_of(const Naive& n, int64_t height, bool bias) {
  const int64_t steps = kLength - height + 1, d = n.tile.width;
  const int64_t token = n.tile.token(n.row / steps), step = n.row % steps;
  double sum = bias ? n.at("slide.bias", 0, n.column) : 0;
  for (int64_t r = 0; r < height; ++r) {
    for (int64_t c = 0; c < d; ++c) {
      sum += n.at("slide.weight", n.column, r * d + c) *
             back_of(n, token, kLength - 1 - step - r, c, false);
    }
  }
  return sum;
}

Operation slide_entry(const char* name, int64_t height, bool bias) {
  return {name, with_x([=](const Tile& tile) {
            std::vector<TensorInfo> infos{dense("slide.weight", 3, height * tile.width)};
            if (bias) infos.push_back({"slide.bias", {3}});
            return infos;
          }),
          [=](Ops& ops, const Tile&) {
            const Rows images = ops.windows(token_rows(ops, "x"), kLength, ops.wanted());
            return ops.slide(images, kLength, height, "slide", bias);
          },
          [=](const Naive& n) { return slide_of(n, height, bias); }};
}

Operation windows_entry(const char* name, bool prefix) {
  return {name, with_x([=](const Tile& tile) {
            if (!prefix) return std::vector<TensorInfo>{};
            return std::vector{dense("before", kBefore, tile.width)};
          }),
          [=](Ops& ops, const Tile& tile) {
            return ops.windows(token_rows(ops, "x"), kLength, ops.wanted(),
                               prefix ? prefix_of(ops, tile) : Prefix{});
          },
          [=](const Naive& n) {
            return back_of(n, n.tile.token(n.row / kLength), kLength - 1 - n.row % kLength,
                           n.column, prefix);
          }};
}

std::vector<Operation> segment_entries() {
  return {
      {"segment_sum", only_x,
       [](Ops& ops, const Tile& tile) {
         return ops.segment_sum(token_rows(ops, "x"), segments(tile));
       },
       [](const Naive& n) {
         double sum = 0;
         over_segment(n, n.row, [&](double x) { sum += x; });
         return sum;
       }},
      {"segment_max", only_x,
       [](Ops& ops, const Tile& tile) {
         return ops.segment_max(token_rows(ops, "x"), segments(tile));
       },
       segment_max_of},
      {"segment_softmax", only_x,
       [](Ops& ops, const Tile& tile) {
         return ops.segment_softmax(token_rows(ops, "x"), segments(tile));
       },
       segment_softmax_of},
  };
}

}  // namespace

std::vector<Operation> row_operations() {
  std::vector<Operation> list = segment_entries();
  const std::vector<Operation> more = {
      {"gather", with_x([](const Tile& tile) { return std::vector{dense("p", 6, tile.width)}; }),
       [](Ops& ops, const Tile& tile) {
         return ops.gather(ops.parameter("p"), scrambled_ids(tile.tokens(), 6));
       },
       [](const Naive& n) {
         const int32_t id = scrambled(n.row, 6);
         return id < 0 ? 0 : n.at("p", id, n.column);
       },
       false},
      {"scatter_sum", only_x,
       [](Ops& ops, const Tile& tile) {
         return ops.scatter_sum(token_rows(ops, "x"), scrambled_ids(tile.tokens(), 6), 6);
       },
       scatter_sum_of, false},
      {"weigh", only_x,
       [](Ops& ops, const Tile& tile) {
         return ops.weigh(token_rows(ops, "x"), row_weights(tile));
       },
       [](const Naive& n) {
         return n.at("x", n.row, n.column) * static_cast<double>(row_weights(n.tile)[n.row]);
       },
       false},
      {"pick", only_x, [](Ops& ops, const Tile&) { return ops.pick(token_rows(ops, "x")); },
       [](const Naive& n) { return n.at("x", n.token(), n.column); }},
      conv_entry("conv", 3, 1, true, false),
      conv_entry("conv_of_one", 1, 1, false, false),
      conv_entry("conv_dilated", 3, 2, true, false),
      conv_entry("conv_with_prefix", 4, 1, true, true),
      conv_entry("conv_dilated_with_prefix", 3, 2, false, true),
      {"conv_over", with_x([](const Tile& tile) {
         return std::vector{dense("conv.weight", 3, 2 * tile.width)};
       }),
       [](Ops& ops, const Tile& tile) {
         const Offsets halves{0, tile.tokens() / 2, tile.tokens()};
         return ops.conv_over(token_rows(ops, "x"), halves, {"conv", 2, 1, false});
       },
       conv_over_of, false},
      windows_entry("windows", false),
      windows_entry("windows_with_prefix", true),
      slide_entry("slide", 2, true),
      slide_entry("slide_of_one", 1, false),
      slide_entry("slide_whole", kLength, true),
  };
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

}  // namespace truenext::net::testing
