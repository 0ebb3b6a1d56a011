// SPDX-License-Identifier: Apache-2.0
#include "interop/model_import.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/error.h"
#include "base/log.h"
#include "interop/naming_scheme.h"

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

/// What shapes tell; the number of heads they do not.
ModelOptions infer_options(const StateDict& state, const NamingScheme& scheme, int64_t heads) {
  check_usage(heads > 0,
              "{}: the number of attention heads cannot be read from weights; give it with --heads",
              state.path().string());
  ModelOptions options;
  options.name = "sasrec";
  options.block = scheme.block;
  options.hidden_size = matrix_shape(state, scheme, scheme.item_table)[1];
  const int64_t positions = matrix_shape(state, scheme, scheme.position_table)[0];
  options.max_length = positions - scheme.extra_positions;
  check_data(options.max_length > 0, "{}: tensor {} has {} rows and none for a position",
             state.path().string(), scheme.position_table, positions);
  options.inner_size = matrix_shape(state, scheme, scheme.inner_probe)[0];
  options.num_heads = heads;
  options.num_blocks = 0;
  while (shape_of(state, fmt::format(fmt::runtime(scheme.block_probe), options.num_blocks))) {
    ++options.num_blocks;
  }
  check_data(options.num_blocks > 0, "{}: tensor {} is missing: the checkpoint has no blocks",
             state.path().string(), fmt::format(fmt::runtime(scheme.block_probe), 0));
  options.tie_embeddings =
      scheme.output_table.empty() || shape_of(state, scheme.output_table) == nullptr;
  options.padding = scheme.attends_padding ? PaddingUse::attend : PaddingUse::none;
  options.resolve();
  return options;
}

void check_tensors(const StateDict& state, const std::vector<ForeignTensor>& wanted) {
  const std::string where = state.path().string();
  for (const ForeignTensor& tensor : wanted) {
    const std::vector<int64_t>* shape = shape_of(state, tensor.name);
    check_data(shape != nullptr, "{}: tensor {} of shape [{}] is missing", where, tensor.name,
               fmt::join(tensor.shape, ", "));
    check_data(*shape == tensor.shape, "{}: tensor {} has the shape [{}], expected [{}]", where,
               tensor.name, fmt::join(*shape, ", "), fmt::join(tensor.shape, ", "));
  }
  for (const TensorInfo& info : state.tensors()) {
    const bool known = std::any_of(wanted.begin(), wanted.end(), [&](const ForeignTensor& tensor) {
      return tensor.name == info.name;
    });
    check_data(known, "{}: tensor {} of shape [{}] does not belong to this kind of model", where,
               info.name, fmt::join(info.shape, ", "));
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
    const int64_t width = tensor.shape[1];
    std::vector<float>& table = model.values[tensor.ours[0]];
    table.reserve(rows.size() * static_cast<size_t>(width));
    for (const int64_t row : rows) {
      const auto begin = values.begin() + row * width;
      table.insert(table.end(), begin, begin + width);
    }
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
    if (info.name != name || info.shape.size() != 2) continue;
    const std::vector<float> values = state.read(i);
    return std::all_of(values.begin(), values.begin() + info.shape[1],
                       [](float value) { return value == 0; });
  }
  return false;
}

/// Of two layouts that differ in a row for padding, the one that the file has: the code that wants
/// the row keeps it at zero, and no trained row is zero.
const NamingScheme& scheme_of(const StateDict& state, const std::string& names) {
  const NamingScheme& scheme = naming_scheme(names);
  if (scheme.extra_positions == 0 || begins_with_zeros(state, scheme.position_table)) return scheme;
  return naming_scheme("relevance-2023");
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

ImportedModel import_model(const StateDict& state, const ImportOptions& options) {
  const NamingScheme& scheme = scheme_of(state, options.names);
  ImportedModel model;
  model.description.model = infer_options(state, scheme, options.heads);
  const int64_t table_rows = matrix_shape(state, scheme, scheme.item_table)[0];
  const int64_t num_items = table_rows - scheme.extra_rows;
  check_data(num_items >= 1, "{}: tensor {} has {} rows, want {} and one per item",
             state.path().string(), scheme.item_table, table_rows, scheme.extra_rows);
  const std::vector<ForeignTensor> tensors = scheme.tensors(model.description.model, num_items);
  check_tensors(state, tensors);
  if (!scheme.caveat.empty()) {
    log_warning("{}: made by the newer code of {}, and {}: scores will not be those of that code",
                state.path().string(), scheme.name, scheme.caveat);
  }
  const std::vector<int64_t> rows = order_rows(options.catalogue, num_items, model);
  for (size_t i = 0; i < state.tensors().size(); ++i) {
    const auto tensor = std::find_if(tensors.begin(), tensors.end(), [&](const ForeignTensor& t) {
      return t.name == state.tensors()[i].name;
    });
    take_tensor(*tensor, state.read(i), rows, model);
  }
  if (options.catalogue != nullptr) {
    model.description.dataset_fingerprint = options.catalogue->dataset_fingerprint;
    model.description.split_fingerprint = options.catalogue->split_fingerprint;
  }
  return model;
}

}  // namespace truenext
