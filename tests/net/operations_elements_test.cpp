// SPDX-License-Identifier: Apache-2.0
// The entries of operations element by element, row by row with parameters, and on columns.
#include "net/operation_list.h"

namespace truenext::net::testing {
namespace {

double function_of(Function function, double x) {
  switch (function) {
    case Function::relu:
      return std::max(x, 0.0);
    case Function::gelu:
      return x * 0.5 * std::erfc(-x / std::sqrt(2.0));
    case Function::gelu_tanh:
      return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
    case Function::sigmoid:
      return 1 / (1 + std::exp(-x));
    case Function::tanh:
      return std::tanh(x);
    case Function::silu:
      return x / (1 + std::exp(-x));
  }
  return 0;
}

Operation function_entry(const char* name, Function function) {
  return {name, only_x,
          [=](Ops& ops, const Tile&) { return ops.apply(function, token_rows(ops, "x")); },
          [=](const Naive& n) { return function_of(function, n.at("x", n.row, n.column)); }};
}

/// How the other operand of a sum or product is shaped.
enum class Other { same, row, column, number };

std::vector<TensorInfo> other_tensor(Other other, const Tile& tile) {
  switch (other) {
    case Other::same:
      return {of_tokens("x", tile), of_tokens("y", tile)};
    case Other::row:
      return {of_tokens("x", tile), dense("y", 1, tile.width)};
    case Other::column:
      return {of_tokens("x", tile), {"y", {tile.tokens(), 1}, Start::table}};
    case Other::number:
      break;
  }
  return {of_tokens("x", tile), dense("y", 1, 1)};
}

double other_value(Other other, const Naive& n) {
  const bool by_row = other == Other::same || other == Other::column;
  const bool by_column = other == Other::same || other == Other::row;
  return n.at("y", by_row ? n.row : 0, by_column ? n.column : 0);
}

Rows other_rows(Other other, Ops& ops) {
  const bool by_row = other == Other::same || other == Other::column;
  return by_row ? token_rows(ops, "y") : ops.parameter("y");
}

Operation add_entry(const char* name, Other other, double factor) {
  return {
      name, [=](const Tile& tile) { return other_tensor(other, tile); },
      [=](Ops& ops, const Tile&) {
        return ops.add(token_rows(ops, "x"), other_rows(other, ops), factor);
      },
      [=](const Naive& n) { return n.at("x", n.row, n.column) + factor * other_value(other, n); }};
}

Operation multiply_entry(const char* name, Other other) {
  return {name, [=](const Tile& tile) { return other_tensor(other, tile); },
          [=](Ops& ops, const Tile&) {
            return ops.multiply(token_rows(ops, "x"), other_rows(other, ops));
          },
          [=](const Naive& n) { return n.at("x", n.row, n.column) * other_value(other, n); }};
}

double linear_of(const Naive& n, bool bias) {
  double sum = bias ? n.at("w.bias", 0, n.column) : 0;
  for (int64_t c = 0; c < n.tile.width; ++c) {
    sum += n.at("w.weight", n.column, c) * n.at("x", n.token(), c);
  }
  return sum;
}

double layer_norm_of(const Naive& n, bool affine) {
  const int64_t d = n.tile.width;
  double mean = 0, squares = 0;
  for (int64_t c = 0; c < d; ++c) mean += n.at("x", n.token(), c) / static_cast<double>(d);
  for (int64_t c = 0; c < d; ++c) squares += std::pow(n.at("x", n.token(), c) - mean, 2);
  const double normal =
      (n.at("x", n.token(), n.column) - mean) / std::sqrt(squares / static_cast<double>(d) + 1e-3);
  if (!affine) return normal;
  return normal * n.at("norm.weight", 0, n.column) + n.at("norm.bias", 0, n.column);
}

double unit_row_of(const Naive& n, double smallest) {
  double squares = 0;
  for (int64_t c = 0; c < n.tile.width; ++c) squares += std::pow(n.at("x", n.row, c), 2);
  return n.at("x", n.row, n.column) / std::max(std::sqrt(squares), smallest);
}

Operation unit_entry(const char* name, double smallest) {
  return {name, only_x,
          [=](Ops& ops, const Tile&) { return ops.unit_rows(token_rows(ops, "x"), smallest); },
          [=](const Naive& n) { return unit_row_of(n, smallest); }};
}

double standard_of(const Naive& n) {
  const auto d = static_cast<double>(n.tile.width);
  double mean = 0, squares = 0;
  for (int64_t c = 0; c < n.tile.width; ++c) mean += n.at("x", n.row, c) / d;
  for (int64_t c = 0; c < n.tile.width; ++c) squares += std::pow(n.at("x", n.row, c) - mean, 2);
  return (n.at("x", n.row, n.column) - mean) / (std::sqrt(squares / std::max(d - 1, 1.0)) + 0.1);
}

std::vector<Operation> parameter_entries() {
  return {
      {"lookup",
       [](const Tile& tile) {
         return std::vector{TensorInfo{"t", {11, tile.width}, Start::table}};
       },
       [](Ops& ops, const Tile&) { return ops.lookup("t", item_ids(ops.input()), Layout::tokens); },
       [](const Naive& n) { return n.at("t", n.tile.items[n.row], n.column); }},
      {"parameter", [](const Tile& tile) { return std::vector{dense("p", 3, tile.width)}; },
       [](Ops& ops, const Tile&) { return ops.parameter("p"); },
       [](const Naive& n) { return n.at("p", n.row, n.column); }, false},
      {"linear", with_x([](const Tile& tile) {
         return std::vector{dense("w.weight", 9, tile.width), TensorInfo{"w.bias", {9}}};
       }),
       [](Ops& ops, const Tile&) { return ops.linear(ops.pick(token_rows(ops, "x")), "w"); },
       [](const Naive& n) { return linear_of(n, true); }},
      {"linear_without_bias",
       with_x([](const Tile& tile) { return std::vector{dense("w.weight", 4, tile.width)}; }),
       [](Ops& ops, const Tile&) { return ops.linear(ops.pick(token_rows(ops, "x")), "w", false); },
       [](const Naive& n) { return linear_of(n, false); }},
      {"layer_norm", with_x([](const Tile& tile) {
         return std::vector{dense("norm.weight", 1, tile.width), dense("norm.bias", 1, tile.width)};
       }),
       [](Ops& ops, const Tile&) {
         return ops.layer_norm(ops.pick(token_rows(ops, "x")), "norm", 1e-3);
       },
       [](const Naive& n) { return layer_norm_of(n, true); }},
      {"layer_norm_without_parameters", only_x,
       [](Ops& ops, const Tile&) {
         return ops.layer_norm(ops.pick(token_rows(ops, "x")), "", 1e-3);
       },
       [](const Naive& n) { return layer_norm_of(n, false); }},
  };
}

}  // namespace

std::vector<Operation> element_operations() {
  std::vector<Operation> list = parameter_entries();
  const std::vector<Operation> more = {
      add_entry("add", Other::same, 1),
      add_entry("add_times", Other::same, -0.7),
      add_entry("add_row", Other::row, 1.5),
      add_entry("add_column", Other::column, -2),
      add_entry("add_number", Other::number, 1),
      {"add_itself", only_x,
       [](Ops& ops, const Tile&) {
         const Rows x = token_rows(ops, "x");
         return ops.add(x, x, 0.25);
       },
       [](const Naive& n) { return 1.25 * n.at("x", n.row, n.column); }},
      multiply_entry("multiply", Other::same),
      multiply_entry("multiply_row", Other::row),
      multiply_entry("multiply_column", Other::column),
      multiply_entry("multiply_number", Other::number),
      {"multiply_itself", only_x,
       [](Ops& ops, const Tile&) {
         const Rows x = token_rows(ops, "x");
         return ops.multiply(x, x);
       },
       [](const Naive& n) { return std::pow(n.at("x", n.row, n.column), 2); }},
      {"scale", only_x,
       [](Ops& ops, const Tile&) { return ops.scale(token_rows(ops, "x"), -1.5, 0.25); },
       [](const Naive& n) { return 0.25 - 1.5 * n.at("x", n.row, n.column); }},
      function_entry("relu", Function::relu),
      function_entry("gelu", Function::gelu),
      function_entry("gelu_tanh", Function::gelu_tanh),
      function_entry("sigmoid", Function::sigmoid),
      function_entry("tanh", Function::tanh),
      function_entry("silu", Function::silu),
      unit_entry("unit_rows", 1e-6),
      unit_entry("unit_rows_of_short_rows", 1e3),
      {"standardise", only_x,
       [](Ops& ops, const Tile&) { return ops.standardise(token_rows(ops, "x"), 0.1); },
       &standard_of},
      {"dropout", only_x,
       [](Ops& ops, const Tile&) {
         return ops.dropout(token_rows(ops, "x"), 0.4, Purpose::dropout_embedding, 1);
       }},
      {"dropout_of_wanted", only_x,
       [](Ops& ops, const Tile&) {
         return ops.dropout(ops.pick(token_rows(ops, "x")), 0.4, Purpose::dropout_output, 2);
       }},
      {"beside", with_x([](const Tile& tile) { return std::vector{of_tokens("y", tile)}; }),
       [](Ops& ops, const Tile&) {
         const Rows parts[] = {token_rows(ops, "x"), token_rows(ops, "y")};
         return ops.beside(parts);
       },
       [](const Naive& n) {
         const int64_t d = n.tile.width;
         return n.at(n.column < d ? "x" : "y", n.row, n.column % d);
       }},
      {"columns", only_x,
       [](Ops& ops, const Tile& tile) {
         return ops.columns(token_rows(ops, "x"), tile.width / 3, tile.width);
       },
       [](const Naive& n) { return n.at("x", n.row, n.tile.width / 3 + n.column); }},
  };
  list.insert(list.end(), more.begin(), more.end());
  return list;
}

}  // namespace truenext::net::testing
