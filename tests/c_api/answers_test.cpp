// SPDX-License-Identifier: Apache-2.0
#include "eval/answers.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <thread>

#include "c_api/open_handles.h"
#include "support/temporary_folder.h"

namespace truenext {
namespace {

constexpr int64_t kItems = 300;

class AnswersOfApi : public testing::Test {
 protected:
  AnswersOfApi() {
    write_small_model(folder_ / "model.safetensors", kItems);
    model_ = open_model(folder_ / "model.safetensors");
  }
  Answered recommend(const Rows& rows, const truenext_query& query) {
    truenext_lists* lists = nullptr;
    EXPECT_EQ(truenext_recommend(model_.get(), &rows.texts, &query, &lists), TRUENEXT_OK)
        << truenext_last_error();
    return Answered(lists);
  }
  /// Fails unless list `row` is the one that the library answers with.
  void expect_list(const Answered& lists, int64_t row, const std::vector<int32_t>& history,
                   AnswerOptions options) {
    const ModelFile file = ModelFile::open(folder_ / "model.safetensors");
    Jagged<int32_t> histories;
    histories.add_row(history);
    WorkerPool pool(1);
    const Answers expected = answer(*make_encoder_scorer(file.encoder()), histories, options, pool);
    const int64_t* const offsets = truenext_lists_offsets(lists.get());
    ASSERT_EQ(offsets[row + 1] - offsets[row], expected.lists.row_size(0));
    for (int64_t i = 0; i < expected.lists.row_size(0); ++i) {
      const ScoredItem& entry = expected.lists.row(0)[static_cast<size_t>(i)];
      EXPECT_EQ(truenext_lists_items(lists.get())[offsets[row] + i], entry.item);
      EXPECT_EQ(truenext_lists_scores(lists.get())[offsets[row] + i], entry.score);
    }
  }

