// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/thread_pool.h"
#include "data/dataset.h"
#include "eval/mixing.h"
#include "objectives/labels.h"
#include "teachers/member.h"

namespace truenext {

/// What soft labels are, beside teachers and data.
struct LabelRule {
  MixingOptions mixing;
  int64_t kept =
      100;  ///< most probable items of a label that are stored; the others share the rest
  /// Labels are made for the newest so many targets of each user; 0 = for all.
  int64_t newest = 0;
};

/// Hash of all that determines the labels of these members on this dataset: equal fingerprints,
/// equal labels.
std::string label_fingerprint(const LabelRule& rule, std::span<const Member> members,
                              const Dataset& dataset);

/// Asks the members for the label of every training target that has a history, (user, end) with 1
/// <= end < train_end: each sees the first `end` items, cut to its own length, in a pass of its
/// own. Written as a folder (docs/data-formats.md), which appears when it is complete; `replace`
/// allows to replace one. The same bytes for any number of threads; memory does not grow with
/// users. Interrupted: Error with ExitCode::interrupted.
void write_labels(const std::filesystem::path& folder, bool replace, const LabelRule& rule,
                  std::span<const Member> members, const Dataset& dataset, WorkerPool& pool);

/// Whether labels with this fingerprint are in the folder, complete.
bool has_labels(const std::filesystem::path& folder, const std::string& fingerprint);

/// Stored labels, memory-mapped.
class LabelStore final : public LabelSource {
 public:
  /// Data Error when the folder holds no labels, they are damaged or about other data.
  LabelStore(const std::filesystem::path& folder, const Dataset& dataset);

  int64_t num_items() const override { return num_items_; }
  bool is_stored() const override { return true; }
  std::unique_ptr<TileLabels> of(const Tile& tile) const override;

  const std::string& fingerprint() const { return fingerprint_; }
  int64_t rows() const { return rows_; }
  int64_t kept() const { return kept_; }
  /// Whether labels are MixingOptions::running_sum, which are no distributions.
  bool running_sums() const { return most_ > 1; }
  /// Share of a label that lies outside its kept items, on average.
  double mean_rest() const;
  /// One line, e.g. "2 teachers, probability, temperature 3, 100 items kept".
  const std::string& name() const { return name_; }
  /// Data Error when the store has none for it.
  StoredLabel label(HistoryPlace place) const;

 private:
  template <typename T>
  std::span<const T> map(MappedFile& file, const char* name, int64_t count);
  void check_rows() const;

  std::filesystem::path folder_;
  std::string fingerprint_, name_;
  int64_t num_items_ = 0, num_users_ = 0, rows_ = 0, kept_ = 0, newest_ = 0;
  double most_ = 1;  ///< that a label adds up to
  std::span<const SplitPoint> splits_;
  MappedFile offsets_file_, items_file_, probabilities_file_, rest_file_;
  std::span<const int64_t> offsets_;
  std::span<const int32_t> items_;
  std::span<const float> probabilities_, rest_;
};

}  // namespace truenext
