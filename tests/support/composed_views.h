// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <list>
#include <string>
#include <vector>

#include "net/model.h"
#include "support/network_cases.h"

namespace truenext::test {

/// Attributes of a catalogue: items with none, one and two, one attribute that many share and one
/// of the last item alone.
inline AttributeLists some_attributes(int64_t items) {
  Jagged<int32_t> rows;
  for (int64_t item = 0; item < items; ++item) {
    std::vector<int32_t> row;
    if (item % 4 != 1) row.push_back(0);
    if (item % 3 == 0) row.push_back(static_cast<int32_t>(1 + item % 2));
    if (item == items - 1) row.push_back(3);
    rows.add_row(row);
  }
  return distinct_attributes(rows, 4);
}

/// Networks whose tables are composed, each way and of several kinds.
inline std::vector<NetworkCase> composed_cases(const ModelOptions& base) {
  std::vector<NetworkCase> cases;
  for (const bool tied : {false, true}) {
    for (const bool attributes : {false, true}) {
      for (const bool bias : {false, true}) {
        if (!attributes && !bias) continue;
        ModelOptions options = base;
        options.tie_embeddings = tied;
        options.attributes = attributes ? AttributeUse::add : AttributeUse::none;
        options.output_bias = bias;
        const std::string name = std::string(attributes ? "_attributes" : "") +
                                 (bias ? "_bias" : "") + (tied ? "_tied" : "");
        for (const char* network : {"sasrec", "gru4rec", "bert4rec"}) {
          // The mechanism is one for all: the others are tried with everything.
          if (network != std::string("sasrec") && !(attributes && bias)) continue;
          options.name = network;
          if (options.name == "bert4rec") options.block = "post-norm";
          cases.push_back({network + name, options.resolved(), &find_network(network)});
        }
      }
    }
  }
  // Cosines of tied and own vectors, of vectors with attributes, and with a trained temperature.
  const auto add_cosine = [&](const char* network, const char* name, const auto& change) {
    ModelOptions options = base;
    options.name = network;
    options.similarity = Similarity::cosine;
    options.temperature = 0.3;
    change(options);
    cases.push_back(
        {network + std::string("_cosine_") + name, options.resolved(), &find_network(network)});
  };
  add_cosine("sasrec", "untied", [](ModelOptions&) {});
  add_cosine("sasrec", "tied", [](ModelOptions& o) { o.tie_embeddings = true; });
  add_cosine("gru4rec", "learned_tied", [](ModelOptions& o) {
    o.tie_embeddings = true;
    o.learned_temperature = true;
  });
  add_cosine("sasrec", "learned_attributes", [](ModelOptions& o) {
    o.learned_temperature = true;
    o.attributes = AttributeUse::add;
  });
  return cases;
}

/// Networks whose softmax has a class for padding: with a vector of its own, shared with what the
/// network sees, and in tables that are composed of more.
inline std::vector<NetworkCase> padding_class_cases(const ModelOptions& base) {
  std::vector<NetworkCase> cases;
  const auto add = [&](const char* network, const char* name, const auto& change) {
    ModelOptions options = base;
    options.name = network;
    options.tie_embeddings = true;
    options.padding_class = true;
    change(options);
    cases.push_back(
        {network + std::string("_class_") + name, options.resolved(), &find_network(options.name)});
  };
  add("narm", "tied", [](ModelOptions&) {});
  add("sasrec", "untied", [](ModelOptions& o) { o.tie_embeddings = false; });
  add("sasrec", "bias_tied", [](ModelOptions& o) { o.output_bias = true; });
  add("gru4rec", "attributes_tied", [](ModelOptions& o) { o.attributes = AttributeUse::add; });
  add("nextitnet", "shared", [](ModelOptions& o) { o.padding = PaddingUse::attend; });
  add("caser", "shared_bias", [](ModelOptions& o) {
    o.padding = PaddingUse::attend;
    o.output_bias = true;
  });
  add("nextitnet", "untied_attend", [](ModelOptions& o) {
    o.padding = PaddingUse::attend;
    o.tie_embeddings = false;
  });
  add("bert4rec", "all", [](ModelOptions& o) {
    o.block = "post-norm";
    o.tie_embeddings = false;
    o.output_bias = true;
    o.attributes = AttributeUse::add;
  });
  return cases;
}

/// What a pass reads when this is trained. Borrows `trained` and the model.
template <typename T>
class ComposedViews {
 public:
  ComposedViews(const Model& model, const WeightViews<T>& trained) : views_(trained) {
    for (const int64_t place : model.composed().places()) {
      const int64_t rows = model.composed().rows(place, model.num_items());
      const std::vector<int64_t> shape{rows, model.composed().width(place)};
      std::vector<T>& table = tables_.emplace_back(static_cast<size_t>(shape[0] * shape[1]));
      model.composed().compose(place, trained, model.attributes(), {0, rows}, table.data());
      if (place == model.composed().units()) views_.emplace_back();
      views_[static_cast<size_t>(place)] = WeightView<T>::of(shape, table.data());
    }
  }
  const WeightViews<T>& views() const { return views_; }

 private:
  WeightViews<T> views_;
  std::list<std::vector<T>> tables_;
};

}  // namespace truenext::test
