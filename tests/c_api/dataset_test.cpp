// SPDX-License-Identifier: Apache-2.0
// Datasets opened for reading, models read from memory, and charts.
#include "data/dataset.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "base/file.h"
#include "c_api/open_handles.h"
#include "data/prepare.h"
#include "support/temporary_folder.h"

namespace truenext {
namespace {

struct CloseDataset {
  void operator()(truenext_dataset* dataset) const { truenext_dataset_close(dataset); }
};
using OpenedDataset = std::unique_ptr<truenext_dataset, CloseDataset>;

std::vector<std::string> ids_of(const truenext_texts& texts) {
  std::vector<std::string> ids;
  for (int64_t text = 0; text < texts.num_texts; ++text) {
    ids.emplace_back(texts.bytes + texts.text_offsets[text],
                     texts.bytes + texts.text_offsets[text + 1]);
  }
  return ids;
}

/// Users a (i0 ... i4), b (i5, new) and c (i1, i2, i3), each with a validation and a test item
/// where there are three events.
class DatasetOfApi : public testing::Test {
 protected:
  DatasetOfApi() {
    std::ofstream log(folder_ / "log.csv");
    log << "user,item,time\n";
    for (int i = 0; i < 5; ++i) log << "a,i" << i << "," << i << "\n";
    log << "b,i5,1\nb,new,2\nc,i1,1\nc,i2,2\nc,i3,3\n";
    log.close();
    char* json = nullptr;
    const std::string request = nlohmann::json{{"input", (folder_ / "log.csv").string()},
                                               {"out", (folder_ / "data").string()}}
                                    .dump();
    EXPECT_EQ(truenext_run("prepare", request.c_str(), nullptr, &json), TRUENEXT_OK)
        << truenext_last_error();
    truenext_free(json);
    truenext_dataset* opened = nullptr;
    EXPECT_EQ(truenext_dataset_open((folder_ / "data").c_str(), 0, &opened), TRUENEXT_OK);
    dataset_.reset(opened);
    write_small_model(folder_ / "model.safetensors", 30);
    model_ = open_model(folder_ / "model.safetensors");
  }
  std::vector<int64_t> lengths(int32_t history) {
    std::vector<int64_t> found(3);
    EXPECT_EQ(truenext_dataset_history_lengths(dataset_.get(), history, found.data()), TRUENEXT_OK);
    return found;
  }
  Answered recommend(const std::vector<int64_t>& users, int32_t history) {
    truenext_lists* lists = nullptr;
    const truenext_query query = query_of(4);
    EXPECT_EQ(truenext_recommend_users(model_.get(), dataset_.get(), users.data(),
                                       std::ssize(users), history, &query, &lists),
              TRUENEXT_OK)
        << truenext_last_error();
    return Answered(lists);
  }
  static std::vector<int32_t> items_of(const Answered& lists, int64_t list) {
    const int64_t* const offsets = truenext_lists_offsets(lists.get());
    const int32_t* const items = truenext_lists_items(lists.get());
    return {items + offsets[list], items + offsets[list + 1]};
  }

