// SPDX-License-Identifier: Apache-2.0
#include <iostream>
#include <memory>

#include "base/error.h"
#include "cli/arguments.h"
#include "cli/commands.h"
#include "cli/id_text.h"
#include "cli/recommender.h"

namespace truenext::cli {
namespace {

void check_sources(const RecommendArguments& arguments, bool has_history) {
  const bool many = arguments.all_users || !arguments.users.empty();
  const int sources = (has_history ? 1 : 0) + (arguments.from_stdin ? 1 : 0) +
                      (arguments.user.empty() ? 0 : 1) + (arguments.all_users ? 1 : 0) +
                      (arguments.users.empty() ? 0 : 1);
  check_usage(sources == 1,
              "say whom to recommend to: one of --history \"id,id,...\", --stdin (one history per "
              "line), --user ID, --users FILE and --all-users");
  const ListArguments& lists = arguments.lists;
  check_usage(many || (lists.out.empty() && lists.format.empty() && !lists.titles),
              "--out, --format and --titles go with --all-users or --users FILE");
}

void check_one_reader(const RecommendArguments& arguments) {
  auto sources = filter_sources(arguments.filter);
  sources.emplace_back("--users", arguments.users);
  sources.emplace_back("--history", arguments.history);
  sources.emplace_back("--stdin", arguments.from_stdin ? "-" : "");
  check_standard_input(sources);
}

void run_recommend(RecommendArguments arguments, bool has_history, const Globals& globals) {
  check_one_reader(arguments);
  if (arguments.history == "-") {
    arguments.from_stdin = true;
    has_history = false;
  }
  check_sources(arguments, has_history);
  check_ensemble(arguments.ensemble, arguments.runs);
  check_usage(arguments.ensemble.rule.empty() || !arguments.probabilities,
              "--probabilities: `truenext calibrate` fits one model, and the probabilities of an "
              "ensemble are not those of its members; leave it out, or ask one run");
  check_blend(arguments.blend, !arguments.ensemble.rule.empty());
  check_usage(!arguments.blend.exists() || !arguments.probabilities,
              "--probabilities: `truenext calibrate` fits the model, and those of a hybrid are "
              "others; leave out --probabilities or --blend");
  if (arguments.all_users || !arguments.users.empty()) list_format(arguments.lists, globals.json);
  Recommender recommender(arguments, globals);
  if (arguments.all_users || !arguments.users.empty()) {
    recommender.answer_users(arguments.lists, arguments.users, globals);
  } else if (arguments.from_stdin) {
    recommender.answer_stdin();
  } else if (!arguments.user.empty()) {
    recommender.answer_user();
  } else {
    recommender.answer_history();
  }
}

}  // namespace

void add_recommend(Command& program, Globals& globals) {
  Command verb =
      program.add_verb("recommend", "The best next items for a history, oldest item first");
  auto arguments = std::make_shared<RecommendArguments>();
  verb.add_option("runs", arguments->runs, "Run folder or model file; several with --ensemble")
      .required();
  add_ensemble_options(verb, arguments->ensemble);
  const Argument history =
      verb.add_option("--history", arguments->history,
                      "Raw item ids, oldest first, e.g. \"1193,661,914\"; - is stdin");
  verb.add_option("--times", arguments->times,
                  "Times of the items of --history, oldest first, separated by commas, for a model "
                  "that is told them (model.time)");
  verb.add_option(
      "--at", arguments->at,
      "When the items are asked for, in the unit of the data's times: a number (of seconds "
      "since 1970), a date, or now; for a model that is told it (model.time = request)");
  verb.add_flag("--stdin", arguments->from_stdin, "Read histories from stdin, one per line");
  verb.add_option("--user", arguments->user, "Raw id of a user of the dataset");
  verb.add_option("--users", arguments->users, "File of raw user ids, one a line: a list for each");
  verb.add_flag("--all-users", arguments->all_users, "A list for every user of the dataset");
  verb.add_option("--data", arguments->data, "Dataset folder, for users and for unknown histories");
  verb.add_option("-k,--count", arguments->k, "Number of items").positive().show_default();
  verb.add_flag("--include-seen", arguments->include_seen, "Items of the history may come back");
  verb.add_flag("--probabilities", arguments->probabilities,
                "Calibrated probabilities beside the scores (after truenext calibrate)");
  verb.add_option("--separator", arguments->separator,
                  "What separates ids (default: commas and blanks); for ids that contain those");
  add_blend_option(verb, arguments->blend);
  add_filter_options(verb, arguments->filter);
  add_list_options(verb, arguments->lists);
  verb.callback([arguments, history, &globals] {
    if (arguments->from_stdin || history.given()) std::ios::sync_with_stdio(false);
    run_recommend(*arguments, history.given(), globals);
  });
}

}  // namespace truenext::cli
