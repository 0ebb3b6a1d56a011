// SPDX-License-Identifier: Apache-2.0
// The server without its sockets: requests, answers, what is refused.
#include "serve/application.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <memory>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "inference/model_file.h"
#include "inference/model_weights.h"
#include "serve/embedded.h"
#include "support/temporary_folder.h"

namespace truenext::serve {
namespace {

using Json = nlohmann::json;

constexpr int kItems = 30;

class ApplicationTest : public testing::Test {
 protected:
  void SetUp() override {
    ModelDescription description;
    description.model.hidden_size = 8;
    description.model.num_blocks = 1;
    description.model.max_length = 10;
    description.model.resolve();
    std::vector<std::string> ids, titles;
    for (int item = 0; item < kItems; ++item) {
      ids.push_back("i" + std::to_string(item));
      titles.push_back("Title " + std::to_string(item));
    }
    const ModelWeights weights = random_weights(description.model, kItems);
    write_model_file(folder_ / "model.safetensors", description, weights.views, ids, titles);
    std::string items;
    for (int item = 0; item < kItems; ++item) {
      items += Json{{"item", ids[static_cast<size_t>(item)]},
                    {"tags", Json::array({item % 3 == 0 ? "third" : "other", "all"})},
                    {"available", item != 29},
                    {"popularity", item}}
                   .dump() +
               "\n";
    }
    folder_.write("items.jsonl", items);
    ServeOptions options;
    options.models.push_back({"main", (folder_ / "model.safetensors").string()});
    options.items = (folder_ / "items.jsonl").string();
    options.threads = 2;
    options.timeout_ms = 60'000;
    options.access_log = AccessLog::none;
    application_ = std::make_unique<Application>(options);
    application_->set_hosts({"localhost"});
  }

  HttpResponse ask(const std::string& method, const std::string& target,
                   const std::string& body = "") {
    HttpRequest request{method, target, 11, {{"host", "localhost"}}, ""};
    if (!body.empty()) {
      request.headers.emplace_back("content-type", "application/json");
      request.headers.emplace_back("content-length", std::to_string(body.size()));
    }
    const Opened opened = application_->open(std::move(request));
    if (opened.refusal) return *opened.refusal;
    auto promise = std::make_shared<std::promise<HttpResponse>>();
    application_->handle(opened.call, body,
                         [promise](HttpResponse response) { promise->set_value(response); });
    return promise->get_future().get();
  }
  Json post(const std::string& target, const Json& body, int status = 200) {
    const HttpResponse response = ask("POST", target, body.dump());
    EXPECT_EQ(response.status, status) << body << response.body;
    return Json::parse(response.body);
  }
  static std::vector<std::string> ids(const Json& answer) {
    std::vector<std::string> found;
    for (const Json& each : answer["items"]) found.push_back(each["item"]);
    return found;
  }

