// SPDX-License-Identifier: Apache-2.0
#include "serve/fleet.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "base/hash.h"
#include "base/line_reader.h"
#include "base/log.h"
#include "base/resources.h"
#include "data/dataset.h"
#include "serve/problem.h"

namespace truenext::serve {
namespace {

constexpr int kLoaderThreads = 1;  // requests go before

std::vector<std::string> read_denied(const std::string& path) {
  std::vector<std::string> ids;
  if (path.empty()) return ids;
  LineReader reader(path);
  std::string_view line;
  while (reader.next(line)) {
    if (!line.empty()) ids.emplace_back(line);
  }
  return ids;
}

std::map<std::string, int64_t> counts_of(const std::string& folder) {
  std::map<std::string, int64_t> counts;
  if (folder.empty()) return counts;
  const Dataset dataset = Dataset::open(folder);
  const auto all = count_items(dataset.histories(), dataset.splits(), dataset.num_items(),
                               &SplitPoint::train_end);
  for (int64_t item = 0; item < dataset.num_items(); ++item) {
    counts.emplace(dataset.items().raw(item), all[static_cast<size_t>(item)]);
  }
  return counts;
}

std::unique_ptr<const Scorer> popularity_of(const ModelFile& file, const ItemIndex& items,
                                            const std::map<std::string, int64_t>& counts) {
  if (!items.popularity().empty()) return make_item_scorer(items.popularity());
  if (counts.empty()) {
    const auto& stored = file.description().counts;  // train --store-counts
    return stored ? make_item_scorer(count_scores(stored->popular)) : nullptr;
  }
  std::vector<int64_t> of_items(static_cast<size_t>(file.num_items()));
  for (int64_t item = 0; item < file.num_items(); ++item) {
    const auto found = counts.find(std::string(file.item_id(item)));
    if (found != counts.end()) of_items[static_cast<size_t>(item)] = found->second;
  }
  return make_item_scorer(count_scores(of_items));
}

}  // namespace

std::string chosen_model(const Traffic& traffic, std::string_view salt, std::string_view unit) {
  std::string best;
  double highest = -1;
  for (const auto& [name, weight] : traffic.weights) {
    if (weight <= 0) continue;
    const uint64_t hash = text_hash(fmt::format("{}\n{}\n{}", salt, name, unit));
    const double uniform = (static_cast<double>(hash >> 11) + 0.5) * 0x1p-53;
    const double score = static_cast<double>(weight) / -std::log(uniform);
    if (score > highest) {
      highest = score;
      best = name;
    }
  }
  return best;
}

Fleet::Fleet(const ServeOptions& options) : options_(options) {
  read_items();
  counts_ = counts_of(options.data);
  WorkerPool pool(std::max(1, static_cast<int>(options.threads)));
  for (const ModelPlace& place : options.models) {
    auto model = std::make_shared<ServedModel>(place.path, pool);
    model->self_test(pool);
    slots_.push_back({place, make(place.name, std::move(model)), nullptr});
    traffic_.weights[place.name] = place.weight;
  }
  traffic_.shadow = options.shadow;
}

void Fleet::read_items() {
  item_file_ = options_.items.empty()
                   ? nullptr
                   : std::make_shared<const ItemFile>(ItemFile::read(options_.items));
  denied_ = read_denied(options_.deny);
}

std::shared_ptr<const Serving> Fleet::make(const std::string& name,
                                           std::shared_ptr<const ServedModel> model) const {
  auto serving = std::make_shared<Serving>();
  serving->name = name;
  serving->items = std::make_unique<ItemIndex>(model->file(), item_file_, denied_);
  if (serving->items->unknown() > 0) {
    log_warning("items: {} of {} are no items of the model {}", serving->items->unknown(),
                item_file_->entries.size(), name);
  }
  serving->popularity = popularity_of(model->file(), *serving->items, counts_);
  serving->exclude_seen = model->file().description().exclude_seen;
  serving->model = std::move(model);
  return serving;
}

std::vector<Fleet::Slot>::iterator Fleet::slot(std::string_view name) {
  return std::find_if(slots_.begin(), slots_.end(),
                      [&](const Slot& each) { return each.place.name == name; });
}

ServingPtr Fleet::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  for (const Slot& each : slots_) {
    if (each.place.name == name) return each.now;
  }
  return nullptr;
}

