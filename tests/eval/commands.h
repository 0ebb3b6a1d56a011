// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/random.h"
#include "eval/small_dataset.h"
#include "inference/model_file.h"

namespace truenext {

/// What the program said.
struct Answer {
  int status = 0;
  std::string out, errors;
};

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(
        run("simulate --users 200 --items 40 --interests 4 --events 10 --out " + at("log.csv"))
            .status,
        0);
    const Dataset dataset = prepare_csv(folder_ / "log.csv", folder_ / "data");
    write_run("run", dataset, 1);
  }

  /// A run folder with a model of random weights.
  void write_run(const std::string& name, const Dataset& dataset, uint64_t seed) const {
    folder_.write(name + "/config.toml", "[data]\npath = \"" + dataset.folder().string() + "\"\n");
    ModelDescription description;
    description.model.hidden_size = 8;
    description.model.num_blocks = 1;
    description.model.max_length = 10;
    description.model.resolve();
    description.dataset_fingerprint = dataset.fingerprint();
    description.split_fingerprint = dataset.split_fingerprint();
    description.loss_name = "none: untrained";
    std::vector<std::string> ids;
    for (int64_t item = 0; item < dataset.num_items(); ++item) {
      ids.emplace_back(dataset.items().raw(item));
    }
    write_random_model(name, description, ids, seed);
  }

  void write_random_model(const std::string& name, const ModelDescription& description,
                          const std::vector<std::string>& ids, uint64_t seed) const {
    RandomStream random(random_key(seed, Purpose::initialise));
    std::map<std::string, std::vector<float>> values;
    TensorMap weights;
    for (const TensorInfo& info : model_tensors(description.model, std::ssize(ids))) {
      TensorView& view = weights[info.name];
      view.shape = info.shape;
      std::vector<float>& tensor = values[info.name];
      tensor.resize(static_cast<size_t>(view.size()));
      for (float& value : tensor) value = static_cast<float>(random.normal());
      view.data = tensor.data();
    }
    std::vector<std::string> titles;
    for (const std::string& id : ids) titles.push_back("Title " + id);
    write_model_file(folder_ / (name + "/model.safetensors"), description, weights, ids, titles);
  }

  Answer run(const std::string& arguments, const std::string& input = "") const {
    Answer answer;
    folder_.write("input", input);
    const std::string command = std::string(TRUENEXT_PROGRAM) + " " + arguments + " < " +
                                at("input") + " 2> " + at("errors");
    FILE* pipe = ::popen(command.c_str(), "r");
    char buffer[4096];
    for (size_t n; (n = std::fread(buffer, 1, sizeof(buffer), pipe)) > 0;) {
      answer.out.append(buffer, n);
    }
    answer.status = WEXITSTATUS(::pclose(pipe));
    answer.errors = test::file_bytes(folder_ / "errors");
    return answer;
  }
  /// A path in the folder of the test, to be put into a command.
  std::string at(std::string_view name) const { return (folder_ / name).string(); }
  std::string model() const { return at("run"); }

  test::TemporaryFolder folder_;
};

using Json = nlohmann::json;

}  // namespace truenext
