// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "cli/bench.h"
#include "eval/evaluator.h"
#include "eval/item_match.h"
#include "eval/run_inputs.h"
#include "inference/model_file.h"
#include "net/encoder.h"
#include "run/step_work.h"

namespace truenext::cli {
namespace {

constexpr int64_t kListed = 10;  // items in an answer
constexpr int64_t kWarmUp = 10;  // queries that are not timed

/// Weights that make finite scores; the speed of a model does not depend on what it learned.
class RandomModel {
 public:
  RandomModel(const ModelOptions& options, int64_t num_items, uint64_t seed) {
    check_usage(
        options.attributes == AttributeUse::none,
        "bench: model.attributes = \"{}\" with random weights; answers are as fast without, "
        "since tables are composed when a model is opened: leave it out, or give --model",
        word_of(options.attributes));
    const double bound = 1.0 / std::sqrt(static_cast<double>(options.hidden_size));
    for (const TensorInfo& info : model_tensors(options, num_items)) {
      TensorView view{info.shape, nullptr};
      std::vector<float>& values = storage_.emplace_back(static_cast<size_t>(view.size()));
      RandomStream random(random_key(seed, Purpose::initialise, storage_.size()));
      for (float& value : values) value = static_cast<float>(bound * (2 * random.uniform() - 1));
      view.data = values.data();
      weights_.emplace(info.name, std::move(view));
    }
    encoder_ = make_encoder(options, weights_);
  }
  const SequenceEncoder& encoder() const { return *encoder_; }

 private:
  std::deque<std::vector<float>> storage_;
  TensorMap weights_;
  std::unique_ptr<SequenceEncoder> encoder_;
};

/// A model, the dataset's test queries and what it needs to answer them.
struct Serving {
  /// Random weights know at least `least_items` items.
  explicit Serving(const BenchTask& task, int64_t least_items = 0)
      : dataset(Dataset::open(task.config.data.path)), pool(task.threads) {
    if (task.arguments.model.empty()) {
      options = task.config.model;
      options.resolve();
      random = std::make_unique<RandomModel>(options, std::max(least_items, dataset.num_items()),
                                             protocol.seed);
      scorer = make_encoder_scorer(random->encoder());
    } else {
      file = ModelFile::open(task.arguments.model);
      options = file->description().model;
      check_same_data(file->description(), dataset, /*allow=*/true);
      ItemMatch match = match_items(dataset.items(), file->num_items(),
                                    [this](auto raw) { return file->find_item(raw); });
      same_items = match.identical;
      scorer = make_matched_scorer(file->encoder(), std::move(match));
    }
    protocol.with_times = options.time != TimeUse::none;
    queries = make_queries(dataset, protocol);
    check_data(!queries.users.empty(), "{}: the split holds out nothing to be tested on",
               dataset.folder().string());
  }

  /// Answers as `truenext recommend --stdin` does, unless the model has other items than the
  /// dataset.
  void expect_single_queries() {
    if (!same_items) return;
    scorer = make_query_scorer(file ? file->encoder() : random->encoder(), pool);
  }

  BenchReport report() const {
    BenchReport report;
    report.add_fact("model", fmt::format("{}, hidden size {}, max length {}, {}", options.name,
                                         options.hidden_size, options.max_length,
                                         file ? "from a file" : "random weights"));
    report.add_count("items", scorer->num_items());
    return report;
  }

  /// Useful operations of queries begin .. end - 1.
  double flop(int64_t begin, int64_t end) const {
    PackedSize size;
    for (int64_t query = begin; query < end; ++query) {
      size.add_sequence(std::min(queries.histories.row_size(query), options.max_length));
    }
    return inference_work(options, scorer->num_items(), size).total();
  }

  Dataset dataset;
  WorkerPool pool;
  ModelOptions options;
  std::optional<ModelFile> file;
  std::unique_ptr<RandomModel> random;
  bool same_items = true;  ///< the model's and the dataset's
  std::unique_ptr<Scorer> scorer;
  Protocol protocol;
  Queries queries;
};

void stop_if_interrupted() {
  if (interrupted()) throw Error(ExitCode::interrupted, "bench: interrupted");
}

}  // namespace

BenchReport bench_evaluate(const BenchTask& task) {
  Serving serving(task);
  const int64_t users = serving.queries.histories.size();
  const double flop = serving.flop(0, users);
  std::vector<BenchSample> samples;
  Jagged<int64_t> ranks;
  for (int64_t repeat = -1; repeat < task.repeats; ++repeat) {
    stop_if_interrupted();
    const BenchSample sample = timed([&](BenchSample& s) {
      ranks = rank_targets(*serving.scorer, serving.queries, serving.protocol, serving.pool);
      s.count = static_cast<double>(users);
      s.flop = flop;
    });
    if (repeat >= 0) samples.push_back(sample);  // the first round warms up
  }
  BenchReport report = serving.report();
  report.add_count("users", users);
  report.add_samples("users", samples);
  for (const MetricResult& metric :
       compute_metrics(parse_metrics("ndcg@10,recall@10"), ranks).metrics) {
    report.add(metric.metric.label(), metric.mean, fmt::format("{:.6f}", metric.mean));
  }
  return report;
}

BenchReport bench_recommend(const BenchTask& task) {
  // Few simulated users meet few of the items; the catalogue has the size that was asked for.
  Serving serving(task, task.arguments.data.empty() ? task.arguments.simulated.items : 0);
  const double begin = wall_seconds();
  serving.expect_single_queries();
  const double preparation = wall_seconds() - begin;
  std::vector<BenchSample> samples;
  std::vector<double> milliseconds, cpu_milliseconds;
  for (int64_t i = -kWarmUp; i < task.repeats; ++i) {
    stop_if_interrupted();
    const int64_t query = (i + kWarmUp) % serving.queries.histories.size();
    Queries one;
    one.histories.add_row(serving.queries.histories.row(query));
    one.add_times(serving.queries, query);
    const double flop = serving.flop(query, query + 1);
    const BenchSample sample = timed([&](BenchSample& s) {
      top_items(*serving.scorer, one, kListed, serving.protocol.exclude_seen, serving.pool);
      s.count = 1;
      s.flop = flop;
    });
    if (i < 0) continue;
    samples.push_back(sample);
    milliseconds.push_back(1e3 * sample.seconds);
    cpu_milliseconds.push_back(1e3 * sample.cpu_seconds);
  }
  BenchReport report = serving.report();
  report.add_fact("answers", fmt::format("{} items without those of the history, one history at "
                                         "a time",
                                         kListed));
  report.add("preparation_ms", 1e3 * preparation, fmt::format("{:.0f} ms", 1e3 * preparation));
  report.add_samples("queries", samples);
  for (const int percent : {50, 95, 99}) {
    const double value = quantile(milliseconds, percent / 100.0);
    report.add(fmt::format("p{}_ms", percent), value, fmt::format("{:.3f} ms", value));
  }
  // On a machine with other jobs the clock tells how long those ran in between.
  for (const int percent : {50, 99}) {
    const double value = quantile(cpu_milliseconds, percent / 100.0);
    report.add(fmt::format("p{}_cpu_ms", percent), value, fmt::format("{:.3f} ms", value));
  }
  return report;
}

}  // namespace truenext::cli
