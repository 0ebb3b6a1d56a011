// SPDX-License-Identifier: Apache-2.0
#include "run/grid_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "inference/error_text.h"
#include "support/test_files.h"

namespace truenext {
namespace {

class Grids : public ::testing::Test {
 protected:
  GridPlan plan(const std::string& text) {
    test::write_bytes(folder_ / "g.toml", text);
    return read_grid_plan(folder_ / "g.toml");
  }
  std::string refusal(const std::string& text) {
    ExitCode code = ExitCode::ok;
    const std::string message = error_text([&] { (void)grid_cells(plan(text)); }, &code);
    EXPECT_EQ(code, ExitCode::usage) << text;
    return message;
  }
  test::TemporaryFolder folder_;
};

constexpr const char* kHead = "out = \"runs\"\ndata = \"d/beauty\"\nseeds = [1, 2]\n";

TEST_F(Grids, VariantsComeBeforeTheProductWhoseLastKeyVariesFastest) {
  const GridPlan found = plan(std::string(kHead) +
                              "preset = \"gsasrec\"\n[grid]\n"
                              "train.learning_rate = [0.1, 1e-3]\nobjective.criterion = [\"bce\", "
                              "\"gbce\"]\n[[variant]]\nname = \"base\"\nmodel.dropout = 0.5\n");
  std::vector<std::string> names;
  for (const GridVariant& variant : found.variants) names.push_back(variant.name);
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "base", "learning_rate-0.1_criterion-bce", "learning_rate-0.1_criterion-gbce",
                "learning_rate-0.001_criterion-bce", "learning_rate-0.001_criterion-gbce"}));
  const auto cells = grid_cells(found);
  ASSERT_EQ(cells.size(), 10u);
  EXPECT_EQ(cells[0].run, "runs/base/beauty/seed-1");
  EXPECT_EQ(cells[0].config.model.dropout, 0.5);
  EXPECT_EQ(cells[0].config.preset, "gsasrec");
  EXPECT_EQ(cells[0].config.data.path, "d/beauty");
  EXPECT_EQ(cells[3].config.objective.criterion, "bce");
  EXPECT_EQ(cells[3].config.train.learning_rate, 1e-3);
  EXPECT_EQ(cells[5].seed, 2);  // every variant has its first seed before any has its second
  EXPECT_EQ(cells[5].config.train.seed, 2);
}

TEST_F(Grids, NamesTheResultsOfItsRuns) {
  const std::string variant = "[[variant]]\nname = \"a\"\n";
  EXPECT_EQ(plan(kHead + variant).results(), (std::vector<std::string>{"test"}));
  EXPECT_EQ(plan(std::string(kHead) +
                 "test_items = [1, 5]\ncandidates = [\"full\", \"original\"]\n" + variant)
                .results(),
            (std::vector<std::string>{"test", "test_m1", "test_m5", "test_original",
                                      "test_original_m1", "test_original_m5"}));
  EXPECT_EQ(plan(std::string(kHead) + "part = \"valid\"\ntest_items = [2]\n" + variant).results(),
            (std::vector<std::string>{"valid", "valid_m2"}));
  EXPECT_NE(refusal(std::string(kHead) + "part = \"train\"\n" + variant)
                .find("part = \"train\" is unknown; want one of test, valid"),
            std::string::npos);
  refusal(std::string(kHead) + "test_items = 5\n" + variant);
  refusal(std::string(kHead) + "test_items = [0]\n" + variant);
  refusal(std::string(kHead) + "candidates = [\"sampled\"]\n" + variant);
}

TEST_F(Grids, SetAppliesToAllAndAVariantIsOnTopOfIt) {
  const auto cells =
      grid_cells(plan(std::string(kHead) + "[set]\n\"train.epochs\" = 7\nmodel.hidden_size = 32\n"
                                           "[[variant]]\nname = \"a\"\n"
                                           "[[variant]]\nname = \"b\"\nmodel.hidden_size = 16\n"));
  EXPECT_EQ(cells[0].config.train.epochs, 7);
  EXPECT_EQ(cells[0].config.model.hidden_size, 32);
  EXPECT_EQ(cells[1].config.model.hidden_size, 16);
}

