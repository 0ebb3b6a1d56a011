// SPDX-License-Identifier: Apache-2.0
#include "net/initialise.h"

#include <algorithm>
#include <cmath>

#include "base/random.h"
#include "net/csrec_start.h"

namespace truenext {
namespace {

template <typename Draw>
void fill(Parameter& parameter, uint64_t seed, uint64_t number, Draw draw) {
  RandomStream random(random_key(seed, Purpose::initialise, number));
  const int64_t columns = parameter.shape.size() > 1 ? parameter.shape[1] : 1;
  for (int64_t i = 0; i < parameter.kept.begin * columns; ++i) draw(random);  // other processes'
  for (float& value : parameter.value.values) value = static_cast<float>(draw(random));
}

/// How rows of a table start: N(0, size^2), or uniform in -size .. size.
struct TableStart {
  bool normal;
  double size;
};

TableStart table_start(const Parameter& table, const ModelOptions& options, int64_t num_items) {
  const double rows = static_cast<double>(table.shape[0]);
  const double columns = static_cast<double>(table.shape[1]);
  switch (options.init) {
    case StartValues::small:
      return {false, 0.05};
    case StartValues::torch:
      return {true, 1.0};
    case StartValues::xavier_normal:
      return {true, std::sqrt(2.0 / (rows + columns))};
    case StartValues::normal_002:
      return {true, 0.02};
    case StartValues::uniform:
      return {false, 1.0 / std::sqrt(columns)};
    case StartValues::csrec:
      const StartRule rule = csrec_start(options, table, num_items);
      return {rule.normal, rule.spread};
  }
  return {};
}

void start_table(Parameter& parameter, const ModelOptions& options, uint64_t seed,
                 uint64_t number) {
  const TableStart start = table_start(parameter, options, parameter.shape[0]);
  if (start.normal) return fill_normal(parameter, seed, number, start.size);
  fill_uniform(parameter, seed, number, -start.size, start.size);
}

/// Of every tensor that SR-GNN has.
double uniform_bound(const ModelOptions& options) {
  return 1.0 / std::sqrt(static_cast<double>(options.hidden_size));
}

void start_matrix(Parameter& parameter, const ModelOptions& options, uint64_t seed,
                  uint64_t number) {
  const double rows =
      static_cast<double>(parameter.fan_in > 0 ? parameter.shape[1] : parameter.shape[0]);
  const double columns =
      static_cast<double>(parameter.fan_in > 0 ? parameter.fan_in : parameter.shape[1]);
  const double glorot = std::sqrt(6.0 / (rows + columns));
  const double bound = 1.0 / std::sqrt(columns);
  const double size = uniform_bound(options);
  switch (options.init) {
    case StartValues::small:
      return fill_uniform(parameter, seed, number, -glorot, glorot);
    case StartValues::torch:
      return fill_uniform(parameter, seed, number, -bound, bound);
    case StartValues::xavier_normal:
      return fill_normal(parameter, seed, number, std::sqrt(2.0 / (rows + columns)));
    case StartValues::normal_002:
      return fill_normal(parameter, seed, number, 0.02);
    case StartValues::uniform:
      return fill_uniform(parameter, seed, number, -size, size);
    case StartValues::csrec:
      break;
  }
}

void start_bias(Parameter& parameter, const ModelOptions& options, uint64_t seed, uint64_t number) {
  const bool attention = parameter.start == Start::attention_bias;
  const StartValues init = options.init;
  const bool drawn = init == StartValues::torch || init == StartValues::uniform ||
                     (init == StartValues::xavier_normal && !attention);
  if (!drawn) return;
  const double bound = init == StartValues::uniform
                           ? uniform_bound(options)
                           : 1.0 / std::sqrt(static_cast<double>(parameter.fan_in));
  fill_uniform(parameter, seed, number, -bound, bound);
}

void start_by_rule(Parameter& parameter, const StartRule& rule, uint64_t seed, uint64_t number) {
  fill(parameter, seed, number, [&](RandomStream& random) {
    return rule.centre + rule.spread * (rule.normal ? random.normal() : 2 * random.uniform() - 1);
  });
}

}  // namespace

void initialise_parameters(ParameterSet& parameters, const ModelOptions& options, uint64_t seed) {
  if (options.init == StartValues::csrec) {
    const int64_t items = parameters[parameters.index(kInputTable)].shape[0];
    for (int64_t i = 0; i < parameters.size(); ++i) {
      start_by_rule(parameters[i], csrec_start(options, parameters[i], items), seed,
                    static_cast<uint64_t>(i));
    }
    return;
  }
  for (int64_t i = 0; i < parameters.size(); ++i) {
    Parameter& parameter = parameters[i];
    AlignedVector<float>& values = parameter.value.values;
    const auto number = static_cast<uint64_t>(i);
    std::fill(values.begin(), values.end(), parameter.start == Start::one ? 1.0f : 0.0f);
    switch (parameter.start) {
      case Start::table:
        start_table(parameter, options, seed, number);
        break;
      case Start::matrix:
        start_matrix(parameter, options, seed, number);
        break;
      case Start::bias:
      case Start::attention_bias:
        start_bias(parameter, options, seed, number);
        break;
      case Start::one:
      case Start::zero:
        break;
    }
  }
}

void start_new_row(const Parameter& table, const ModelOptions& options, int64_t num_items,
                   uint64_t seed, uint64_t number, uint64_t item, std::span<float> row) {
  const TableStart start = table_start(table, options, num_items);
  RandomStream random(random_key(seed, Purpose::new_items, number), item);
  for (float& value : row) {
    const double drawn = start.normal ? random.normal() : 2 * random.uniform() - 1;
    value = static_cast<float>(start.size * drawn);
  }
}

void fill_uniform(Parameter& parameter, uint64_t seed, uint64_t number, double low, double high) {
  fill(parameter, seed, number,
       [=](RandomStream& random) { return low + (high - low) * random.uniform(); });
}

void fill_normal(Parameter& parameter, uint64_t seed, uint64_t number, double deviation) {
  fill(parameter, seed, number, [=](RandomStream& random) { return deviation * random.normal(); });
}

}  // namespace truenext
