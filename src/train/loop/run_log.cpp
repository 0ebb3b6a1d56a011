// SPDX-License-Identifier: Apache-2.0
#include "train/loop/run_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/work.h"
#include "eval/run_inputs.h"

namespace truenext {

using Line = nlohmann::ordered_json;

namespace {

/// The same line for a program that waits for it.
void tell(const char* kind, const std::filesystem::path& log, const Line& line) {
  Work* const work = current_work();
  if (work == nullptr) return;
  Line event{{"kind", kind}, {"run", log.parent_path().string()}};
  event.update(line);
  work->event(event.dump(-1, ' ', false, Line::error_handler_t::replace));
}

}  // namespace

RunLog::RunLog(const std::filesystem::path& folder, bool fresh, bool told)
    : told_(told), path_(folder / "metrics.jsonl"), events_(folder, fresh) {
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (fresh ? O_TRUNC : 0);
  descriptor_ = ::open(path_.c_str(), flags, 0644);
  check_data(descriptor_ >= 0, "{}: cannot write: {}", path_.string(), std::strerror(errno));
  bytes_ = static_cast<uint64_t>(::lseek(descriptor_, 0, SEEK_END));
}

RunLog::~RunLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string RunLog::note() const {
  return told_ ? fmt::format(" ({})", kRequestTimeKnown) : "";
}

void RunLog::epoch(const EpochRecord& record) {
  Line out;
  out["epoch"] = record.epoch;
  out["step"] = record.step;
  out["loss"] = record.loss;
  out["learning_rate"] = record.learning_rate;
  out["seconds"] = record.seconds;
  out["positions_per_second"] = record.positions_per_second;
  line(out.dump());
  events_.scalar("train/loss", record.step, static_cast<float>(record.loss));
  events_.scalar("train/positions_per_second", record.step,
                 static_cast<float>(record.positions_per_second));
  tell("epoch", path_, out);
}

void RunLog::validation(const TrainState& state, const ValidationRecord& record) {
  static constexpr const char* kKeys[] = {"valid", "valid_sample", "valid_confirmed"};
  static constexpr const char* kEvents[] = {"validation", "validation_sample",
                                            "validation_confirmed"};
  const auto kind = static_cast<size_t>(record.kind);
  const bool sample = record.kind == ValidationKind::sample;
  const bool averaged = record.values.size() > 1;
  Line out;
  out["epoch"] = record.epoch;
  out["step"] = state.step;
  out[kKeys[kind]] = {{record.metric, record.value}};
  if (averaged) {
    out["weights"] = word_of(record.set);
    out["by_weights"] = {{"raw", record.values[0]}, {"average", record.values[1]}};
  }
  if (record.users > 0) out["users"] = record.users;
  if (told_) out["request_time"] = "known";
  out["best"] = sample ? state.sample_value : state.best_value;
  out["best_epoch"] = sample ? state.sample_epoch : state.best_epoch;
  line(out.dump());
  tell(kEvents[kind], path_, out);
  if (record.kind == ValidationKind::confirmation) return;  // of an epoch that is past
  const std::string name =
      fmt::format("{}{}/{}", sample ? "valid sample" : "valid", note(), record.metric);
  events_.scalar(name, state.step, static_cast<float>(record.value));
  for (size_t i = 0; averaged && i < record.values.size(); ++i) {
    events_.scalar(name + (i == 0 ? " raw" : " average"), state.step,
                   static_cast<float>(record.values[i]));
  }
}

void RunLog::watched(const TrainState& state, const WatchedPart& part, const WeightSet* set) {
  Line out;
  out["epoch"] = state.epoch;
  out["step"] = state.step;
  out["watched"] = part.part;
  out["candidates"] = part.candidates;
  if (set) out["weights"] = word_of(*set);
  if (told_) out["request_time"] = "known";
  for (const MetricResult& entry : part.result.metrics) {
    out["metrics"][entry.metric.label()] = entry.mean;
    events_.scalar(fmt::format("watched {}{}/{}", part.part, note(), entry.metric.label()),
                   state.step, static_cast<float>(entry.mean));
  }
  line(out.dump());
  tell("watched", path_, out);
}

void RunLog::remember(TrainState& state) const {
  state.metrics_bytes = bytes_;
  state.events_bytes = events_.size();
}

void RunLog::rewind(const TrainState& state) {
  events_.cut(state.events_bytes);
  if (state.metrics_bytes >= bytes_) return;
  check_data(::ftruncate(descriptor_, static_cast<off_t>(state.metrics_bytes)) == 0,
             "{}: cannot shorten: {}", path_.string(), std::strerror(errno));
  bytes_ = state.metrics_bytes;
}

void RunLog::line(const std::string& text) {
  const std::string out = text + "\n";
  write_all(descriptor_, out, path_);
  bytes_ += out.size();
}

}  // namespace truenext
