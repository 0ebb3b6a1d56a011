// SPDX-License-Identifier: Apache-2.0
#include "train/loop/judge.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <memory>

#include "base/log.h"
#include "eval/result_names.h"
#include "eval/run_inputs.h"
#include "inference/model_file.h"
#include "train/devices/devices.h"
#include "train/loop/run_model.h"
#include "train/ranks/whole_rows.h"

namespace truenext {
namespace {

/// The model of the best epoch by the sample, in the folder of checkpoints.
constexpr const char* kCandidateFile = "candidate.safetensors";

std::unique_ptr<Scorer> scorer_of(const ModelFile& model, const std::string& device) {
  if (on_tiles(device)) return make_encoder_scorer(model.encoder());
  return devices().scorer(device, model.description().model, model.weights(),
                          model.description().attributes.lists);
}

}  // namespace

Judge::Judge(const TrainRequest& request, const TrainingParts& parts, const Validator& validator,
             DeviceEngine* device, Ranks& ranks)
    : request_(request),
      parts_(parts),
      validator_(validator),
      device_(device),
      ranks_(ranks),
      sets_{WeightSet::raw} {
  if (parts.adam.keeps_average()) sets_.push_back(WeightSet::average);
}

std::filesystem::path Judge::candidate_file() const {
  return request_.run / "checkpoint" / kCandidateFile;
}

double Judge::by_scorer(WeightSet set, const Measure& call) const {
  const WholeWeights weights(*parts_.model, ranks_, parts_.adam, set);
  return by_first_rank(
      ranks_, [&] { return with_scorer(*parts_.model, weights.views(), device_, set, call); });
}

std::string Judge::set_text(WeightSet set) const {
  if (sets_.size() == 1) return "";
  return set == WeightSet::average ? ", averaged weights" : ", raw weights";
}

std::string Judge::validation_text(double value, int64_t epoch, WeightSet set) const {
  const bool told = request_.config.model.time == TimeUse::request;
  return fmt::format("{}={:.6f} at epoch {}{}{}", validator_.metric(), value, epoch, set_text(set),
                     told ? fmt::format(", {}", kRequestTimeKnown) : "");
}

std::string Judge::candidate_text(const TrainState& state) const {
  return validation_text(state.sample_value, state.sample_epoch, state.sample_set) + ", sample";
}

// All ranks make this call; the first writes.
void Judge::write_model(WeightSet set, const std::string& validation, bool candidate,
                        bool writes) const {
  const WholeWeights weights(*parts_.model, ranks_, parts_.adam, set);
  if (!writes) return;
  if (candidate) {
    RunConfig config = request_.config;
    config.train.store_counts = false;  // of no use in a file that nobody asks
    write_run_model(candidate_file(), parts_, config, weights.views(), validation);
    return;
  }
  remove_results(request_.run);
  write_run_model(request_.run / kModelFileName, parts_, request_.config, weights.views(),
                  validation);
}

std::string Judge::keep_last(TrainState& state, bool writes) const {
  state.best_epoch = state.epoch;
  state.best_set = usual_set();
  write_model(usual_set(), fmt::format("none, epoch {}{}", state.epoch, set_text(usual_set())),
              false, writes);
  return "";
}

ValidationRecord Judge::measure(const TrainState& state, const Measure& call) const {
  ValidationRecord record;
  record.metric = validator_.metric();
  record.epoch = state.epoch;
  for (const WeightSet set : sets_) {
    const double value = by_scorer(set, call);
    if (record.values.empty() || value > record.value) {
      record.value = value;
      record.set = set;
    }
    record.values.push_back(value);
  }
  return record;
}

std::string Judge::values_text(const ValidationRecord& record) const {
  if (record.values.size() == 1) return fmt::format("{} {:.5f}", record.metric, record.value);
  return fmt::format("{} {:.5f} raw, {:.5f} averaged", record.metric, record.values[0],
                     record.values[1]);
}

std::string Judge::judge_sample(TrainState& state, RunLog* log) const {
  ValidationRecord record =
      measure(state, [&](const Scorer& scorer) { return validator_.measure_sample(scorer); });
  record.kind = ValidationKind::sample;
  record.users = validator_.sample_users();
  const bool best = state.judge_sample(record.value, record.set);
  if (best) {
    write_model(record.set, candidate_text(state), true, log != nullptr);
  }
  if (log) log->validation(state, record);
  const std::string rest = best ? "best so far"
                                : fmt::format("best {:.5f} at epoch {}, {} without improvement",
                                              state.sample_value, state.sample_epoch, state.stale);
  return fmt::format("  sample of {} users: {} ({})", record.users, values_text(record), rest);
}

// What the sample called the best, where it is not this epoch, which is measured anyway.
void Judge::confirm(TrainState& state, RunLog* log) const {
  const bool open = state.sample_epoch > 0 && !state.sample_confirmed;
  state.sample_confirmed = true;
  if (!open || state.sample_epoch == state.epoch) return;
  std::unique_ptr<ModelFile> model;
  ValidationRecord record;
  record.kind = ValidationKind::confirmation;
  record.metric = validator_.metric();
  record.users = validator_.users();
  record.epoch = state.sample_epoch;
  record.set = state.sample_set;
  record.value = by_first_rank(ranks_, [&] {
    model = std::make_unique<ModelFile>(ModelFile::open(candidate_file()));
    // A process that died between a candidate and its checkpoint leaves one that the checkpoint
    // does not know.
    if (model->description().validation != candidate_text(state)) {
      return std::numeric_limits<double>::quiet_NaN();
    }
    return validator_.measure(*scorer_of(*model, request_.device));
  });
  if (std::isnan(record.value)) {
    log_warning("the model of epoch {}, the best by the sample, was not kept, and is passed over",
                record.epoch);
    return;
  }
  record.values = {record.value};
  const bool best = state.improves(record.value, record.epoch, record.set);
  if (!log) return;
  if (best) {
    remove_results(request_.run);
    write_run_model(request_.run / kModelFileName, parts_, request_.config, model->weights(),
                    validation_text(record.value, record.epoch, record.set));
  }
  log->validation(state, record);
  log_info("epoch {}, the best by the sample, on all {} users: {} {:.5f} ({})", record.epoch,
           record.users, record.metric, record.value,
           best ? "best so far"
                : fmt::format("best {:.5f} at epoch {}", state.best_value, state.best_epoch));
}

std::string Judge::judge_all(TrainState& state, RunLog* log) const {
  ValidationRecord record =
      measure(state, [&](const Scorer& scorer) { return validator_.measure(scorer); });
  record.users = validator_.samples() ? validator_.users() : 0;
  const bool best = validator_.samples() ? state.improves(record.value, state.epoch, record.set)
                                         : state.judge(record.value, record.set);
  if (best) {
    write_model(record.set, validation_text(record.value, state.epoch, record.set), false,
                log != nullptr);
  }
  if (log) log->validation(state, record);
  std::string rest = "best so far";
  if (!best) rest = fmt::format("best {:.5f} at epoch {}", state.best_value, state.best_epoch);
  if (!best && !validator_.samples()) rest += fmt::format(", {} without improvement", state.stale);
  return fmt::format("  valid {} ({})", values_text(record), rest);
}

// The first, and every so many after it: a run that is stopped early has a model.
bool Judge::is_full(const TrainState& state) const {
  if (!validator_.samples()) return true;
  const TrainOptions& train = request_.config.train;
  const int64_t validation = (state.epoch + train.valid_every - 1) / train.valid_every;
  return (validation - 1) % train.valid_full_every == 0 || state.epoch == train.epochs ||
         state.out_of_patience(train.patience);
}

std::string Judge::judge(TrainState& state, RunLog* log) const {
  if (!validator_.available()) return keep_last(state, log != nullptr);
  if (!validator_.samples()) return judge_all(state, log);
  std::string text = judge_sample(state, log);
  if (!is_full(state)) return text;
  confirm(state, log);
  return text + judge_all(state, log);
}

}  // namespace truenext
