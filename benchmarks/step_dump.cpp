// SPDX-License-Identifier: Apache-2.0
// Loss and gradients of one training step, without the update, with everything that another program
// needs to compute them again: benchmarks/side_by_side/gate.py and benchmarks/networks/twin_gate.py
// do. One safetensors file with
//   NAME             every weight under its canonical name
//   grad/NAME        its gradient
//   batch/items      input items of all sequences, packed       batch/offsets   [sequences + 1]
//   batch/rows       packed row of every position               batch/targets   its target item
//   batch/negatives  [positions, negatives], only with sampled candidates
//   batch/hidden     uint8 of every packed item: 1 = hidden, only with train.input_drop
//   loss             float64 [1]
// and the configuration as TOML and the number of items in its metadata. Dropout must be off.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <deque>
#include <string>
#include <vector>

#include "base/error.h"
#include "inference/safetensors.h"
#include "objectives/candidates.h"
#include "train/loop/training_parts.h"
#include "train/steps/tile_step.h"
#include "train/steps/tree_reducer.h"

namespace truenext {
namespace {

struct Arguments {
  std::string preset = "gsasrec", data, out;
  std::vector<std::string> settings;
  int64_t seed = 42, batch = 0;
};

constexpr uint64_t kStep = 0;

/// A batch as plain arrays.
struct PackedBatch {
  Jagged<int32_t> sequences;
  std::vector<int32_t> rows, targets, negatives;
  std::vector<uint8_t> hidden;
};

/// The negatives are drawn here a second time, as docs/objectives.md says; if the two ever
/// differ the gate fails.
PackedBatch pack(const Batch& batch, const RunConfig& config, int64_t num_items) {
  PackedBatch packed;
  const bool sampled = config.objective.candidates == CandidateSet::uniform;
  const CandidateSampler sampler(config.objective, num_items, {});
  for (const Tile& tile : batch.tiles) {
    const auto first = static_cast<int32_t>(packed.sequences.values.size());
    for (int64_t q = 0, s = 0; q < tile.targets.size(); ++q) {
      const int32_t row = tile.targets.rows[q];
      while (row >= tile.sequences.offsets[s + 1]) ++s;
      const int32_t target = tile.targets.positives(q)[0];
      packed.rows.push_back(first + row);
      packed.targets.push_back(target);
      if (!sampled) continue;
      std::vector<int32_t> drawn(static_cast<size_t>(config.objective.negatives));
      const int64_t from_end = tile.sequences.offsets[s + 1] - 1 - row;
      const DrawPlace place{static_cast<uint64_t>(config.train.seed), kStep, tile.streams[s],
                            static_cast<uint32_t>(from_end)};
      std::vector<int32_t> excluded;
      if (config.objective.exclude == Exclusion::positive) excluded.push_back(target);
      sampler.draw(place, excluded, {}, drawn);
      packed.negatives.insert(packed.negatives.end(), drawn.begin(), drawn.end());
    }
    for (int64_t s = 0; s < tile.sequences.size(); ++s) {
      packed.sequences.add_row(tile.sequences.row(s));
    }
    packed.hidden.insert(packed.hidden.end(), tile.hidden.begin(), tile.hidden.end());
  }
  return packed;
}

/// Sum over the tiles in the order of training.
TileGradients<float> gradients_of(const Model& model, const Objective& objective,
                                  const Batch& batch, int64_t seed) {
  const StepContext context{static_cast<uint64_t>(seed), kStep, objective.divisor(batch)};
  TreeReducer<TileGradients<float>> reducer(
      static_cast<int64_t>(batch.tiles.size()),
      [](TileGradients<float>& left, TileGradients<float>&& right) { left.add(std::move(right)); });
  const WeightViews<float> weights = model.parameters().readable();
  for (size_t tile = 0; tile < batch.tiles.size(); ++tile) {
    reducer.deliver(static_cast<int64_t>(tile),
                    run_tile(model, weights, objective, batch.tiles[tile], context));
  }
  return reducer.take();
}

class Dump {
 public:
  void add_ids(const std::string& name, std::vector<int64_t> shape,
               const std::vector<int32_t>& values) {
    writer_.add(name, DType::i32, std::move(shape), std::as_bytes(std::span(values)));
  }
  void add_batch(const PackedBatch& batch) {
    const auto size = static_cast<int64_t>(batch.rows.size());
    add_ids("batch/items", {static_cast<int64_t>(batch.sequences.values.size())},
            batch.sequences.values);
    writer_.add("batch/offsets", DType::i64, {batch.sequences.size() + 1},
                std::as_bytes(std::span(batch.sequences.offsets)));
    add_ids("batch/rows", {size}, batch.rows);
    add_ids("batch/targets", {size}, batch.targets);
    if (!batch.hidden.empty()) {
      writer_.add("batch/hidden", DType::u8, {std::ssize(batch.hidden)},
                  std::as_bytes(std::span(batch.hidden)));
    }
    if (batch.negatives.empty()) return;
    add_ids("batch/negatives", {size, static_cast<int64_t>(batch.negatives.size()) / size},
            batch.negatives);
  }
  void add_weights(const ParameterSet& parameters, TileGradients<float>& gradients) {
    for (int64_t i = 0; i < parameters.size(); ++i) {
      const Parameter& parameter = parameters[i];
      const std::vector<int64_t>& shape = parameter.value.shape;
      writer_.add_floats(parameter.name, shape, parameter.value.values);
      const std::span<const float> values =
          parameter.is_table() ? gradients.tables[i].make_dense() : gradients.of(parameter);
      const std::vector<float>& grad = kept_.emplace_back(values.begin(), values.end());
      writer_.add_floats("grad/" + parameter.name, shape, grad);
    }
  }
  void add_loss(const double& loss) {
    writer_.add("loss", DType::f64, {1}, std::as_bytes(std::span(&loss, 1)));
  }
  void write(RunConfig& config, int64_t num_items, const std::string& path) {
    writer_.set_metadata("config", config_text(config));
    writer_.set_metadata("items", fmt::format("{}", num_items));
    writer_.write(path);
  }