  test::TemporaryFolder folder_;
  Opened model_;
};

TEST_F(AnswersOfApi, ListsAreThoseOfTheLibraryWithAnyThreads) {
  const Rows rows(Lines{{"i3", "i7", "i1"}, {"i299"}, {"i5", "i5"}});
  for (const int32_t threads : {1, 2, 5}) {
    const Answered lists = recommend(rows, query_of(7, threads));
    ASSERT_EQ(truenext_lists_count(lists.get()), 3);
    expect_list(lists, 0, {3, 7, 1}, {.k = 7});
    expect_list(lists, 1, {299}, {.k = 7});
    expect_list(lists, 2, {5, 5}, {.k = 7});
    EXPECT_EQ(truenext_lists_probabilities(lists.get()), nullptr);
  }
}

TEST_F(AnswersOfApi, UnknownIdsAreCountedAndRowsWithoutAKnownOneAreEmpty) {
  const Answered lists = recommend(Rows(Lines{{"x", "y"}, {"i2", "x"}, {}, {"i4"}}), query_of(3));
  const int64_t* const offsets = truenext_lists_offsets(lists.get());
  EXPECT_EQ(std::vector<int64_t>(offsets, offsets + 5), (std::vector<int64_t>{0, 0, 3, 3, 6}));
  const int64_t* const unknown = truenext_lists_unknown(lists.get());
  EXPECT_EQ(std::vector<int64_t>(unknown, unknown + 4), (std::vector<int64_t>{2, 1, 0, 0}));
  expect_list(lists, 1, {2}, {.k = 3});
  expect_list(lists, 3, {4}, {.k = 3});
}

TEST_F(AnswersOfApi, FiltersAndSeenItems) {
  const Rows allow(Lines{{"i1", "i2", "i3", "i9"}}), candidates(Lines{{"i9", "i3", "i1", "x"}});
  const Rows exclude(Lines{{"i1"}}), nothing(Lines{{}});
  truenext_query query = query_of(10);
  query.allow = &allow.texts;
  query.candidates = &candidates.texts;
  query.exclude = &exclude.texts;
  ItemSet eligible(kItems);
  eligible.insert(3);
  eligible.insert(9);
  expect_list(recommend(Rows(Lines{{"i3"}}), query), 0, {3}, {.k = 10, .eligible = &eligible});
  query.seen = TRUENEXT_SEEN_INCLUDED;
  expect_list(recommend(Rows(Lines{{"i3"}}), query), 0, {3},
              {.k = 10, .exclude_seen = false, .eligible = &eligible});
  query.candidates = &nothing.texts;
  EXPECT_EQ(truenext_lists_offsets(recommend(Rows(Lines{{"i3"}}), query).get())[1], 0);
}

TEST_F(AnswersOfApi, SimilarItemsByCosine) {
  const ModelFile file = ModelFile::open(folder_ / "model.safetensors");
  Jagged<int32_t> histories;
  histories.add_row(std::vector<int32_t>{8});
  WorkerPool pool(1);
  const Answers expected = answer(*make_cosine_scorer(file.encoder()), histories, {.k = 4}, pool);
  const Rows rows(Lines{{"i8"}});
  const truenext_query query = query_of(4);
  truenext_lists* lists = nullptr;
  ASSERT_EQ(truenext_similar(model_.get(), &rows.texts, &query, &lists), TRUENEXT_OK);
  const Answered kept(lists);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_EQ(truenext_lists_items(lists)[i], expected.lists.row(0)[static_cast<size_t>(i)].item);
    EXPECT_EQ(truenext_lists_scores(lists)[i], expected.lists.row(0)[static_cast<size_t>(i)].score);
  }
}

TEST_F(AnswersOfApi, StatesAndTableAreThoseOfTheEncoder) {
  const ModelFile file = ModelFile::open(folder_ / "model.safetensors");
  Lines rows;
  Jagged<int32_t> histories;
  for (int32_t i = 0; i < 130; ++i) {
    rows.push_back({"i" + std::to_string(i), "x", "i" + std::to_string(2 * i)});
    histories.add_row(std::vector<int32_t>{i, 2 * i});
  }
  std::vector<float> expected(130 * 16), states(130 * 16);
  file.encoder().encode_last(histories, expected.data());
  for (const int32_t threads : {1, 3}) {
    const Rows asked(rows);
    ASSERT_EQ(truenext_encode(model_.get(), &asked.texts, threads, states.data()), TRUENEXT_OK);
    EXPECT_EQ(states, expected);
  }
  const float* table = nullptr;
  int64_t items = 0, dim = 0;
  ASSERT_EQ(truenext_item_table(model_.get(), &table, &items, &dim), TRUENEXT_OK);
  ASSERT_EQ(items * dim, std::ssize(file.encoder().item_table()));
  EXPECT_TRUE(std::equal(table, table + items * dim, file.encoder().item_table().begin()));
  rows[70] = {"x"};
  const Rows broken(rows);
  EXPECT_EQ(truenext_encode(model_.get(), &broken.texts, 1, states.data()), TRUENEXT_DATA);
  EXPECT_STREQ(truenext_last_error(), "histories: row 70 holds no item that the model knows");
}

// Rows of ids have no times; what needs no history answers as ever.
TEST_F(AnswersOfApi, ModelsThatAreToldTimesAreNotAskedWithout) {
  for (const TimeUse time : {TimeUse::past, TimeUse::request}) {
    write_small_model(folder_ / "timed.safetensors", kItems, {}, time);
    const Opened timed = open_model(folder_ / "timed.safetensors");
    const Rows rows(Lines{{"i1", "i2"}});
    const truenext_query query = query_of(3);
    truenext_lists* lists = nullptr;
    EXPECT_EQ(truenext_recommend(timed.get(), &rows.texts, &query, &lists), TRUENEXT_USAGE);
    EXPECT_NE(std::string(truenext_last_error()).find("model.time"), std::string::npos);
    float states[16];
    EXPECT_EQ(truenext_encode(timed.get(), &rows.texts, 1, states), TRUENEXT_USAGE);
    const Rows one(Lines{{"i8"}});
    EXPECT_EQ(truenext_similar(timed.get(), &one.texts, &query, &lists), TRUENEXT_OK);
    truenext_lists_close(lists);
  }
}

TEST_F(AnswersOfApi, ProbabilitiesWantACalibration) {
  truenext_query query = query_of(3);
  query.probabilities = 1;
  const Rows rows(Lines{{"i1"}});
  truenext_lists* lists = nullptr;
  EXPECT_EQ(truenext_recommend(model_.get(), &rows.texts, &query, &lists), TRUENEXT_USAGE);
  EXPECT_NE(std::string(truenext_last_error()).find("not calibrated"), std::string::npos);

  write_small_model(folder_ / "calibrated.safetensors", 20, Calibration{});
  model_ = open_model(folder_ / "calibrated.safetensors");
  query.k = 20;
  const Answered all = recommend(rows, query);
  double sum = 0;
  for (int64_t i = 0; i < 19; ++i) sum += truenext_lists_probabilities(all.get())[i];
  EXPECT_NEAR(sum, 1, 1e-9);
}

TEST_F(AnswersOfApi, EightThreadsAtOnceGetTheSameBits) {
  const Rows rows(Lines{{"i3", "i7", "i1"}, {"i299"}, {"i5", "i6"}});
  const Answered expected = recommend(rows, query_of(9));
  const int64_t entries = truenext_lists_offsets(expected.get())[3];
  std::vector<std::thread> threads;
  std::vector<int> differences(8, 0);
  for (size_t number = 0; number < 8; ++number) {
    threads.emplace_back([&, number] {
      for (int round = 0; round < 20; ++round) {
        const truenext_query query = query_of(9, static_cast<int32_t>(number % 3));
        truenext_lists* lists = nullptr;
        if (truenext_recommend(model_.get(), &rows.texts, &query, &lists) != TRUENEXT_OK) {
          ++differences[number];
          continue;
        }
        const Answered kept(lists);
        differences[number] +=
            !std::equal(truenext_lists_items(lists), truenext_lists_items(lists) + entries,
                        truenext_lists_items(expected.get()));
        differences[number] +=
            !std::equal(truenext_lists_scores(lists), truenext_lists_scores(lists) + entries,
                        truenext_lists_scores(expected.get()));
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(differences, std::vector<int>(8, 0));
}

TEST_F(AnswersOfApi, MistakesAreNamed) {
  const Rows rows(Lines{{"i1"}}), strangers(Lines{{"x", "y"}});
  truenext_lists* lists = nullptr;
  const auto expect = [&](const truenext_texts* histories, const truenext_query* query, int status,
                          const std::string& text) {
    EXPECT_EQ(truenext_recommend(model_.get(), histories, query, &lists), status);
    EXPECT_NE(std::string(truenext_last_error()).find(text), std::string::npos)
        << truenext_last_error();
    EXPECT_EQ(lists, nullptr);
  };
  truenext_query query = query_of(0);
  expect(&rows.texts, &query, TRUENEXT_USAGE, "k 0: want at least 1");
  query = query_of(3, -1);
  expect(&rows.texts, &query, TRUENEXT_USAGE, "threads -1: want 0 to");
  query = query_of(3);
  query.seen = 7;
  expect(&rows.texts, &query, TRUENEXT_USAGE, "seen 7");
  query = query_of(3);
  query.size = 4;
  expect(&rows.texts, &query, TRUENEXT_USAGE, "query: size is 4");
  query = query_of(3);
  expect(nullptr, &query, TRUENEXT_USAGE, "histories: may not be NULL");
  truenext_texts broken = rows.texts;
  const int64_t falling[] = {0, -1};
  broken.text_offsets = falling;
  expect(&broken, &query, TRUENEXT_USAGE, "fall from 0 to -1");
  broken = rows.texts;
  const int64_t long_row[] = {0, 5};
  broken.row_offsets = long_row;
  expect(&broken, &query, TRUENEXT_USAGE, "row_offsets: end at 5 instead of 1");
  query.allow = &strangers.texts;
  expect(&rows.texts, &query, TRUENEXT_DATA, "allow: none of its 2 ids");

  truenext_model* none = nullptr;
  EXPECT_EQ(truenext_model_open("no/such/model", 0, &none), TRUENEXT_DATA);
  EXPECT_NE(std::string(truenext_last_error()).find("no/such/model"), std::string::npos);
  EXPECT_EQ(none, nullptr);
}

TEST_F(AnswersOfApi, TheModelSaysWhatItIs) {
  char* text = nullptr;
  ASSERT_EQ(truenext_model_info(model_.get(), &text), TRUENEXT_OK);
  const ApiText kept(text);
  const auto info = nlohmann::json::parse(text);
  EXPECT_EQ(info["items"], kItems);
  EXPECT_EQ(info["dim"], 16);
  EXPECT_EQ(info["max_length"], 6);
  EXPECT_EQ(info["loss"], "a loss");
  EXPECT_EQ(info["path"], (folder_ / "model.safetensors").string());
  EXPECT_EQ(info["version"].get<std::string>().size(), 16U);
  EXPECT_TRUE(info["calibration"].is_null());
  truenext_texts ids{};
  ids.size = sizeof ids;
  ASSERT_EQ(truenext_item_ids(model_.get(), &ids), TRUENEXT_OK);
  ASSERT_EQ(ids.num_texts, kItems);
  EXPECT_EQ(std::string(ids.bytes + ids.text_offsets[299], ids.bytes + ids.text_offsets[300]),
            "i299");
}

TEST_F(AnswersOfApi, AStreamOutlivesListsAndModel) {
  ArrowArrayStream stream{};
  {
    const Answered lists = recommend(Rows(Lines{{"i3"}, {"x"}, {"i4", "i5"}}), query_of(2));
    ASSERT_EQ(truenext_lists_stream(lists.get(), &stream), TRUENEXT_OK);
    model_.reset();
  }
  ArrowSchema schema{};
  ASSERT_EQ(stream.get_schema(&stream, &schema), 0);
  EXPECT_STREQ(schema.format, "+s");
  const char* const expected[][2] = {{"list", "l"}, {"rank", "i"}, {"item", "U"}, {"score", "f"}};
  ASSERT_EQ(schema.n_children, 4);
  for (int64_t i = 0; i < 4; ++i) {
    EXPECT_STREQ(schema.children[i]->name, expected[i][0]);
    EXPECT_STREQ(schema.children[i]->format, expected[i][1]);
  }
  schema.release(&schema);
  EXPECT_EQ(schema.release, nullptr);
  ArrowArray batch{};
  ASSERT_EQ(stream.get_next(&stream, &batch), 0);
  ASSERT_EQ(batch.length, 4);
  ArrowArray items = *batch.children[2];  // moved out of its parent, as the interface allows
  batch.children[2]->release = nullptr;
  const auto* const lists = static_cast<const int64_t*>(batch.children[0]->buffers[1]);
  EXPECT_EQ(std::vector<int64_t>(lists, lists + 4), (std::vector<int64_t>{0, 0, 2, 2}));
  const auto* const ranks = static_cast<const int32_t*>(batch.children[1]->buffers[1]);
  EXPECT_EQ(std::vector<int32_t>(ranks, ranks + 4), (std::vector<int32_t>{1, 2, 1, 2}));
  batch.release(&batch);
  ArrowArray end{};
  ASSERT_EQ(stream.get_next(&stream, &end), 0);
  EXPECT_EQ(end.release, nullptr);
  stream.release(&stream);
  const auto* const offsets = static_cast<const int64_t*>(items.buffers[1]);
  EXPECT_EQ(static_cast<const char*>(items.buffers[2])[offsets[3]], 'i');
  items.release(&items);
}

}  // namespace
}  // namespace truenext
