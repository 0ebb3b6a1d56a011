// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "base/file.h"
#include "c_api/open_handles.h"
#include "support/arrow_frame.h"
#include "support/temporary_folder.h"
#include "support/test_files.h"

namespace truenext {
namespace {

using Json = nlohmann::json;

/// What a call came to, and what it told.
struct Outcome {
  int status = 0;
  Json result;
  std::string error;
  std::vector<Json> events;
};

/// Calls with a progress callback; `stop` says of every event whether to stop.
Outcome run(const std::string& verb, const Json& request,
            const std::function<bool(const Json&)>& stop = {}) {
  struct Context {
    Outcome outcome;
    const std::function<bool(const Json&)>& stop;
    std::thread::id thread = std::this_thread::get_id();
  } context{{}, stop};
  truenext_progress progress{};
  progress.size = sizeof progress;
  progress.context = &context;
  progress.call = [](void* given, const char* text) {
    auto& known = *static_cast<Context*>(given);
    EXPECT_EQ(std::this_thread::get_id(), known.thread);
    Json event = Json::parse(text);
    const bool stops = known.stop && known.stop(event);
    if (event["kind"] != "tick") known.outcome.events.push_back(std::move(event));
    return stops ? 1 : 0;
  };
  char* text = nullptr;
  Outcome& outcome = context.outcome;
  outcome.status = truenext_run(verb.c_str(), request.dump().c_str(), &progress, &text);
  if (outcome.status == TRUENEXT_OK) {
    const ApiText kept(text);
    outcome.result = Json::parse(text);
  } else {
    outcome.error = truenext_last_error();
  }
  return outcome;
}

class RunOfApi : public testing::Test {
 protected:
  RunOfApi() {
    std::string log = "user,item,time\n";
    for (int user = 0; user < 60; ++user) {
      for (int event = 0; event < 9; ++event) {
        log += fmt::format("u{},i{},{}\n", user, (user * 7 + event * (1 + user % 3)) % 30, event);
      }
    }
    folder_.write("log.csv", log);
    const Outcome prepared = run("prepare", {{"input", at("log.csv")}, {"out", at("data")}});
    EXPECT_EQ(prepared.status, TRUENEXT_OK) << prepared.error;
    EXPECT_EQ(prepared.result["dataset"], at("data"));
  }
  std::string at(const std::string& name) const { return (folder_ / name).string(); }
  Json training(const std::string& run) const {
    return {{"data", at("data")},
            {"run", at(run)},
            {"threads", 1},
            {"seed", 7},
            {"set",
             {"model.hidden_size=8", "model.max_length=8", "train.epochs=4", "train.batch_size=16",
              "objective.negatives=5"}}};
  }
  std::string model_bytes(const std::string& run) const {
    return test::file_bytes(folder_ / (run + "/model.safetensors"));
  }

