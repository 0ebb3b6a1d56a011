// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "inference/model_file.h"
#include "net/model.h"
#include "support/network_cases.h"

namespace truenext::test {

/// A model file over the items of a dataset, with start values that say something.
inline std::filesystem::path write_teacher(const std::filesystem::path& path,
                                           const ModelOptions& options, const Dataset& dataset,
                                           uint64_t seed) {
  const auto model = make_model(options, dataset.num_items(), seed);
  roughen(model->parameters());
  std::vector<std::string> ids;
  for (int64_t i = 0; i < dataset.num_items(); ++i) ids.emplace_back(dataset.items().raw(i));
  ModelDescription description;
  description.model = model->options();
  write_model_file(path, description, model->parameters().views(), ids, {});
  return path;
}

}  // namespace truenext::test
