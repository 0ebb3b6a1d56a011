// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/jagged.h"
#include "base/thread_pool.h"
#include "data/candidate_rule.h"
#include "data/dataset.h"
#include "data/next_counts.h"
#include "eval/item_set.h"
#include "eval/metrics.h"
#include "net/encoder.h"

namespace truenext {

enum class SplitPart { valid, test };

/// Who is evaluated, on what, against what.
struct Protocol {
  SplitPart part = SplitPart::test;
  /// Items of the history are no candidates (unless they are targets). Full catalogue only.
  bool exclude_seen = true;
  CandidateRule candidates = CandidateRule::full;
  int64_t negatives = -1;  ///< of the other rules, per user; -1 = 101 less the held-out items
  TieRule ties = TieRule::half;
  int64_t max_users = 0;   ///< 0 = all; else a seeded sample, kept for the whole run
  int64_t batch_mean = 0;  ///< 0 = means of users; else of batches of so many (batch_mean.h)
  /// Only held-out events of at least this value are targets, and users without one are left out
  /// (CSRec's starred metrics). Needs a dataset with values.
  std::optional<double> min_target_value{};
  uint64_t seed = 42;  ///< of that sample, of TieRule::random and of drawn candidates
  /// The name of a file whose negatives take the place of a rule's, and what it says
  /// (eval/listed_candidates.h); empty where there is none. `candidates` is then full.
  std::string listed_file{}, listed_fingerprint{};
  /// The dataset users, ascending, that a file names, who alone are evaluated, its name and a
  /// fingerprint of their ids; nothing where all are.
  std::optional<std::vector<int32_t>> users{};
  std::string users_file{}, users_fingerprint{};
  bool with_times = false;  ///< queries have times, which a model with model.time asks for

  bool is_listed() const { return !listed_fingerprint.empty(); }
  bool is_whole_catalogue() const { return candidates == CandidateRule::full && !is_listed(); }
};

/// One line per evaluated user: everyone whose held-out range and history are not empty.
struct Queries {
  std::vector<int32_t> users;  ///< dataset user of each query, ascending
  Jagged<int32_t> histories;   ///< whole history before the first held-out item
  Jagged<int32_t> targets;     ///< held-out items in time order, each item once
  /// With Protocol::with_times: the times of the histories' items, and of each query that of the
  /// first held-out event, which is when it is asked.
  std::vector<int64_t> event_times{}, request_times{};

  int64_t all_users = 0;        ///< that could be evaluated; more than users.size() in a sample
  int64_t without_history = 0;  ///< users left out because nothing precedes their held-out items
  int64_t repeat_targets = 0;   ///< targets that also stand in their user's history
  int64_t duplicate_targets =
      0;  ///< later occurrences of a held-out item of the same user, dropped
  // With Protocol::min_target_value:
  int64_t users_below_value = 0;    ///< left out, since no held-out event of theirs reaches it
  int64_t targets_below_value = 0;  ///< held-out events of the others that do not reach it

  /// What a model is told beside histories begin .. end - 1 (their offsets are those of all).
  HistoryTimes times(int64_t begin, int64_t end) const;
  /// Of a query whose history is added from `other` as it is.
  void add_times(const Queries& other, int64_t query);
};
Queries make_queries(const Dataset& dataset, const Protocol& protocol);
/// The same from plain arrays; `values` and `times` belong to the events.
Queries make_queries(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                     const Protocol& protocol, std::span<const float> values = {},
                     std::span<const int64_t> times = {});

/// A block of queries, to be scored range after range of the catalogue so that scores are counted
/// while they are in cache. Used by one thread.
class BlockScores {
 public:
  virtual ~BlockScores() = default;
  /// The score of one item for a query of the block (0 = its first); before range() covers it.
  virtual float at(int64_t query, int32_t item) const = 0;
  /// Scores of items first..last-1, a row for each query. The caller may overwrite them; they live
  /// until the next call.
  struct Rows {
    float* scores;
    int64_t stride;
  };
  virtual Rows range(int64_t first, int64_t last) = 0;
  /// Numbers that the scores of items first..last-1 do not exceed, where they cost less than the
  /// scores; by default there are none (scores = null). As range() otherwise, also for at() and
  /// range() afterwards.
  virtual Rows ceilings(int64_t /*first*/, int64_t /*last*/) { return {nullptr, 0}; }
};

class BlockRanker;

/// Anything that scores the whole catalogue for a block of queries. Every member may be called by
/// several threads at once: memory for scores is the caller's, and what block() returns is used by
/// one thread.
class Scorer {
 public:
  virtual ~Scorer() = default;
  virtual int64_t num_items() const = 0;
  /// scores [end - begin, num_items] of queries begin..end-1. Thread-safe. Minus infinity marks an
  /// item that this scorer can never recommend; NaN is a data Error wherever it meets a target.
  virtual void score(const Queries& queries, int64_t begin, int64_t end, float* scores) const = 0;

