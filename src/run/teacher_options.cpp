// SPDX-License-Identifier: Apache-2.0
#include "run/teacher_options.h"

namespace truenext {

void TeacherOptions::list(OptionList& options) {
  const std::vector<std::string> any = {"model", "data"};
  options.add("kind", kind,
              "teachers that are trained before the run: on the same data with other seeds "
              "(model), or each on a sample of the users (data)");
  options.add("count", count, "how many").range(1, 64).only_with("teachers.kind", any);
  options
      .add("presets", presets,
           "configurations of the teachers: one for all or one each; empty = as the student")
      .only_with("teachers.kind", any);
  options.add("settings", settings, "key=value on top, for every teacher")
      .only_with("teachers.kind", any);
  options.add("share", share, "of the users that a teacher is trained on")
      .range(0.01, 1)
      .only_with("teachers.kind", {"data"});
  options.add("sample", sample, "seed of the first teacher's users, one more for each other")
      .at_least(0)
      .only_with("teachers.kind", {"data"});
}

}  // namespace truenext
