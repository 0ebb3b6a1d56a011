// SPDX-License-Identifier: Apache-2.0
#include "eval/metrics.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <iterator>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "base/options.h"
#include "eval/metric_list.h"

namespace truenext {
namespace {

std::string lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

std::string trimmed(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string> words(const char* text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

/// The metric that is written so, any spelling.
const MetricInfo& read_name(const std::string& written, const std::string& text) {
  std::vector<std::string> known;
  for (const MetricInfo& info : metric_list()) {
    for (const std::string& spelling : words(info.names)) {
      if (written == spelling) return info;
      known.push_back(spelling);
    }
  }
  const std::string near = nearest_word(written, known);
  fail_usage("metric \"{}\" is unknown{}; want {} with a cutoff, e.g. ndcg@10", text,
             near.empty() ? "" : fmt::format(", did you mean {}?", near), metric_names());
}

Metric parse_metric(const std::string& text) {
  const size_t at = text.find('@');
  const MetricInfo& info = read_name(lower(text.substr(0, at)), text);
  Metric metric{std::string(info.name())};
  if (at != std::string::npos) {
    const char* begin = text.data() + at + 1;
    const char* end = text.data() + text.size();
    const auto parsed = std::from_chars(begin, end, metric.cutoff);
    check_usage(parsed.ec == std::errc() && parsed.ptr == end && metric.cutoff >= 1,
                "metric \"{}\": the cutoff must be a whole number from 1, e.g. {}@10", text,
                metric.name);
  }
  check_usage(metric.cutoff > 0 || !info.needs_cutoff,
              "metric \"{}\" means nothing without a cutoff; write {}@10", text, metric.name);
  return metric;
}

constexpr std::pair<TieRule, const char*> kTieRules[] = {{TieRule::half, "half"},
                                                         {TieRule::ahead, "ahead"},
                                                         {TieRule::behind, "behind"},
                                                         {TieRule::lower_id, "lower-id"},
                                                         {TieRule::random, "random"}};

}  // namespace

// Spellings first, then whether a cutoff must be said, then the function.
const std::vector<MetricInfo>& metric_list() {
  static const std::vector<MetricInfo> list{
      {"ndcg", false, ndcg_value},
      {"recall r", true, recall_value},
      {"hr hit hitrate hit_rate success", true, hit_value},
      {"mrr rr", false, reciprocal_rank_value},
      {"precision p", true, precision_value},
      {"map ap", false, average_precision_value},
      {"ndcg_rel", false, ndcg_rel_value},
      {"ndcg_prefix", true, ndcg_prefix_value},
      {"ndcg_rel_prefix", true, ndcg_rel_prefix_value},
      {"rls_rbo", true, rls_rbo_value},
      {"rls_jac", true, rls_jac_value},
      {"frbo rls_frbo", true, frbo_value},
  };
  return list;
}

std::string_view MetricInfo::name() const {
  const std::string_view all(names);
  return all.substr(0, all.find(' '));
}

const MetricInfo& find_metric(std::string_view name) {
  for (const MetricInfo& info : metric_list()) {
    if (name == info.name()) return info;
  }
  fail_usage("metric \"{}\" is unknown; want one of {}", name, metric_names());
}

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

std::string metric_names() {
  std::string names;
  for (const MetricInfo& info : metric_list()) {
    if (!names.empty()) names += ", ";
    names += info.name();
  }
  return names;
}

double metric_value(const Metric& metric, const UserRanks& ranks) {
  if (ranks.held_out.empty()) return 0;
  return find_metric(metric.name).value(ranks, metric.cutoff == 0 ? kNeverRanked : metric.cutoff);
}

}  // namespace truenext
