// SPDX-License-Identifier: Apache-2.0
#include "cli/noise_score.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "base/resources.h"
#include "cli/list_rows.h"
#include "data/noise.h"
#include "data/noise_truth.h"
#include "data/tsv_id.h"
#include "eval/detection.h"
#include "eval/run_inputs.h"

namespace truenext::cli {
namespace {

/// A reading of the events beside the truth.
struct Judged {
  std::string name;
  Detection detection;
};

std::vector<Member> open_runs(const NoiseScoreArguments& arguments, const Dataset& dataset) {
  std::vector<Member> members = open_members(arguments.runs, dataset);
  for (const Member& member : members) {
    if (!member.model) continue;
    check_same_data(member.model->description(), dataset, arguments.allow_other_data,
                    {member.name, "what surprises it here need not be noise",
                     "the score is about events that it was trained on"});
  }
  return members;
}

std::string data_of(const NoiseScoreArguments& arguments) {
  if (!arguments.data.empty()) return arguments.data;
  for (const std::string& run : arguments.runs) {
    if (run == kPopularityMember || run == kItemToItemMember) continue;
    return find_data_folder(run, ModelFile::open(run).description(), "").string();
  }
  fail_usage("noise --score {}: say which dataset, before --score", arguments.runs.front());
}

/// One line an event: what it is, how it looks and, where that is known, what it was.
void write_events(const std::string& out, const EventNoise& noise, const Dataset& dataset,
                  const std::optional<NoiseTruth>& truth) {
  ListSink sink(out);
  sink.write(fmt::format("user\tposition\titem\tloss\texcess\tfollowing{}\tscore{}\n",
                         noise.disagreement.empty() ? "" : "\tdisagreement",
                         truth ? "\ttruth" : ""));
  std::string lines;
  for (int64_t user = 0; user < dataset.num_users(); ++user) {
    const std::string id = tsv_id(dataset.users().raw(user));
    const auto history = dataset.histories().row(user);
    for (int64_t e = noise.offsets[user]; e < noise.offsets[user + 1]; ++e) {
      const int64_t place = e - noise.offsets[user];
      lines += fmt::format("{}\t{}\t{}\t{}\t{}\t{}", id, place + 1,
                           tsv_id(dataset.items().raw(history[place])), noise.loss[e],
                           noise.excess[e], noise.following[e]);
      if (!noise.disagreement.empty()) lines += fmt::format("\t{}", noise.disagreement[e]);
      lines += fmt::format("\t{}", noise.score[e]);
      if (truth) {
        const int64_t event = dataset.histories().offsets[user] + place;
        lines += fmt::format("\t{}", word_of(truth->mark(event)));
      }
      lines += '\n';
    }
    sink.write(lines);
    lines.clear();
  }
  sink.commit();
}

/// All readings against the truth; none where no event, or every one, is noise.
std::vector<Judged> judge(const EventNoise& noise, const Dataset& dataset,
                          const NoiseTruth& truth) {
  const std::vector<int64_t> counts = count_items(dataset.histories(), dataset.splits(),
                                                  dataset.num_items(), &SplitPoint::train_end);
  std::vector<uint8_t> sought;
  std::vector<float> rare, useless;
  for (int64_t user = 0; user < dataset.num_users(); ++user) {
    const auto history = dataset.histories().row(user);
    for (int64_t place = 0; place < dataset.splits()[user].train_end; ++place) {
      const NoiseMark mark = truth.mark(dataset.histories().offsets[user] + place);
      sought.push_back(mark == NoiseMark::genuine ? 0 : 1);
      rare.push_back(-static_cast<float>(counts[history[place]]));
    }
  }
  for (const float following : noise.following) useless.push_back(-following);
  std::vector<Judged> all{{"score", detect(noise.score, sought)}};
  if (!all.front().detection.is_defined()) return {};
  all.push_back({"loss", detect(noise.loss, sought)});
  all.push_back({"excess", detect(noise.excess, sought)});
  all.push_back({"following, least first", detect(useless, sought)});
  if (!noise.disagreement.empty()) {
    all.push_back({"disagreement", detect(noise.disagreement, sought)});
  }
  all.push_back({"popularity, rarest first", detect(rare, sought)});
  return all;
}

/// Scores in order, and what is said of them.
class Spread {
 public:
  explicit Spread(std::vector<float> scores) : scores_(std::move(scores)) {
    std::ranges::sort(scores_);
  }
  /// The least score that so large a share does not exceed.
  double quantile(double share) const {
    if (scores_.empty()) return 0;
    const auto last = static_cast<double>(scores_.size() - 1);
    return scores_[static_cast<size_t>(std::ceil(share * last))];
  }
  double mean() const {
    const double sum = std::accumulate(scores_.begin(), scores_.end(), 0.0);
    return scores_.empty() ? 0 : sum / static_cast<double>(scores_.size());
  }