  test::TemporaryFolder folder_;
};

int64_t count(const std::vector<Json>& events, const std::string& kind) {
  return std::count_if(events.begin(), events.end(),
                       [&](const Json& event) { return event["kind"] == kind; });
}

TEST_F(RunOfApi, TrainingTellsItsEpochs) {
  const Outcome trained = run("train", training("run"));
  ASSERT_EQ(trained.status, TRUENEXT_OK) << trained.error;
  EXPECT_EQ(trained.result["epochs"], 4);
  EXPECT_EQ(count(trained.events, "epoch"), 4);
  EXPECT_GE(count(trained.events, "validation"), 1);
  EXPECT_GE(count(trained.events, "checkpoint"), 4);
  EXPECT_GE(count(trained.events, "message"), 1);
  for (const Json& event : trained.events) {
    if (event["kind"] == "epoch") {
      EXPECT_EQ(event["run"], at("run"));
      EXPECT_GT(event["loss"], 0);
    }
  }
  const Outcome judged = run("evaluate", {{"runs", {at("run")}}, {"metrics", "ndcg@10"}});
  ASSERT_EQ(judged.status, TRUENEXT_OK) << judged.error;
  EXPECT_TRUE(judged.result["metrics"].contains("ndcg@10"));
}

TEST_F(RunOfApi, AStoppedTrainingGoesOnToTheSameBits) {
  ASSERT_EQ(run("train", training("whole")).status, TRUENEXT_OK);
  const Outcome stopped = run("train", training("stopped"), [](const Json& event) {
    return event["kind"] == "epoch" && event["epoch"] == 2;
  });
  EXPECT_EQ(stopped.status, TRUENEXT_INTERRUPTED);
  EXPECT_NE(stopped.error.find("nothing is lost"), std::string::npos) << stopped.error;
  EXPECT_EQ(count(stopped.events, "epoch"), 2);
  EXPECT_NE(model_bytes("stopped"), model_bytes("whole"));
  const Outcome resumed = run("train", {{"resume", at("stopped")}, {"threads", 2}});
  ASSERT_EQ(resumed.status, TRUENEXT_OK) << resumed.error;
  EXPECT_EQ(model_bytes("stopped"), model_bytes("whole"));
}

TEST_F(RunOfApi, RunsAtTheSameTimeHearAndStopTheirOwnOnly) {
  Outcome endless, whole;
  Json forever = training("endless");
  forever["set"].push_back("train.epochs=1000000");
  std::thread beside([&] {
    endless = run("train", forever, [](const Json& event) {
      return event["kind"] == "epoch" && event["epoch"] >= 3;
    });
  });
  whole = run("train", training("whole"));
  beside.join();
  EXPECT_EQ(endless.status, TRUENEXT_INTERRUPTED);
  ASSERT_EQ(whole.status, TRUENEXT_OK) << whole.error;
  for (const Json& event : whole.events) {
    if (event.contains("run")) {
      EXPECT_EQ(event["run"], at("whole"));
    }
  }
}

TEST_F(RunOfApi, MistakesAreNamed) {
  const auto expect = [](const Outcome& outcome, int status, const std::string& text) {
    EXPECT_EQ(outcome.status, status);
    EXPECT_NE(outcome.error.find(text), std::string::npos) << outcome.error;
  };
  expect(run("dance", Json::object()), TRUENEXT_USAGE, "there are prepare, train");
  expect(run("train", Json::array()), TRUENEXT_USAGE, "no JSON object");
  expect(run("train", {{"rum", "x"}}), TRUENEXT_USAGE, "did you mean run?");
  expect(run("train", {{"presets", true}}), TRUENEXT_USAGE, "unknown option \"presets\"");
  expect(run("train", {{"overwrite", "yes"}}), TRUENEXT_USAGE, "want true or false");
  expect(run("train", {{"threads", Json::object()}}), TRUENEXT_USAGE, "want a text or a number");
  expect(run("train", {{"threads", -3}}), TRUENEXT_USAGE, "--threads");
  expect(run("prepare", {{"input", "--help"}, {"out", "x"}}), TRUENEXT_USAGE, "write ./--help");
  expect(run("prepare", {{"input", "nowhere.csv"}, {"out", at("x")}}), TRUENEXT_DATA,
         "nowhere.csv");
  Json without = training("new");
  without["data"] = at("none");
  expect(run("train", without), TRUENEXT_DATA, at("none"));
  char* text = nullptr;
  EXPECT_EQ(truenext_run("train", "{", nullptr, &text), TRUENEXT_USAGE);
  EXPECT_EQ(text, nullptr);
}

TEST_F(RunOfApi, ADatasetSaysWhatItIs) {
  char* text = nullptr;
  ASSERT_EQ(truenext_dataset_info(at("data").c_str(), &text), TRUENEXT_OK);
  const ApiText kept(text);
  const Json info = Json::parse(text);
  EXPECT_EQ(info["users"], 60);
  EXPECT_EQ(info["events"], 540);
  EXPECT_EQ(info["fingerprint"].get<std::string>().size(), 32U);
  EXPECT_EQ(truenext_dataset_info(at("none").c_str(), &text), TRUENEXT_DATA);
}

/// The log of the fixture as a table.
test::ArrowFrame table() {
  test::Texts users, items;
  std::vector<std::optional<int64_t>> times;
  for (int user = 0; user < 60; ++user) {
    for (int event = 0; event < 9; ++event) {
      users.push_back(fmt::format("u{}", user));
      items.push_back(fmt::format("i{}", (user * 7 + event * (1 + user % 3)) % 30));
      times.emplace_back(event);
    }
  }
  test::ArrowFrame frame;
  frame.names = {"user", "item", "time"};
  frame.add(
      {test::text_array("u", users), test::text_array("u", items), test::number_array("l", times)});
  return frame;
}

TEST_F(RunOfApi, TablesBecomeTheDatasetOfTheirRowsAndAreReleasedWhateverHappens) {
  test::ArrowFrame frame = table();
  ArrowArrayStream stream = frame.stream();
  char* text = nullptr;
  const std::string request = Json{{"out", at("of_table")}}.dump();
  ASSERT_EQ(truenext_prepare_stream(&stream, request.c_str(), nullptr, &text), TRUENEXT_OK)
      << truenext_last_error();
  const Json result = Json::parse(ApiText(text).get());
  const Outcome again = run("prepare", {{"input", at("log.csv")}, {"out", at("of_file")}});
  EXPECT_EQ(result["fingerprint"], again.result["fingerprint"]);
  EXPECT_EQ(result["split_fingerprint"], again.result["split_fingerprint"]);
  EXPECT_TRUE(frame.all_released());
  for (const char* bad : {"{}", "no JSON", R"({"out": "x", "input": "y"})",
                          R"({"out": "x", "separator": ","})", R"({"out": "x", "nonsense": 1})"}) {
    ArrowArrayStream other = frame.stream();
    EXPECT_EQ(truenext_prepare_stream(&other, bad, nullptr, &text), TRUENEXT_USAGE) << bad;
    EXPECT_EQ(other.release, nullptr) << bad;
    EXPECT_TRUE(frame.all_released()) << bad;
  }
  EXPECT_EQ(truenext_prepare_stream(nullptr, "{}", nullptr, &text), TRUENEXT_USAGE);
}

}  // namespace
}  // namespace truenext
