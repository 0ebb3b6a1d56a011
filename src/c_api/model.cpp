// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "c_api/guard.h"
#include "c_api/open_model.h"
#include "data/dataset.h"

using namespace truenext;
using namespace truenext::c_api;

int truenext_model_open(const char* path, uint32_t flags, truenext_model** out) {
  return guarded([&] {
    check_given(path, "path");
    check_given(out, "out");
    check_usage(flags == 0, "flags {}: want 0", flags);
    *out = new truenext_model{std::make_shared<const OpenModel>(path)};
  });
}

void truenext_model_close(truenext_model* model) {
  delete model;
}

int truenext_model_info(const truenext_model* model, char** json) {
  return guarded([&] {
    check_given(model, "model");
    check_given(json, "json");
    *json = copy_text(model->open->info());
  });
}

int truenext_item_ids(const truenext_model* model, truenext_texts* out) {
  return guarded([&] {
    check_given(model, "model");
    model->open->ids().show(out);
  });
}

int truenext_item_titles(const truenext_model* model, truenext_texts* out) {
  return guarded([&] {
    check_given(model, "model");
    model->open->titles().show(out);
  });
}

int truenext_item_table(const truenext_model* model, const float** rows, int64_t* num_items,
                        int64_t* dim) {
  return guarded([&] {
    check_given(model, "model");
    check_given(rows, "rows");
    check_given(num_items, "num_items");
    check_given(dim, "dim");
    const SequenceEncoder& encoder = model->open->file().encoder();
    *rows = encoder.item_table().data();
    *num_items = encoder.num_items();
    *dim = encoder.dim();
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
