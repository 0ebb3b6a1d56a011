// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "base/thread_pool.h"
#include "data/dataset.h"
#include "eval/evaluator.h"
#include "inference/model_file.h"

namespace truenext::test {

/// NDCG@10 of a run's model file by the validation part of a dataset.
inline double valid_ndcg(const std::filesystem::path& run, const std::filesystem::path& data) {
  const ModelFile model = ModelFile::open(run);
  Protocol protocol;
  protocol.part = SplitPart::valid;
  WorkerPool pool(1);
  const auto ranks = rank_targets(*make_encoder_scorer(model.encoder()),
                                  make_queries(Dataset::open(data), protocol), protocol, pool);
  return compute_metrics(parse_metrics("ndcg@10"), ranks).metrics[0].mean;
}

}  // namespace truenext::test
