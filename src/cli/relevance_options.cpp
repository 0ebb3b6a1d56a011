// SPDX-License-Identifier: Apache-2.0
#include "cli/relevance_options.h"

#include <algorithm>

#include "base/error.h"
#include "cli/arguments.h"

namespace truenext::cli {
namespace {

struct Alias {
  const char* name;  ///< with dashes
  const char* key;
};
constexpr Alias kAliases[] = {
    {"batch-size", "train.batch_size"},     {"lr", "train.learning_rate"},
    {"maxlen", "model.max_length"},         {"hidden-units", "model.hidden_size"},
    {"num-blocks", "model.num_blocks"},     {"num-heads", "model.num_heads"},
    {"num-epochs", "train.epochs"},         {"dropout-rate", "model.dropout"},
    {"loss-type", "objective.relevance"},   {"train-num-positives", "objective.future_items"},
    {"state-dict-path", "train.init_from"}, {"l2-emb", "train.table_norm"},
};

struct Refusal {
  const char* name;
  const char* instead;
};
constexpr Refusal kRefusals[] = {
    {"train-num-negatives",
     "the published code ignores it and draws a negative for every positive; say "
     "--set objective.negatives=N, per position or per positive (objective.negatives_per)"},
    {"experiment-id", "the dataset folder is named with --data"},
    {"train-dir", "the run folder is named with --run"},
    {"inference-only", "a model is judged with truenext evaluate FOLDER"},
};

std::string with_underscores(std::string name) {
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

/// "--a-b,--a_b", or just one of them when they are the same.
std::string names_of(const std::string& name) {
  const std::string other = with_underscores(name);
  return "--" + name + (other == name ? "" : ",--" + other);
}

std::string shape_of(const std::string& written) {
  if (written == "pow2") return "power";
  if (written == "exp") return "exponential";
  return written;
}

}  // namespace

void add_relevance_options(Command& verb, std::vector<std::string>& settings) {
  for (const Alias& alias : kAliases) {
    verb.add_option_function(
            names_of(alias.name),
            [&settings, alias](const std::string& value) {
              settings.push_back(std::string(alias.key) + "=" + shape_of(value));
            },
            std::string("The same as --set ") + alias.key)
        .group("Names of the published code of Bacciu et al. 2023");
  }
  for (const Refusal& refusal : kRefusals) {
    verb.add_option_function(
            names_of(refusal.name),
            [refusal](const std::string&) {
              fail_usage("--{} is not taken: {}", refusal.name, refusal.instead);
            },
            "")
        .group("");
  }
}

}  // namespace truenext::cli
