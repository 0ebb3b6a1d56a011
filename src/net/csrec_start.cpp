// SPDX-License-Identifier: Apache-2.0
#include "net/csrec_start.h"

#include <cassert>
#include <cmath>

namespace truenext {
namespace {

StartRule normal(double deviation) {
  return {true, deviation, 0};
}
StartRule uniform(double bound) {
  return {false, bound, 0};
}
StartRule constant(double value) {
  return {false, 0, value};
}
StartRule xavier_normal(double rows, double columns) {
  return normal(std::sqrt(2.0 / (rows + columns)));
}

/// What the initialisers of that code overwrite: also row 0, which stands for padding.
bool has_item_rows(const Parameter& parameter) {
  return parameter.is_table() || parameter.name == kPaddingVector ||
         parameter.name == kPaddingClass;
}

bool is_bias(const Parameter& parameter) {
  return parameter.start == Start::bias || parameter.start == Start::attention_bias;
}

double width_of(const Parameter& parameter) {
  return static_cast<double>(parameter.shape.back());
}

StartRule xavier_normal(const Parameter& matrix) {
  return xavier_normal(static_cast<double>(matrix.shape[0]), width_of(matrix));
}

/// PyTorch's default of linear maps, convolutions and their biases.
StartRule torch_default(const Parameter& parameter) {
  const double inputs =
      parameter.fan_in > 0 ? static_cast<double>(parameter.fan_in) : width_of(parameter);
  return uniform(1.0 / std::sqrt(inputs));
}

StartRule item_rows_by_xavier(const Parameter& parameter, int64_t items) {
  return xavier_normal(static_cast<double>(items) + 1, width_of(parameter));
}

StartRule gru4rec_start(const ModelOptions& options, const Parameter& parameter, int64_t items) {
  if (has_item_rows(parameter)) return item_rows_by_xavier(parameter, items);
  if (parameter.name == "gru.0.input_weight" || parameter.name == "gru.0.hidden_weight") {
    return uniform(
        std::sqrt(6.0 / (static_cast<double>(parameter.shape[0]) + width_of(parameter))));
  }
  return uniform(1.0 / std::sqrt(static_cast<double>(options.gru_hidden_size)));
}

StartRule narm_start(const ModelOptions& options, const Parameter& parameter, int64_t items) {
  if (has_item_rows(parameter)) return item_rows_by_xavier(parameter, items);
  if (parameter.name.starts_with("gru.")) {
    return uniform(1.0 / std::sqrt(static_cast<double>(options.gru_hidden_size)));
  }
  return xavier_normal(parameter);
}

StartRule nextitnet_start(const ModelOptions&, const Parameter& parameter, int64_t items) {
  if (has_item_rows(parameter)) return uniform(std::sqrt(1.0 / static_cast<double>(items)));
  if (parameter.name == "dense.weight") return xavier_normal(parameter);
  if (parameter.name == "dense.bias") return constant(0.1);
  return torch_default(parameter);
}

StartRule sasrec_start(const ModelOptions&, const Parameter& parameter, int64_t) {
  return is_bias(parameter) ? constant(0) : normal(0.02);
}

StartRule caser_start(const ModelOptions&, const Parameter& parameter, int64_t) {
  if (has_item_rows(parameter)) return normal(1.0 / width_of(parameter));
  if (parameter.name == "dense.weight") return xavier_normal(parameter);
  if (parameter.name == "dense.bias") return constant(0);
  return torch_default(parameter);
}

// Its output is a linear map of its own, not a table of vectors.
StartRule bert_start(const ModelOptions&, const Parameter& parameter, int64_t) {
  const bool vectors = parameter.is_table() && parameter.name != kOutputTable;
  return vectors || parameter.name == "mask_embedding" ? normal(1) : torch_default(parameter);
}

struct NetworkStart {
  std::string_view network;
  StartRule (*rule)(const ModelOptions&, const Parameter&, int64_t);
};

constexpr NetworkStart kStarts[] = {{"gru4rec", &gru4rec_start},     {"narm", &narm_start},
                                    {"nextitnet", &nextitnet_start}, {"sasrec", &sasrec_start},
                                    {"caser", &caser_start},         {"bert4rec", &bert_start}};

const NetworkStart* start_of(std::string_view network) {
  for (const NetworkStart& start : kStarts) {
    if (start.network == network) return &start;
  }
  return nullptr;
}

}  // namespace

StartRule csrec_start(const ModelOptions& options, const Parameter& parameter, int64_t items) {
  if (parameter.start == Start::one) return constant(1);
  const bool output_bias = parameter.name == kOutputBias || parameter.name == kPaddingClassBias;
  if (output_bias && options.block == "csrec-bert") {
    return uniform(1.0 / std::sqrt(static_cast<double>(options.hidden_size)));
  }
  if (parameter.start == Start::zero && !has_item_rows(parameter)) return constant(0);
  const NetworkStart* start = start_of(options.name);
  assert(start != nullptr);
  return start->rule(options, parameter, items);
}

bool has_csrec_start(std::string_view network) {
  return start_of(network) != nullptr;
}

}  // namespace truenext