TEST_F(Grids, AVariantMayHaveAPresetOfItsOwnAndTeachers) {
  const auto cells = grid_cells(plan(
      "out = \"r\"\ndata = \"d\"\nseeds = [1]\npreset = \"gsasrec\"\n"
      "[set]\ntrain.epochs = 7\nteacher.train.epochs = 3\n"
      "[[variant]]\nname = \"base\"\n"
      "[[variant]]\nname = \"loss\"\npreset = \"relevance-linear\"\ncompat = \"relevance-2023\"\n"
      "[[variant]]\nname = \"csrec\"\npreset = \"csrec-m\"\nstudent_preset = \"gru4rec-ce\"\n"
      "student.model.dropout = 0.2\nlabels.kept = 20\n"
      "[[variant]]\nname = \"mixed\"\npreset = \"csrec-m\"\nteacher_presets = [\"narm-ce\", "
      "\"gru4rec-ce\"]\n"));
  ASSERT_EQ(cells.size(), 4U);
  EXPECT_EQ(cells[0].config.preset, "gsasrec");
  EXPECT_EQ(cells[0].config.teachers.kind, TeacherKind::none);
  EXPECT_EQ(cells[1].config.preset, "relevance-linear compat-relevance-2023");
  EXPECT_EQ(cells[2].config.preset, "csrec-m of gru4rec-ce");
  EXPECT_EQ(cells[2].config.teachers.kind, TeacherKind::model);
  EXPECT_EQ(cells[2].config.train.epochs, 7);
  EXPECT_EQ(cells[2].config.labels.kept, 20);
  EXPECT_EQ(cells[2].config.model.dropout, 0.2);
  const std::vector<std::string>& taught = cells[2].config.teachers.settings;
  EXPECT_NE(std::ranges::find(taught, "train.epochs=3"), taught.end());
  EXPECT_EQ(std::ranges::find(taught, "model.dropout=0.2"), taught.end());
  EXPECT_EQ(cells[3].config.preset, "csrec-m of sasrec-cce");
  EXPECT_EQ(cells[3].config.teachers.presets, (std::vector<std::string>{"narm-ce", "gru4rec-ce"}));
}

TEST_F(Grids, WhatSetSaysToStudentsReachesThoseOfPopularity) {
  const auto cells = grid_cells(plan(std::string(kHead) +
                                     "[set]\nstudent.train.epochs = 2\nteacher.train.epochs = 3\n"
                                     "[[variant]]\nname = \"m\"\npreset = \"csrec-m\"\n"
                                     "[[variant]]\nname = \"pop\"\npreset = \"csrec-pop\"\n"
                                     "[[variant]]\nname = \"alone\"\npreset = \"sasrec-cce\"\n"));
  EXPECT_EQ(cells[0].config.train.epochs, 2);
  EXPECT_EQ(cells[1].config.train.epochs, 2);
  EXPECT_EQ(cells[2].config.train.epochs, 200);
  EXPECT_TRUE(cells[1].config.teachers.settings.empty());
}

TEST_F(Grids, AStudentMayBeTaughtBySet) {
  const auto cells = grid_cells(
      plan(std::string(kHead) +
           "preset = \"sasrec-cce\"\n[set]\nlabels.teachers = [\"popularity\"]\n"
           "objective.label_share = 0.25\nstudent.train.epochs = 2\n[[variant]]\nname = \"a\"\n"));
  EXPECT_EQ(cells[0].config.train.epochs, 2);
  const auto own = grid_cells(plan(std::string(kHead) +
                                   "preset = \"sasrec-cce\"\n[set]\nstudent.train.epochs = 2\n"
                                   "[[variant]]\nname = \"a\"\nlabels.teachers = [\"popularity\"]\n"
                                   "objective.label_share = 0.25\n[[variant]]\nname = \"b\"\n"));
  EXPECT_EQ(own[0].config.train.epochs, 2);  // what the variant itself names counts, too
  EXPECT_EQ(own[1].config.train.epochs, 200);
}