  test::TemporaryFolder folder_;
  OpenedDataset dataset_;
  Opened model_;
};

TEST_F(DatasetOfApi, IdsAndEvents) {
  truenext_texts texts{};
  texts.size = sizeof texts;
  ASSERT_EQ(truenext_dataset_user_ids(dataset_.get(), &texts), TRUENEXT_OK);
  EXPECT_EQ(ids_of(texts), (std::vector<std::string>{"a", "b", "c"}));
  ASSERT_EQ(truenext_dataset_item_ids(dataset_.get(), &texts), TRUENEXT_OK);
  const std::vector<std::string> items = ids_of(texts);
  truenext_events events{};
  events.size = sizeof events;
  ASSERT_EQ(truenext_dataset_events(dataset_.get(), &events), TRUENEXT_OK);
  ASSERT_EQ(events.num_users, 3);
  ASSERT_EQ(events.num_events, 10);
  EXPECT_EQ(std::vector<int64_t>(events.offsets, events.offsets + 4),
            (std::vector<int64_t>{0, 5, 7, 10}));
  EXPECT_EQ(items[static_cast<size_t>(events.items[6])], "new");
  EXPECT_EQ(events.times[9], 3);
  EXPECT_EQ(events.values, nullptr);
}

TEST_F(DatasetOfApi, HistoriesOfTheParts) {
  EXPECT_EQ(lengths(TRUENEXT_HISTORY_ALL), (std::vector<int64_t>{5, 2, 3}));
  EXPECT_EQ(lengths(TRUENEXT_HISTORY_TEST)[0], 4);
  EXPECT_EQ(lengths(TRUENEXT_HISTORY_VALID)[0], 3);
  EXPECT_EQ(lengths(TRUENEXT_HISTORY_TRAIN)[0], 3);
  std::vector<int64_t> found(3);
  EXPECT_EQ(truenext_dataset_history_lengths(dataset_.get(), 9, found.data()), TRUENEXT_USAGE);
  EXPECT_NE(std::string(truenext_last_error()).find("history 9"), std::string::npos);
}

TEST_F(DatasetOfApi, UsersAreFoundById) {
  const Rows asked(Lines{{"c", "nobody"}, {"a"}});
  std::vector<int64_t> numbers(3, 7);
  ASSERT_EQ(truenext_dataset_find_users(dataset_.get(), &asked.texts, numbers.data()), TRUENEXT_OK);
  EXPECT_EQ(numbers, (std::vector<int64_t>{2, -1, 0}));
}

TEST_F(DatasetOfApi, ListsOfUsersAreThoseOfTheirHistories) {
  const Answered lists = recommend({2, 0, 1}, TRUENEXT_HISTORY_ALL);
  const Rows rows(Lines{{"i1", "i2", "i3"}, {"i0", "i1", "i2", "i3", "i4"}, {"i5", "new"}});
  truenext_lists* told = nullptr;
  const truenext_query query = query_of(4);
  ASSERT_EQ(truenext_recommend(model_.get(), &rows.texts, &query, &told), TRUENEXT_OK);
  const Answered expected(told);
  for (int64_t list = 0; list < 3; ++list) {
    EXPECT_EQ(items_of(lists, list), items_of(expected, list));
    EXPECT_EQ(truenext_lists_unknown(lists.get())[list],
              truenext_lists_unknown(expected.get())[list]);
  }
  EXPECT_EQ(truenext_lists_unknown(lists.get())[2], 1);
  EXPECT_NE(items_of(recommend({0}, TRUENEXT_HISTORY_TEST), 0), items_of(expected, 1));
}

TEST_F(DatasetOfApi, WhatThereIsNotIsRefused) {
  truenext_dataset* opened = nullptr;
  EXPECT_EQ(truenext_dataset_open((folder_ / "nowhere").c_str(), 0, &opened), TRUENEXT_DATA);
  EXPECT_EQ(truenext_dataset_open((folder_ / "data").c_str(), 1, &opened), TRUENEXT_USAGE);
  EXPECT_EQ(opened, nullptr);
  truenext_lists* lists = nullptr;
  const truenext_query query = query_of(4);
  for (const int64_t user : {int64_t{-1}, int64_t{3}}) {
    EXPECT_EQ(truenext_recommend_users(model_.get(), dataset_.get(), &user, 1, 0, &query, &lists),
              TRUENEXT_USAGE);
    EXPECT_NE(std::string(truenext_last_error()).find("want 0 to 2"), std::string::npos);
  }
  EXPECT_EQ(truenext_recommend_users(model_.get(), dataset_.get(), nullptr, -1, 0, &query, &lists),
            TRUENEXT_USAGE);
  EXPECT_EQ(truenext_dataset_user_ids(nullptr, nullptr), TRUENEXT_USAGE);
  EXPECT_EQ(lists, nullptr);
  truenext_dataset_close(nullptr);
}

TEST_F(DatasetOfApi, AModelOfBytesIsTheModel) {
  const std::string file = read_file(folder_ / "model.safetensors");
  truenext_model* read = nullptr;
  ASSERT_EQ(truenext_model_read(file.data(), std::ssize(file), nullptr, &read), TRUENEXT_OK);
  const Opened owned(read);
  const void* content = nullptr;
  int64_t size = 0;
  ASSERT_EQ(truenext_model_content(read, &content, &size), TRUENEXT_OK);
  EXPECT_EQ(std::string_view(static_cast<const char*>(content), static_cast<size_t>(size)), file);
  char *of_file = nullptr, *of_bytes = nullptr;
  ASSERT_EQ(truenext_model_info(model_.get(), &of_file), TRUENEXT_OK);
  ASSERT_EQ(truenext_model_info(read, &of_bytes), TRUENEXT_OK);
  const auto file_info = nlohmann::json::parse(of_file), info = nlohmann::json::parse(of_bytes);
  EXPECT_EQ(info["version"], file_info["version"]);
  EXPECT_EQ(info["path"], "");
  truenext_free(of_file);
  truenext_free(of_bytes);
  truenext_model* none = nullptr;
  EXPECT_EQ(truenext_model_read(file.data(), std::ssize(file) - 1, "cut", &none), TRUENEXT_DATA);
  EXPECT_EQ(std::string(truenext_last_error()).substr(0, 4), "cut:");
  EXPECT_EQ(truenext_model_read(file.data(), -1, nullptr, &none), TRUENEXT_USAGE);
  EXPECT_EQ(none, nullptr);
}

TEST(ChartOfApi, CurvesAndWhatIsNone) {
  char* svg = nullptr;
  ASSERT_EQ(
      truenext_chart(R"({"title":"<t>","lines":[{"name":"a","points":[[1,2],[2,3,1,4]]}]})", &svg),
      TRUENEXT_OK)
      << truenext_last_error();
  EXPECT_NE(std::string(svg).find("&lt;t&gt;"), std::string::npos);
  truenext_free(svg);
  for (const char* wrong :
       {"", "[]", "{}", R"({"lines":[{"points":[[1]]}]})", R"({"lines":[{"points":["x"]}]})"}) {
    svg = nullptr;
    EXPECT_EQ(truenext_chart(wrong, &svg), TRUENEXT_USAGE) << wrong;
    EXPECT_EQ(svg, nullptr);
  }
}

}  // namespace
}  // namespace truenext
