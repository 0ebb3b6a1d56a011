// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "inference/model_file.h"

namespace truenext {

/// Name of the plain export: our own tensor names, weights only (and which attributes an item has,
/// where weights need that)
inline constexpr const char* kOwnNames = "truenext";

struct ExportReport {
  int64_t tensors = 0;
  /// Rows follow the raw item numbers 1..n. False: the raw ids are no such numbers, so that item i
  /// of the model has row i + 1 (row i under our own names).
  bool rows_by_number = false;
  /// Why the project's code ranks differently with these weights; empty when it does not.
  std::vector<std::string> differences;
  /// Tensors of the project that no model here has, such as those of pretraining.
  std::vector<std::string> left_out;
  std::filesystem::path id_map;  ///< the file with the rows' ids; empty when there is none
};

/// "truenext" and the naming schemes; a family writes the one of the model's network.
std::vector<std::string> export_names();

/// Writes a safetensors state dict that the project behind `names` can load: its names, order and
/// shapes, rows that stand for no item zero. When the rows do not follow raw item numbers, their
/// ids lie beside it: weights.safetensors, weights.id_map.tsv with lines "row<TAB>id". Atomic.
/// Usage Error when the model is of another kind, or the file's name promises another format.
ExportReport export_state_dict(const ModelFile& model, const std::string& names,
                               const std::filesystem::path& path);

}  // namespace truenext
