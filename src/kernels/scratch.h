// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace truenext::kernels {

/// Uses of per-thread scratch memory; two that are alive at the same time need two names.
enum class Scratch : size_t {
  attention_scores,
  attention_gradients,
  attention_factors,
  attention_blocks,
  attention_packed,
  attention_terms,
  attention_buckets,
  candidate_lists,
  block_gradients,
  windows,
  objective_states,
  objective_scores,
  objective_gradients,
  objective_labels,
  size
};

/// At least `bytes` bytes of this thread, aligned to 64, contents undefined. Grows and is kept
/// until the thread ends; a later call with the same name may move it.
void* scratch_bytes(Scratch use, size_t bytes);

template <typename T>
T* scratch(Scratch use, int64_t count) {
  return static_cast<T*>(scratch_bytes(use, static_cast<size_t>(count) * sizeof(T)));
}

}  // namespace truenext::kernels