 private:
  std::vector<float> scores_;
};

/// Whether one of the runs was told when items were asked for.
bool any_told(const std::vector<Member>& members) {
  return std::ranges::any_of(members, [](const Member& member) {
    return member.model && member.model->description().model.time == TimeUse::request;
  });
}

std::string summary_text(const NoiseScoreArguments& arguments, const EventNoise& noise,
                         const std::vector<Judged>& judged, bool told) {
  const Spread spread(noise.score);
  std::string text = fmt::format(
      "{} training events, {} of them without a history: popularity answers for these\n"
      "score: mean {:.4f}, median {:.4f}, 90 % up to {:.4f}, 99 % up to {:.4f}\n",
      noise.score.size(), noise.without_history, spread.mean(), spread.quantile(0.5),
      spread.quantile(0.9), spread.quantile(0.99));
  if (told) text += fmt::format("{}\n", kRequestTimeKnown);
  if (!arguments.out.empty()) text += fmt::format("scores of all: {}\n", arguments.out);
  if (judged.empty()) return text;
  text += fmt::format("{} events are noise, {} genuine; how well each tells them apart:\n",
                      judged.front().detection.sought, judged.front().detection.others);
  text += fmt::format("  {:<26}{:>7}{:>19}\n", "", "AUC", "average precision");
  for (const Judged& each : judged) {
    text += fmt::format("  {:<26}{:>7.4f}{:>19.4f}\n", each.name, each.detection.auc,
                        each.detection.average_precision);
  }
  return text;
}

void print_json(const NoiseScoreArguments& arguments, const Dataset& dataset,
                const EventNoise& noise, const std::vector<Judged>& judged, bool told) {
  const Spread spread(noise.score);
  nlohmann::ordered_json json;
  json["scores"] = arguments.out;
  json["runs"] = arguments.runs;
  json["dataset"] = dataset.folder().string();
  json["split_fingerprint"] = dataset.split_fingerprint();
  json["following"] = arguments.options.following;
  json["rate"] = arguments.options.rate;
  json["any_item"] = arguments.options.any_item;
  if (told) json["request_time"] = "known";
  json["events"] = noise.score.size();
  json["without_history"] = noise.without_history;
  json["mean"] = spread.mean();
  for (const int percent : {50, 90, 99}) {
    json["quantiles"][std::to_string(percent)] = spread.quantile(percent / 100.0);
  }
  json["truth"] = nullptr;
  if (!judged.empty()) {
    auto& truth = json["truth"];
    truth = {{"noise", judged.front().detection.sought},
             {"genuine", judged.front().detection.others}};
    for (const Judged& each : judged) {
      const std::string name = each.name.substr(0, each.name.find(','));
      truth[name] = {{"auc", each.detection.auc},
                     {"average_precision", each.detection.average_precision}};
    }
  }
  fmt::print("{}\n", json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace

void score_noise(const NoiseScoreArguments& arguments, const Globals& globals) {
  check_usage(!globals.json || !arguments.out.empty(),
              "noise --score: with --json standard output has the summary; say --out FILE for the "
              "events");
  const Dataset dataset = Dataset::open(data_of(arguments));
  const std::vector<Member> members = open_runs(arguments, dataset);
  WorkerPool pool(globals.threads > 0 ? globals.threads : available_threads());
  const double begin = wall_seconds();
  const EventNoise noise = score_events(arguments.options, members, dataset, pool);
  std::optional<NoiseTruth> truth;
  if (noise_report(dataset)) truth = NoiseTruth::open(dataset);
  write_events(arguments.out, noise, dataset, truth);
  const std::vector<Judged> judged = truth ? judge(noise, dataset, *truth) : std::vector<Judged>();
  const bool told = any_told(members);
  if (globals.json) {
    print_json(arguments, dataset, noise, judged, told);
  } else if (arguments.out.empty()) {
    log_info("{}", summary_text(arguments, noise, judged, told));
  } else {
    fmt::print("{}", summary_text(arguments, noise, judged, told));
  }
  log_info("{:.1f} s", wall_seconds() - begin);
}

}  // namespace truenext::cli
