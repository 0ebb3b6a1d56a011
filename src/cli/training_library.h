// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "eval/evaluator.h"
#include "inference/model_file.h"

namespace truenext::cli {

/// An entry of the training library by name; the caller knows its type (train/train_request.h,
/// train/bench_request.h, train/scorer_request.h). LibTorch takes a second or two to load, so it is
/// loaded only to train and for devices, and with it the training library that stands beside the
/// core library.
void* training_entry(const char* name);

/// The scores of a model as `device` makes them: "cpu" is the kernels, anything else the training
/// library's business. The model outlives the scorer.
std::unique_ptr<Scorer> scorer_on(const std::string& device, const ModelFile& model);

}  // namespace truenext::cli
