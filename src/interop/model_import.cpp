// SPDX-License-Identifier: Apache-2.0
#include "interop/model_import.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>

#include "base/error.h"
#include "base/options.h"
#include "interop/naming_scheme.h"
#include "interop/pretraining.h"
#include "net/network.h"

namespace truenext {
namespace {

const std::vector<int64_t>* shape_of(const StateDict& state, std::string_view name) {
  for (const TensorInfo& info : state.tensors()) {
    if (info.name == name) return &info.shape;
  }
  return nullptr;
}

const std::vector<int64_t>& matrix_shape(const StateDict& state, const NamingScheme& scheme,
                                         std::string_view name) {
  const std::vector<int64_t>* shape = shape_of(state, name);
  check_data(shape != nullptr, "{}: tensor {} is missing: not a checkpoint of the kind \"{}\"",
             state.path().string(), name, scheme.name);
  check_data(shape->size() >= 2 && (*shape)[0] > 0 && (*shape)[1] > 0,
             "{}: tensor {} has the shape [{}], expected a matrix", state.path().string(), name,
             fmt::join(*shape, ", "));
  return *shape;
}

void put(ModelOptions& options, std::string_view key, std::string_view value) {
  OptionList list;
  list.section("model", options);
  apply_setting(list, fmt::format("model.{}={}", key, value));
}

/// What no tensor tells: as it was given, else as that project has it.
void take_asked(const StateDict& state, const NamingScheme& scheme, const ImportOptions& import,
                ImportedModel& model) {
  std::vector<std::string> settings = import.settings;
  if (import.heads > 0) settings.push_back(fmt::format("model.num_heads={}", import.heads));
  std::set<std::string, std::less<>> given;
  std::vector<std::string> keys;
  for (const AskedKey& asked : scheme.asked) keys.push_back(fmt::format("model.{}", asked.key));
  OptionList list;
  list.section("model", model.description.model);
  for (const std::string& setting : settings) {
    const std::string key = setting.substr(0, setting.find('='));
    check_usage(std::find(keys.begin(), keys.end(), key) != keys.end(),
                "--set {}: a checkpoint of the kind \"{}\" tells everything but {}", setting,
                scheme.name, fmt::join(keys, ", "));
    apply_setting(list, setting);
    given.insert(key);
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    if (given.contains(keys[i])) continue;
    const AskedKey& asked = scheme.asked[i];
    check_usage(!asked.value.empty(), "{}: {} cannot be read from weights; give it with {}",
                state.path().string(), keys[i], asked.how);
    put(model.description.model, asked.key, asked.value);
    model.notes.push_back(fmt::format(
        "{} = {}, as that project has it: weights do not tell; another is given with {}", keys[i],
        asked.value, asked.how));
  }
}

/// One more than the largest number of a tensor that belongs to one of them, so that what a block
/// lacks is missing and does not end the count.
int64_t count_of(const StateDict& state, const CountProbe& probe) {
  int64_t count = 0;
  for (const std::string_view pattern : probe.patterns) {
    const std::string_view before = pattern.substr(0, pattern.find('{'));
    for (const TensorInfo& info : state.tensors()) {
      if (!info.name.starts_with(before)) continue;
      const char* const begin = info.name.data() + before.size();
      const char* const end = info.name.data() + info.name.size();
      int64_t number = -1;
      const auto read = std::from_chars(begin, end, number);
      const bool whole = read.ec == std::errc() && (read.ptr == end || *read.ptr == '.');
      // No file has more blocks than tensors.
      if (whole && number >= 0 && number < std::ssize(state.tensors())) {
        count = std::max(count, number + 1);
      }
    }
  }
  return count;
}

/// What shapes tell, around what was asked for.
void infer_options(const StateDict& state, const NamingScheme& scheme, ModelOptions& options) {
  for (const SizeProbe& probe : scheme.sizes) {
    const std::vector<int64_t>& shape = matrix_shape(state, scheme, probe.tensor);
    check_data(probe.extent < shape.size(), "{}: tensor {} has the shape [{}], expected {} extents",
               state.path().string(), probe.tensor, fmt::join(shape, ", "), probe.extent + 1);
    const int64_t extent = shape[probe.extent];
    check_data(extent > probe.extra, "{}: tensor {} has {} rows and none for a position",
               state.path().string(), probe.tensor, extent);
    options.*probe.size = extent - probe.extra;
  }
  for (const CountProbe& probe : scheme.counts) {
    options.*probe.count = count_of(state, probe);
    check_data(options.*probe.count > 0, "{}: tensor {} is missing: the checkpoint has no blocks",
               state.path().string(), fmt::format(fmt::runtime(probe.patterns.front()), 0));
  }
  if (!scheme.output_table.empty()) {
    options.tie_embeddings = shape_of(state, scheme.output_table) == nullptr;
  }
  options.padding = scheme.sees_padding ? PaddingUse::attend : PaddingUse::none;
  options.resolve();
  const auto listed = std::ssize(options.dilations);
  check_usage(scheme.network != "nextitnet" || options.num_blocks % listed == 0,
              "model.dilations: {} distances for the {} blocks of {}; that code repeats a whole "
              "list, so give one whose length divides the blocks",
              listed, options.num_blocks, state.path().string());
}

bool shape_fits(const std::vector<int64_t>& shape, const std::vector<int64_t>& wanted) {
  return std::equal(
      shape.begin(), shape.end(), wanted.begin(), wanted.end(),
      [](int64_t extent, int64_t want) { return want == kAnyExtent || extent == want; });
}

std::string shape_text(const std::vector<int64_t>& shape) {
  std::vector<std::string> extents;
  for (const int64_t extent : shape) {
    extents.push_back(extent == kAnyExtent ? "any" : std::to_string(extent));
  }
  return fmt::format("[{}]", fmt::join(extents, ", "));
}

void check_tensors(const StateDict& state, const std::vector<ForeignTensor>& wanted) {
  const std::string where = state.path().string();
  for (const ForeignTensor& tensor : wanted) {
    const std::vector<int64_t>* shape = shape_of(state, tensor.name);
    if (shape == nullptr && tensor.ours.empty()) continue;
    check_data(shape != nullptr, "{}: tensor {} of shape {} is missing", where, tensor.name,
               shape_text(tensor.shape));
    check_data(shape_fits(*shape, tensor.shape), "{}: tensor {} has the shape {}, expected {}",
               where, tensor.name, shape_text(*shape), shape_text(tensor.shape));
  }
  for (const TensorInfo& info : state.tensors()) {
    const bool known = std::any_of(wanted.begin(), wanted.end(), [&](const ForeignTensor& tensor) {
      return tensor.name == info.name;
    });
    check_data(known, "{}: tensor {} of shape {} does not belong to this kind of model", where,
               info.name, shape_text(info.shape));
  }
}

/// The row of each item, 1..n, in the order of the model's items; the model's ids come along.
std::vector<int64_t> order_rows(const Catalogue* catalogue, int64_t num_items,
                                ImportedModel& model) {
  std::vector<int64_t> rows;
  std::vector<bool> taken(static_cast<size_t>(num_items) + 1, false);
  if (catalogue != nullptr) {
    for (const std::string& id : catalogue->ids) {
      int64_t row = 0;
      const auto end = std::from_chars(id.data(), id.data() + id.size(), row);
      check_data(end.ec == std::errc() && end.ptr == id.data() + id.size() && row >= 1 &&
                     row <= num_items && !taken[static_cast<size_t>(row)],
                 "item id \"{}\" of the dataset is no row of the checkpoint, want distinct numbers "
                 "from 1 to {}; was the dataset prepared from the checkpoint's own split?",
                 id, num_items);
      taken[static_cast<size_t>(row)] = true;
      rows.push_back(row);
    }
    model.item_ids = catalogue->ids;
    model.titles = catalogue->titles;
  }
  for (int64_t row = 1; row <= num_items; ++row) {
    if (taken[static_cast<size_t>(row)]) continue;
    rows.push_back(row);
    model.item_ids.push_back(std::to_string(row));
    if (!model.titles.empty()) model.titles.emplace_back();
    if (catalogue != nullptr) ++model.items_outside_catalogue;
  }
  return rows;
}

void take_tensor(const ForeignTensor& tensor, const std::vector<float>& values,
                 const std::vector<int64_t>& rows, ImportedModel& model) {
  if (tensor.item_rows) {
    const int64_t width = tensor.shape.size() > 1 ? tensor.shape[1] : 1;
    if (!tensor.padding_row.empty()) {
      model.values[tensor.padding_row].assign(values.begin(), values.begin() + width);
    }
    if (!tensor.last_row.empty()) {
      model.values[tensor.last_row].assign(values.end() - width, values.end());
    }
    std::vector<float>& table = model.values[tensor.ours[0]];
    table.reserve(rows.size() * static_cast<size_t>(width));
    for (const int64_t row : rows) {
      const auto begin = values.begin() + row * width;
      table.insert(table.end(), begin, begin + width);
    }
    return;
  }
  if (tensor.turn.rows > 0) {
    model.values[tensor.ours[0]] = turned(values, tensor.turn.rows, tensor.turn.columns);
    return;
  }
  if (tensor.zero_rows > 0) {
    model.values[tensor.ours[0]].assign(values.begin() + tensor.zero_rows * tensor.shape[1],
                                        values.end());
    return;
  }
  const auto part = static_cast<std::ptrdiff_t>(values.size() / tensor.ours.size());
  for (size_t i = 0; i < tensor.ours.size(); ++i) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(i) * part;
    model.values[tensor.ours[i]].assign(begin, begin + part);
  }
}

/// Whether the first row of a matrix is there and holds nothing but zeros.
bool begins_with_zeros(const StateDict& state, std::string_view name) {
  for (size_t i = 0; i < state.tensors().size(); ++i) {
    const TensorInfo& info = state.tensors()[i];
    if (info.name != name || info.shape.size() != 2 || info.shape[0] == 0) continue;
    const std::vector<float> values = state.read(i);
    return std::all_of(values.begin(), values.begin() + info.shape[1],
                       [](float value) { return value == 0; });
  }
  return false;
}

/// The tensors of a file under names without what all of them begin with.
class WithoutPrefix final : public StateDict {
 public:
  WithoutPrefix(const StateDict& file, size_t prefix) : file_(file), tensors_(file.tensors()) {
    for (TensorInfo& info : tensors_) info.name.erase(0, prefix);
  }
  const std::filesystem::path& path() const override { return file_.path(); }
  const std::vector<TensorInfo>& tensors() const override { return tensors_; }
  std::vector<float> read(size_t index) const override { return file_.read(index); }

