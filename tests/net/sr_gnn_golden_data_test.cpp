// SPDX-License-Identifier: Apache-2.0
// Windows of six places through SR-GNN as Li et al. 2023 published it: graphs, states of the nodes
// after one step and both read-outs. Its row 0 is padding, the other rows are items here too. The
// published builder was written for padding on the right and gets it on the left; our
// model.padding = "attend" is it with padding on the left, "none" has no padding and so must be it
// with padding on the right.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "net/network_run.h"
#include "net/session_graph.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const fs::path kFile = fs::path(TRUENEXT_SHARED_DATA) / "s3rec" / "golden" / "srgnn_toy.json";
constexpr int64_t kRows = 9, kDim = 4, kLength = 6;

using Matrix = std::vector<std::vector<float>>;

/// All numbers of nested arrays.
std::vector<float> flat(const json& numbers) {
  if (!numbers.is_array()) return {numbers.get<float>()};
  std::vector<float> all;
  for (const json& part : numbers) {
    const std::vector<float> some = flat(part);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

/// Our names of the original's tensors.
const std::map<std::string, std::string>& tensor_names() {
  static const std::map<std::string, std::string> names = {
      {"item_embedding.weight", "item_embeddings.weight"},
      {"padding_embedding", "item_embeddings.weight"},
      {"edge_in.weight", "gnn.linear_edge_in.weight"},
      {"edge_in.bias", "gnn.linear_edge_in.bias"},
      {"edge_out.weight", "gnn.linear_edge_out.weight"},
      {"edge_out.bias", "gnn.linear_edge_out.bias"},
      {"aggregate_in_bias", "gnn.b_iah"},
      {"aggregate_out_bias", "gnn.b_ioh"},
      {"gnn_input.weight", "gnn.w_ih"},
      {"gnn_input.bias", "gnn.b_ih"},
      {"gnn_hidden.weight", "gnn.w_hh"},
      {"gnn_hidden.bias", "gnn.b_hh"},
      {"attention_query.weight", "linear_one.weight"},
      {"attention_query.bias", "linear_one.bias"},
      {"attention_key.weight", "linear_two.weight"},
      {"attention_key.bias", "linear_two.bias"},
      {"attention_value.weight", "linear_three.weight"},
      {"output.weight", "linear_transform.weight"},
      {"output.bias", "linear_transform.bias"}};
  return names;
}

std::unique_ptr<Model> golden_model(const json& parameters, PaddingUse padding, Readout readout) {
  ModelOptions options;
  options.name = "sr-gnn";
  options.readout = readout;
  options.padding = padding;
  options.hidden_size = kDim;
  options.max_length = kLength;
  options.dropout = 0;
  options.tie_embeddings = true;
  options.resolve();
  auto model = make_model(options, kRows, 1);
  for (int64_t i = 0; i < model->parameters().size(); ++i) {
    Parameter& parameter = model->parameters()[i];
    const std::vector<float> values = flat(parameters.at(tensor_names().at(parameter.name)));
    EXPECT_GE(std::ssize(values), parameter.value.size()) << parameter.name;
    std::copy_n(values.begin(), parameter.value.size(), parameter.value.data());
  }
  return model;
}

/// Puts `values` into a tensor, which is zero where they end.
void set(Model& model, const std::string& name, const std::vector<float>& values) {
  Tensor& tensor = model.parameters().get(name);
  std::fill_n(tensor.data(), tensor.size(), 0.0f);
  std::ranges::copy(values, tensor.data());
}

/// Makes the states the vectors H_t of the items themselves: attention that is 1 everywhere, and an
/// output that passes on its half, or those of h_t, the other half.
void show_nodes(Model& model, bool anchors) {
  for (const char* name : {"attention_query", "attention_key"}) {
    set(model, std::string(name) + ".weight", {});
    set(model, std::string(name) + ".bias", {});
  }
  set(model, "attention_value.weight", std::vector<float>(kDim, 2.0f / kDim));
  std::vector<float> half(static_cast<size_t>(2 * kDim * kDim), 0.0f);
  for (int64_t c = 0; c < kDim; ++c) half[c * 2 * kDim + (anchors ? kDim : 0) + c] = 1;
  set(model, "output.weight", half);
  set(model, "output.bias", {});
}

/// Rows of states.
Matrix states_of(const Model& model, const std::vector<int32_t>& items) {
  const std::vector<float> states = test::network_states(model, test::Sequences({items}), {});
  Matrix rows;
  for (auto at = states.begin(); at != states.end(); at += kDim) rows.emplace_back(at, at + kDim);
  return rows;
}

void expect_near(const std::vector<float>& ours, const std::vector<float>& golden,
                 const std::string& what) {
  ASSERT_EQ(ours.size(), golden.size()) << what;
  for (size_t c = 0; c < ours.size(); ++c)
    EXPECT_NEAR(ours[c], golden[c], 1e-6f) << what << " " << c;
}

/// A window of the file.
struct Window {
  const json& golden;
  std::vector<int32_t> places = golden["sequence"];
  std::vector<int32_t> history{};  ///< its items
  bool pads_left = places.front() == 0;
  bool pads_right = places.back() == 0;

  explicit Window(const json& given) : golden(given) {
    std::ranges::copy_if(places, std::back_inserter(history), [](int32_t id) { return id != 0; });
  }
  std::string name() const { return golden["name"]; }
  std::vector<float> row(const char* key, size_t i) const { return golden[key][i]; }
  std::vector<float> node(size_t place) const {
    return row("hidden_nodes_after_one_step", golden["alias"][place]);
  }
};

class SrGnnGolden : public testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kFile)) GTEST_SKIP() << kFile << " is not there";
    std::ifstream stream(kFile);
    file_ = json::parse(stream);
    ASSERT_EQ(file_["cases"].size(), 4u);
  }
  std::unique_ptr<Model> model(PaddingUse padding, Readout readout) const {
    return golden_model(file_["parameters"], padding, readout);
  }
  std::vector<Window> windows() const {
    std::vector<Window> all;
    for (const json& one : file_["cases"]) all.emplace_back(one);
    return all;
  }

  json file_;
};

