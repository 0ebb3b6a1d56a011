// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "inference/model_options.h"
#include "nn/parameters.h"

namespace truenext {

/// Start values by model.init, one stream per tensor:
///   small          tables uniform +-0.05, matrices Glorot uniform, biases 0 (the TensorFlow
///                  gSASRec's start: the first scores are small, so training leaves the popularity
///                  plateau early)
///   torch          tables N(0, 1), matrices and biases uniform +-1/sqrt(fan in) (PyTorch's
///                  defaults, as in gSASRec-pytorch)
///   xavier-normal  every matrix N(0, 2 / (fan in + fan out)), biases as torch except attention's,
///                  which are 0 (the pmixer port)
///   normal-0.02    tables and matrices N(0, 0.02^2), biases 0 (S3-Rec, CSRec)
/// Norm weights are 1 and norm biases 0 everywhere.
void initialise_parameters(ParameterSet& parameters, const ModelOptions& options, uint64_t seed);

}  // namespace truenext
