// SPDX-License-Identifier: Apache-2.0
#include "data/dataset.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "c_api/guard.h"
#include "c_api/open_dataset.h"

namespace truenext::c_api {
namespace {

StoredTexts texts_of(const IdMap& ids) {
  StoredTexts texts;
  for (int64_t id = 0; id < ids.size(); ++id) texts.add(ids.raw(id));
  return texts;
}

}  // namespace

const StoredTexts& OpenDataset::user_ids() const {
  std::call_once(users_once_, [this] { user_ids_ = texts_of(dataset_.users()); });
  return user_ids_;
}

const StoredTexts& OpenDataset::item_ids() const {
  std::call_once(items_once_, [this] { item_ids_ = texts_of(dataset_.items()); });
  return item_ids_;
}

int64_t OpenDataset::history_length(int64_t user, int32_t history) const {
  const SplitPoint& split = dataset_.splits()[static_cast<size_t>(user)];
  switch (history) {
    case TRUENEXT_HISTORY_ALL:
      return std::ssize(dataset_.histories().row(user));
    case TRUENEXT_HISTORY_TEST:
      return split.test_begin < split.test_end ? split.test_begin : 0;
    case TRUENEXT_HISTORY_VALID:
      return split.valid_begin < split.valid_end ? split.valid_begin : 0;
    case TRUENEXT_HISTORY_TRAIN:
      return split.train_end;
    default:
      fail_usage(
          "history {}: want 0 (all events), 1 (before test), 2 (before validation) or 3 "
          "(training)",
          history);
  }
}

std::span<const int32_t> OpenDataset::history(int64_t user, int32_t history) const {
  return dataset_.histories().row(user).first(static_cast<size_t>(history_length(user, history)));
}

}  // namespace truenext::c_api

using namespace truenext;
using namespace truenext::c_api;

int truenext_dataset_open(const char* path, uint32_t flags, truenext_dataset** out) {
  return guarded([&] {
    check_given(path, "path");
    check_given(out, "out");
    check_usage(flags == 0, "flags {}: want 0", flags);
    *out = new truenext_dataset(path);
  });
}

void truenext_dataset_close(truenext_dataset* dataset) {
  delete dataset;
}

int truenext_dataset_user_ids(const truenext_dataset* dataset, truenext_texts* out) {
  return guarded([&] {
    check_given(dataset, "dataset");
    dataset->open.user_ids().show(out);
  });
}

int truenext_dataset_item_ids(const truenext_dataset* dataset, truenext_texts* out) {
  return guarded([&] {
    check_given(dataset, "dataset");
    dataset->open.item_ids().show(out);
  });
}

int truenext_dataset_events(const truenext_dataset* dataset, truenext_events* out) {
  return guarded([&] {
    check_given(dataset, "dataset");
    check_given(out, "out");
    check_size(out->size, sizeof(truenext_events), "out");
    const Dataset& data = dataset->open.dataset();
    const JaggedView<int32_t> histories = data.histories();
    out->num_users = data.num_users();
    out->num_events = data.num_events();
    out->offsets = histories.offsets.data();
    out->items = histories.values.data();
    out->times = data.has_times() ? data.times().values.data() : nullptr;
    out->values = data.has_values() ? data.values().values.data() : nullptr;
  });
}

int truenext_dataset_history_lengths(const truenext_dataset* dataset, int32_t history,
                                     int64_t* lengths) {
  return guarded([&] {
    check_given(dataset, "dataset");
    check_given(lengths, "lengths");
    for (int64_t user = 0; user < dataset->open.dataset().num_users(); ++user) {
      lengths[user] = dataset->open.history_length(user, history);
    }
  });
}

int truenext_dataset_find_users(const truenext_dataset* dataset, const truenext_texts* ids,
                                int64_t* numbers) {
  return guarded([&] {
    check_given(dataset, "dataset");
    const Texts texts(ids, "ids");
    if (texts.size() > 0) check_given(numbers, "numbers");
    for (int64_t text = 0; text < texts.size(); ++text) {
      const auto user = dataset->open.dataset().users().find(texts.at(text));
      numbers[text] = user ? *user : -1;
    }
  });
}

int truenext_dataset_info(const char* path, char** json) {
  return guarded([&] {
    check_given(path, "path");
    check_given(json, "json");
    const Dataset dataset = Dataset::open(path);
    nlohmann::ordered_json info;
    info["path"] = std::filesystem::absolute(dataset.folder()).lexically_normal().string();
    info["users"] = dataset.num_users();
    info["items"] = dataset.num_items();
    info["events"] = dataset.num_events();
    info["has_times"] = dataset.has_times();
    info["has_values"] = dataset.has_values();
    info["attributes"] = dataset.attribute_ids().size();
    info["split"] = dataset.split_name();
    info["fingerprint"] = dataset.fingerprint();
    info["split_fingerprint"] = dataset.split_fingerprint();
    info["attribute_fingerprint"] = dataset.attribute_fingerprint();
    *json = copy_text(info.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  });
}
