// SPDX-License-Identifier: Apache-2.0
#include "cli/blend.h"

#include <charconv>
#include <utility>
#include <vector>

#include "base/error.h"
#include "cli/arguments.h"
#include "eval/ensemble.h"
#include "eval/item_match.h"

namespace truenext::cli {
namespace {

constexpr std::string_view kCounts = "counts:";

/// Nothing when `text` is not wholly a number.
std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end.ec != std::errc() || end.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

void add_blend_option(Command& verb, BlendArguments& arguments) {
  verb.add_option("--blend", arguments.text,
                  "counts:SHARE mixes so much of p(item | newest item) by counts of the training "
                  "part into the model's probabilities: a hybrid, from a full scan")
      .show_type("counts:SHARE");
}

BlendReport check_blend(const BlendArguments& arguments, bool ensemble) {
  BlendReport report;
  if (!arguments.exists()) return report;
  const std::string& text = arguments.text;
  const std::optional<double> share = text.starts_with(kCounts)
                                          ? number_in(std::string_view(text).substr(kCounts.size()))
                                          : std::nullopt;
  check_usage(share && *share > 0 && *share < 1,
              "--blend {}: want counts:SHARE with a share above 0 and below 1, e.g. counts:0.05",
              text);
  check_usage(!ensemble,
              "--blend {}: mixes counts into the probabilities of one model; leave out --ensemble, "
              "or blend one run",
              text);
  report.counts = *share;
  return report;
}

BlendCounts find_counts(const ModelFile& model, const Dataset* data) {
  if (const auto& stored = model.description().counts) return {*stored, "the model file"};
  check_data(data != nullptr,
             "--blend: the model file holds no counts; train with --store-counts, or say --data "
             "FOLDER, whose training part is counted");
  const ItemMatch match = match_items(data->items(), model.num_items(),
                                      [&](std::string_view raw) { return model.find_item(raw); });
  check_data(match.unknown_to_model < data->num_items(),
             "--blend: the model knows none of the {} items of {}; want the data that it was "
             "trained on",
             data->num_items(), data->folder().string());
  return {renumbered(count_next(*data), match.to_model, model.num_items()),
          fmt::format("the training part of {}", data->folder().string())};
}

std::unique_ptr<Scorer> blended(std::unique_ptr<Scorer> model, NextCounts counts, double share) {
  std::vector<std::unique_ptr<Scorer>> members;
  members.push_back(std::move(model));
  members.push_back(make_next_scorer(std::move(counts)));
  EnsembleOptions options;  // by mean probabilities, which is what a blend is
  options.weights = {1 - share, share};
  return make_ensemble_scorer(std::move(members), options);
}

}  // namespace truenext::cli
