// SPDX-License-Identifier: Apache-2.0
// Lists of many users and items by the command, and what becomes of ids that nobody knows.
#include <fmt/format.h>

#include <algorithm>
#include <regex>
#include <sstream>
#include <utility>

#include "eval/commands.h"

namespace truenext {
namespace {

bool says(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST_F(Commands, ListsOfAllUsersAreThoseOfEachUserInTheOrderOfTheDataset) {
  const Answer all = run("recommend " + model() + " --all-users -k 4 --format jsonl --titles");
  ASSERT_EQ(all.status, 0) << all.errors;
  const Dataset dataset = Dataset::open(folder_ / "data");
  const auto lines = lines_of(all.out);
  ASSERT_EQ(std::ssize(lines), 4 * dataset.num_users());
  for (int64_t user = 0; user < dataset.num_users(); user += 37) {
    const std::string id(dataset.users().raw(user));
    const Answer one = run("recommend " + model() + " --json -k 4 --user " + id);
    const Json items = Json::parse(one.out)["items"];
    for (size_t rank = 0; rank < 4; ++rank) {
      const Json row = Json::parse(lines[static_cast<size_t>(user) * 4 + rank]);
      EXPECT_EQ(row["user"], id);
      EXPECT_EQ(row["rank"], rank + 1);
      EXPECT_EQ(row["item"], items[rank]["item"]);
      EXPECT_EQ(row["title"], items[rank]["title"]);
      EXPECT_EQ(row["score"].get<float>(), items[rank]["score"].get<float>());
    }
  }
}

TEST_F(Commands, ListsHaveTheSameBytesInAFileOnStandardOutputAndOnAnyNumberOfThreads) {
  const std::string ask = "recommend " + model() + " --all-users -k 5 ";
  for (const std::string format : {"csv", "tsv", "jsonl"}) {
    const std::string shown = run(ask + "--threads 1 --format " + format).out;
    EXPECT_FALSE(shown.empty());
    const std::string file = at("lists." + format);
    EXPECT_EQ(run(ask + "--threads 3 --out " + file).status, 0);
    EXPECT_EQ(test::file_bytes(file), shown) << format;
  }
  EXPECT_EQ(lines_of(run(ask + "--out -").out).front(), "user,rank,item,score");
  EXPECT_EQ(lines_of(run(ask + "--json").out).front().front(), '{');
}

TEST_F(Commands, AFileNamesUsersAndItemsAndWhatIsUnknownIsNamed) {
  folder_.write("users", "5\nnobody\n\n3\n5\n");
  folder_.write("allow", "1\n2\n3\n4\n5\n6\n7\n8\n");
  folder_.write("candidates", "2\n3\n4\n5\n6\n7\n8\n9\n");
  folder_.write("exclude", "3\nnever\n");
  const Answer answer = run("recommend " + model() + " --include-seen --users " + at("users") +
                            " --allow " + at("allow") + " --candidates " + at("candidates") +
                            " --exclude " + at("exclude") + " --quiet");
  ASSERT_EQ(answer.status, 0) << answer.errors;
  EXPECT_TRUE(says(answer.errors, "nobody") && says(answer.errors, "never")) << answer.errors;
  const Dataset dataset = Dataset::open(folder_ / "data");
  std::vector<std::string> users = {"3", "5"};  // as the dataset has them, each once
  if (*dataset.users().find("5") < *dataset.users().find("3")) std::swap(users[0], users[1]);
  std::vector<std::string> expected = {"user,rank,item,score"};
  for (const std::string& user : users) {
    const Answer full = run("recommend " + model() + " --include-seen -k 40 --json --user " + user);
    const Json items = Json::parse(full.out)["items"];
    int rank = 0;
    for (const Json& item : items) {
      const std::string id = item["item"];
      if (id.size() > 1 || id < "2" || id == "3" || id > "8") continue;
      expected.push_back(fmt::format("{},{},{},{}", user, ++rank, id, item["score"].get<float>()));
    }
  }
  EXPECT_EQ(lines_of(answer.out), expected);
}

TEST_F(Commands, SimilarItemsComeAsTableLinesAndFiles) {
  const Answer table = run("similar " + model() + " --item 3 5 -k 2");
  EXPECT_EQ(table.status, 0) << table.errors;
  EXPECT_TRUE(says(table.out, "similar to 3") && says(table.out, "similar to 5")) << table.out;
  const Answer lines = run("similar " + model() + " --item 3 5 -k 2 --json");
  const Answer all = run("similar " + model() + " --all -k 2 --out " + at("all.jsonl"));
  EXPECT_EQ(all.status, 0) << all.errors;
  EXPECT_EQ(lines_of(lines.out).size(), 4u);
  const std::string file = test::file_bytes(folder_ / "all.jsonl");
  EXPECT_EQ(lines_of(file).size(), 80u);
  for (const std::string& line : lines_of(lines.out)) {
    EXPECT_TRUE(says(file, line)) << line;
    EXPECT_NE(Json::parse(line)["similar"], Json::parse(line)["item"]);
  }
}

TEST_F(Commands, IdsThatAreTornOrUnknownAreNamedInEveryOption) {
  folder_.write("nothing", "who\n");
  struct Row {
    std::string arguments;
    int status;
    std::string says;
  };
  const Row rows[] = {
      {"recommend RUN --history 'Levi 501, blue'", 2, "--separator"},
      {"recommend RUN --history '1, x 501, 2'", 0, "--separator"},
      {"recommend RUN --history '1;what' --separator ';'", 0, "what"},
      {"recommend RUN --user who", 2, "who"},
      {"recommend RUN --users NOTHING", 2, "who"},
      {"recommend RUN --users /nowhere/at/all", 2, "No such file"},
      {"recommend RUN --history 1 --exclude who", 2, "--exclude.*who"},
      {"recommend RUN --history 1 --exclude 1,who", 0, "--exclude.*who"},
      {"recommend RUN --history 1 --exclude 'a b'", 2, "--separator"},
      {"recommend RUN --history 1 --allow NOTHING", 2, "--allow.*who"},
      {"recommend RUN --history 1 --allow 2,who", 0, "--allow.*who"},
      {"recommend RUN --history 1 --candidates NOTHING", 2, "--candidates.*who"},
      {"recommend RUN --history 1 --candidates lists/none.txt", 2, "no such file"},
      {"recommend RUN --all-users --exclude NOTHING", 2, "--exclude.*who"},
      {"similar RUN --item who", 2, "who"},
      {"similar RUN --item 1 who", 2, "who"},
      {"similar RUN --item 1 --allow NOTHING", 2, "--allow.*who"},
      {"similar RUN --item 1 --allow '2;who' --separator ';'", 0, "--allow.*who"},
      {"similar RUN", 1, "--item"},
      {"similar RUN --item 1 --all", 1, "--all"},
      {"recommend RUN --all-users --users NOTHING", 1, "--users FILE"},
      {"recommend RUN --all-users --out lists.xlsx", 1, "\\.jsonl"},
      {"recommend RUN --history 1 --out lists.csv", 1, "--all-users"},
  };
  for (const Row& row : rows) {
    std::string command = row.arguments;
    for (const auto& [word, path] : {std::pair{"RUN", model()}, {"NOTHING", at("nothing")}}) {
      if (const size_t place = command.find(word); place != std::string::npos) {
        command.replace(place, std::string(word).size(), path);
      }
    }
    const Answer answer = run(command + " --quiet");
    EXPECT_EQ(answer.status, row.status) << command << "\n" << answer.errors;
    EXPECT_TRUE(std::regex_search(answer.errors, std::regex(row.says))) << command << "\n"
                                                                        << answer.errors;
  }
}

TEST_F(Commands, ItemsOfADatasetThatTheModelLacksAreNamed) {
  // A user of the same data with one item more.
  std::string log = test::file_bytes(folder_ / "log.csv");
  const std::string user = "newcomer";
  folder_.write("more.csv", log + user + ",1,1\n" + user + ",2,2\n" + user + ",NEW,3\n" + user +
                                ",3,4\n" + user + ",4,5\n");
  prepare_csv(folder_ / "more.csv", folder_ / "more");
  const std::string ask = "recommend " + model() + " --quiet --data " + at("more");
  const Answer one = run(ask + " --user " + user);
  EXPECT_EQ(one.status, 0) << one.errors;
  EXPECT_TRUE(says(one.errors, "1 of the user's 5 items are unknown to the model and skipped: NEW"))
      << one.errors;
  const Answer all = run(ask + " --all-users");
  EXPECT_EQ(all.status, 0) << all.errors;
  EXPECT_TRUE(says(all.errors, "1 of the dataset's")) << all.errors;
  const Answer filtered = run(ask + " --all-users --allow NEW");
  EXPECT_EQ(filtered.status, 2) << filtered.errors;
  EXPECT_TRUE(says(filtered.errors, "--allow: none of its 1 ids is an item: NEW"))
      << filtered.errors;
}

TEST_F(Commands, AnEmptyListSaysWhy) {
  std::string every;
  const Dataset dataset = Dataset::open(folder_ / "data");
  for (int64_t item = 0; item < dataset.num_items(); ++item) {
    every += (item > 0 ? "," : "") + std::string(dataset.items().raw(item));
  }
  const Answer seen = run("recommend " + model() + " --quiet --json --history " + every);
  EXPECT_EQ(seen.status, 0);
  EXPECT_TRUE(says(seen.errors, "--include-seen")) << seen.errors;
  EXPECT_TRUE(Json::parse(seen.out)["items"].empty());
  EXPECT_TRUE(says(Json::parse(seen.out)["note"], "in the history"));
  const Answer filtered = run("recommend " + model() + " --quiet --history 1 --allow 1");
  EXPECT_TRUE(says(filtered.errors, "--allow")) << filtered.errors;
  const Answer many = run("recommend " + model() + " --quiet --all-users --exclude " + every);
  EXPECT_TRUE(says(many.errors, "200 lists are empty")) << many.errors;
}

TEST_F(Commands, ASampleHasAFileOfItsOwnAndIsCalledOne) {
  EXPECT_EQ(run("evaluate " + model() + " --no-baselines").status, 0);
  const std::string full = test::file_bytes(folder_ / "run/test.json");
  const std::string users = test::file_bytes(folder_ / "run/per_user.tsv");
  for (const std::string other : {"--max-users 3", "--include-seen", "--ties behind"}) {
    const Answer answer = run("evaluate " + model() + " --no-baselines " + other);
    EXPECT_EQ(answer.status, 0) << answer.errors;
    EXPECT_EQ(says(answer.out, "sample of 3 of 200 users"), other == "--max-users 3");
  }
  EXPECT_EQ(test::file_bytes(folder_ / "run/test.json"), full);
  EXPECT_EQ(test::file_bytes(folder_ / "run/per_user.tsv"), users);
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run/test_sample3.json"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "run/per_user_sample3.tsv"));
}

TEST_F(Commands, EvaluateLeavesTheRunAloneWhenTheResultGoesElsewhere) {
  const auto listing = [&] {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "run")) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  };
  const auto before = listing();
  EXPECT_EQ(run("evaluate " + model() + " --no-baselines --out " + at("sub/one.json")).status, 0);
  const Answer folder = run("evaluate " + model() + " --test-items 1 --no-baselines --json --out " +
                            at("sub/results"));
  EXPECT_EQ(folder.status, 0) << folder.errors;
  EXPECT_EQ(listing(), before);
  const auto metrics = [](const std::string& text) { return Json::parse(text)["metrics"]; };
  EXPECT_EQ(metrics(test::file_bytes(folder_ / "sub/one.json")), metrics(folder.out));
  for (const char* name : {"test.json", "per_user.tsv", "test_m1.json", "per_user_m1.tsv"}) {
    EXPECT_TRUE(std::filesystem::exists(folder_ / "sub/results" / name)) << name;
  }
}

}  // namespace
}  // namespace truenext
