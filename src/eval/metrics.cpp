// SPDX-License-Identifier: Apache-2.0
#include "eval/metrics.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/options.h"

namespace upnext {
namespace {

struct Spelling {
  const char* written;
  const char* name;
};
constexpr Spelling kSpellings[] = {
    {"ndcg", "ndcg"}, {"recall", "recall"}, {"r", "recall"},    {"hr", "hr"},
    {"hit", "hr"},    {"hitrate", "hr"},    {"hit_rate", "hr"}, {"success", "hr"},
    {"mrr", "mrr"},   {"rr", "mrr"},        {"p", "precision"}, {"precision", "precision"},
    {"map", "map"},   {"ap", "map"},
};

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

Metric parse_metric(const std::string& text) {
  const size_t at = text.find('@');
  const std::string written = lower(text.substr(0, at));
  Metric metric;
  std::vector<std::string> known;
  for (const Spelling& spelling : kSpellings) {
    if (written == spelling.written) metric.name = spelling.name;
    known.emplace_back(spelling.written);
  }
  if (metric.name.empty()) {
    const std::string near = nearest_word(written, known);
    fail_usage(
        "metric \"{}\" is unknown{}; want ndcg, recall, hr, mrr, precision or map with a "
        "cutoff, e.g. ndcg@10",
        text, near.empty() ? "" : fmt::format(", did you mean {}?", near));
  }
  if (at != std::string::npos) {
    const char* begin = text.data() + at + 1;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(begin, end, metric.cutoff);
    check_usage(parsed.ec == std::errc() && parsed.ptr == end && metric.cutoff >= 1,
                "metric \"{}\": the cutoff must be a whole number from 1, e.g. {}@10", text,
                metric.name);
  }
  const bool needs_cutoff =
      metric.name == "recall" || metric.name == "hr" || metric.name == "precision";
  check_usage(metric.cutoff > 0 || !needs_cutoff,
              "metric \"{}\" means nothing without a cutoff; write {}@10", text, metric.name);
  return metric;
}

double discount(int64_t rank) {
  return 1.0 / std::log2(static_cast<double>(rank) + 2.0);
}

/// Ranks inside the cutoff, best first.
std::vector<int64_t> hits(std::span<const int64_t> ranks, int64_t cutoff) {
  std::vector<int64_t> inside;
  for (const int64_t rank : ranks) {
    if (rank < cutoff) inside.push_back(rank);
  }
  std::sort(inside.begin(), inside.end());
  return inside;
}

double ndcg(const std::vector<int64_t>& inside, int64_t targets, int64_t cutoff) {
  double gained = 0;
  for (const int64_t rank : inside) gained += discount(rank);
  double ideal = 0;
  for (int64_t rank = 0; rank < std::min(targets, cutoff); ++rank) ideal += discount(rank);
  return gained / ideal;
}

double average_precision(const std::vector<int64_t>& inside, int64_t targets) {
  double sum = 0;
  for (size_t i = 0; i < inside.size(); ++i) {
    sum += static_cast<double>(i + 1) / static_cast<double>(inside[i] + 1);
  }
  return sum / static_cast<double>(targets);
}

constexpr std::pair<TieRule, const char*> kTieRules[] = {{TieRule::half, "half"},
                                                         {TieRule::ahead, "ahead"},
                                                         {TieRule::behind, "behind"},
                                                         {TieRule::lower_id, "lower-id"},
                                                         {TieRule::random, "random"}};

}  // namespace

TieRule parse_tie_rule(const std::string& name) {
  for (const auto& [rule, known] : kTieRules) {
    if (name == known) return rule;
  }
  fail_usage("tie rule \"{}\" is unknown; want half, ahead, behind, lower-id or random", name);
}

std::string tie_rule_name(TieRule rule) {
  for (const auto& [known, name] : kTieRules) {
    if (rule == known) return name;
  }
  return "";
}

std::string Metric::label() const {
  return cutoff == 0 ? name : fmt::format("{}@{}", name, cutoff);
}

std::vector<Metric> parse_metrics(const std::string& list) {
  std::vector<Metric> metrics;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t comma = std::min(list.find(',', begin), list.size());
    const std::string part = trimmed(list.substr(begin, comma - begin));
    begin = comma + 1;
    if (part.empty()) continue;
    const Metric metric = parse_metric(part);
    if (std::find(metrics.begin(), metrics.end(), metric) == metrics.end()) {
      metrics.push_back(metric);
    }
  }
  check_usage(!metrics.empty(), "no metric was named; want a list such as ndcg@10,recall@10");
  return metrics;
}

double metric_value(const Metric& metric, std::span<const int64_t> ranks) {
  const int64_t targets = static_cast<int64_t>(ranks.size());
  if (targets == 0) return 0;
  // A rank of kNeverRanked is below no cutoff.
  const int64_t cutoff = metric.cutoff == 0 ? kNeverRanked : metric.cutoff;
  const std::vector<int64_t> inside = hits(ranks, cutoff);
  const double count = static_cast<double>(inside.size());
  if (inside.empty()) return 0;
  if (metric.name == "ndcg") return ndcg(inside, targets, cutoff);
  if (metric.name == "recall") return count / static_cast<double>(targets);
  if (metric.name == "hr") return 1;
  if (metric.name == "mrr") return 1.0 / static_cast<double>(inside.front() + 1);
  if (metric.name == "precision") return count / static_cast<double>(metric.cutoff);
  if (metric.name == "map") return average_precision(inside, targets);
  fail_usage("metric \"{}\" is unknown", metric.name);
}

}  // namespace upnext