TEST_F(Grids, TeachersMayComeFromSet) {
  const auto cells = grid_cells(plan(std::string(kHead) +
                                     "preset = \"sasrec-cce\"\n[set]\nteachers.kind = \"model\"\n"
                                     "objective.label_share = 0.3\nteacher.train.epochs = 3\n"
                                     "[[variant]]\nname = \"a\"\n"));
  const std::vector<std::string>& taught = cells[0].config.teachers.settings;
  EXPECT_NE(std::ranges::find(taught, "train.epochs=3"), taught.end());
}

TEST_F(Grids, WhatAVariantLeavesOutIsTheFiles) {
  const auto cells = grid_cells(plan(
      "out = \"r\"\ndata = \"d\"\nseeds = [1]\npreset = \"csrec-m\"\nstudent_preset = \"narm-ce\"\n"
      "[[variant]]\nname = \"as-the-file\"\n"
      "[[variant]]\nname = \"student\"\nstudent_preset = \"gru4rec-ce\"\n"
      "[[variant]]\nname = \"own\"\npreset = \"csrec-pop\"\n"));
  EXPECT_EQ(cells[0].config.preset, "csrec-m of narm-ce");
  EXPECT_EQ(cells[1].config.preset, "csrec-m of gru4rec-ce");
  EXPECT_EQ(cells[2].config.preset, "csrec-pop of sasrec-cce");
}

TEST_F(Grids, SeveralDatasetsByFolderNameOrByTheirOwn) {
  const auto listed =
      plan("out = \"r\"\nseeds = [3]\ndata = [\"x/one\", \"y/two/\"]\n[[variant]]\nname = \"v\"\n");
  EXPECT_EQ(listed.data[1].first, "two");
  const auto named =
      grid_cells(plan("out = \"r\"\nseeds = [3]\n[data]\nm1 = \"x/one\"\na5 = "
                      "\"y/one\"\n[[variant]]\nname = \"v\"\n"));
  ASSERT_EQ(named.size(), 2u);
  EXPECT_EQ(named[0].run, "r/v/m1/seed-3");
  EXPECT_EQ(named[1].config.data.path, "y/one");
}

TEST_F(Grids, MistakesAreNamedBeforeAnythingIsTrained) {
  const std::string head = kHead, variant = "[[variant]]\nname = \"v\"\n";
  const struct {
    std::string text, says;
  } cases[] = {
      {"out = \"r\"\nseeds = [1]\n" + variant, "data is missing"},
      {"data = \"d\"\nseeds = [1]\n" + variant, "out is missing"},
      {"data = \"d\"\nout = \"r\"\n" + variant, "seeds is missing"},
      {head, "nothing to try"},
      {head + "sede = [1]\n" + variant, "g.toml:4: unknown key sede; did you mean seeds?"},
      {"out = \"r\"\ndata = \"d\"\nseeds = [1, 1]\n" + variant, "g.toml:3: seed 1 comes twice"},
      {"out = \"r\"\ndata = \"d\"\nseeds = 1\n" + variant, "g.toml:3: seeds wants a list"},
      {"out = \"r\"\ndata = [\"a/x\", \"b/x\"]\nseeds = [1]\n" + variant,
       "two datasets are called x"},
      {head + variant + variant, "two variants are called v"},
      {head + "[[variant]]\nname = \"a/b\"\n", "g.toml:5: the name \"a/b\" becomes a folder"},
      {head + "[[variant]]\nmodel.dropout = 0.1\n", "the variant has no name"},
      {head + variant + "model.dropuot = 0.1\n",
       "variant v: unknown key model.dropuot; did you mean model.dropout?"},
      {head + variant + "model.dropout = \"much\"\n", "model.dropout wants a number"},
      {head + variant + "train.epochs = -1\n", "out of range"},
      {head + variant + "train.seed = 3\n", "train.seed is set by the lists"},
      {head + variant + "teacher.train.epochs = 3\n",
       "g.toml: variant v: teacher.train.epochs=3: this run has no stages of teachers"},
      {head + variant + "preset = \"csrec-m\"\nteacher.train.seed = 3\n",
       "teacher.train.seed is set by the lists"},
      {head + variant + "preset = \"csrec-m\"\nteacher.labels.kept = 3\n",
       "g.toml: variant v: teacher.labels.kept=3: a teacher has that from the run"},
      {head + variant + "student_preset = \"gru4rec-ce\"\n",
       "g.toml: variant v: --student gru4rec-ce: goes with a preset of teachers"},
      {head + variant + "presets = \"gsasrec\"\n",
       "g.toml:6: unknown key presets; did you mean preset?"},
      {head + variant + "preset = \"csrec-m\"\nstudent_preset = \"sasrec\"\n",
       "variant v: objective.label_share = 0.375: a soft label is a distribution"},
      {head + variant + "teacher_presets = \"gsasrec\"\n",
       "g.toml:6: teacher_presets wants a list of texts"},
      {head + variant + "preset = \"gsasrek\"\n", "variant v: --preset gsasrek: unknown"},
      {head + "[set]\ndropout = 0.1\n" + variant, "g.toml: set: unknown key dropout"},
      {head + "[set]\nmodel.dropout = 7\n" + variant, "g.toml: set: model.dropout=7: "},
      {head + "[noise]\nkinds = [\"swap\"]\nrates = [0.1]\n" + variant + "preset = \"auto\"\n",
       "variant v: auto is chosen for a dataset, and noisy ones are made later"},
      {head + "[grid]\nmodel.dropout = 0.1\n", "g.toml:5: model.dropout wants a list"},
      {head + "preset = \"gsasrek\"\n" + variant, "did you mean gsasrec"},
      {head + "x = \n", "not valid TOML"},
  };
  for (const auto& c : cases) {
    const std::string message = refusal(c.text);
    EXPECT_NE(message.find(c.says), std::string::npos) << message << "\n  wanted: " << c.says;
  }
}

