// SPDX-License-Identifier: Apache-2.0
// The lists of all users of a dataset, or of those that a file names.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "base/error.h"
#include "base/log.h"
#include "cli/id_text.h"
#include "cli/list_options.h"
#include "cli/recommender.h"
#include "data/windows.h"
#include "eval/run_inputs.h"

namespace truenext::cli {
namespace {

/// Ascending, each once.
std::vector<int32_t> chosen_users(const Dataset& dataset, const std::string& file) {
  std::vector<int32_t> users;
  if (file.empty()) {
    users.resize(static_cast<size_t>(dataset.num_users()));
    std::iota(users.begin(), users.end(), 0);
    return users;
  }
  std::vector<std::string> unknown;
  for (const std::string& id : read_id_file(file)) {
    if (const auto user = find_history(dataset, id)) {
      users.push_back(*user);
    } else {
      unknown.push_back(id);
    }
  }
  check_data(!users.empty(), "--users {}: none of its {} ids is a user of {}: {}", file,
             unknown.size(), dataset.folder().string(), id_list(unknown));
  if (!unknown.empty()) {
    log_warning("--users {}: {} ids are no users of {} and are passed over: {}", file,
                unknown.size(), dataset.folder().string(), id_list(unknown));
  }
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  return users;
}

}  // namespace

void Recommender::answer_users(const ListArguments& lists, const std::string& file,
                               const Globals& globals) {
  const std::vector<int32_t> users = chosen_users(*dataset_, file);
  const ItemMatch match = match_items(dataset_->items(), model_.num_items(), find_in_model());
  if (match.unknown_to_model > 0) {
    log_warning(
        "{} of the dataset's {} items are unknown to the model; they are skipped in histories",
        match.unknown_to_model, dataset_->num_items());
  }
  const auto user_of = [&](int64_t list) { return users[static_cast<size_t>(list)]; };
  ListJob job{.count = std::ssize(users), .scorer = *scorer_, .options = answer_options()};
  job.history = [&](int64_t list, std::vector<int32_t>* history) {
    for (const int32_t item : dataset_->histories().row(user_of(list))) {
      const int32_t known = match.to_model[static_cast<size_t>(item)];
      if (known >= 0) history->push_back(known);
    }
  };
  if (time_ != TimeUse::none) {
    job.times = [&](int64_t list, std::vector<int64_t>* times) {
      const int32_t user = user_of(list);
      const std::span<const int32_t> items = dataset_->histories().row(user);
      const std::span<const int64_t> own = dataset_->times().row(user);
      for (size_t i = 0; i < items.size(); ++i) {
        if (match.to_model[static_cast<size_t>(items[i])] >= 0) times->push_back(own[i]);
      }
      check_asked_after(own, fmt::format("user {}", dataset_->users().raw(user)));
    };
  }
  if (time_ == TimeUse::request) job.asked = at_;
  job.key = [&](int64_t list) { return dataset_->users().raw(user_of(list)); };
  job.item = [&](int32_t item) { return model_.item_id(item); };
  job.title = [&](int32_t item) { return model_.title(item); };
  job.show_progress = can_show_progress(lists, globals);
  ListRows::Columns columns;
  columns.probability = arguments_.probabilities;
  if (blend_.counts > 0) columns.method = "hybrid";
  if (time_ == TimeUse::request) {
    columns.method = columns.method.empty()
                         ? kRequestTimeKnown
                         : fmt::format("{}, {}", columns.method, kRequestTimeKnown);
  }
  columns.title = lists.titles;
  run_lists(job, lists, columns, globals, pool_);
}

}  // namespace truenext::cli
