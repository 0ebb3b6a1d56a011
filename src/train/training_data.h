// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "batch/batch.h"
#include "data/dataset.h"
#include "run/run_config.h"

namespace upnext {

/// Opens the dataset of a run and records in `config` which data the run is about, or refuses data
/// it is not about.
Dataset open_training_data(RunConfig& config);

/// How the configuration packs users into batches.
BatchOptions batch_options(const RunConfig& config);

}  // namespace upnext