 private:
  const StateDict& file_;
  std::vector<TensorInfo> tensors_;
};

/// What stands before all names, where the item table of one of the layouts has it: "module." of
/// files of DataParallel, or the place of the network in a larger module.
std::string prefix_of(const StateDict& state, const std::string& names) {
  for (const NamingScheme* scheme : naming_schemes(names)) {
    if (shape_of(state, scheme->item_table) != nullptr) return {};
  }
  for (const NamingScheme* scheme : naming_schemes(names)) {
    const std::string ending = fmt::format(".{}", scheme->item_table);
    for (const TensorInfo& info : state.tensors()) {
      if (!info.name.ends_with(ending)) continue;
      const std::string prefix = info.name.substr(0, info.name.size() - scheme->item_table.size());
      if (std::ranges::all_of(state.tensors(), [&](const TensorInfo& other) {
            return other.name.starts_with(prefix);
          })) {
        return prefix;
      }
    }
  }
  return {};
}

/// Of the layouts that a project's files have, the one of this file.
const NamingScheme& scheme_of(const StateDict& state, const std::string& names) {
  const std::vector<const NamingScheme*> schemes = naming_schemes(names);
  if (schemes.size() == 1) return *schemes.front();
  std::vector<std::string> missing;
  for (const NamingScheme* scheme : schemes) {
    const bool own = scheme->own_tensor.empty() || shape_of(state, scheme->own_tensor) != nullptr;
    if (!own) missing.push_back(fmt::format("{} ({})", scheme->own_tensor, scheme->name));
    if (own && (scheme->zero_row.empty() || begins_with_zeros(state, scheme->zero_row))) {
      return *scheme;
    }
  }
  fail_data("{}: not a checkpoint of the kind \"{}\": it has no tensor {}", state.path().string(),
            names, fmt::join(missing, " or "));
}

/// Values of the tensors that are of use, under our names; what is left out is noted.
void take_tensors(const StateDict& state, const std::vector<ForeignTensor>& tensors,
                  const std::vector<int64_t>& rows, ImportedModel& model) {
  std::vector<std::string> unused;
  for (size_t i = 0; i < state.tensors().size(); ++i) {
    const std::string& name = state.tensors()[i].name;
    const auto tensor = std::find_if(tensors.begin(), tensors.end(),
                                     [&](const ForeignTensor& t) { return t.name == name; });
    if (tensor->ours.empty()) {
      unused.push_back(name);
    } else {
      take_tensor(*tensor, state.read(i), rows, model);
    }
  }
  if (!unused.empty()) {
    model.notes.push_back(
        fmt::format("left out, since no ranking reads it: {}", fmt::join(unused, ", ")));
  }
}

}  // namespace

