// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "base/terminal_text.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/id_text.h"
#include "cli/item_filter.h"
#include "cli/list_options.h"
#include "cli/recommend_table.h"
#include "inference/model_file.h"

namespace truenext::cli {
namespace {

struct SimilarArguments {
  std::string model, separator;
  std::vector<std::string> items;
  bool all = false;
  int64_t k = 10;
  FilterArguments filter;
  ListArguments lists;
};

std::vector<int32_t> chosen_items(const SimilarArguments& arguments, const ModelFile& model) {
  std::vector<int32_t> items;
  if (arguments.all) {
    items.resize(static_cast<size_t>(model.num_items()));
    std::iota(items.begin(), items.end(), 0);
    return items;
  }
  std::vector<std::string> unknown;
  for (const std::string& id : arguments.items) {
    if (const auto item = model.find_item(id)) {
      items.push_back(*item);
    } else {
      unknown.push_back(id);
    }
  }
  check_data(unknown.empty(), "--item: the model has no {}; raw ids are compared byte by byte",
             id_list(unknown));
  return items;
}

/// One table below the other, for a person.
void print_tables(const ListJob& job, bool titles, WorkerPool& pool) {
  Jagged<int32_t> histories;
  for (int64_t list = 0; list < job.count; ++list) {
    std::vector<int32_t> history;
    job.history(list, &history);
    histories.add_row(history);
  }
  const Answers answers = answer(job.scorer, histories, job.options, pool);
  for (int64_t list = 0; list < job.count; ++list) {
    std::vector<ListRow> rows;
    for (const ScoredItem& entry : answers.lists.row(list)) {
      rows.push_back({std::ssize(rows) + 1,
                      job.item(entry.item),
                      titles ? job.title(entry.item) : "",
                      entry.score,
                      {}});
    }
    fmt::print("{}similar to {}\n", list > 0 ? "\n" : "", printable(job.key(list)));
    fmt::print("{}", list_table("cosine", rows, false));
    if (rows.empty()) log_warning("{}: no other item is let through", job.key(list));
  }
}

void run_similar(const SimilarArguments& arguments, const Globals& globals) {
  check_usage(arguments.all == arguments.items.empty(),
              "similar: say to what: --item ID ..., or --all for every item of the model");
  check_standard_input(filter_sources(arguments.filter));
  const ModelFile model = ModelFile::open(arguments.model);
  const FindItem find = [&](std::string_view raw) { return model.find_item(raw); };
  const ItemFilter filter(arguments.filter, arguments.separator);
  filter.check(find);
  const auto eligible = filter.items(model.num_items(), find);
  const std::vector<int32_t> items = chosen_items(arguments, model);
  const auto scorer = make_cosine_scorer(model.encoder());
  ListJob job{.count = std::ssize(items), .scorer = *scorer, .options = {.k = arguments.k}};
  job.options.eligible = eligible ? &*eligible : nullptr;
  job.history = [&](int64_t list, std::vector<int32_t>* history) {
    history->push_back(items[static_cast<size_t>(list)]);
  };
  job.key = [&](int64_t list) { return model.item_id(items[static_cast<size_t>(list)]); };
  job.item = [&](int32_t item) { return model.item_id(item); };
  job.title = [&](int32_t item) { return model.title(item); };
  job.noun = "items";
  job.show_progress = can_show_progress(arguments.lists, globals);
  WorkerPool pool(globals.threads);
  const bool table = !arguments.all && !globals.json && arguments.lists.out.empty() &&
                     arguments.lists.format.empty();
  if (table) {
    print_tables(job, true, pool);
  } else {
    run_lists(job, arguments.lists, {"item", "similar", false, arguments.lists.titles}, globals,
              pool);
  }
}

}  // namespace

void add_similar(Command& program, Globals& globals) {
  Command verb =
      program.add_verb("similar", "The items nearest to an item, by the cosine of the item table");
  auto arguments = std::make_shared<SimilarArguments>();
  verb.add_option("model", arguments->model, "Run folder or model file").required();
  verb.add_option("--item", arguments->items, "Raw ids of items, each as it is");
  verb.add_flag("--all", arguments->all, "The list of every item of the model");
  verb.add_option("-k,--count", arguments->k, "Number of items").positive().show_default();
  verb.add_option("--separator", arguments->separator,
                  "What separates ids (default: commas and blanks); for ids that contain those");
  add_filter_options(verb, arguments->filter);
  add_list_options(verb, arguments->lists);
  verb.callback([arguments, &globals] { run_similar(*arguments, globals); });
}

}  // namespace truenext::cli
