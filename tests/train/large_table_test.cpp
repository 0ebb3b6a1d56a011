// SPDX-License-Identifier: Apache-2.0
// A training step on a table of which it touches few rows: nothing of the table's size is made. The
// whole program measures its allocations for that.
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "net/model.h"
#include "support/tiles.h"
#include "train/ranks/table_shards.h"
#include "train/steps/engine.h"
#include "train/thread_ranks.h"

namespace {

std::atomic<size_t> largest_allocation{0};

void* allocate(size_t bytes, std::align_val_t align = std::align_val_t{alignof(std::max_align_t)}) {
  size_t seen = largest_allocation.load();
  while (bytes > seen && !largest_allocation.compare_exchange_weak(seen, bytes)) {
  }
  const auto unit = static_cast<size_t>(align);
  void* memory = std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
  if (!memory) throw std::bad_alloc();
  return memory;
}

/// Not inlined: GCC would take the free() for one that does not belong to the new of its caller.
[[gnu::noinline]] void release(void* memory) {
  std::free(memory);
}

}  // namespace

void* operator new(size_t bytes) {
  return allocate(bytes);
}
void* operator new[](size_t bytes) {
  return allocate(bytes);
}
void* operator new(size_t bytes, std::align_val_t align) {
  return allocate(bytes, align);
}
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return allocate(bytes);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory, const std::nothrow_t&) noexcept {
  release(memory);
}
void operator delete(void* memory, std::align_val_t) noexcept {
  release(memory);
}
void operator delete(void* memory) noexcept {
  release(memory);
}
void operator delete[](void* memory) noexcept {
  release(memory);
}
void operator delete(void* memory, size_t) noexcept {
  release(memory);
}
void operator delete[](void* memory, size_t) noexcept {
  release(memory);
}

namespace truenext {
namespace {

constexpr int64_t kItems = 200000;
constexpr int64_t kDim = 16;

/// Two tiles of two sequences.
Batch small_batch(uint64_t seed) {
  RandomStream random(random_key(seed, Purpose::simulate));
  Batch batch;
  for (uint64_t tile = 0; tile < 2; ++tile) {
    std::vector<std::vector<int32_t>> sequences(2, std::vector<int32_t>(5));
    for (auto& sequence : sequences) {
      for (int32_t& item : sequence) item = static_cast<int32_t>(random.below(kItems));
    }
    batch.tiles.push_back(test::next_item_tile(sequences, {2 * tile, 2 * tile + 1}));
    batch.positions += batch.tiles.back().targets.size();
    batch.tokens += batch.tiles.back().tokens();
  }
  return batch;
}

/// Steps of this rank's part of the work with all that it needs.
void train(Ranks& ranks, bool tied, bool cosine, const char* rule) {
  ModelOptions options;
  options.hidden_size = kDim;
  options.num_blocks = 1;
  options.max_length = 8;
  options.tie_embeddings = tied;
  options.similarity = cosine ? Similarity::cosine : Similarity::product;
  const ItemRows items(kItems, rows_of_rank(ranks.rank(), ranks.size(), kItems));
  const auto model = make_model(options, items, 1);
  ObjectiveOptions sampled;
  sampled.negatives = 256;
  const Objective objective(sampled, kItems);
  TrainOptions train;
  train.table_optimizer = find_word<TableOptimizer>(rule).value();
  train.clip_norm = 1e-6;
  Adam adam(model->parameters(), train);
  adam.defer(model->input_table());
  adam.defer(model->output_table());
  WorkerPool pool(2);
  Engine engine(*model, objective, adam, train, pool);
  engine.divide_among(ranks);
  ranks.any(false);  // everybody has made what is large for good
  largest_allocation = 0;
  ranks.any(false);
  for (int64_t step = 0; step < 5; ++step) {
    engine.step(small_batch(static_cast<uint64_t>(step)), step, 5);
  }
}

TEST(LargeTable, AStepAllocatesNothingOfItsSize) {
  for (const int ranks : {1, 2}) {
    for (const bool tied : {true, false}) {
      for (const char* rule : {"adam", "lazy-adam", "rowwise-adagrad", "cosine"}) {
        const bool cosine = rule == std::string_view("cosine");
        const size_t sent = test::with_ranks(
            ranks, [&](Ranks& mine) { train(mine, tied, cosine, cosine ? "adam" : rule); });
        EXPECT_GT(largest_allocation, 0u);
        EXPECT_LT(largest_allocation, kItems * kDim * sizeof(float) / 10) << rule << tied << ranks;
        EXPECT_LT(sent, 5 * kItems * kDim * sizeof(float) / 10) << rule << tied << ranks;
      }
    }
  }
}

}  // namespace
}  // namespace truenext