/// The dense matrix of edges among the nodes of `order`, which are the original's.
Matrix dense(const net::SessionGraph& graph, const net::SessionGraph::Edges& edges,
             const std::vector<int32_t>& order) {
  const auto place = [&](int64_t node) {
    const int32_t id = std::max(graph.items()[node], 0);
    return std::ranges::find(order, id) - order.begin();
  };
  Matrix matrix(order.size(), std::vector<float>(order.size(), 0.0f));
  for (int64_t v = 0; v < graph.num_nodes(); ++v) {
    for (int64_t i = edges.offsets[v]; i < edges.offsets[v + 1]; ++i) {
      matrix[place(v)][place(edges.sources[i])] = edges.weights[i];
    }
  }
  return matrix;
}

TEST_F(SrGnnGolden, GraphsAreTheSame) {
  for (const Window& window : windows()) {
    // The right form has no padding, the published one only on the left; two places of it and there
    // are no edges (src/net/networks/sr_gnn.cpp).
    std::vector<int32_t> places = window.pads_right ? window.history : window.places;
    const bool edges = std::ranges::count(places, 0) < 2;
    std::ranges::replace(places, 0, -1);
    net::SessionGraph graph;
    graph.add_session(places, edges);
    const std::vector<int32_t> nodes = window.golden["nodes"];
    EXPECT_EQ(dense(graph, graph.incoming(), nodes), Matrix(window.golden["A_first_half_rows"]))
        << window.name();
    EXPECT_EQ(dense(graph, graph.outgoing(), nodes), Matrix(window.golden["A_second_half_rows"]))
        << window.name();
    for (size_t i = 0; i < places.size(); ++i) {
      const int32_t alias = window.golden["alias"][i];
      EXPECT_EQ(std::max(graph.items()[graph.alias()[i]], 0), nodes[alias]) << window.name();
    }
  }
}

