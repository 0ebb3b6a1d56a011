// SPDX-License-Identifier: Apache-2.0
// Folders of soft labels, about a small dataset.
#include <filesystem>
#include <string>

#include "base/file.h"
#include "fuzz_kinds.h"
#include "support/small_data.h"
#include "teachers/label_files.h"
#include "teachers/label_store.h"

namespace truenext::fuzz {
namespace {

/// A dataset and labels of it that are whole.
struct World {
  test::TemporaryFolder folder;
  Dataset data = Dataset::open(test::ring_dataset(folder, 12, 8, 6));
  std::filesystem::path whole = folder / "whole";

  World() {
    const auto members = open_members(std::vector<std::string>{kPopularityMember}, data);
    LabelRule rule;
    rule.kept = 2;
    WorkerPool pool(1);
    write_labels(whole, false, rule, members, data, pool);
  }
};

const World& world() {
  static const World made;
  return made;
}

/// labels.json, in which "@SPLIT" stands for the fingerprint, empty for the whole one's; which
/// other file is damaged, and what it then is.
void labels(std::string_view input) {
  const auto parts = pieces(input, 3);
  const World& here = world();
  const std::filesystem::path folder = here.folder / "labels";
  std::filesystem::copy(here.whole, folder, std::filesystem::copy_options::overwrite_existing);
  std::string json(parts[0]);
  if (const size_t at = json.find("@SPLIT"); at != std::string::npos) {
    json.replace(at, 6, here.data.split_fingerprint());
  }
  if (!json.empty()) write_file_atomically(folder / label_files::kDescription, json);
  const char* const names[] = {label_files::kOffsets, label_files::kItems,
                               label_files::kProbabilities, label_files::kRest};
  if (!parts[1].empty()) write_file_atomically(folder / names[parts[1].size() % 4], parts[2]);
  const LabelStore store(folder, here.data);
  for (int32_t user = 0; user < here.data.num_users(); ++user) {
    for (int64_t end = 1; end < here.data.splits()[user].train_end; ++end) {
      for (const int32_t item : store.label({user, end}).items) {
        if (item < 0 || item >= here.data.num_items()) __builtin_trap();
      }
    }
  }
  (void)store.mean_rest();
}

}  // namespace

void add_label_kinds(std::vector<Kind>& kinds) {
  kinds.push_back({"labels", &labels});
}

}  // namespace truenext::fuzz
