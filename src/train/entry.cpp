// SPDX-License-Identifier: Apache-2.0
#include <ATen/Parallel.h>
#include <malloc.h>

#include "base/error.h"
#include "train/step_bench.h"
#include "train/trainer.h"

namespace upnext {
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

}  // namespace
}  // namespace upnext

// Looked up by name by the command, which does not link this library.

extern "C" void upnext_train_entry(const upnext::TrainRequest& request,
                                   upnext::TrainResult* result) {
  upnext::check_usage(request.device == "cpu",
                      "--device {}: training runs on the CPU in this version", request.device);
  upnext::prepare_process();
  upnext::Trainer trainer(request);
  *result = trainer.fit();
}

extern "C" void upnext_bench_entry(const upnext::BenchRequest& request,
                                   upnext::BenchResult* result) {
  upnext::prepare_process();
  *result = upnext::StepBench(request).run();
}