TEST_F(SrGnnGolden, PublishedFormOfWindowsPaddedOnTheLeft) {
  const auto improved = model(PaddingUse::attend, Readout::improved);
  const auto original = model(PaddingUse::attend, Readout::original);
  int compared = 0;
  for (const Window& window : windows()) {
    if (window.pads_right) continue;
    const Matrix states = states_of(*improved, window.history);
    const size_t padding = kLength - window.history.size();
    for (size_t t = 0; t < states.size(); ++t) {
      expect_near(states[t], window.row("per_position_readout", padding + t), window.name());
    }
    expect_near(states_of(*original, window.history).back(), window.golden["original_readout"],
                window.name() + ", original");
    ++compared;
  }
  EXPECT_EQ(compared, 3);
}

TEST_F(SrGnnGolden, PublishedStatesAfterOneStep) {
  const auto items = model(PaddingUse::attend, Readout::improved);
  const auto anchors = model(PaddingUse::attend, Readout::improved);
  show_nodes(*items, false);
  show_nodes(*anchors, true);
  for (const Window& window : windows()) {
    if (window.pads_right) continue;
    const Matrix states = states_of(*items, window.history);
    const Matrix last = states_of(*anchors, window.history);
    const size_t padding = kLength - window.history.size();
    for (size_t t = 0; t < states.size(); ++t) {
      expect_near(states[t], window.node(padding + t), window.name());
      expect_near(last[t], window.node(window.golden["index_used_as_last"]), window.name());
    }
  }
}

/// The newest item's history is the whole window, so nothing of a future is in its graph.
TEST_F(SrGnnGolden, RightFormAtTheNewestItem) {
  const auto improved = model(PaddingUse::none, Readout::improved);
  const auto original = model(PaddingUse::none, Readout::original);
  const auto nodes = model(PaddingUse::none, Readout::improved);
  show_nodes(*nodes, false);
  int compared = 0;
  for (const Window& window : windows()) {
    if (window.pads_left) continue;
    const size_t newest = window.history.size() - 1;
    ASSERT_EQ(window.golden["index_used_as_last"], newest);
    expect_near(states_of(*improved, window.history).back(),
                window.row("per_position_readout", newest), window.name());
    expect_near(states_of(*original, window.history).back(), window.golden["original_readout"],
                window.name() + ", original");
    expect_near(states_of(*nodes, window.history).back(), window.node(newest), window.name());
    ++compared;
  }
  EXPECT_EQ(compared, 2);
}

/// Left padding or right padding is none: the same history, the same states.
TEST_F(SrGnnGolden, RightFormDoesNotKnowPadding) {
  const std::vector<Window> all = windows();
  const auto right = std::ranges::find(all, "right_padded", &Window::name);
  const auto left = std::ranges::find(all, "left_padded_one_zero", &Window::name);
  ASSERT_NE(right, all.end());
  ASSERT_NE(left, all.end());
  ASSERT_EQ(left->history, right->history);
  const auto improved = model(PaddingUse::none, Readout::improved);
  expect_near(states_of(*improved, left->history).back(),
              right->row("per_position_readout", right->history.size() - 1), "left");
}

TEST_F(SrGnnGolden, NothingAfterAPlaceReachesItInTheRightForm) {
  for (const Readout readout : {Readout::improved, Readout::original}) {
    const auto right = model(PaddingUse::none, readout);
    const auto published = model(PaddingUse::attend, readout);
    double leaked = 0;
    for (const Window& window : windows()) {
      const Matrix before = states_of(*right, window.history);
      const Matrix seen = states_of(*published, window.history);
      for (size_t t = 0; t + 1 < window.history.size(); ++t) {
        std::vector<int32_t> other = window.history;
        for (size_t i = t + 1; i < other.size(); ++i) other[i] = 1 + (other[i] + 4) % 8;
        const Matrix after = states_of(*right, other), leaking = states_of(*published, other);
        for (size_t p = 0; p <= t; ++p) {
          expect_near(after[p], before[p], window.name());
          for (int64_t c = 0; c < kDim; ++c) {
            leaked = std::max(leaked, std::abs(double(leaking[p][c]) - seen[p][c]));
          }
        }
      }
    }
    // What the test would find if there were something.
    EXPECT_GT(leaked, 1e-3);
  }
}

}  // namespace
}  // namespace truenext
