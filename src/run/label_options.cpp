// SPDX-License-Identifier: Apache-2.0
#include "run/label_options.h"

#include <charconv>
#include <cmath>
#include <vector>

#include "base/error.h"

namespace truenext {
namespace {

/// "0.1,0.9" to numbers.
std::vector<double> parse_weights(const std::string& text) {
  std::vector<double> weights;
  const char* next = text.data();
  const char* end = next + text.size();
  while (next < end) {
    double weight = 0;
    const auto [stop, error] = std::from_chars(next, end, weight);
    check_usage(error == std::errc() && std::isfinite(weight) && weight >= 0 &&
                    (stop == end || (*stop == ',' && stop + 1 < end)),
                "labels.weights = \"{}\": want numbers of at least 0 between commas, e.g. 0.1,0.9",
                text);
    weights.push_back(weight);
    next = stop == end ? end : stop + 1;
  }
  return weights;
}

}  // namespace

void LabelOptions::list(OptionList& options) {
  options.add("path", path, "folder of soft labels, made by `truenext label`");
  options.add("teachers", teachers,
              "run folders or model files that are asked for soft labels, or popularity, "
              "item-to-item");
  options.add("fingerprint", fingerprint, "of the labels, filled in when training starts");
  options.add("mixing", mixing, "how the scores of several teachers become one distribution");
  options
      .add(
          "running_sum", running_sum,
          "as published: the teachers that early-exit adds up are not averaged, so that a label is "
          "no distribution from two on")
      .only_with("labels.mixing", {"early-exit"});
  options.add("temperature", temperature, "of the softmax of a teacher's scores, when labelling")
      .range(1e-3, 1e3);
  options.add("weights", weights, "of the teachers, e.g. 0.1,0.9; empty = equal");
  options
      .add("kept", kept,
           "most probable items of a label that are stored, the others share the rest; 0 = "
           "teachers are asked in every step, for the whole catalogue")
      .at_least(0);
}

MixingOptions LabelOptions::mixing_options() const {
  MixingOptions options;
  options.mixing = mixing;
  options.running_sum = running_sum;
  options.temperature = temperature;
  options.weights = parse_weights(weights);
  return options;
}

}  // namespace truenext
