// SPDX-License-Identifier: Apache-2.0
// Windows of TilePass and linear maps of them: convolutions over sequences and slides over windows.
// The rows of a window that lie side by side in memory are one operand of a product; other windows
// are gathered some rows at a time into memory that stays in cache.
#include <algorithm>
#include <cassert>
#include <memory>

#include "kernels/scratch.h"
#include "net/tape-inl.h"
#include "net/taps.h"

namespace truenext::net {
namespace {

constexpr int64_t kGathered = 1 << 15;  // numbers at a time: 128 KB
constexpr int64_t kGatheredRows = 256;
constexpr int64_t kLongRun = 32;  // below, a product of its own costs more than gathering

/// A convolution over one list of sequences.
template <typename T>
class ConvPass {
 public:
  ConvPass(const ConvCall& call, const WeightView<T>& weight)
      : w_(weight), taps_{call.kernel, call.dilation, weight.columns / call.kernel} {}

  /// Shares the wanted rows out to runs, whose windows lie in x one row after the other, and edges.
  void plan(std::span<const int64_t> offsets, const Wanted& wanted, const Prefix& before,
            int64_t rows, Arena& arena) {
    auto* edges = arena.take<Place>(rows);
    auto* runs = arena.take<Run>(rows / kLongRun);
    size_t edge_count = 0, run_count = 0;
    const bool joins = wanted.is_all() && taps_.dilation == 1;
    const int64_t lead = taps_.count - 1;
    for_each_place(offsets, wanted, before, [&](const Place& place) {
      if (joins && place.token - place.first == lead) {
        const int64_t end = *std::upper_bound(offsets.begin(), offsets.end(), place.token);
        if (end - place.token >= kLongRun) {
          runs[run_count++] = {place.token, end - place.token};
        }
      }
      const bool in_run = run_count > 0 && place.token < runs[run_count - 1].end();
      if (!in_run) edges[edge_count++] = place;
    });
    edges_ = {edges, edge_count};
    runs_ = {runs, run_count};
  }

  /// x [.., in], prefix [.., in] or null -> y [rows, out].
  void forward(const T* x, const T* prefix, T* y) const {
    const int64_t out = w_.rows, window = taps_.window();
    for (const Run& run : runs_) {
      kernels::gemm_nt(run.count, out, window, windows_of(run, x), taps_.width, w_.data, window,
                       y + run.first * out, out, false);
    }
    for_each_group([&](std::span<const Place> places, const Memory& memory) {
      taps_.gather(places, x, prefix, memory.windows);
      const auto n = std::ssize(places);
      T* to = together(places) ? y + places[0].row * out : memory.outputs;
      kernels::gemm_nt(n, out, window, memory.windows, window, w_.data, window, to, out, false);
      for (int64_t i = 0; to == memory.outputs && i < n; ++i) {
        std::copy_n(to + i * out, out, y + places[i].row * out);
      }
    });
  }

  /// Adds to all gradients; that of the prefix may be null.
  void backward(const T* x, const T* prefix, const T* y_grad, T* x_grad, T* prefix_grad) const {
    const int64_t out = w_.rows, window = taps_.window(), in = taps_.width;
    for (const Run& run : runs_) {
      const T* g = y_grad + run.first * out;
      kernels::gemm_tn(out, window, run.count, g, out, windows_of(run, x), in, w_.grad, window,
                       true);
      for (int64_t tap = 0; tap < taps_.count; ++tap) {  // the windows of a run overlap
        kernels::gemm_nn(run.count, in, out, g, out, w_.data + tap * in, window,
                         windows_of(run, x_grad) + tap * in, in, true);
      }
    }
    for_each_group([&](std::span<const Place> places, const Memory& memory) {
      const auto n = std::ssize(places);
      const T* g = y_grad + places[0].row * out;
      if (!together(places)) {
        for (int64_t i = 0; i < n; ++i) {
          std::copy_n(y_grad + places[i].row * out, out, memory.outputs + i * out);
        }
        g = memory.outputs;
      }
      taps_.gather(places, x, prefix, memory.windows);
      kernels::gemm_tn(out, window, n, g, out, memory.windows, window, w_.grad, window, true);
      kernels::gemm_nn(n, window, out, g, out, w_.data, window, memory.windows, window, false);
      taps_.scatter_add(places, memory.windows, x_grad, prefix_grad);
    });
  }

