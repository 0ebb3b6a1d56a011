// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "train/loop/bench_request.h"
#include "train/loop/train_request.h"

namespace truenext {

/// Trains as the request says, together with the other processes when mpirun started several: the
/// first one speaks for all. Throws Error with ExitCode::interrupted, after saving, when asked to
/// stop.
TrainResult train(const TrainRequest& request);

/// Measures training steps or epochs.
BenchResult bench_training(const BenchRequest& request);

}  // namespace truenext
