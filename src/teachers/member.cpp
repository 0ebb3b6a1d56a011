// SPDX-License-Identifier: Apache-2.0
#include "teachers/member.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/log.h"
#include "teachers/count_scorers.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// Teachers' rows are numbered as the dataset's items are.
void check_same_items(const ModelFile& model, const std::string& name, const Dataset& dataset) {
  check_data(model.num_items() == dataset.num_items(),
             "{}: knows {} items, {} has {}; a teacher must be trained on data with the same items",
             name, model.num_items(), dataset.folder().string(), dataset.num_items());
  for (int64_t item = 0; item < dataset.num_items(); ++item) {
    check_data(model.item_id(item) == dataset.items().raw(item),
               "{}: its item {} is \"{}\", in {} it is \"{}\"; a teacher must be trained on data "
               "with the same items in the same order",
               name, item, model.item_id(item), dataset.folder().string(),
               dataset.items().raw(item));
  }
}

std::string file_fingerprint(const fs::path& path) {
  const MappedFile file(fs::is_directory(path) ? path / kModelFileName : path);
  Fingerprint hash;
  hash.add(file.bytes());
  return hash.hex();
}

std::string count_fingerprint(const std::string& name, const Dataset& dataset) {
  Fingerprint hash;
  hash.add_values(std::span<const char>(name));
  hash.add_values(std::span<const char>(dataset.split_fingerprint()));
  return hash.hex();
}

}  // namespace

Member open_member(const std::string& name, const Dataset& dataset) {
  Member member;
  member.name = name;
  if (name == kPopularityMember || name == kItemToItemMember) {
    member.fingerprint = count_fingerprint(name, dataset);
    member.scorer = name == kPopularityMember ? make_popularity_teacher(dataset)
                                              : make_item_to_item_teacher(dataset);
    return member;
  }
  check_data(fs::exists(name), "teacher {}: no such run folder or model file, nor one of {} and {}",
             name, kPopularityMember, kItemToItemMember);
  member.model.emplace(ModelFile::open(name));
  const TimeUse time = member.model->description().model.time;
  check_data(time == TimeUse::none || dataset.has_times(),
             "teacher {}: was trained with model.time = \"{}\", and {} has no times of its events; "
             "prepare the data with them, or name one that is told none",
             name, word_of(time), dataset.folder().string());
  check_same_items(*member.model, name, dataset);
  member.fingerprint = file_fingerprint(name);
  member.scorer = make_encoder_scorer(member.model->encoder());
  return member;
}

void log_weights(std::span<const Member> members) {
  for (const Member& member : members) {
    if (!member.model || member.model->description().validation.empty()) continue;
    log_info("teacher {}: {}", member.name, member.model->description().validation);
  }
}

std::vector<Member> open_members(std::span<const std::string> names, const Dataset& dataset) {
  check_usage(!names.empty(), "soft labels: no teacher is named; say --teacher RUN");
  std::vector<Member> members;
  for (const std::string& name : names) members.push_back(open_member(name, dataset));
  return members;
}

}  // namespace truenext
