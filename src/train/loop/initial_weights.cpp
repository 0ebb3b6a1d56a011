// SPDX-License-Identifier: Apache-2.0
#include "train/loop/initial_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/options.h"
#include "net/initialise.h"

namespace truenext {
namespace {

bool is_item_table(const Model& model, int64_t parameter) {
  return parameter == model.input_table() || parameter == model.output_table();
}

/// How to mend weights that do not fit.
std::string remedy(const ModelFile& source, const Model& model) {
  const std::string differences = network_differences(source.description().model, model.options());
  if (differences.empty()) return "the file is damaged";
  return fmt::format("configure the network as the file's, with --set: {}", differences);
}

/// The file's tensor of a parameter; item tables may have any number of rows.
const TensorView& fitting_tensor(const ModelFile& source, const std::string& where,
                                 const Model& model, int64_t index) {
  const Parameter& parameter = model.parameters()[index];
  const auto found = source.weights().find(parameter.name);
  check_data(found != source.weights().end(),
             "{}: has no tensor {}, which is {} in the configured model; {}", where, parameter.name,
             fmt::join(parameter.shape, " x "), remedy(source, model));
  std::vector<int64_t> wanted = parameter.shape;
  if (is_item_table(model, index)) wanted[0] = source.num_items();
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

void copy_item_rows(const TensorView& from, std::span<const int32_t> rows, Parameter& parameter) {
  const int64_t width = parameter.shape[1];
  float* to = parameter.value.data();
  for (int64_t item = parameter.kept.begin; item < parameter.kept.end; ++item, to += width) {
    const int32_t row = rows[static_cast<size_t>(item)];
    if (row >= 0) std::copy_n(from.data + row * width, width, to);
  }
}

/// Mean of the rows of a table, added up in double in their order.
std::vector<float> mean_row(const TensorView& table) {
  const int64_t rows = table.shape[0];
  const auto width = static_cast<size_t>(table.shape[1]);
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
  for (int64_t i = 0; i < model.network_parameters(); ++i) {
    if (!is_item_table(model, i)) continue;
    Parameter& parameter = model.parameters()[i];
    const auto width = static_cast<size_t>(parameter.shape[1]);
    const bool by_mean = options.new_items == NewItems::mean;
    const std::vector<float> mean =
        by_mean ? mean_row(source.weights().at(parameter.name)) : std::vector<float>();
    float* to = parameter.value.data();
    for (int64_t item = parameter.kept.begin; item < parameter.kept.end; ++item, to += width) {
      if (match.to_model[static_cast<size_t>(item)] >= 0) continue;
      if (by_mean) {
        std::copy(mean.begin(), mean.end(), to);
      } else {
        start_new_row(parameter, model.options(), static_cast<uint64_t>(options.seed),
                      static_cast<uint64_t>(i), text_hash(dataset.items().raw(item)), {to, width});
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
    const bool training_only = option.key() == "model.dropout" || option.key() == "model.init";
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
  for (int64_t i = 0; i < model.network_parameters(); ++i) {
    Parameter& parameter = model.parameters()[i];
    const TensorView& from = *tensors[static_cast<size_t>(i)];
    if (is_item_table(model, i)) {
      copy_item_rows(from, match.to_model, parameter);
    } else {
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
  const std::string differences = network_differences(was.model, parts.model->options());
  if (differences.empty()) return;
  log_warning(
      "{}: its weights fit but belong to another network: {}; the start is not what the "
      "model computed",
      name, differences);
}

}  // namespace truenext
