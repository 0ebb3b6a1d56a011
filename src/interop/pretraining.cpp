// SPDX-License-Identifier: Apache-2.0
#include "interop/pretraining.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <vector>

namespace truenext {
namespace {

/// Between the deviation of a start (0.02) and those of trained tables (0.25 and 0.54 were seen).
constexpr double kUntouched = 0.05;

double standard_deviation(const std::vector<float>& values) {
  double sum = 0, squares = 0;
  for (const float value : values) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const auto count = static_cast<double>(values.size());
  return std::sqrt(std::max(0.0, squares / count - sum / count * (sum / count)));
}

bool is_called_pretrained(const StateDict& state) {
  std::string name = state.path().filename().string();
  std::transform(name.begin(), name.end(), name.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name.find("s3rec") != std::string::npos || name.find("-epochs-") != std::string::npos;
}

}  // namespace

void review_pretraining(const StateDict& state, std::string_view table, ImportedModel& model) {
  for (size_t i = 0; i < state.tensors().size(); ++i) {
    if (state.tensors()[i].name != table) continue;
    const std::vector<float> values = state.read(i);
    if (values.empty()) return;
    const double spread = standard_deviation(values);
    if (spread >= kUntouched) {
      model.notes.push_back(
          fmt::format("pretrained: {} has the standard deviation {:.3f}", table, spread));
    } else if (is_called_pretrained(state)) {
      model.warnings.push_back(fmt::format(
          "the name says S3-Rec, but {} is as it started (standard deviation {:.3f}; pretraining "
          "brings it above 0.2): no pretraining was loaded, and this is plain SASRec",
          table, spread));
    } else {
      model.notes.push_back(fmt::format(
          "not pretrained: {} is as it started, standard deviation {:.3f}", table, spread));
    }
    return;
  }
}

}  // namespace truenext
