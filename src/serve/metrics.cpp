// SPDX-License-Identifier: Apache-2.0
#include "serve/metrics.h"

#include <dirent.h>
#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <ctime>
#include <fstream>
#include <functional>
#include <map>
#include <mutex>
#include <tuple>
#include <type_traits>

#include "base/resources.h"
#include "run/run_config.h"

namespace truenext::serve {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using Buckets = Histogram::BucketBoundaries;

const Buckets& seconds_bounds() {
  static const Buckets bounds{0.0002, 0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015,
                              0.02,   0.03,   0.05,  0.1,   0.25,  0.5,   1,      2.5,  10};
  return bounds;
}
const Buckets kBatchBounds{1, 2, 4, 8, 16, 32, 64};
const Buckets kOverlapBounds{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1};

double resident_bytes() {
  std::ifstream file("/proc/self/statm");
  double all = 0, resident = 0;
  file >> all >> resident;
  return resident * 4096;
}

double open_descriptors() {
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = -3;  // itself, and what every folder holds
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

}  // namespace

struct Metrics::Families {
  struct RequestSeries {
    Counter* count;
    Histogram* seconds;
  };

  prometheus::Registry registry;
  std::mutex mutex;
  /// Looked up by views: a request makes no texts for it.
  std::map<std::tuple<std::string, std::string, int>, RequestSeries, std::less<>> requests;

  template <typename Metric>
  Family<Metric>& family(const char* name, const char* help) {
    if constexpr (std::is_same_v<Metric, Counter>) {
      return prometheus::BuildCounter().Name(name).Help(help).Register(registry);
    } else if constexpr (std::is_same_v<Metric, Gauge>) {
      return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
    } else {
      return prometheus::BuildHistogram().Name(name).Help(help).Register(registry);
    }
  }