  test::TemporaryFolder folder_;
  std::unique_ptr<Application> application_;
};

TEST_F(ApplicationTest, FiltersTakeItemsOutOfTheWholeRanking) {
  const Json whole = post("/v1/recommend", {{"history", {"i1", "i2"}}, {"k", kItems}});
  EXPECT_EQ(whole["items"].size(), kItems - 3u) << "two are seen, one is not available";
  EXPECT_TRUE(whole["exhausted"]);
  for (const char* part : {"all", "any", "none"}) {
    const Json some = post(
        "/v1/recommend",
        {{"history", {"i1", "i2"}}, {"k", kItems}, {"filter", {{part, Json::array({"third"})}}}});
    Json kept = Json::array();
    for (const Json& each : whole["items"]) {
      const bool third = std::stoi(each["item"].get<std::string>().substr(1)) % 3 == 0;
      if (third == (std::string(part) != "none")) kept.push_back(each["score"]);
    }
    Json scores = Json::array();
    for (const Json& each : some["items"]) scores.push_back(each["score"]);
    EXPECT_EQ(scores, kept) << part;
  }
  const Json wrong =
      post("/v1/recommend", {{"history", Json::array()}, {"filter", {{"all", {"thirds"}}}}}, 400);
  EXPECT_NE(wrong["errors"][0]["detail"].get<std::string>().find("third"), std::string::npos);
}

TEST_F(ApplicationTest, CountsOfTheModelFileArePopularity) {
  ModelDescription description;
  description.model.hidden_size = 8;
  description.model.num_blocks = 1;
  description.model.max_length = 10;
  description.model.resolve();
  NextCounts counts;
  counts.popular = {3, 1, 9, 4};
  for (int item = 0; item < 4; ++item) {
    counts.followers.add_row(std::vector<NextCounts::Follower>{{item, 2}});
  }
  description.counts = counts;
  const ModelWeights weights = random_weights(description.model, 4);
  write_model_file(folder_ / "counted.safetensors", description, weights.views,
                   {"a", "b", "c", "d"}, {});
  ServeOptions options;
  options.models.push_back({"main", (folder_ / "counted.safetensors").string()});
  options.threads = 1;
  options.timeout_ms = 60'000;
  options.access_log = AccessLog::none;
  application_ = std::make_unique<Application>(options);
  application_->set_hosts({"localhost"});
  const Json answer = post("/v1/recommend", {{"history", {"x"}}, {"k", 3}});
  EXPECT_EQ(answer["method"], "popularity");
  EXPECT_EQ(ids(answer), (std::vector<std::string>{"c", "d", "a"}));
}

// What the shadow cannot be asked is no answer's business.
TEST_F(ApplicationTest, AShadowWithoutTheTagIsDropped) {
  ModelDescription description;
  description.model.hidden_size = 8;
  description.model.num_blocks = 1;
  description.model.max_length = 10;
  description.model.resolve();
  const ModelWeights weights = random_weights(description.model, 2);
  write_model_file(folder_ / "small.safetensors", description, weights.views, {"i1", "i2"}, {});
  ServeOptions options;
  options.models = {{"main", (folder_ / "model.safetensors").string()},
                    {"small", (folder_ / "small.safetensors").string(), 0}};
  options.shadow = {"small", 1.0};
  options.items = (folder_ / "items.jsonl").string();
  options.timeout_ms = 60'000;
  options.access_log = AccessLog::none;
  application_ = std::make_unique<Application>(options);
  application_->set_hosts({"localhost"});
  for (int i = 0; i < 3; ++i) {
    const Json answer =
        post("/v1/recommend", {{"history", {"i1"}}, {"filter", {{"all", {"third"}}}}});
    EXPECT_EQ(answer["method"], "model");
  }
  std::string text;
  for (int tries = 0; tries < 1000 && text.find("shadow_dropped_total 3") == std::string::npos;
       ++tries) {
    text = ask("GET", "/metrics").body;
  }
  EXPECT_NE(text.find("truenext_shadow_dropped_total 3"), std::string::npos) << text;
}

TEST_F(ApplicationTest, DefaultsOfABatchHaveLimits) {
  Json many = Json::array(), requests = Json::array();
  for (int i = 0; i < 2000; ++i) many.push_back("x");
  for (int i = 0; i < 1000; ++i) requests.push_back({{"history", {"i1"}}});
  const Json wrong =
      post("/v1/recommend/batch", {{"defaults", {{"exclude", many}}}, {"requests", requests}}, 400);
  EXPECT_EQ(wrong["errors"][0]["pointer"], "/defaults");
  const Json mixed =
      post("/v1/recommend/batch",
           {{"defaults", {{"candidates", {"i3"}}}},
            {"requests", {{{"history", {"i1"}}, {"allow", {"i3"}}}, {{"history", {"i1"}}}}}});
  EXPECT_EQ(mixed["responses"][0]["problem"]["errors"][0]["pointer"], "/requests/0/allow");
  EXPECT_EQ(mixed["responses"][1]["items"].size(), 1u);
}

TEST_F(ApplicationTest, WithoutAKnownItemPopularOnesAnswer) {
  const Json answer = post("/v1/recommend", {{"history", {"x"}}, {"k", 3}});
  EXPECT_EQ(answer["method"], "popularity");
  EXPECT_EQ(ids(answer), (std::vector<std::string>{"i28", "i27", "i26"}));
  EXPECT_EQ(answer["history"]["unknown"], Json::array({"x"}));
  post("/v1/recommend", {{"history", {"x"}}, {"unknown", "error"}}, 422);
  post("/v1/recommend", {{"history", {"i1"}}, {"probabilities", true}}, 409);
}

TEST_F(ApplicationTest, LeavingOneOutIsTheDifferenceOfTheModelsOwnScores) {
  const Json full = post("/v1/recommend", {{"history", {"i1", "i2", "i3"}},
                                           {"k", 2},
                                           {"explain", "leave-one-out"},
                                           {"explain_items", 3}});
  const std::string item = full["items"][0]["item"];
  ASSERT_EQ(full["items"][0]["explanation"].size(), 3u);
  for (const Json& reason : full["items"][0]["explanation"]) {
    Json history = {"i1", "i2", "i3"};
    history.erase(reason["index"].get<size_t>());
    const Json without = post("/v1/recommend", {{"history", history}, {"candidates", {item}}});
    EXPECT_EQ(reason["effect"].get<double>(),
              full["items"][0]["score"].get<double>() - without["items"][0]["score"].get<double>());
  }
  // Of a history that is longer than the window, the item before the window comes in.
  Json longer = Json::array();
  for (int i = 1; i <= 12; ++i) longer.push_back("i" + std::to_string(i));
  const Json explained =
      post("/v1/recommend",
           {{"history", longer}, {"k", 1}, {"explain", "leave-one-out"}, {"explain_items", 20}});
  ASSERT_EQ(explained["items"][0]["explanation"].size(), 10u);
  for (const Json& reason : explained["items"][0]["explanation"]) {
    Json history = longer;
    history.erase(reason["index"].get<size_t>());
    const Json without = post(
        "/v1/recommend", {{"history", history}, {"candidates", {explained["items"][0]["item"]}}});
    EXPECT_EQ(reason["effect"].get<double>(), explained["items"][0]["score"].get<double>() -
                                                  without["items"][0]["score"].get<double>());
  }
  const Json near =
      post("/v1/recommend", {{"history", {"i1", "i2"}}, {"k", 1}, {"explain", "similar"}});
  EXPECT_LE(std::abs(near["items"][0]["explanation"][0]["effect"].get<double>()), 1.0);
}

TEST_F(ApplicationTest, MistakesAreNamedByPointers) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({})", "/history"},
      {R"({"history": 3})", "/history"},
      {R"({"history": [1.5]})", "/history/0"},
      {R"({"history": ["a", null]})", "/history/1"},
      {R"({"history": [{"hex": "0"}]})", "/history/0"},
      {R"({"history": [{"hex": "zz"}]})", "/history/0"},
      {R"({"history": [["a"]]})", "/history/0"},
      {R"({"history": [], "k": 0})", "/k"},
      {R"({"history": [], "k": 1001})", "/k"},
      {R"({"history": [], "k": "3"})", "/k"},
      {R"({"history": [], "k": 2.5})", "/k"},
      {R"({"history": [], "hisotry": []})", "/hisotry"},
      {R"({"history": [], "history": []})", "/history"},
      {R"({"history": [], "a/b~c": 1})", "/a~1b~0c"},
      {R"({"history": [], "exclude_seen": 1})", "/exclude_seen"},
      {R"({"history": [], "exclude": "a"})", "/exclude"},
      {R"({"history": [], "allow": {}})", "/allow"},
      {R"({"history": [], "candidates": ["a"], "allow": ["a"]})", "/allow"},
      {R"({"history": [], "candidates": ["a"], "filter": {"all": ["third"]}})", "/filter"},
      {R"({"history": [], "filter": []})", "/filter"},
      {R"({"history": [], "filter": {"al": []}})", "/filter/al"},
      {R"({"history": [], "filter": {"all": [1]}})", "/filter/all"},
      {R"({"history": [], "probabilities": "yes"})", "/probabilities"},
      {R"({"history": [], "titles": 0})", "/titles"},
      {R"({"history": [], "explain": "why"})", "/explain"},
      {R"({"history": [], "explain_items": 21})", "/explain_items"},
      {R"({"history": [], "unknown": "drop"})", "/unknown"},
      {R"({"history": [], "model": 7})", "/model"},
      {R"([])", ""},
  };
  for (const auto& [body, pointer] : cases) {
    const HttpResponse response = ask("POST", "/v1/recommend", body);
    EXPECT_EQ(response.status, 400) << body << response.body;
    const Json problem = Json::parse(response.body);
    ASSERT_FALSE(problem["errors"].empty()) << body << response.body;
    EXPECT_EQ(problem["errors"][0]["pointer"], pointer) << body;
  }
  const Json typo =
      Json::parse(ask("POST", "/v1/recommend", R"({"history":[],"hisotry":[]})").body);
  EXPECT_EQ(typo["errors"][0]["detail"], "unknown; did you mean history?");
  for (const char* broken : {"", "{", R"({"history": [1,]})", "{\"history\": [\"\xff\"]}", "nul"}) {
    EXPECT_EQ(ask("POST", "/v1/recommend", broken).status, 400) << broken;
  }
  const std::string deep = "{\"history\": " + std::string(5000, '[') + std::string(5000, ']') + "}";
  EXPECT_EQ(ask("POST", "/v1/recommend", deep).status, 400);
  // Lengths are those of JSON Schema, in characters: what the description allows is taken.
  const auto unit_of = [&](int characters) {
    std::string unit;
    for (int i = 0; i < characters; ++i) unit += "\xc3\xa4";
    return ask("POST", "/v1/recommend", R"({"history": [], "unit": ")" + unit + "\"}");
  };
  EXPECT_EQ(unit_of(256).status, 200);
  EXPECT_EQ(Json::parse(unit_of(257).body)["errors"][0]["detail"],
            "must have at most 256 characters, has 257");
  EXPECT_EQ(ask("GET", "/v1/items?limt=3").status, 400);
  EXPECT_EQ(ask("GET", "/v1/items?limit=0").status, 400);
}

