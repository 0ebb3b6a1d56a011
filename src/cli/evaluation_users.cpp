// SPDX-License-Identifier: Apache-2.0
// Who is judged where not all are.
#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "cli/evaluation.h"
#include "cli/id_text.h"

namespace truenext::cli {
namespace {

/// Of raw ids in their order in the dataset, whatever their order in the file.
std::string fingerprint_of(std::span<const int32_t> users, const Dataset& dataset) {
  Fingerprint hash;
  for (const int32_t user : users) {
    hash.add_values(std::span<const char>(dataset.users().raw(user)));
    hash.add_values(std::span<const char>("\n", 1));
  }
  return hash.hex();
}

}  // namespace

void choose_users(Evaluation* evaluation) {
  const std::string& file = evaluation->arguments.users;
  if (file.empty()) return;
  const Dataset& dataset = evaluation->dataset;
  std::vector<int32_t> users;
  std::vector<std::string> unknown;
  for (const std::string& id : read_id_file(file)) {
    if (const auto user = dataset.users().find(id)) {
      users.push_back(*user);
    } else {
      unknown.push_back(id);
    }
  }
  check_data(!users.empty(), "--users {}: none of its {} ids is a user of {}{}", file,
             unknown.size(), dataset.folder().string(),
             unknown.empty() ? "; want raw ids, one a line" : ": " + id_list(unknown));
  if (!unknown.empty()) {
    log_warning("--users {}: {} ids are no users of {} and are passed over: {}", file,
                unknown.size(), dataset.folder().string(), id_list(unknown));
  }
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  evaluation->protocol.users_file = file;
  evaluation->protocol.users_fingerprint = fingerprint_of(users, dataset);
  evaluation->protocol.users = std::move(users);
}

}  // namespace truenext::cli
