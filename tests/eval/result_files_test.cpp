// SPDX-License-Identifier: Apache-2.0
#include "eval/result_files.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "data/tsv_id.h"
#include "eval/result_report.h"
#include "eval/run_inputs.h"
#include "eval/small_dataset.h"
#include "eval/table_scorer.h"

namespace truenext {
namespace {

class ResultFiles : public ::testing::Test {
 protected:
  int32_t item(const char* raw) const { return *dataset_.items().find(raw); }

  test::TemporaryFolder folder_;
  Dataset dataset_ = small_dataset(folder_,
                                   "ann,a,1\nann,b,2\nann,c,3\nann,d,4\n"
                                   "bob x,b,1\nbob x,c,2\nbob x,a,3\nbob x,50%,4\n");
  Queries queries_ = make_queries(dataset_, {});
  WorkerPool pool_{1};
};

TEST_F(ResultFiles, PerUserLinesHoldRawIdsMetricsAndRanks) {
  Jagged<int64_t> ranks;
  ranks.add_row(std::vector<int64_t>{1});
  ranks.add_row(std::vector<int64_t>{kNeverRanked});
  const EvalResult result = compute_metrics(parse_metrics("mrr,hr@1"), ranks);
  write_per_user(folder_ / "per_user.tsv", dataset_, queries_, ranks, result);
  EXPECT_EQ(read_file(folder_ / "per_user.tsv"),
            "user\tmrr\thr@1\trank\nann\t0.5\t0\t2\nbob x\t0\t0\t-\n");
}

TEST_F(ResultFiles, TrecRunAndQrelsAreReadableByTrecTools) {
  std::vector<float> scores(static_cast<size_t>(dataset_.num_items()));
  scores[static_cast<size_t>(item("a"))] = 9;  // seen by both
  scores[static_cast<size_t>(item("d"))] = 2.5f;
  scores[static_cast<size_t>(item("50%"))] = 0.25f;
  const auto scorer = make_item_scorer(scores);
  write_trec_run(folder_ / "run", dataset_, *scorer, queries_, {10, true, "my run"}, pool_);
  EXPECT_EQ(read_file(folder_ / "run"),
            "ann Q0 d 1 2.5 my%20run\nann Q0 50%25 2 0.25 my%20run\n"
            "bob%20x Q0 d 1 2.5 my%20run\nbob%20x Q0 50%25 2 0.25 my%20run\n");
  write_trec_qrels(folder_ / "qrels", dataset_, queries_);
  EXPECT_EQ(read_file(folder_ / "qrels"), "ann 0 d 1\nbob%20x 0 50%25 1\n");
}

TEST(ResultIds, CannotBreakALine) {
  EXPECT_EQ(tsv_id("a\tb\nc\\d\re"), "a\\tb\\nc\\\\d\\re");
  EXPECT_EQ(trec_id("a b\tc%"), "a%20b%09c%25");
  EXPECT_EQ(id_of_trec("a%20b%09c%25"), "a b\tc%");
  EXPECT_EQ(id_of_trec("100%%2G%2"), "100%%2G%2");  // nothing that was written so
  EXPECT_EQ(trec_id("Am\xC3\xA9lie"), "Am\xC3\xA9lie");
}

EvalReport sample_report() {
  Jagged<int64_t> ranks;
  ranks.add_row(std::vector<int64_t>{0});
  ranks.add_row(std::vector<int64_t>{1});
  EvalReport report;
  report.rows.push_back({"model", compute_metrics(parse_metrics("mrr"), ranks)});
  report.rows.push_back({"popularity", compute_metrics(parse_metrics("mrr"), ranks)});
  report.loss_name = "gBCE";
  report.dataset_fingerprint = "d1";
  report.split_fingerprint = "s1";
  report.items = 5;
  report.cost.seconds = 0.5;
  return report;
}

TEST(ResultReport, JsonHoldsMeansIntervalsProtocolAndCost) {
  const auto json = nlohmann::json::parse(report_json(sample_report()));
  EXPECT_DOUBLE_EQ(json["metrics"]["mrr"]["mean"], 0.75);
  EXPECT_NEAR(json["metrics"]["mrr"]["low"].get<double>(), 0.75 - 1.959964 * 0.25, 1e-6);
  EXPECT_DOUBLE_EQ(json["beside"]["popularity"]["mrr"]["mean"], 0.75);
  EXPECT_EQ(json["counts"]["users"], 2);
  EXPECT_EQ(json["protocol"]["ties"], "half");
  EXPECT_EQ(json["protocol"]["candidates"],
            "full catalogue of 5 items, items of the history excluded");
  EXPECT_EQ(json["data"]["fingerprint"], "d1");
  EXPECT_EQ(json["data"]["split_fingerprint"], "s1");
  EXPECT_EQ(json["data"]["training_data"], "unknown");
  EXPECT_EQ(json["model"]["loss"], "gBCE");
  EXPECT_DOUBLE_EQ(json["cost"]["users_per_second"], 4);
}

TEST(ResultReport, TableHasOneAlignedLinePerRow) {
  EXPECT_EQ(report_table(sample_report()),
            "test                            mrr\n"
            "model                0.7500 ±0.4900\n"
            "popularity           0.7500 ±0.4900\n");
}

TEST(ResultReport, LongNamesWidenTheirColumnAndHorizonsAreNamed) {
  EvalReport report = sample_report();
  report.held_out_items = 5;
  for (ResultRow& row : report.rows) {
    row.result.metrics[0].metric = {"ndcg_rel_prefix", 10};
    row.beyond = {{{"coverage", 10}, 0.25, 0, {}, false}};
  }
  EXPECT_EQ(report_table(report),
            "test, m = 5         ndcg_rel_prefix@10\n"
            "model                   0.7500 ±0.4900\n"
            "popularity              0.7500 ±0.4900\n");
  EXPECT_EQ(beyond_table(report),
            "beyond accuracy         coverage@10\n"
            "model                        0.2500\n"
            "popularity                   0.2500\n");
  EXPECT_EQ(beyond_table(sample_report()), "");
}

TEST(ResultReport, DrawnCandidatesSaySo) {
  EvalReport report = sample_report();
  report.protocol.candidates = CandidateRule::clean;
  EXPECT_EQ(candidates_text(report),
            "clean: the held-out items and distinct items that the user never met, 101 in all, "
            "drawn with seed 42");
  report.protocol.candidates = CandidateRule::original;
  report.protocol.negatives = 7;
  EXPECT_EQ(candidates_text(report),
            "original: the held-out items and 7 items outside the user's training part, with "
            "repetition, drawn with seed 42");
  const auto json = nlohmann::json::parse(reports_json({report, report}));
  EXPECT_EQ(json["protocol"]["candidate_rule"], "original");
  EXPECT_EQ(json["protocol"]["sampled_candidates"], true);
  EXPECT_TRUE(json["protocol"].contains("warning"));
  EXPECT_EQ(json["horizons"].size(), 1u);
  EXPECT_FALSE(nlohmann::json::parse(report_json(sample_report()))["protocol"].contains("warning"));
}

TEST(ResultReport, ListedCandidatesSayWhichFile) {
  EvalReport report = sample_report();
  report.protocol.negatives = 99;
  report.protocol.listed_file = "LastFM_sample.txt";
  report.protocol.listed_fingerprint = "0123456789abcdef";
  report.listed.repeated.count = 3;
  EXPECT_EQ(candidates_text(report),
            "listed: the held-out items and at most 99 negatives a user from a file, fingerprint "
            "0123456789abcdef");
  const auto json = nlohmann::json::parse(report_json(report));
  EXPECT_EQ(json["protocol"]["candidate_rule"], "listed");
  EXPECT_EQ(json["protocol"]["candidate_file"], "LastFM_sample.txt");
  EXPECT_EQ(json["protocol"]["candidate_fingerprint"], "0123456789abcdef");
  EXPECT_EQ(json["protocol"]["sampled_candidates"], true);
  EXPECT_TRUE(json["protocol"].contains("warning"));
  EXPECT_EQ(json["counts"]["candidate_file"]["negatives_repeated"], 3);
  const auto full = nlohmann::json::parse(report_json(sample_report()));
  EXPECT_FALSE(full["protocol"].contains("candidate_file"));
  EXPECT_FALSE(full["counts"].contains("candidate_file"));
}

TEST(ResultReport, CountsHowOftenThePartWasOpened) {
  const test::TemporaryFolder folder;
  EXPECT_EQ(earlier_evaluations(folder / "test.json"), 0);
  EvalReport report = sample_report();
  report.times_evaluated = 3;
  write_file_atomically(folder / "test.json", report_json(report));
  EXPECT_EQ(earlier_evaluations(folder / "test.json"), 3);
  write_file_atomically(folder / "test.json", "{ broken");
  EXPECT_EQ(earlier_evaluations(folder / "test.json"), 0);
}

TEST(RunInputs, TheDataFolderComesFromTheOptionThenTheRunThenTheModel) {
  const test::TemporaryFolder folder;
  ModelDescription description;
  EXPECT_THROW(find_data_folder(folder / "", description, ""), Error);
  const auto says = [&](const std::string& name) {
    make_folder(folder / name);
    return fmt::format("[data]\npath = \"{}\"\n", (folder / name).string());
  };
  description.config_toml = says("from-model");
  EXPECT_EQ(find_data_folder(folder / "", description, ""), folder / "from-model");
  write_file_atomically(folder / "config.toml", says("from-run"));
  EXPECT_EQ(find_data_folder(folder / "", description, ""), folder / "from-run");
  EXPECT_EQ(find_data_folder(folder / "model.safetensors", description, ""), folder / "from-run");
  EXPECT_EQ(find_data_folder(folder / "", description, "given"), "given");
  std::filesystem::remove(folder / "from-run");
  EXPECT_THROW(find_data_folder(folder / "", description, ""), Error);  // not the model's instead
  write_file_atomically(folder / "config.toml", says("from-run") + "from_run = \"from-model\"\n");
  EXPECT_EQ(find_data_folder(folder / "", description, ""),
            folder / "from-run");  // no dataset there
  write_file_atomically(folder / "from-model" / "dataset.json", "{}");
  EXPECT_EQ(find_data_folder(folder / "", description, ""), folder / "from-model");
  write_file_atomically(folder / "config.toml", "[data\n");
  EXPECT_THROW(find_data_folder(folder / "", description, ""), Error);
}

TEST_F(ResultFiles, OtherDataIsRefusedUnlessAllowed) {
  ModelDescription description;
  EXPECT_EQ(check_same_data(description, dataset_, false), DataMatch::unknown);
  description.dataset_fingerprint = dataset_.fingerprint();
  description.split_fingerprint = dataset_.split_fingerprint();
  EXPECT_EQ(check_same_data(description, dataset_, false), DataMatch::same);
  description.split_fingerprint = "0123";
  EXPECT_THROW(check_same_data(description, dataset_, false), Error);
  description.dataset_fingerprint = "4567";
  try {
    check_same_data(description, dataset_, false);
    ADD_FAILURE() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ExitCode::data);
    EXPECT_NE(std::string(error.what()).find("4567"), std::string::npos);
    EXPECT_NE(std::string(error.what()).find(dataset_.fingerprint()), std::string::npos);
  }
  EXPECT_EQ(check_same_data(description, dataset_, true), DataMatch::other);
}

}  // namespace
}  // namespace truenext
