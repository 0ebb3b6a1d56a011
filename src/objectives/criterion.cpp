// SPDX-License-Identifier: Apache-2.0
#include "objectives/criterion.h"

#include "base/error.h"
#include "base/options.h"

namespace upnext {

extern const CriterionInfo bce_criterion;
extern const CriterionInfo gbce_criterion;
extern const CriterionInfo softmax_criterion;

const std::vector<const CriterionInfo*>& criterion_list() {
  static const std::vector<const CriterionInfo*> list = {
      // Adding a criterion: write objectives/<name>.cpp, then declare it above and add a line here.
      &bce_criterion,
      &gbce_criterion,
      &softmax_criterion,
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

}  // namespace upnext
