// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "kernels/kernel_cases.h"
#include "net/tile_pass.h"

/// One operation of net::Ops on one tile: its values, its gradients, and whether it kept to its
/// memory.
namespace truenext::net::testing {

using kernels::testing::random_values;

enum class Ask { all, some, newest };

/// Packed sequences and everything an operation may look at.
struct Tile {
  Tile(const std::vector<int64_t>& lengths, int64_t columns, Ask which);

  Input input() const {
    const Wanted wanted = ask == Ask::all ? Wanted::all() : Wanted::list(asked);
    return {items, offsets, streams, wanted, times, query_times};
  }
  int64_t tokens() const { return offsets.back(); }
  int64_t sequences() const { return std::ssize(offsets) - 1; }
  int64_t rows() const { return ask == Ask::all ? tokens() : std::ssize(asked); }
  int64_t token(int64_t row) const { return ask == Ask::all ? row : asked[row]; }
  int64_t sequence(int64_t token) const {
    return std::upper_bound(offsets.begin(), offsets.end(), token) - offsets.begin() - 1;
  }
  int64_t first(int64_t token) const { return offsets[sequence(token)]; }
  /// Only the tokens of sequence s.
  Tile alone(int64_t s) const;

  int64_t width;
  Ask ask;
  std::vector<int32_t> items, asked;
  std::vector<int64_t> offsets, times, query_times;
  std::vector<uint64_t> streams;
};

inline Tile::Tile(const std::vector<int64_t>& lengths, int64_t columns, Ask which)
    : width(columns), ask(which), offsets{0} {
  int64_t time = 1000;
  for (size_t s = 0; s < lengths.size(); ++s) {
    for (int64_t i = 0; i < lengths[s]; ++i) {
      const auto token = static_cast<int32_t>(items.size());
      items.push_back((token * 7 + 3) % 11);
      times.push_back(time);
      time += token * token % 37 * 13;
      query_times.push_back(time + 5);
      const bool newest = i + 1 == lengths[s];
      if (which == Ask::newest ? newest : token % 3 != 1) asked.push_back(token);
    }
    offsets.push_back(std::ssize(items));
    streams.push_back(1000 + 3 * s);
  }
}

inline Tile Tile::alone(int64_t s) const {
  Tile one({}, width, ask);
  const int64_t begin = offsets[s], end = offsets[s + 1];
  const auto part = [&](const auto& all) {
    return std::vector(all.begin() + begin, all.begin() + end);
  };
  one.items = part(items);
  one.times = part(times);
  one.query_times = part(query_times);
  one.offsets = {0, end - begin};
  one.streams = {streams[s]};
  for (const int32_t token : asked) {
    if (token >= begin && token < end) one.asked.push_back(token - static_cast<int32_t>(begin));
  }
  return one;
}

/// The tensors of an operation on a tile. One with Start::table and a row for every token belongs
/// to the tokens.
struct Numbers {
  std::vector<TensorInfo> infos;
  std::vector<std::vector<double>> values;  ///< that floats have too

  int64_t index(const std::string& name) const {
    return std::find_if(infos.begin(), infos.end(),
                        [&](const TensorInfo& info) { return info.name == name; }) -
           infos.begin();
  }
  int64_t columns(const std::string& name) const { return infos[index(name)].shape.back(); }
  double at(const std::string& name, int64_t row, int64_t column) const {
    return values[index(name)][row * columns(name) + column];
  }
};

/// What a naive computation of one element of the result looks at.
struct Naive {
  const Tile& tile;
  const Numbers& numbers;
  int64_t row, column;  ///< of the result

  int64_t token() const { return tile.token(row); }
  double at(const std::string& name, int64_t r, int64_t c) const { return numbers.at(name, r, c); }
};

/// An entry of the table of operations: tensors (x is one row a token), what is run, one element of
/// the result, whether the rows of a sequence depend on nothing else, and how near floats must come
/// to doubles from which width on.
struct Operation {
  std::string name;
  std::function<std::vector<TensorInfo>(const Tile&)> tensors;
  std::function<Rows(Ops&, const Tile&)> run;
  std::function<double(const Naive&)> naive = nullptr;
  bool by_sequence = true;
  double rounding = 1e-5;
  int64_t least_width = 1;
};

inline Numbers random_numbers(const Operation& operation, const Tile& tile) {
  Numbers numbers{operation.tensors(tile), {}};
  for (size_t i = 0; i < numbers.infos.size(); ++i) {
    const std::vector<int64_t>& shape = numbers.infos[i].shape;
    int64_t size = 1;
    for (const int64_t extent : shape) size *= extent;
    std::vector<double>& values = numbers.values.emplace_back();
    for (const float value : random_values(size, 31 + i)) values.push_back(value);
  }
  return numbers;
}

constexpr unsigned char kPoison = 0xFF;  // as a number: not a number

inline bool poisoned(const void* from, size_t bytes) {
  const auto* at = static_cast<const unsigned char*>(from);
  return std::all_of(at, at + bytes, [](unsigned char byte) { return byte == kPoison; });
}

/// An array with poison on both sides.
template <typename T>
class Guarded {
 public:
  explicit Guarded(const std::vector<double>& values)
      : size_(values.size()), memory_(size_ + 2 * kGuard) {
    std::memset(memory_.data(), kPoison, memory_.size() * sizeof(T));
    std::transform(values.begin(), values.end(), data(),
                   [](double v) { return static_cast<T>(v); });
  }
  T* data() { return memory_.data() + kGuard; }
  std::vector<double> values() { return {data(), data() + size_}; }
  bool intact() {
    return poisoned(memory_.data(), kGuard * sizeof(T)) &&
           poisoned(data() + size_, kGuard * sizeof(T));
  }

