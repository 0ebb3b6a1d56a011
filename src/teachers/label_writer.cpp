// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "base/hash.h"
#include "base/interrupt.h"
#include "data/staged_folder.h"
#include "teachers/asked_history.h"
#include "teachers/label_files.h"
#include "teachers/label_store.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// Scores of all members for a block of labels, about 16 MB of float.
constexpr int64_t kBlockNumbers = int64_t{1} << 22;
constexpr int64_t kMostRows = 64;
/// Blocks between two writes.
constexpr int64_t kBlocksAtOnce = 64;

/// Labels of one block, side by side.
struct LabelBlock {
  Queries queries;
  std::vector<int32_t> items;
  std::vector<float> probabilities, rest;
};

/// The kept items of a row of probabilities, ascending: the most probable, of equals the lower.
class Keeper {
 public:
  explicit Keeper(int64_t kept) : kept_(kept) {}

  void keep(std::span<const float> row, LabelBlock& block) {
    const auto items = std::ssize(row);
    double all = 0, sum = 0;
    for (const float p : row) all += p;
    sorted_.assign(row.begin(), row.end());
    const auto last = sorted_.begin() + (kept_ - 1);
    std::nth_element(sorted_.begin(), last, sorted_.end(), std::greater<>());
    const float least = *last;
    int64_t equals =
        kept_ - std::count_if(row.begin(), row.end(), [least](float p) { return p > least; });
    for (int64_t item = 0; item < items; ++item) {
      if (row[item] < least || (row[item] == least && equals-- <= 0)) continue;
      block.items.push_back(static_cast<int32_t>(item));
      block.probabilities.push_back(row[item]);
      sum += row[item];
    }
    const double rest = items > kept_ ? (all - sum) / static_cast<double>(items - kept_) : 0;
    block.rest.push_back(static_cast<float>(std::max(0.0, rest)));
  }

 private:
  int64_t kept_;
  std::vector<float> sorted_;
};

void label_block(const Mixer& mixer, std::span<const Member> members, int64_t kept,
                 LabelBlock& block) {
  const int64_t rows = block.queries.histories.size();
  const int64_t items = members[0].scorer->num_items();
  const size_t size = static_cast<size_t>(rows * items);
  thread_local std::vector<float> scores;  // megabytes, which every block would fetch anew
  scores.resize(members.size() * size);
  for (size_t k = 0; k < members.size(); ++k) {
    members[k].scorer->score(block.queries, 0, rows, scores.data() + k * size);
  }
  std::vector<const float*> here(members.size());
  std::vector<double> weight(members.size()), log_sum(members.size());
  std::vector<float> row(static_cast<size_t>(items));
  Keeper keeper(kept);
  for (int64_t q = 0; q < rows; ++q) {
    for (size_t k = 0; k < members.size(); ++k) {
      here[k] = scores.data() + k * size + static_cast<size_t>(q * items);
    }
    mixer.survey(here, items, weight.data(), log_sum.data());
    mixer.probabilities(here, items, weight.data(), log_sum.data(), row.data());
    keeper.keep(row, block);
  }
}

/// Hands out the labels' histories in order, block after block.
class Histories {
 public:
  Histories(const Dataset& dataset, int64_t newest, int64_t rows)
      : dataset_(dataset), newest_(newest), rows_(rows) {
    offsets_.push_back(0);
    for (const SplitPoint& split : dataset.splits()) {
      offsets_.push_back(offsets_.back() +
                         std::max<int64_t>(0, split.train_end - first_end(split, newest)));
    }
  }

  const std::vector<int64_t>& offsets() const { return offsets_; }
  /// Empty at the end.
  Queries next() {
    Queries block;
    while (block.histories.size() < rows_ && next_ < offsets_.back()) {
      while (next_ >= offsets_[user_ + 1]) ++user_;
      const int64_t end = first_end(dataset_.splits()[user_], newest_) + next_ - offsets_[user_];
      add_asked(dataset_, {user_, end}, &block);
      ++next_;
    }
    return block;
  }

 private:
  const Dataset& dataset_;
  int64_t newest_, rows_;
  std::vector<int64_t> offsets_;
  int64_t user_ = 0, next_ = 0;
};

nlohmann::ordered_json description(const LabelRule& rule, std::span<const Member> members,
                                   const Dataset& dataset) {
  nlohmann::ordered_json json;
  json["kind"] = kLabelKind;
  json["version"] = kLabelVersion;
  json["items"] = dataset.num_items();
  json["users"] = dataset.num_users();
  json["dataset_fingerprint"] = dataset.fingerprint();
  json["split_fingerprint"] = dataset.split_fingerprint();
  json["mixing"] = word_of(rule.mixing.mixing);
  if (rule.mixing.running_sum) json["running_sum"] = true;
  json["temperature"] = rule.mixing.temperature;
  json["weights"] = rule.mixing.weights;
  json["kept"] = std::min(rule.kept, dataset.num_items());
  json["newest"] = rule.newest;
  for (const Member& member : members) json["teachers"].push_back(member.fingerprint);
  return json;
}

}  // namespace

std::string label_fingerprint(const LabelRule& rule, std::span<const Member> members,
                              const Dataset& dataset) {
  const std::string text = description(rule, members, dataset).dump();
  Fingerprint hash;
  hash.add_values(std::span<const char>(text));
  return hash.hex();
}

void write_labels(const fs::path& folder, bool replace, const LabelRule& rule,
                  std::span<const Member> members, const Dataset& dataset, WorkerPool& pool) {
  check_usage(rule.kept > 0, "labels.kept = {}: want at least 1 item of each label", rule.kept);
  const Mixer mixer(rule.mixing, std::ssize(members));
  const int64_t kept = std::min(rule.kept, dataset.num_items());
  StagedFolder staged(folder, replace, label_files::kDescription);
  AtomicFile items(staged.path() / label_files::kItems);
  AtomicFile probabilities(staged.path() / label_files::kProbabilities);
  AtomicFile rest(staged.path() / label_files::kRest);
  const int64_t row_numbers = dataset.num_items() * (mixer.members() + 1);
  Histories histories(dataset, rule.newest,
                      std::clamp<int64_t>(kBlockNumbers / row_numbers, 1, kMostRows));
  while (true) {
    std::vector<LabelBlock> blocks;
    while (std::ssize(blocks) < kBlocksAtOnce) {
      Queries queries = histories.next();
      if (queries.users.empty()) break;
      blocks.push_back({std::move(queries), {}, {}, {}});
    }
    if (blocks.empty()) break;
    pool.run(std::ssize(blocks), [&](int64_t b, int) {
      if (interrupted()) throw Error(ExitCode::interrupted, "labelling stopped by the user");
      label_block(mixer, members, kept, blocks[static_cast<size_t>(b)]);
    });
    for (const LabelBlock& block : blocks) {
      items.write_array(std::span(block.items));
      probabilities.write_array(std::span(block.probabilities));
      rest.write_array(std::span(block.rest));
    }
  }
  for (AtomicFile* file : {&items, &probabilities, &rest}) file->commit();
  AtomicFile offsets(staged.path() / label_files::kOffsets);
  offsets.write_array(std::span(histories.offsets()));
  offsets.commit();
  nlohmann::ordered_json json = description(rule, members, dataset);
  json["rows"] = histories.offsets().back();
  json["fingerprint"] = label_fingerprint(rule, members, dataset);
  write_file_atomically(staged.path() / label_files::kDescription, json.dump(2) + "\n");
  staged.publish();
}

}  // namespace truenext
