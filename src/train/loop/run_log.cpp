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

RunLog::RunLog(const std::filesystem::path& folder, bool fresh)
    : path_(folder / "metrics.jsonl"), events_(folder, fresh) {
  const int flags = O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | (fresh ? O_TRUNC : 0);
  descriptor_ = ::open(path_.c_str(), flags, 0644);
  check_data(descriptor_ >= 0, "{}: cannot write: {}", path_.string(), std::strerror(errno));
  bytes_ = static_cast<uint64_t>(::lseek(descriptor_, 0, SEEK_END));
}

RunLog::~RunLog() {
  if (descriptor_ >= 0) ::close(descriptor_);
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

void RunLog::validation(const TrainState& state, const std::string& metric, double value) {
  Line out;
  out["epoch"] = state.epoch;
  out["step"] = state.step;
  out["valid"] = {{metric, value}};
  out["best"] = state.best_value;
  out["best_epoch"] = state.best_epoch;
  line(out.dump());
  events_.scalar("valid/" + metric, state.step, static_cast<float>(value));
  tell("validation", path_, out);
}

void RunLog::watched(const TrainState& state, const WatchedPart& part) {
  Line out;
  out["epoch"] = state.epoch;
  out["step"] = state.step;
  out["watched"] = part.part;
  out["candidates"] = part.candidates;
  for (const MetricResult& entry : part.result.metrics) {
    out["metrics"][entry.metric.label()] = entry.mean;
    events_.scalar("watched " + part.part + "/" + entry.metric.label(), state.step,
                   static_cast<float>(entry.mean));
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
