// SPDX-License-Identifier: Apache-2.0
#include "interop/model_export.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <iterator>
#include <numeric>

#include "base/error.h"
#include "base/file.h"
#include "base/options.h"
#include "data/tsv_id.h"
#include "inference/safetensors.h"
#include "interop/naming_scheme.h"

namespace truenext {
namespace {

/// Row (1..n) of every item when the raw ids are the numbers 1..n, else i + 1 for item i.
std::vector<int64_t> rows_of_items(const ModelFile& model, bool* by_number) {
  const int64_t n = model.num_items();
  std::vector<int64_t> rows;
  std::vector<bool> taken(static_cast<size_t>(n) + 1, false);
  *by_number = true;
  for (int64_t item = 0; item < n && *by_number; ++item) {
    const std::string_view id = model.item_id(item);
    int64_t row = 0;
    const auto end = std::from_chars(id.data(), id.data() + id.size(), row);
    *by_number = end.ec == std::errc() && end.ptr == id.data() + id.size() && row >= 1 &&
                 row <= n && !taken[static_cast<size_t>(row)];
    if (!*by_number) break;
    taken[static_cast<size_t>(row)] = true;
    rows.push_back(row);
  }
  if (!*by_number) {
    rows.resize(static_cast<size_t>(n));
    std::iota(rows.begin(), rows.end(), int64_t{1});
  }
  return rows;
}

std::vector<float> foreign_values(const ForeignTensor& tensor, const TensorMap& weights,
                                  const std::vector<int64_t>& rows) {
  std::vector<float> values;
  if (!tensor.item_rows) {
    if (tensor.zero_rows > 0) {
      values.assign(static_cast<size_t>(tensor.zero_rows * tensor.shape[1]), 0.0f);
    }
    for (const std::string& name : tensor.ours) {
      const TensorView& view = weights.at(name);
      values.insert(values.end(), view.data, view.data + view.size());
    }
    const ForeignTensor::Turn turn = tensor.turn;
    return turn.rows > 0 ? turned(values, turn.columns, turn.rows) : values;
  }
  const int64_t width = tensor.shape.size() > 1 ? tensor.shape[1] : 1;
  values.assign(static_cast<size_t>(tensor.shape[0] * width), 0.0f);
  if (!tensor.padding_row.empty()) {
    std::copy_n(weights.at(tensor.padding_row).data, width, values.begin());
  }
  if (!tensor.last_row.empty()) {
    std::copy_n(weights.at(tensor.last_row).data, width, values.end() - width);
  }
  const float* table = weights.at(tensor.ours[0]).data;
  for (size_t item = 0; item < rows.size(); ++item) {
    std::copy_n(table + static_cast<int64_t>(item) * width, width,
                values.begin() + rows[item] * width);
  }
  return values;
}

/// The scheme of these names for the network, which must be as that project has it.
const NamingScheme& scheme_for(const ModelOptions& model, const std::string& names) {
  std::vector<std::string_view> networks;
  const NamingScheme* found = nullptr;
  for (const NamingScheme* scheme : naming_schemes(names)) {
    networks.push_back(scheme->network);
    if (scheme->network == model.name && found == nullptr) found = scheme;
  }
  check_usage(found != nullptr, "--names {}: the model is {}; these names hold {}", names,
              model.name, fmt::join(networks, ", "));
  const bool adds = model.attributes != AttributeUse::none;
  const bool biased = model.output_bias && std::ranges::find(found->fixed, "output_bias",
                                                             &KeyValue::key) == found->fixed.end();
  const bool classed =
      model.padding_class &&
      std::ranges::find(found->asked, "padding_class", &AskedKey::key) == found->asked.end();
  const bool cosine = model.similarity == Similarity::cosine;
  const bool timed = model.time != TimeUse::none;
  check_usage(!adds && !biased && !classed && !cosine && !timed,
              "--names {}: the model has model.{}, for which that project has no place; export it "
              "under its own names, --names {}",
              names,
              adds     ? "attributes = \"add\""
              : cosine ? "similarity = \"cosine\""
              : timed  ? "time"
              : biased ? "output_bias = true"
                       : "padding_class = true",
              kOwnNames);
  ModelOptions has = model, wanted = model;
  OptionList has_list, wanted_list;
  has_list.section("model", has);
  wanted_list.section("model", wanted);
  for (const KeyValue& fixed : found->fixed) {
    const std::string key = fmt::format("model.{}", fixed.key);
    apply_setting(wanted_list, fmt::format("{}={}", key, fixed.value));
    const std::string value = has_list.find(key, "export").toml_value();
    const std::string want = wanted_list.find(key, "export").toml_value();
    check_usage(value == want, "--names {}: the model has {} = {}; these names hold {} with {}",
                names, key, value, found->network, want);
  }
  check_usage(found->network != "nextitnet" || model.num_blocks % std::ssize(model.dilations) == 0,
              "--names {}: the model has {} blocks and model.dilations of {}; that code repeats a "
              "whole list; export it under its own names, --names {}",
              names, model.num_blocks, model.dilations.size(), kOwnNames);
  return *found;
}

/// What no tensor will tell and that project has otherwise where nothing is said. A class of
/// padding is of training alone.
std::vector<std::string> untold(ModelOptions has, const NamingScheme& scheme) {
  OptionList list;
  list.section("model", has);
  std::vector<std::string> lines;
  for (const AskedKey& asked : scheme.asked) {
    if (asked.value.empty() || asked.key == "padding_class") continue;
    const std::string key = fmt::format("model.{}", asked.key);
    const std::string value = list.find(key, "export").toml_value();
    ModelOptions usual = has;
    OptionList usual_list;
    usual_list.section("model", usual);
    apply_setting(usual_list, fmt::format("{}={}", key, asked.value));
    if (asked.key == "activation") usual.resolve();  // the block's own is called auto
    if (value == usual_list.find(key, "export").toml_value()) continue;
    lines.push_back(fmt::format("{} = {} is in no tensor, and that code has {} unless it is told",
                                key, value, asked.value));
  }
  return lines;
}

/// Files of these names are read by torch.load, which takes no safetensors.
void check_file_name(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  for (const char* other : {".pt", ".pth", ".ckpt", ".bin"}) {
    check_usage(extension != other,
                "--out {0}: the file is safetensors, which torch.load does not read; call it "
                ".safetensors and load it with safetensors.torch.load_file, or save it again from "
                "there: torch.save(load_file(\"x.safetensors\"), \"{1}\")",
                path.string(), path.filename().string());
  }
}

std::vector<std::string> differences(const ModelOptions& options, const NamingScheme& scheme) {
  std::vector<std::string> list;
  if (!scheme.caveat.empty()) list.emplace_back(scheme.caveat);
  if (scheme.sees_padding && options.padding == PaddingUse::none) {
    list.push_back(fmt::format(
        "the model was trained with model.padding = \"none\", and that code sees the padding "
        "of histories shorter than {} items: train with model.padding = \"attend\"",
        options.max_length));
  }
  std::ranges::move(untold(options, scheme), std::back_inserter(list));
  return list;
}

std::filesystem::path write_id_map(const ModelFile& model, const std::vector<int64_t>& rows,
                                   std::filesystem::path path) {
  if (path.extension() == ".safetensors") path.replace_extension();
  path += ".id_map.tsv";
  AtomicFile file(path);
  file.write(std::string_view("row\titem\n"));
  for (int64_t item = 0; item < model.num_items(); ++item) {
    file.write(
        fmt::format("{}\t{}\n", rows[static_cast<size_t>(item)], tsv_id(model.item_id(item))));
  }
  file.commit();
  return path;
}

/// What rows of the attribute table are added to which item.
void add_lists(const AttributeLists& lists, SafetensorsWriter& writer) {
  writer.add("item_attributes.values", DType::i32, {std::ssize(lists.rows.values)},
             std::as_bytes(std::span(lists.rows.values)));
  writer.add("item_attributes.offsets", DType::i64, {std::ssize(lists.rows.offsets)},
             std::as_bytes(std::span(lists.rows.offsets)));
}

ExportReport export_own_names(const ModelFile& model, SafetensorsWriter& writer) {
  ExportReport report;
  const AttributeLists& lists = model.description().attributes.lists;
  for (const TensorInfo& info :
       model_tensors(model.description().model, model.num_items(), lists.count)) {
    const TensorView& view = model.weights().at(info.name);
    writer.add_floats(info.name, info.shape, {view.data, static_cast<size_t>(view.size())});
    ++report.tensors;
  }
  if (!lists.exist()) return report;
  add_lists(lists, writer);
  report.tensors += 2;
  return report;
}

}  // namespace

std::vector<std::string> export_names() {
  std::vector<std::string> names = naming_scheme_names();
  names.insert(names.begin(), kOwnNames);
  return names;
}

ExportReport export_state_dict(const ModelFile& model, const std::string& names,
                               const std::filesystem::path& path) {
  check_file_name(path);
  SafetensorsWriter writer;
  writer.set_metadata("format", "pt");
  if (names == kOwnNames) {
    ExportReport report = export_own_names(model, writer);
    writer.write(path);
    std::vector<int64_t> rows(static_cast<size_t>(model.num_items()));
    std::iota(rows.begin(), rows.end(), int64_t{0});
    report.id_map = write_id_map(model, rows, path);
    return report;
  }
  const ModelOptions& options = model.description().model;
  const NamingScheme& scheme = scheme_for(options, names);
  ExportReport report;
  const std::vector<int64_t> rows = rows_of_items(model, &report.rows_by_number);
  std::deque<std::vector<float>> kept;  // the writer borrows
  for (const ForeignTensor& tensor : scheme.tensors(options, model.num_items())) {
    if (tensor.ours.empty()) {
      report.left_out.push_back(tensor.name);
      continue;
    }
    kept.push_back(foreign_values(tensor, model.weights(), rows));
    writer.add_floats(tensor.name, tensor.shape, kept.back());
    ++report.tensors;
  }
  writer.write(path);
  if (!report.rows_by_number) report.id_map = write_id_map(model, rows, path);
  report.differences = differences(options, scheme);
  return report;
}

}  // namespace truenext