TEST_F(ApplicationTest, ABatchAnswersEachForItself) {
  const Json answer = post("/v1/recommend/batch", {{"defaults", {{"k", 2}}},
                                                   {"requests",
                                                    {{{"history", {"i1"}}},
                                                     {{"history", {"i1"}}, {"k", 0}},
                                                     {{"history", {"i1"}}, {"k", 4}},
                                                     {{"history", {"x"}}, {"unknown", "error"}}}}});
  ASSERT_EQ(answer["responses"].size(), 4u);
  EXPECT_EQ(answer["responses"][0]["items"].size(), 2u);
  EXPECT_EQ(answer["responses"][1]["problem"]["errors"][0]["pointer"], "/requests/1/k");
  EXPECT_EQ(answer["responses"][2]["items"].size(), 4u);
  EXPECT_EQ(answer["responses"][3]["problem"]["status"], 422);
  EXPECT_EQ(post("/v1/recommend/batch", {{"requests", Json::array()}})["responses"].size(), 0u);
}

TEST_F(ApplicationTest, SearchFindsWordsOfTitles) {
  const HttpResponse response = ask("GET", "/v1/items?search=TITLE+27&limit=5");
  EXPECT_EQ(ids(Json::parse(response.body)), (std::vector<std::string>{"i27"}));
  EXPECT_EQ(ask("GET", "/v1/items/nothing").status, 404);
  EXPECT_EQ(Json::parse(ask("GET", "/v1/items/i29").body)["available"], false);
}

TEST_F(ApplicationTest, TheDescriptionHasTheRoutesOfTheRouter) {
  const Json description = Json::parse(embedded_file("openapi.json"));
  std::set<std::string> described, routed;
  for (const auto& [path, methods] : description["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      described.insert(method + " " + path + " " + operation["x-role"].get<std::string>());
    }
  }
  for (const Route& route : route_list()) {
    std::string method = route.method;
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    routed.insert(method + " " + route.path + " " + std::string(role_name(route.role)));
  }
  EXPECT_EQ(described, routed);
}

TEST_F(ApplicationTest, MetricsHaveNoLabelsOfRequests) {
  for (int i = 0; i < 500; ++i) {
    ask("GET", "/v1/items/unknown" + std::to_string(i));
    ask("X" + std::to_string(i), "/nowhere" + std::to_string(i));
  }
  const std::string text = ask("GET", "/metrics").body;
  EXPECT_LT(std::count(text.begin(), text.end(), '\n'), 400);
  EXPECT_NE(text.find("truenext_http_requests_total{code=\"404\",method=\"GET\",route=\"/v1/items/"
                      "{item}\"} 500"),
            std::string::npos)
      << text;
}

}  // namespace
}  // namespace truenext::serve
