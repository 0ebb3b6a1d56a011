// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "data/dataset.h"
#include "eval/item_match.h"
#include "inference/model_file.h"
#include "net/model.h"
#include "run/run_config.h"
#include "train/loop/training_parts.h"
#include "train/ranks/ranks.h"

namespace truenext {

/// Copies the weights of `source` into `model`, which is made for `dataset`: rows of item tables by
/// raw item id, of divided tables those that are kept here, those of attributes by raw attribute
/// id, everything else as it is. Rows of items and attributes that the source does not know are
/// left to start_new_items(). `where` names the source in Errors. Data Error, before anything is
/// copied, that names the first parameter that does not fit with both shapes, or says that no item,
/// or no attribute, is known.
ItemMatch copy_weights(const ModelFile& source, const std::string& where, const Dataset& dataset,
                       Model& model);

/// Rows of the items and attributes that the source does not know, by options.new_items: drawn for
/// the seed and the raw id, from streams that no other start values come from (biases: zero), or
/// the mean of the source's rows.
void start_new_items(const ModelFile& source, const ItemMatch& match, const Dataset& dataset,
                     const TrainOptions& options, Model& model);

/// Options of the network, e.g. "model.num_heads=2 (here 1)", in which a model file differs from
/// what is configured; those of training only (dropout, start values) do not count. Empty when
/// none.
std::string network_differences(ModelOptions there, ModelOptions here);

/// Hash of names, values and ids: what makes two models the same start.
std::string weights_fingerprint(const ModelFile& source);

/// The start of a run with train.init_from (Bacciu et al. 2023's code calls it --state_dict_path)
/// or after a pretraining: weights of `where`, fingerprint recorded in `options`, a line in the
/// log. Optimiser and counters stay new. To be called before the first step, on all ranks.
void start_from_model(const std::filesystem::path& where, TrainOptions& options,
                      TrainingParts& parts, const Ranks& ranks);

}  // namespace truenext
