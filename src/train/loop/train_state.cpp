// SPDX-License-Identifier: Apache-2.0
#include "train/loop/train_state.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "base/error.h"
#include "data/json_number.h"
#include "inference/safetensors.h"
#include "train/ranks/whole_rows.h"

namespace truenext {
namespace {

using nlohmann::json;

constexpr const char* kFormat = "truenext.checkpoint.1";

/// Shape in the file of a tensor that has as many rows as a parameter.
std::vector<int64_t> whole_shape(const Parameter& parameter, const Tensor& tensor) {
  std::vector<int64_t> shape = tensor.shape;
  shape[0] = parameter.shape[0];
  return shape;
}

/// A parameter's value or state: the rows that are kept here.
void restore(const SafetensorsFile& file, const Parameter& parameter, const std::string& name,
             Tensor& tensor) {
  const std::span<const float> from = file.floats(name, whole_shape(parameter, tensor));
  const auto row = static_cast<int64_t>(from.size()) / parameter.shape[0];
  std::copy_n(from.begin() + parameter.kept.begin * row, tensor.size(), tensor.data());
}

void add_rows(const Parameter& parameter, const std::string& name, const Tensor& tensor,
              Ranks& ranks, SafetensorsWriter& writer) {
  const std::vector<int64_t> shape = whole_shape(parameter, tensor);
  if (!parameter.divided()) {
    writer.add_floats(name, shape, tensor.values);
    return;
  }
  writer.add_stream(name, shape, [&tensor, &ranks](const SafetensorsWriter::Sink& sink) {
    stream_rows(ranks, tensor, sink);
  });
}

/// What the other ranks do while rank 0 writes the tensors of add_rows().
void send_rows(const ParameterSet& parameters, const Adam& adam, Ranks& ranks) {
  for (int64_t i = 0; i < parameters.size(); ++i) {
    if (!parameters[i].divided()) continue;
    stream_rows(ranks, parameters[i].value, {});
    for (const auto& [name, tensor] : adam.state(i)) stream_rows(ranks, *tensor, {});
  }
}

json to_json(const TrainState& s) {
  return {{"epoch", s.epoch},
          {"batch", s.batch},
          {"step", s.step},
          {"epoch_loss", s.epoch_loss},
          {"epoch_divisor", s.epoch_divisor},
          {"epoch_positions", s.epoch_positions},
          {"best_value", s.best_value},
          {"best_epoch", s.best_epoch},
          {"best_weights", word_of(s.best_set)},
          {"stale", s.stale},
          {"sample_value", s.sample_value},
          {"sample_epoch", s.sample_epoch},
          {"sample_weights", word_of(s.sample_set)},
          {"sample_confirmed", s.sample_confirmed},
          {"finished", s.finished},
          {"metrics_bytes", s.metrics_bytes},
          {"events_bytes", s.events_bytes},
          {"seconds", s.seconds}};
}

/// Raw in checkpoints from before there were two sets.
WeightSet weight_set(const json& j, const char* key) {
  if (!j.contains(key)) return WeightSet::raw;
  const auto set = find_word<WeightSet>(j.at(key).get<std::string>());
  if (!set) throw std::invalid_argument(std::string(key) + " is neither raw nor average");
  return *set;
}

TrainState from_json(const json& j) {
  TrainState s;
  s.epoch = whole_number(j.at("epoch"));
  s.batch = whole_number(j.at("batch"));
  s.step = whole_number(j.at("step"));
  j.at("epoch_loss").get_to(s.epoch_loss);
  s.epoch_divisor = whole_number(j.at("epoch_divisor"));
  s.epoch_positions = whole_number(j.at("epoch_positions"));
  j.at("best_value").get_to(s.best_value);
  s.best_epoch = whole_number(j.at("best_epoch"));
  s.stale = whole_number(j.at("stale"));
  s.best_set = weight_set(j, "best_weights");
  if (j.contains("sample_value")) {
    j.at("sample_value").get_to(s.sample_value);
    s.sample_epoch = whole_number(j.at("sample_epoch"));
    s.sample_set = weight_set(j, "sample_weights");
    j.at("sample_confirmed").get_to(s.sample_confirmed);
  }
  j.at("finished").get_to(s.finished);
  s.metrics_bytes = static_cast<uint64_t>(whole_number(j.at("metrics_bytes")));
  s.events_bytes = static_cast<uint64_t>(whole_number(j.at("events_bytes")));
  j.at("seconds").get_to(s.seconds);
  return s;
}

void check_format(const SafetensorsFile& file) {
  const auto format = file.metadata().find("format");
  check_data(format != file.metadata().end() && format->second == kFormat,
             "{}: not a checkpoint of this version (expected format {})", file.path().string(),
             kFormat);
}

/// What `read` makes of an entry of the metadata.
template <typename Read>
auto read_counter(const SafetensorsFile& file, const char* name, const Read& read) {
  try {
    return read(file.metadata().at(name));
  } catch (const std::exception& error) {
    fail_data("{}: damaged counters: {}", file.path().string(), error.what());
  }
}

TrainState counters_of(const SafetensorsFile& file) {
  return read_counter(file, "state",
                      [](const std::string& text) { return from_json(json::parse(text)); });
}

}  // namespace

void save_checkpoint(const std::filesystem::path& path, const TrainState& state,
                     const ParameterSet& parameters, const Adam& adam, Ranks& ranks) {
  if (ranks.rank() > 0) {
    send_rows(parameters, adam, ranks);
    return;
  }
  SafetensorsWriter writer;
  for (int64_t i = 0; i < parameters.size(); ++i) {
    const Parameter& p = parameters[i];
    add_rows(p, p.name, p.value, ranks, writer);
    for (const auto& [name, tensor] : adam.state(i)) add_rows(p, name, *tensor, ranks, writer);
  }
  writer.set_metadata("format", kFormat);
  writer.set_metadata("state", to_json(state).dump());
  writer.set_metadata("adam_steps", std::to_string(adam.steps()));
  writer.write(path);
}

TrainState load_checkpoint(const std::filesystem::path& path, ParameterSet& parameters,
                           Adam& adam) {
  const SafetensorsFile file(path);
  check_format(file);
  for (int64_t i = 0; i < parameters.size(); ++i) {
    Parameter& p = parameters[i];
    restore(file, p, p.name, p.value);
    for (const auto& [name, tensor] : adam.state(i)) restore(file, p, name, *tensor);
  }
  adam.set_steps(read_counter(file, "adam_steps", [](const std::string& text) {
    return static_cast<int64_t>(std::stoll(text));
  }));
  return counters_of(file);
}

TrainState load_counters(const std::filesystem::path& path) {
  const SafetensorsFile file(path);
  check_format(file);
  return counters_of(file);
}

}  // namespace truenext
