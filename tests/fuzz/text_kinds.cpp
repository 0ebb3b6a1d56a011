// SPDX-License-Identifier: Apache-2.0
#include "compare/per_user_values.h"
#include "data/attributes.h"
#include "data/readers/columns.h"
#include "data/titles.h"
#include "eval/listed_candidates.h"
#include "eval/ranked_lists.h"
#include "fuzz_kinds.h"
#include "run/grid_plan.h"
#include "run/run_config.h"
#include "support/small_data.h"

namespace truenext::fuzz {
namespace {

constexpr std::string_view kIds[] = {"1", "2", "3", "10", "i1", "i2", "B00 A", "\xc3\xa9"};

std::optional<int32_t> find_id(std::string_view raw) {
  for (size_t i = 0; i < std::size(kIds); ++i) {
    if (kIds[i] == raw) return static_cast<int32_t>(i);
  }
  return std::nullopt;
}

void titles(std::string_view input) {
  const auto raw = [](int64_t id) { return kIds[id]; };
  (void)read_titles(path_of(input), "", std::size(kIds), raw);
}

ItemLookup lookup() {
  return {std::size(kIds), [](int64_t id) { return kIds[id]; }, find_id};
}

void attributes(std::string_view input) {
  (void)read_attributes(path_of(input), {}, lookup());
}

/// Options, one a line, and a file behind them.
void attribute_columns(std::string_view input) {
  const auto parts = pieces(input, 2);
  std::vector<std::string> told = split_names(parts[0], '\n');
  told.resize(4);
  AttributeOptions options;
  options.columns = told[0];
  options.separator = told[1];
  if (!told[2].empty()) options.item_column = told[2];
  if (!told[3].empty()) options.attribute_column = told[3];
  (void)read_attributes(path_of(parts[1]), options, lookup());
}

/// Users of a small dataset and what they hold out.
struct UsersOfData {
  test::TemporaryFolder folder;
  Dataset dataset = Dataset::open(test::ring_dataset(folder, 12, 8, 6));
  Queries queries;

  explicit UsersOfData(const Protocol& protocol) : queries(make_queries(dataset, protocol)) {}
};

/// Ranked lists for them: ids of users and items.
void lists(std::string_view input) {
  static const UsersOfData world({});
  (void)read_ranked_lists(path_of(input), world.dataset, world.queries);
}

/// Negatives for three of them, so that a short file is a whole one.
void candidates(std::string_view input) {
  Protocol protocol;
  protocol.max_users = 3;
  static const UsersOfData world(protocol);
  const ListedCandidates listed =
      read_listed_candidates(path_of(input), world.dataset, world.queries);
  for (int64_t query = 0; query < listed.negatives.size(); ++query) {
    const int64_t size = listed.negatives.row_size(query);
    if (size == 0 || size > listed.longest) __builtin_trap();
  }
}

void per_user(std::string_view input) {
  (void)read_per_user(path_of(input));
}

/// A file, and behind it settings of the command line, one a line. What was taken can be written
/// and read back.
void config(std::string_view input) {
  const auto parts = pieces(input, 2);
  RunConfig config;
  apply_text(config, parts[0], "input");
  std::vector<std::string> settings;
  for (std::string_view rest = parts[1]; !rest.empty();) {
    const size_t end = rest.find('\n');
    settings.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  apply_settings(config, settings);
  const std::string text = config_text(config);
  RunConfig again;
  apply_text(again, text, "written");
  if (config_text(again) != text) __builtin_trap();
  config.model.resolve();
  config.objective.check();
}

void grid(std::string_view input) {
  const GridPlan plan = read_grid_plan(path_of(input));
  // Cells are a product; what takes long only because much is asked for is no finding.
  const size_t cells = plan.variants.size() * plan.seeds.size() * plan.data.size();
  if (cells <= 1000) (void)grid_cells(plan);
}

}  // namespace

void add_text_kinds(std::vector<Kind>& kinds) {
  kinds.push_back({"titles", &titles});
  kinds.push_back({"attributes", &attributes});
  kinds.push_back({"attribute-columns", &attribute_columns});
  kinds.push_back({"lists", &lists});
  kinds.push_back({"candidates", &candidates});
  kinds.push_back({"per-user", &per_user});
  kinds.push_back({"config", &config});
  kinds.push_back({"grid", &grid});
}

}  // namespace truenext::fuzz
