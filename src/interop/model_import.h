// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "inference/model_file.h"
#include "interop/state_dict.h"

namespace truenext {

/// The items that an imported model is to know, in the order of their numbers.
struct Catalogue {
  std::vector<std::string> ids;     ///< decimal numbers of the checkpoint's rows, "1" .. "n"
  std::vector<std::string> titles;  ///< empty or one per id
  std::string dataset_fingerprint, split_fingerprint;
};
Catalogue catalogue_of(const Dataset& dataset);

struct ImportOptions {
  std::string names = "gsasrec";         ///< NamingScheme, or a family of them
  int64_t heads = 0;                     ///< model.num_heads; 0: in `settings` or as the project's
  std::vector<std::string> settings;     ///< "model.KEY=VALUE": what weights do not tell
  const Catalogue* catalogue = nullptr;  ///< null: items "1" .. "n" in the order of their rows
};

/// Weights under our names, with everything a model file wants to know.
struct ImportedModel {
  ModelDescription description;
  std::map<std::string, std::vector<float>> values;
  std::vector<std::string> item_ids, titles;
  int64_t items_outside_catalogue = 0;  ///< rows that the catalogue lacks; they come last
  std::vector<std::string> notes;       ///< what was assumed and what was left out
  std::vector<std::string> warnings;    ///< why scores may not be those that are expected

  TensorMap weights() const;
  void write(const std::filesystem::path& path) const;
};

/// Sizes are inferred from shapes. Data Error naming each kind of tensor that is missing, extra or
/// misshapen, or a catalogue id that is no row; usage Error when a setting does not fit, is told by
/// the weights or is not told and not given, or when there is no such network here.
ImportedModel import_model(const StateDict& state, const ImportOptions& options);

}  // namespace truenext
