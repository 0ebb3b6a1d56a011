// SPDX-License-Identifier: Apache-2.0
// Ids on the command line of `recommend`, through what the command itself runs. Answers go to
// standard output, which tools/fuzz.sh closes.
#include "base/error.h"
#include "cli/list_options.h"
#include "cli/recommender.h"
#include "fuzz_kinds.h"
#include "inference/model_file.h"
#include "inference/model_weights.h"
#include "support/small_data.h"

namespace truenext::fuzz {
namespace {

using cli::Globals;
using cli::RecommendArguments;
using cli::Recommender;

/// A small model and the dataset whose items it knows.
struct World {
  test::TemporaryFolder folder;
  std::filesystem::path data = test::ring_dataset(folder, 12, 8, 6);
  std::filesystem::path model = folder / "model.safetensors";

  World() {
    ModelDescription description;
    description.model.hidden_size = 4;
    description.model.num_blocks = 1;
    description.model.max_length = 5;
    description.model.resolve();
    std::vector<std::string> ids;
    for (int item = 0; item < 8; ++item) ids.push_back("i" + std::to_string(item));
    ids.insert(ids.end(), {"a b", "x,y", "\xc3\xa9", "07"});
    const ModelWeights weights =
        random_weights(description.model, static_cast<int64_t>(ids.size()));
    write_model_file(model, description, weights.views, ids, {});
  }
};

const World& world() {
  static const World made;
  return made;
}

RecommendArguments arguments_of_model() {
  RecommendArguments arguments;
  arguments.runs = {world().model.string()};
  arguments.k = 3;
  return arguments;
}

Globals one_thread(bool json) {
  Globals globals;
  globals.threads = 1;
  globals.json = json;
  return globals;
}

/// --history, --exclude and --separator, or --user.
void ids(std::string_view input) {
  const auto parts = pieces(input, 4);
  RecommendArguments arguments = arguments_of_model();
  arguments.history = parts[0];
  arguments.filter.exclude = parts[1];
  arguments.separator = parts[2];
  arguments.user = parts[3];
  if (!arguments.user.empty()) arguments.data = world().data.string();
  const Globals globals = one_thread(input.size() % 2 == 0);
  Recommender recommender(arguments, globals);
  if (arguments.user.empty()) {
    recommender.answer_history();
  } else {
    recommender.answer_user();
  }
}

/// A file for one of --allow, --candidates and --exclude, and text for another.
void id_filters(std::string_view input) {
  const auto parts = pieces(input, 2);
  RecommendArguments arguments = arguments_of_model();
  arguments.history = "i1";
  std::string* const options[] = {&arguments.filter.allow, &arguments.filter.candidates,
                                  &arguments.filter.exclude};
  const size_t chosen = parts[0].size() % 3;
  *options[chosen] = path_of(parts[0]);
  *options[(chosen + 1) % 3] = parts[1];
  const Globals globals = one_thread(input.size() % 2 == 0);
  Recommender(arguments, globals).answer_history();
}

/// A file for --users; the lists go to standard output.
void id_users(std::string_view input) {
  RecommendArguments arguments = arguments_of_model();
  arguments.data = world().data.string();
  arguments.users = path_of(input);
  const Globals globals = one_thread(input.size() % 2 == 0);
  Recommender(arguments, globals).answer_users({}, arguments.users, globals);
}

}  // namespace

void add_id_kinds(std::vector<Kind>& kinds) {
  kinds.push_back({"ids", &ids});
  kinds.push_back({"id-filters", &id_filters});
  kinds.push_back({"id-users", &id_users});
}

}  // namespace truenext::fuzz