 private:
  SafetensorsWriter writer_;
  std::deque<std::vector<float>> kept_;
};

void check_no_dropout(const ModelOptions& model) {
  const auto check = [](const char* key, double rate) {
    check_usage(rate == 0,
                "model.{0} = {1}: another program cannot draw the same dropout; say --set "
                "model.{0}=0",
                key, rate);
  };
  check("dropout", model.dropout);
  if (model.name == "narm") check("output_dropout", model.output_dropout);
}

void dump(const Arguments& arguments) {
  RunConfig config;
  apply_preset(config, arguments.preset);
  config.train.seed = arguments.seed;
  apply_settings(config, arguments.settings);
  config.model.resolve();
  check_no_dropout(config.model);
  const Dataset dataset = Dataset::open(arguments.data);
  const auto model =
      make_model(config.model, dataset.num_items(), static_cast<uint64_t>(config.train.seed));
  const Objective objective(config.objective, dataset.num_items());
  Batcher batcher(dataset, batch_options(config));
  batcher.start_epoch(0);
  const Batch batch = batcher.make(arguments.batch);
  const PackedBatch packed = pack(batch, config, dataset.num_items());
  TileGradients<float> gradients = gradients_of(*model, objective, batch, config.train.seed);
  Dump file;
  file.add_batch(packed);
  file.add_weights(model->parameters(), gradients);
  file.add_loss(gradients.loss);
  file.write(config, dataset.num_items(), arguments.out);
  fmt::print("{}: {}, {} sequences, {} positions, loss {:.9f}\n", arguments.out, objective.name(),
             packed.sequences.size(), packed.rows.size(), gradients.loss);
}

}  // namespace
}  // namespace truenext

int main(int argc, char** argv) {
  CLI::App app{"Writes loss and gradients of one training step."};
  truenext::Arguments arguments;
  app.add_option("--preset", arguments.preset, "Configuration")->capture_default_str();
  app.add_option("--set", arguments.settings, "key=value on top")->allow_extra_args(false);
  app.add_option("--data", arguments.data, "Dataset folder")->required();
  app.add_option("--seed", arguments.seed, "Of weights, batches and negatives");
  app.add_option("--batch", arguments.batch, "Number of the batch in the first epoch");
  app.add_option("--out", arguments.out, "Safetensors file")->required();
  CLI11_PARSE(app, argc, argv);
  try {
    truenext::dump(arguments);
  } catch (const truenext::Error& error) {
    fmt::print(stderr, "step_dump: {}\n", error.what());
    return static_cast<int>(error.code());
  }
  return 0;
}
