// SPDX-License-Identifier: Apache-2.0
#include "run/teacher_options.h"

namespace truenext {

void TeacherOptions::list(OptionList& options) {
  const std::vector<std::string> any = {"model", "data", "training"};
  options.add(
      "kind", kind,
      "teachers that are trained before the run: on the same data with other seeds "
      "(model), each on a sample (data), or one on everything that is tied to another one on "
      "a sample (training)");
  options.add("count", count, "how many")
      .range(1, 64)
      .only_with("teachers.kind", {"model", "data"});
  options
      .add("presets", presets,
           "configurations of the teachers: one for all or one each; empty = as the student")
      .only_with("teachers.kind", any);
  options.add("settings", settings, "key=value on top, for every teacher")
      .only_with("teachers.kind", any);
  options
      .add("sample_of", sample_of,
           "what a sample has a share of: users with all they did, or the events of every user")
      .only_with("teachers.kind", {"data", "training"});
  options.add("share", share, "of the users or events that a teacher is trained on")
      .range(0.01, 1)
      .only_with("teachers.kind", {"data", "training"});
  options.add("sample", sample, "seed of the first teacher's sample, one more for each other")
      .at_least(0)
      .only_with("teachers.kind", {"data", "training"});
  const std::vector<std::string> training = {"training"};
  options
      .add("alpha", alpha,
           "of the tie of the main teacher to the auxiliary one: alpha KL(main || auxiliary) + "
           "(1 - alpha) KL(auxiliary || main) beside its cross-entropy")
      .range(0, 1)
      .only_with("teachers.kind", training);
  options.add("tie_kept", tie_kept, "labels.kept of what the auxiliary one tells the main one")
      .at_least(0)
      .only_with("teachers.kind", training);
  options
      .add("with_auxiliary", with_auxiliary,
           "the student learns from both (CSRec's dvae_ensemble), not from the main one alone")
      .only_with("teachers.kind", training);
  options
      .add("observation", observation,
           "the tie has its third term, too: which item comes to be observed when another is meant")
      .only_with("teachers.kind", training);
  options
      .add("tempered", tempered,
           "teachers are trained at labels.temperature, as published by an accident: their labels "
           "are then as sharp as at temperature 1")
      .only_with("teachers.kind", {"model", "data"});
}

}  // namespace truenext