class GridChecks : public Grids {
 protected:
  std::vector<std::string> warnings(const std::string& text) {
    const GridPlan found = plan(kHead + text);
    return check_grid(found, grid_cells(found));
  }
  std::string complaint(const std::string& text) {
    ExitCode code = ExitCode::ok;
    const std::string message = error_text([&] { (void)warnings(text); }, &code);
    EXPECT_EQ(code, ExitCode::usage) << text;
    return message;
  }
};

TEST_F(GridChecks, WhatNobodysTeachersReadIsRefused) {
  EXPECT_NE(complaint("[set]\nteacher.train.epochs = 3\n[[variant]]\nname = \"a\"\n")
                .find("[set] teacher.train.epochs: no variant has stages of teachers"),
            std::string::npos);
}

const std::string kFull = "preset = \"sasrec-ce\"\n";  // reads no objective.negatives

TEST_F(GridChecks, AListOfValuesThatNothingReadsIsRefused) {
  const std::string message = complaint(kFull + "[grid]\nobjective.negatives = [1, 4, 16]\n");
  for (const char* part : {"g.toml: [grid] objective.negatives: nothing reads it", "equal runs",
                           "objective.candidates is"}) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  }
}

TEST_F(GridChecks, AKeyThatNothingReadsIsWarnedOfOnce) {
  const std::string read = "[[variant]]\nname = \"a\"\nobjective.candidates = \"uniform\"\n";
  const std::string unread = "[[variant]]\nname = \"b\"\nobjective.negatives = 4\n";
  EXPECT_TRUE(warnings(kFull + "[set]\nobjective.negatives = 8\n" + read).empty());
  const auto found = warnings(kFull + "[set]\nobjective.negatives = 8\n" + unread);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_NE(found[0].find("[set]: objective.negatives was set"), std::string::npos) << found[0];
  const auto partly = warnings(kFull +
                               "[grid]\nobjective.candidates = [\"full\", \"uniform\"]\n"
                               "objective.negatives = [1, 4]\n");
  ASSERT_EQ(partly.size(), 1u);
  EXPECT_NE(partly[0].find("variant candidates-full_negatives-1: "), std::string::npos);
}

TEST_F(GridChecks, TheTestPartIsNotWatchedWhileTheOtherIsJudged) {
  const std::string set = "[set]\nwatch.parts = \"both\"\n[[variant]]\nname = \"a\"\n";
  EXPECT_TRUE(warnings(set).empty());
  const std::string message = complaint("part = \"valid\"\n" + set);
  EXPECT_NE(message.find("variant a: watch.parts = \"both\" opens the test part"),
            std::string::npos)
      << message;
}

}  // namespace
}  // namespace truenext