 private:
  /// Tokens of one sequence whose windows are whole.
  struct Run {
    int64_t first, count;
    int64_t end() const { return first + count; }
  };
  struct Memory {
    T *windows, *outputs;
  };

  template <typename Pointer>
  Pointer windows_of(const Run& run, Pointer x) const {
    return x + (run.first - (taps_.count - 1)) * taps_.width;
  }
  static bool together(std::span<const Place> places) {
    return places.back().row - places.front().row + 1 == std::ssize(places);
  }
  template <typename Body>
  void for_each_group(const Body& body) const {
    const int64_t window = taps_.window();
    const auto rows =
        static_cast<size_t>(std::clamp<int64_t>(kGathered / window, 1, kGatheredRows));
    T* memory = kernels::scratch<T>(kernels::Scratch::windows,
                                    static_cast<int64_t>(rows) * (window + w_.rows));
    for (size_t i = 0; i < edges_.size(); i += rows) {
      body(edges_.subspan(i, std::min(rows, edges_.size() - i)),
           Memory{memory, memory + static_cast<int64_t>(rows) * window});
    }
  }

  WeightView<T> w_;
  Taps taps_;
  std::span<const Place> edges_;
  std::span<const Run> runs_;
};

}  // namespace

template <typename T>
Rows TilePass<T>::convolve(Rows x, std::span<const int64_t> offsets, const ConvCall& call,
                           const Wanted& wanted, Layout layout) {
  assert(x.count == offsets.back());
  const WeightView<T>& w = weight(call.name, ".weight");
  const WeightView<T> b = call.bias ? weight(call.name, ".bias") : WeightView<T>{};
  assert(w.columns == call.kernel * x.width);
  const int64_t rows = wanted.is_all() ? x.count : std::ssize(wanted.tokens());
  const Rows y = make(rows, w.rows, layout), prefix = call.before.rows;
  const auto pass = std::make_shared<ConvPass<T>>(call, w);
  pass->plan(offsets, wanted, call.before, rows, arena_);
  pass->forward(data(x), prefix.exists() ? data(prefix) : nullptr, data(y));
  if (b.data) kernels::add_bias(rows, w.rows, b.data, kernels::Activation::none, data(y));
  record([this, x, y, prefix, b, pass] {
    const T* before = prefix.exists() ? data(prefix) : nullptr;
    T* before_grad = prefix.exists() ? grad(prefix) : nullptr;
    pass->backward(data(x), before, grad(y), grad(x), before_grad);
    if (b.data) kernels::add_column_sums(y.count, y.width, grad(y), b.grad);
  });
  return y;
}

template <typename T>
Rows TilePass<T>::conv(Rows x, const ConvCall& call, const Wanted& wanted) {
  return convolve(x, input().offsets, call, wanted, layout_of(wanted));
}

template <typename T>
Rows TilePass<T>::conv_over(Rows x, const Offsets& offsets, const ConvCall& call) {
  return convolve(x, offsets, call, Wanted::all(), x.layout);
}

template <typename T>
Rows TilePass<T>::windows(Rows x, int64_t length, const Wanted& wanted, const Prefix& before) {
  assert(x.count == input().tokens());
  const int64_t count = wanted.is_all() ? x.count : std::ssize(wanted.tokens());
  const Taps taps{length, 1, x.width};
  auto* memory = arena_.take<Place>(count);
  int64_t next = 0;
  for_each_place(input().offsets, wanted, before,
                 [&](const Place& place) { memory[next++] = place; });
  const std::span<const Place> places(memory, static_cast<size_t>(count));
  const Rows y = make(count * length, x.width, Layout::other), prefix = before.rows;
  taps.gather<T>(places, data(x), prefix.exists() ? data(prefix) : nullptr, data(y));
  record([this, x, y, prefix, taps, places] {
    T* prefix_grad = prefix.exists() ? grad(prefix) : nullptr;
    taps.scatter_add<T>(places, grad(y), grad(x), prefix_grad);
  });
  return y;
}

namespace {

/// Products of a slide: step p of all windows where these are many, else all steps of a window.
/// Either way one operand has equal strides and nothing is copied.
struct Slide {
  int64_t windows, length, height, width, out;

