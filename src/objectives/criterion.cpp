// SPDX-License-Identifier: Apache-2.0
#include "objectives/criterion.h"

#include "base/error.h"
#include "base/options.h"

namespace truenext {

extern const CriterionInfo bce_criterion;
extern const CriterionInfo bce_mean_criterion;
extern const CriterionInfo bce_sum_criterion;
extern const CriterionInfo gbce_criterion;
extern const CriterionInfo softmax_criterion;
extern const CriterionInfo bpr_criterion;
extern const CriterionInfo bpr_max_criterion;
extern const CriterionInfo top1_criterion;
extern const CriterionInfo top1_max_criterion;
extern const CriterionInfo bce_published_criterion;
extern const CriterionInfo bpr_published_criterion;
extern const CriterionInfo bpr_max_published_criterion;
extern const CriterionInfo top1_published_criterion;
extern const CriterionInfo top1_max_published_criterion;

const std::vector<const CriterionInfo*>& criterion_list() {
  static const std::vector<const CriterionInfo*> list = {
      // Adding a criterion: write objectives/<name>.cpp, then declare it above and add a line here.
      &bce_criterion,
      &bce_mean_criterion,
      &bce_sum_criterion,
      &gbce_criterion,
      &softmax_criterion,
      &bpr_criterion,
      &bpr_max_criterion,
      &top1_criterion,
      &top1_max_criterion,
      &bce_published_criterion,
      &bpr_published_criterion,
      &bpr_max_published_criterion,
      &top1_published_criterion,
      &top1_max_published_criterion,
  };
  return list;
}

const CriterionInfo& find_criterion(const std::string& name) {
  std::vector<std::string> known;
  for (const CriterionInfo* info : criterion_list()) {
    if (info->name == name) return *info;
    known.push_back(info->name);
  }
  const std::string near = nearest_word(name, known);
  fail_usage("objective.criterion: \"{}\" is unknown{}; want one of {}", name,
             near.empty() ? "" : fmt::format(", did you mean \"{}\"?", near),
             fmt::join(known, ", "));
}

std::string criterion_table() {
  std::string table = "| `objective.criterion` | loss of a position | source |\n|---|---|---|\n";
  for (const CriterionInfo* info : criterion_list()) {
    table += fmt::format("| `{}` | {} | {} |\n", info->name, info->formula, info->source);
  }
  return table;
}

}  // namespace truenext
