// SPDX-License-Identifier: Apache-2.0
#include "train/loop/initial_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/options.h"
#include "net/initialise.h"

namespace truenext {
namespace {

/// What a parameter has a row for, matched by raw id; `nothing` of what is copied as it is.
enum class RowsOf { nothing, items, attributes };

RowsOf rows_of(const Model& model, int64_t parameter) {
  const ComposedTables& tables = model.composed();
  if (parameter == tables.attributes()) return RowsOf::attributes;
  const bool items =
      parameter == tables.input() || parameter == tables.output() || parameter == tables.bias();
  return items ? RowsOf::items : RowsOf::nothing;
}

/// Numbers of a row; a vector has rows of one.
int64_t row_width(const Parameter& parameter) {
  return parameter.shape.size() > 1 ? parameter.shape[1] : 1;
}

/// The file's number of every attribute of the dataset, -1 where it does not know the raw id. Empty
/// without attributes.
std::vector<int32_t> match_attributes(const ModelFile& source, const Dataset& dataset,
                                      const Model& model) {
  std::unordered_map<std::string_view, int32_t> known;
  int32_t number = 0;
  for (const std::string& id : source.description().attributes.ids) known.emplace(id, number++);
  std::vector<int32_t> numbers;
  for (int64_t a = 0; a < model.attributes().count; ++a) {
    const auto found = known.find(dataset.attribute_ids().raw(a));
    numbers.push_back(found == known.end() ? -1 : found->second);
  }
  return numbers;
}

/// How to mend weights that do not fit.
std::string remedy(const ModelFile& source, const Model& model) {
  const std::string differences = network_differences(source.description().model, model.options());
  if (differences.empty()) return "the file is damaged";
  return fmt::format("configure the network as the file's, with --set: {}", differences);
}

/// The file's tensor of a parameter; tables of items and attributes may have any number of rows.
const TensorView& fitting_tensor(const ModelFile& source, const std::string& where,
                                 const Model& model, int64_t index) {
  const Parameter& parameter = model.parameters()[index];
  const auto found = source.weights().find(parameter.name);
  check_data(found != source.weights().end(),
             "{}: has no tensor {}, which is {} in the configured model; {}", where, parameter.name,
             fmt::join(parameter.shape, " x "), remedy(source, model));
  std::vector<int64_t> wanted = parameter.shape;
  const RowsOf rows = rows_of(model, index);
  if (rows == RowsOf::items) wanted[0] = source.num_items();
  if (rows == RowsOf::attributes) wanted[0] = source.description().attributes.lists.count;
  check_data(found->second.shape == wanted,
             "{}: tensor {} is {}, but {} in the configured model; {}", where, parameter.name,
             fmt::join(found->second.shape, " x "), fmt::join(wanted, " x "),
             remedy(source, model));
  return found->second;
}

/// What fits, by parameter.
std::vector<const TensorView*> fitting_tensors(const ModelFile& source, const std::string& where,
                                               const Model& model) {
  std::vector<const TensorView*> tensors;
  std::vector<std::string_view> names;
  for (int64_t i = 0; i < model.network_parameters(); ++i) {
    tensors.push_back(&fitting_tensor(source, where, model, i));
    names.push_back(model.parameters()[i].name);
  }
  for (const auto& [name, tensor] : source.weights()) {
    check_data(std::find(names.begin(), names.end(), name) != names.end(),
               "{}: tensor {} ({}) has no place in the configured model; {}", where, name,
               fmt::join(tensor.shape, " x "), remedy(source, model));
  }
  return tensors;
}

void copy_rows(const TensorView& from, std::span<const int32_t> rows, Parameter& parameter) {
  const int64_t width = row_width(parameter);
  float* to = parameter.value.data();
  for (int64_t item = parameter.kept.begin; item < parameter.kept.end; ++item, to += width) {
    const int32_t row = rows[static_cast<size_t>(item)];
    if (row >= 0) std::copy_n(from.data + row * width, width, to);
  }
}

/// Mean of the rows of a table, added up in double in their order.
std::vector<float> mean_row(const TensorView& table) {
  const int64_t rows = table.shape[0];
  const auto width = static_cast<size_t>(table.size() / std::max<int64_t>(1, rows));
  std::vector<double> sums(width, 0.0);
  const float* value = table.data;
  for (int64_t row = 0; row < rows; ++row) {
    for (double& sum : sums) sum += static_cast<double>(*value++);
  }
  std::vector<float> mean(width);
  for (size_t i = 0; i < width; ++i) {
    mean[i] = static_cast<float>(sums[i] / static_cast<double>(std::max<int64_t>(1, rows)));
  }
  return mean;
}

}  // namespace

void start_new_items(const ModelFile& source, const ItemMatch& match, const Dataset& dataset,
                     const TrainOptions& options, Model& model) {
  const std::vector<int32_t> attributes = match_attributes(source, dataset, model);
  for (int64_t i = 0; i < model.network_parameters(); ++i) {
    const RowsOf rows = rows_of(model, i);
    if (rows == RowsOf::nothing) continue;
    Parameter& parameter = model.parameters()[i];
    const IdMap& ids = rows == RowsOf::items ? dataset.items() : dataset.attribute_ids();
    const std::vector<int32_t>& known = rows == RowsOf::items ? match.to_model : attributes;
    const auto width = static_cast<size_t>(row_width(parameter));
    const bool by_mean = options.new_items == NewItems::mean;
    const std::vector<float> mean =
        by_mean ? mean_row(source.weights().at(parameter.name)) : std::vector<float>();
    float* to = parameter.value.data();
    for (int64_t row = parameter.kept.begin; row < parameter.kept.end; ++row, to += width) {
      if (known[static_cast<size_t>(row)] >= 0) continue;
      if (by_mean) {
        std::copy(mean.begin(), mean.end(), to);
      } else if (parameter.is_table()) {  // biases stay at zero
        start_new_row(parameter, model.options(), model.num_items(),
                      static_cast<uint64_t>(options.seed), static_cast<uint64_t>(i),
                      text_hash(ids.raw(row)), {to, width});
      }
    }
  }
}

std::string network_differences(ModelOptions there, ModelOptions here) {
  OptionList theirs, ours;
  theirs.section("model", there);
  ours.section("model", here);
  std::string text;
  for (size_t i = 0; i < ours.all().size(); ++i) {
    const Option& option = ours.all()[i];
    const std::string value = theirs.all()[i].toml_value();
    const bool training_only = option.key().ends_with("dropout") || option.key() == "model.init";
    if (training_only || value == option.toml_value()) continue;
    text += fmt::format("{}{}={} (here {})", text.empty() ? "" : ", ", option.key(), value,
                        option.toml_value());
  }
  return text;
}

ItemMatch copy_weights(const ModelFile& source, const std::string& where, const Dataset& dataset,
                       Model& model) {
  const std::vector<const TensorView*> tensors = fitting_tensors(source, where, model);
  ItemMatch match = match_items(dataset.items(), source.num_items(),
                                [&](std::string_view raw) { return source.find_item(raw); });
  check_data(match.unknown_to_model < dataset.num_items(),
             "{}: knows none of the {} items of {} (its first is \"{}\", the dataset's \"{}\"); "
             "items are matched by raw id, so prepare the data with the ids of the model",
             where, dataset.num_items(), dataset.folder().string(), source.item_id(0),
             dataset.items().raw(0));
  const std::vector<int32_t> attributes = match_attributes(source, dataset, model);
  const bool known = std::ranges::any_of(attributes, [](int32_t a) { return a >= 0; });
  if (!attributes.empty() && !known) {
    const std::vector<std::string>& theirs = source.description().attributes.ids;
    fail_data(
        "{}: knows none of the {} attributes of {} (its first is \"{}\", the dataset's \"{}\"); "
        "attributes are matched by raw id, so prepare the data with those of the model",
        where, attributes.size(), dataset.folder().string(), theirs.empty() ? "" : theirs.front(),
        dataset.attribute_ids().raw(0));
  }
  for (int64_t i = 0; i < model.network_parameters(); ++i) {
    Parameter& parameter = model.parameters()[i];
    const TensorView& from = *tensors[static_cast<size_t>(i)];
    switch (rows_of(model, i)) {
      case RowsOf::items:
        copy_rows(from, match.to_model, parameter);
        break;
      case RowsOf::attributes:
        copy_rows(from, attributes, parameter);
        break;
      case RowsOf::nothing:
        std::copy_n(from.data, parameter.value.size(), parameter.value.data());
    }
  }
  return match;
}

std::string weights_fingerprint(const ModelFile& source) {
  Fingerprint fingerprint;
  const auto add_text = [&](std::string_view text) {
    const uint64_t size = text.size();
    fingerprint.add_values(std::span(&size, 1));
    fingerprint.add_values(std::span(text));
  };
  for (const auto& [name, tensor] : source.weights()) {
    add_text(name);
    fingerprint.add_values(std::span<const int64_t>(tensor.shape));
    fingerprint.add_values(std::span(tensor.data, static_cast<size_t>(tensor.size())));
  }
  for (int64_t item = 0; item < source.num_items(); ++item) add_text(source.item_id(item));
  for (const std::string& id : source.description().attributes.ids) add_text(id);
  return fingerprint.hex();
}

void start_from_model(const std::filesystem::path& where, TrainOptions& options,
                      TrainingParts& parts, const Ranks& ranks) {
  const ModelFile source = ModelFile::open(where);
  const std::string name = where.string();
  const ItemMatch match = copy_weights(source, name, parts.dataset, *parts.model);
  start_new_items(source, match, parts.dataset, options, *parts.model);
  const std::string fingerprint = weights_fingerprint(source);
  check_data(options.init_fingerprint.empty() || options.init_fingerprint == fingerprint,
             "{}: weights with fingerprint {}, but the run was begun with {}; give it those, or "
             "start another run",
             name, fingerprint, options.init_fingerprint);
  options.init_fingerprint = fingerprint;
  if (ranks.rank() > 0) return;
  const ModelDescription& was = source.description();
  log_info(
      "weights     from {} ({}): {} items by raw id, {} new items start {}, {} items of "
      "the model are not in the data; epochs count from 1",
      name, was.validation.empty() ? "epoch not known" : was.validation,
      parts.dataset.num_items() - match.unknown_to_model, match.unknown_to_model,
      options.new_items == NewItems::mean ? "at the mean of its rows" : "at random",
      match.unknown_to_data);
  if (parts.model->attributes().exist()) {
    const auto numbers = match_attributes(source, parts.dataset, *parts.model);
    const int64_t unknown = std::ranges::count(numbers, -1);
    log_info("attributes  {} by raw id, {} new ones start likewise", std::ssize(numbers) - unknown,
             unknown);
  }
  const std::string differences = network_differences(was.model, parts.model->options());
  if (differences.empty()) return;
  log_warning(
      "{}: its weights fit but belong to another network: {}; the start is not what the "
      "model computed",
      name, differences);
}

}  // namespace truenext