  /// Whether block() makes the scores of a range when it is asked for it, with the bits of score().
  /// By default it keeps whole rows from score() in `memory`, which is the caller's to lend.
  virtual bool scores_ranges() const { return false; }
  virtual std::unique_ptr<BlockScores> block(const Queries& queries, int64_t begin, int64_t end,
                                             std::vector<float>& memory) const;

  /// What ranks in the place of those who would fetch scores, for scorers that make them on a GPU
  /// (eval/block_ranker.h); null otherwise.
  virtual const BlockRanker* ranker() const { return nullptr; }
};

/// Data Error at once when the item table, or later a state, is not finite.
std::unique_ptr<Scorer> make_encoder_scorer(const SequenceEncoder& encoder);
/// Catalogues of so many items gain from a compact table.
constexpr int64_t kCompactItems = 100'000;
/// The same scores, for many queries that come one at a time: from `least_items` items on it makes
/// a compact copy of the item table (about d + 8 bytes per item and the time of a few queries), of
/// which top_items() reads the ceilings of a query that is alone in its block. Same lists, bit for
/// bit (decision 0012).
std::unique_ptr<Scorer> make_query_scorer(const SequenceEncoder& encoder, WorkerPool& pool,
                                          int64_t least_items = kCompactItems);
/// The same scores for everybody.
std::unique_ptr<Scorer> make_item_scorer(std::vector<float> scores);
/// Counts over the training part of every user. From 2^24 on, where float counts would run into
/// each other, the scores are places in the order of counts instead.
std::unique_ptr<Scorer> make_popularity_scorer(const Dataset& dataset);
/// Times `candidate` directly followed the history's last item in training parts, then popularity.
/// Scores are places in that order (equal keys share one), so they are exact in float whatever the
/// counts. Memory: 8 bytes per distinct pair, 4 more per training event while building.
std::unique_ptr<Scorer> make_bigram_scorer(const Dataset& dataset);
std::unique_ptr<Scorer> make_bigram_scorer(JaggedView<int32_t> histories,
                                           std::span<const SplitPoint> splits, int64_t num_items);
/// ln p(item | last) over the whole catalogue, with the items that followed the history's newest
/// one n(last, .) times and P the popularity distribution with 1 added to every count:
/// p = (n(last, item) + P(item)) / (sum of n(last, .) + 1), which backs off to P.
std::unique_ptr<Scorer> make_next_scorer(NextCounts counts);

/// How often each item occurs before `end` (a member of SplitPoint) of every user.
std::vector<int64_t> count_items(JaggedView<int32_t> histories, std::span<const SplitPoint> splits,
                                 int64_t num_items, int64_t SplitPoint::*end);
/// Counts as float scores of the same order, exactly.
std::vector<float> count_scores(const std::vector<int64_t>& counts);

/// Ranks of all targets of all queries (same offsets as queries.targets), 0-based: places in the
/// list of all candidates, where other targets of the same user are candidates too. Queries are
/// scored in blocks; a score does not depend on its block, so the result is the same for any number
/// of threads. Interrupted: Error with ExitCode::interrupted.
Jagged<int64_t> rank_targets(const Scorer& scorer, const Queries& queries, const Protocol& protocol,
                             WorkerPool& pool);

struct MetricResult {
  Metric metric;
  double mean = 0;
  double half_width = 0;         ///< of the 95 % interval of the mean (normal approximation)
  std::vector<double> per_user;  ///< one value per query
  bool of_users = true;          ///< a mean of users; else one value of all lists, no interval
};
struct EvalResult {
  int64_t users = 0;
  std::vector<MetricResult> metrics;
  const MetricResult& get(const std::string& label) const;  ///< usage Error when absent
};
/// `repeats` are those of UserRanks, no rows = none.
EvalResult compute_metrics(const std::vector<Metric>& metrics, const Jagged<int64_t>& ranks,
                           const Jagged<int64_t>& repeats = {});
/// Mean and half width of one value per user.
MetricResult summarise(Metric metric, std::vector<double> per_user);

struct ScoredItem {
  int32_t item = 0;
  float score = 0;
  bool operator==(const ScoredItem&) const = default;
};
/// The order of lists: higher scores first, lower items among equals.
inline bool ranks_before(const ScoredItem& a, const ScoredItem& b) {
  return a.score != b.score ? a.score > b.score : a.item < b.item;
}
/// The k best items of every query, best first, ties by lower item number; histories excluded when
/// `exclude_seen` (targets stay candidates, as in rank_targets), and items that are not in
/// `eligible` where it is given: the list is the full ranking with the others taken out, bit for
/// bit. Rows can be shorter than k when few candidates are left.
Jagged<ScoredItem> top_items(const Scorer& scorer, const Queries& queries, int64_t k,
                             bool exclude_seen, WorkerPool& pool,
                             const ItemSet* eligible = nullptr);

}  // namespace truenext
