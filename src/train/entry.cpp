// SPDX-License-Identifier: Apache-2.0
#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <malloc.h>

#include <memory>

#include "base/error.h"
#include "base/log.h"
#include "train/device.h"
#include "train/device_scorer.h"
#include "train/ranks.h"
#include "train/scorer_request.h"
#include "train/step_bench.h"
#include "train/trainer.h"

namespace truenext {
namespace {

/// Tile tensors of a few hundred kilobytes would otherwise be fresh pages from the kernel at every
/// allocation; kept in the heap they are reused while warm (performance record: about 20 %).
void keep_tile_memory() {
  constexpr int kKeep = 1 << 30;
  mallopt(M_MMAP_THRESHOLD, kKeep);
  mallopt(M_TRIM_THRESHOLD, kKeep);
}

/// One thread per worker and none of LibTorch's own.
void prepare_process() {
  keep_tile_memory();
  at::set_num_threads(1);
}

/// The first process speaks for all. Any Error but the agreed stop leaves without finish(), so that
/// mpirun ends the other processes, which would wait for this one.
void train_with_others(const TrainRequest& request, TrainResult* result) {
  const std::unique_ptr<Ranks> ranks = make_ranks();
  TrainRequest mine = request;
  if (ranks->rank() > 0) {
    set_quiet(true);
    mine.progress_bar = false;
  }
  Trainer trainer(mine, *ranks);
  try {
    *result = trainer.fit();
  } catch (const Error& error) {
    if (error.code() != ExitCode::interrupted) throw;
    ranks->finish();
    if (ranks->rank() == 0) throw;
    result->rank = ranks->rank();
    return;
  }
  ranks->finish();
}

/// The network of a model file with its weights on a device. On the host they stay the file's.
struct FileModel {
  explicit FileModel(const ScorerRequest& request)
      : model(
            make_blank_model(request.model, request.weights.at("item_embedding.weight").shape[0])) {
    const at::Device device = open_device(request.device);
    for (int64_t i = 0; i < model->parameters().size(); ++i) {
      Parameter& parameter = (*model).parameters()[i];
      const TensorView& view = request.weights.at(parameter.name);
      parameter.value = at::from_blob(const_cast<float*>(view.data), view.shape, at::kFloat);
      weights.push_back(parameter.value.to(device));
    }
  }
  std::unique_ptr<Model> model;
  std::vector<at::Tensor> weights;
};

/// A scorer that brings its own model.
class FileScorer final : private FileModel, public DeviceScorer {
 public:
  explicit FileScorer(const ScorerRequest& request)
      : FileModel(request), DeviceScorer(*FileModel::model, FileModel::weights) {}
};

}  // namespace
}  // namespace truenext

// Looked up by name by the command, which does not link this library.

extern "C" void truenext_train_entry(const truenext::TrainRequest& request,
                                     truenext::TrainResult* result) {
  if (!truenext::on_tiles(request.device)) truenext::open_device(request.device);  // or say why not
  truenext::prepare_process();
  truenext::train_with_others(request, result);
}

extern "C" void truenext_scorer_entry(const truenext::ScorerRequest& request,
                                      std::unique_ptr<truenext::Scorer>* scorer) {
  truenext::prepare_process();
  *scorer = std::make_unique<truenext::FileScorer>(request);
}

extern "C" void truenext_bench_entry(const truenext::BenchRequest& request,
                                     truenext::BenchResult* result) {
  truenext::prepare_process();
  *result = truenext::StepBench(request).run();
}