 private:
  static constexpr size_t kGuard = 64;
  size_t size_;
  std::vector<T> memory_;
};

/// Fresh memory in which what was never written is not a number.
inline void poison(Arena& arena) {
  constexpr int64_t kBytes = int64_t{1} << 20;  // what an arena begins with
  arena.reset();
  std::memset(arena.take<char>(kBytes), kPoison, kBytes);
  arena.reset();
}

/// Whether nothing was written between the end of the rows and the next piece of the arena.
template <typename T>
bool ends_well(const T* rows, int64_t size) {
  const size_t used = static_cast<size_t>(size) * sizeof(T) % 64;
  return used == 0 || poisoned(rows + size, 64 - used);
}

struct Outcome {
  int64_t rows = 0, width = 0;
  std::vector<double> values;
  std::vector<std::vector<double>> gradients;  ///< of all tensors
};

inline std::vector<double> cotangent(int64_t size) {
  return random_values<double>(size, 7);
}

/// Runs the operation forward and, with the gradient cotangent() of its result, backward.
template <typename T>
Outcome evaluate(const Operation& operation, const Tile& tile, const Numbers& numbers,
                 bool backward = true) {
  static Arena arena;
  arena.reset();
  if (backward) poison(arena);
  const TensorNames names(numbers.infos);
  std::vector<Guarded<T>> held, grads;
  WeightViews<T> views;
  for (const std::vector<double>& values : numbers.values) {
    held.emplace_back(values);
    grads.emplace_back(std::vector<double>(values.size(), 0.0));
  }
  for (size_t i = 0; i < held.size(); ++i) {
    views.push_back(WeightView<T>::of(numbers.infos[i].shape, held[i].data()));
    if (!numbers.infos[i].is_table()) views[i].grad = grads[i].data();
  }
  TilePass<T> pass(names, views, tile.input(), {true, 3, 5}, arena);
  const Rows y = operation.run(pass, tile);
  Outcome outcome{y.count, y.width, {}, {}};
  outcome.values.assign(pass.values(y), pass.values(y) + y.size());
  if (!backward) return outcome;

  EXPECT_TRUE(ends_well(pass.values(y), y.size()));
  T* gradient = arena.take<T>(y.size());
  const std::vector<double> given = cotangent(y.size());
  std::copy(given.begin(), given.end(), gradient);
  const RowsGradient<T> of_result{y, gradient};
  pass.backward(std::span(&of_result, 1));
  EXPECT_TRUE(ends_well(gradient, y.size()));
  for (const Lookup& lookup : pass.lookups()) {
    const Rows rows = lookup.rows;
    EXPECT_TRUE(ends_well(pass.values(rows), rows.size()));
    const T* g = pass.gradient(lookup);
    if (g == nullptr) continue;
    EXPECT_TRUE(ends_well(g, rows.size()));
    for (int64_t r = 0; r < rows.count; ++r) {
      const int64_t row = lookup.ids[r] * rows.width;
      for (int64_t c = 0; c < rows.width; ++c) {
        EXPECT_EQ(pass.values(rows)[r * rows.width + c], held[lookup.table].data()[row + c]);
        grads[lookup.table].data()[row + c] += g[r * rows.width + c];
      }
    }
  }
  for (size_t i = 0; i < held.size(); ++i) {
    EXPECT_TRUE(held[i].intact() && grads[i].intact()) << numbers.infos[i].name;
    EXPECT_EQ(held[i].values(), numbers.values[i]) << numbers.infos[i].name;
    outcome.gradients.push_back(grads[i].values());
  }
  return outcome;
}

}  // namespace truenext::net::testing