std::vector<ServingPtr> Fleet::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<ServingPtr> servings;
  for (const Slot& each : slots_) servings.push_back(each.now);
  return servings;
}

std::string Fleet::path_of(const std::string& name) const {
  for (const ModelPlace& place : options_.models) {
    if (place.name == name) return place.path;
  }
  return "";
}

std::string Fleet::previous_version(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  for (const Slot& each : slots_) {
    if (each.place.name == name) return each.before ? each.before->model->version() : "";
  }
  return "";
}

Traffic Fleet::traffic() const {
  const std::lock_guard lock(mutex_);
  return traffic_;
}

void Fleet::set_traffic(Traffic traffic) {
  const std::lock_guard lock(mutex_);
  traffic_ = std::move(traffic);
}

void Fleet::check_successor(const ServedModel& now, const ServedModel& next, bool force) const {
  const ModelFile& file = next.file();
  int64_t shared = 0;
  for (int64_t item = 0; item < file.num_items(); ++item) {
    shared += now.file().find_item(file.item_id(item)).has_value();
  }
  const double share = static_cast<double>(shared) / static_cast<double>(now.file().num_items());
  check_data(
      force || share >= options_.min_shared_items,
      "shared items: the new model has {:.1f} % of the items of the running one, want {:.1f} "
      "% (min_shared_items), or ?force=true",
      100 * share, 100 * options_.min_shared_items);
  const bool lost = probabilities_used_ && now.file().description().calibration.has_value() &&
                    !file.description().calibration.has_value();
  check_data(!lost,
             "calibration: requests ask for probabilities and the new model has none; run "
             "`truenext calibrate` on it");
}

Reloaded Fleet::swap(const std::string& name, ServingPtr next, double seconds) {
  const std::lock_guard lock(mutex_);
  const auto found = slot(name);
  Reloaded result{name, found->now->model->version(), next->model->version(), seconds};
  if (result.before != result.now) {
    found->before = options_.keep_previous ? found->now : nullptr;
  }
  found->now = std::move(next);
  return result;
}

Reloaded Fleet::reload(const std::string& name, bool force) {
  const std::unique_lock one(loading_, std::try_to_lock);
  if (!one) refuse("reload-in-progress", "another model is being loaded; ask again later");
  const ServingPtr now = find(name);
  if (!now) refuse("unknown-model", fmt::format("there is no model \"{}\"", name));
  const double begin = wall_seconds();
  try {
    const int64_t needed = memory_needed(path_of(name)), available = memory_available();
    check_data(
        available < 0 || available >= needed || options_.reload_memory == ReloadMemory::ignore,
        "memory: the new model needs {} MiB, {} MiB are free (reload_memory)", needed >> 20,
        available >> 20);
    WorkerPool pool(kLoaderThreads);
    auto next = std::make_shared<ServedModel>(path_of(name), pool);
    check_successor(*now->model, *next, force);
    next->self_test(pool);  // touches all pages, too
    return swap(name, make(name, std::move(next)), wall_seconds() - begin);
  } catch (const Error& error) {
    refuse("reload-refused", error.what());
  } catch (const std::bad_alloc&) {
    refuse("reload-refused", "memory: there is not enough for a second model");
  }
}

Reloaded Fleet::rollback(const std::string& name) {
  const std::unique_lock one(loading_, std::try_to_lock);
  if (!one) refuse("reload-in-progress", "another model is being loaded; ask again later");
  ServingPtr before;
  {
    const std::lock_guard lock(mutex_);
    const auto found = slot(name);
    if (found == slots_.end()) {
      refuse("unknown-model", fmt::format("there is no model \"{}\"", name));
    }
    before = found->before;
  }
  if (!before) {
    refuse("no-previous", fmt::format("{} has not been reloaded with another file", name));
  }
  return swap(name, make(name, before->model), 0);
}

void Fleet::reload_items() {
  const std::lock_guard one(loading_);
  const auto items = item_file_;
  const auto denied = denied_;
  try {
    read_items();
    for (const ServingPtr& serving : all()) {
      ServingPtr next = make(serving->name, serving->model);
      const std::lock_guard lock(mutex_);
      slot(serving->name)->now = std::move(next);
    }
  } catch (...) {
    item_file_ = items;
    denied_ = denied;
    throw;
  }
}

}  // namespace truenext::serve