  int64_t steps() const { return length - height + 1; }
  int64_t columns() const { return height * width; }
  int64_t products() const { return by_step() ? steps() : windows; }
  int64_t rows() const { return by_step() ? windows : steps(); }
  /// Where product i begins and how far its rows are apart, in x and in the result.
  int64_t x_begin(int64_t i) const { return i * (by_step() ? width : length * width); }
  int64_t x_stride() const { return by_step() ? length * width : width; }
  int64_t y_begin(int64_t i) const { return i * (by_step() ? out : steps() * out); }
  int64_t y_stride() const { return by_step() ? steps() * out : out; }

 private:
  bool by_step() const { return windows >= steps(); }
};

}  // namespace

template <typename T>
Rows TilePass<T>::slide(Rows x, int64_t length, int64_t height, std::string_view name, bool bias) {
  assert(x.count % length == 0 && height <= length);
  const WeightView<T>& w = weight(name, ".weight");
  const WeightView<T> b = bias ? weight(name, ".bias") : WeightView<T>{};
  const Slide s{x.count / length, length, height, x.width, w.rows};
  const Rows y = make(s.windows * s.steps(), w.rows, Layout::other);
  for (int64_t i = 0; i < s.products(); ++i) {
    kernels::gemm_nt(s.rows(), s.out, s.columns(), data(x) + s.x_begin(i), s.x_stride(), w.data,
                     s.columns(), data(y) + s.y_begin(i), s.y_stride(), false);
  }
  if (b.data) kernels::add_bias(y.count, s.out, b.data, kernels::Activation::none, data(y));
  record([this, x, y, s, &w, b] {
    const T* g = grad(y);
    for (int64_t i = 0; i < s.products(); ++i) {
      kernels::gemm_tn(s.out, s.columns(), s.rows(), g + s.y_begin(i), s.y_stride(),
                       data(x) + s.x_begin(i), s.x_stride(), w.grad, s.columns(), true);
    }
    for (int64_t p = 0; p < s.steps(); ++p) {  // rows of one step do not overlap
      kernels::gemm_nn(s.windows, s.columns(), s.out, g + p * s.out, s.steps() * s.out, w.data,
                       s.columns(), grad(x) + p * s.width, s.length * s.width, true);
    }
    if (b.data) kernels::add_column_sums(y.count, s.out, g, b.grad);
  });
  return y;
}

template Rows TilePass<float>::convolve(Rows, std::span<const int64_t>, const ConvCall&,
                                        const Wanted&, Layout);
template Rows TilePass<double>::convolve(Rows, std::span<const int64_t>, const ConvCall&,
                                         const Wanted&, Layout);
template Rows TilePass<float>::conv(Rows, const ConvCall&, const Wanted&);
template Rows TilePass<double>::conv(Rows, const ConvCall&, const Wanted&);
template Rows TilePass<float>::conv_over(Rows, const Offsets&, const ConvCall&);
template Rows TilePass<double>::conv_over(Rows, const Offsets&, const ConvCall&);
template Rows TilePass<float>::windows(Rows, int64_t, const Wanted&, const Prefix&);
template Rows TilePass<double>::windows(Rows, int64_t, const Wanted&, const Prefix&);
template Rows TilePass<float>::slide(Rows, int64_t, int64_t, std::string_view, bool);
template Rows TilePass<double>::slide(Rows, int64_t, int64_t, std::string_view, bool);

}  // namespace truenext::net
