// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "net/model_options.h"
#include "net/parameters.h"

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
///   uniform        tables, matrices and biases uniform +-1/sqrt(hidden_size) (SR-GNN)
///   csrec          each network as in CSRec's code (net/csrec_start.h)
/// What a tensor's list entry calls `one` or `zero` starts so everywhere, but for the padding row
/// under csrec.
void initialise_parameters(ParameterSet& parameters, const ModelOptions& options, uint64_t seed);

/// Start values of one row of an item table, by model.init, for an item that a trained table lacks.
/// A stream of its own for (seed, table, item): it is that of no row of any model, trained with the
/// same seed or not, and `item`, a hash of the raw id, is the same in every dataset.
void start_new_row(const Parameter& table, const ModelOptions& options, int64_t num_items,
                   uint64_t seed, uint64_t number, uint64_t item, std::span<float> row);

/// Fills a parameter from one random stream of (seed, number): the start values of a tensor do not
/// depend on the others, and those of a row not on who keeps it.
void fill_uniform(Parameter& parameter, uint64_t seed, uint64_t number, double low, double high);
void fill_normal(Parameter& parameter, uint64_t seed, uint64_t number, double deviation);

}  // namespace truenext