  Family<Counter>& requests_total = family<Counter>("truenext_http_requests_total", "Requests");
  Family<Histogram>& request_seconds =
      family<Histogram>("truenext_http_request_seconds", "From the end of a header to the answer");
  Gauge& connections = family<Gauge>("truenext_http_connections", "Open connections").Add({});
  Family<Counter>& rejected =
      family<Counter>("truenext_http_rejected_total", "Requests that were not answered");
  Gauge& queue_length = family<Gauge>("truenext_queue_length", "Jobs that wait").Add({});
  Histogram& queue_seconds =
      family<Histogram>("truenext_queue_seconds", "Time in the queue").Add({}, seconds_bounds());
  Histogram& batch_size =
      family<Histogram>("truenext_batch_size", "Jobs of a block").Add({}, kBatchBounds);
  Family<Histogram>& compute_seconds =
      family<Histogram>("truenext_compute_seconds", "Time for a block");
  Family<Counter>& answers = family<Counter>("truenext_answers_total", "Lists");
  Family<Counter>& unknown =
      family<Counter>("truenext_items_unknown_total", "Items of histories that a model lacks");
  Family<Histogram>& store_seconds =
      family<Histogram>("truenext_store_seconds", "Time for an operation of the event store");
  Family<Counter>& store_events = family<Counter>("truenext_store_events_total", "Events");
  Counter& store_errors =
      family<Counter>("truenext_store_errors_total", "Events that were not stored").Add({});
  Family<Gauge>& model_info = family<Gauge>("truenext_model_info", "The loaded models");
  Family<Gauge>& model_loaded =
      family<Gauge>("truenext_model_loaded_timestamp_seconds", "When a model was loaded");
  Family<Counter>& reloads = family<Counter>("truenext_model_reloads_total", "Reloads");
  Family<Histogram>& overlap =
      family<Histogram>("truenext_shadow_overlap", "Share of a list that the shadow has, too");
  Counter& shadow_dropped =
      family<Counter>("truenext_shadow_dropped_total", "Shadows that were dropped").Add({});
  Gauge& cpu = family<Gauge>("process_cpu_seconds_total", "User and system time").Add({});
  Gauge& resident = family<Gauge>("process_resident_memory_bytes", "Resident memory").Add({});
  Gauge& descriptors = family<Gauge>("process_open_fds", "Open descriptors").Add({});
  std::map<std::string, Gauge*> infos;
};

Metrics::Metrics() : families_(std::make_unique<Families>()) {
  families_->family<Gauge>("truenext_build_info", "The program")
      .Add({{"version", truenext_version()}})
      .Set(1);
  families_->family<Gauge>("process_start_time_seconds", "When the process started")
      .Add({})
      .Set(static_cast<double>(std::time(nullptr)));
}
Metrics::~Metrics() = default;

void Metrics::request(std::string_view route, std::string_view method, int code, double seconds) {
  Families::RequestSeries series{};
  {
    const std::lock_guard lock(families_->mutex);
    auto& known = families_->requests;
    auto found = known.find(std::tuple(route, method, code));
    if (found == known.end()) {
      const std::string path(route), verb(method);
      series.count = &families_->requests_total.Add(
          {{"route", path}, {"method", verb}, {"code", std::to_string(code)}});
      series.seconds = &families_->request_seconds.Add({{"route", path}}, seconds_bounds());
      found = known.emplace(std::tuple(path, verb, code), series).first;
    }
    series = found->second;
  }
  series.count->Increment();
  series.seconds->Observe(seconds);
}
void Metrics::connections(double count) {
  families_->connections.Set(count);
}
void Metrics::rejected(std::string_view reason) {
  families_->rejected.Add({{"reason", std::string(reason)}}).Increment();
}
void Metrics::queue_length(double jobs) {
  families_->queue_length.Set(jobs);
}
void Metrics::queue_seconds(double seconds) {
  families_->queue_seconds.Observe(seconds);
}
void Metrics::batch_size(double jobs) {
  families_->batch_size.Observe(jobs);
}
void Metrics::compute_seconds(const std::string& model, double seconds) {
  families_->compute_seconds.Add({{"model", model}}, seconds_bounds()).Observe(seconds);
}
void Metrics::answer(const std::string& model, std::string_view method) {
  families_->answers.Add({{"model", model}, {"method", std::string(method)}}).Increment();
}
void Metrics::unknown_items(const std::string& model, int64_t count) {
  families_->unknown.Add({{"model", model}}).Increment(static_cast<double>(count));
}
void Metrics::store_seconds(std::string_view operation, double seconds) {
  families_->store_seconds.Add({{"operation", std::string(operation)}}, seconds_bounds())
      .Observe(seconds);
}
void Metrics::store_events(int64_t stored, int64_t duplicates) {
  families_->store_events.Add({{"result", "stored"}}).Increment(static_cast<double>(stored));
  families_->store_events.Add({{"result", "duplicate"}}).Increment(static_cast<double>(duplicates));
}
void Metrics::store_error() {
  families_->store_errors.Increment();
}
void Metrics::model(const std::string& name, const std::string& version, const std::string& encoder,
                    int64_t loaded) {
  Gauge& info =
      families_->model_info.Add({{"model", name}, {"version", version}, {"encoder", encoder}});
  {
    const std::lock_guard lock(families_->mutex);
    Gauge*& known = families_->infos[name];
    if (known != nullptr && known != &info) families_->model_info.Remove(known);
    known = &info;
  }
  info.Set(1);
  families_->model_loaded.Add({{"model", name}}).Set(static_cast<double>(loaded));
}
void Metrics::reload(const std::string& name, bool ok) {
  families_->reloads.Add({{"model", name}, {"result", ok ? "ok" : "refused"}}).Increment();
}
void Metrics::shadow_overlap(const std::string& name, double share) {
  families_->overlap.Add({{"model", name}}, kOverlapBounds).Observe(share);
}
void Metrics::shadow_dropped() {
  families_->shadow_dropped.Increment();
}

std::string Metrics::text() const {
  families_->cpu.Set(process_cpu_seconds());
  families_->resident.Set(resident_bytes());
  families_->descriptors.Set(open_descriptors());
  return prometheus::TextSerializer().Serialize(families_->registry.Collect());
}

}  // namespace truenext::serve