Catalogue catalogue_of(const Dataset& dataset) {
  Catalogue catalogue;
  bool titled = false;
  for (int64_t item = 0; item < dataset.num_items(); ++item) {
    catalogue.ids.emplace_back(dataset.items().raw(item));
    catalogue.titles.emplace_back(dataset.title(item));
    titled = titled || !catalogue.titles.back().empty();
  }
  if (!titled) catalogue.titles.clear();
  catalogue.dataset_fingerprint = dataset.fingerprint();
  catalogue.split_fingerprint = dataset.split_fingerprint();
  return catalogue;
}

TensorMap ImportedModel::weights() const {
  TensorMap views;
  const auto tensors = model_tensors(description.model, static_cast<int64_t>(item_ids.size()));
  for (const TensorInfo& info : tensors)
    views[info.name] = {info.shape, values.at(info.name).data()};
  return views;
}

void ImportedModel::write(const std::filesystem::path& path) const {
  write_model_file(path, description, weights(), item_ids, titles);
}

ImportedModel import_model(const StateDict& file, const ImportOptions& options) {
  const std::string prefix = prefix_of(file, options.names);
  const WithoutPrefix state(file, prefix.size());
  const NamingScheme& scheme = scheme_of(state, options.names);
  ImportedModel model;
  if (!prefix.empty()) {
    model.notes.push_back(fmt::format("all names begin with \"{}\", which is left out", prefix));
  }
  ModelOptions& network = model.description.model;
  network.name = find_network(std::string(scheme.network)).name;
  for (const KeyValue& fixed : scheme.fixed) put(network, fixed.key, fixed.value);
  take_asked(state, scheme, options, model);
  infer_options(state, scheme, network);
  const int64_t table_rows = matrix_shape(state, scheme, scheme.item_table)[0];
  const int64_t num_items = table_rows - scheme.extra_rows;
  check_data(num_items >= 1, "{}: tensor {} has {} rows, want {} and one per item",
             state.path().string(), scheme.item_table, table_rows, scheme.extra_rows);
  const std::vector<ForeignTensor> tensors = scheme.tensors(network, num_items);
  check_tensors(state, tensors);
  if (!scheme.caveat.empty()) {
    model.warnings.push_back(
        fmt::format("made by the newer code of {}, and {}: scores will not be those of that code",
                    scheme.name, scheme.caveat));
  }
  if (!scheme.pretrained_table.empty()) {
    review_pretraining(state, scheme.pretrained_table, model);
  }
  take_tensors(state, tensors, order_rows(options.catalogue, num_items, model), model);
  if (options.catalogue != nullptr) {
    model.description.dataset_fingerprint = options.catalogue->dataset_fingerprint;
    model.description.split_fingerprint = options.catalogue->split_fingerprint;
  }
  return model;
}

}  // namespace truenext
