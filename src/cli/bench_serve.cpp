// SPDX-License-Identifier: Apache-2.0
// Load on a running server. Open loop: the times of sending are fixed in advance and latency is
// counted from them, so that a server that stalls cannot hide it by making its clients wait.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/resources.h"
#include "cli/bench.h"
#include "cli/http_client.h"
#include "data/id_json.h"
#include "eval/evaluator.h"

namespace truenext::cli {
namespace {

constexpr int64_t kNewestSent = 100;  // items of a history
constexpr int64_t kAskedFor = 10;
constexpr int64_t kMostBodies = 10'000;

/// Requests for the histories of test users.
std::vector<std::string> request_bodies(const Dataset& dataset) {
  const Queries queries = make_queries(dataset, Protocol());
  check_data(!queries.users.empty(), "{}: the split holds out nothing to be asked for",
             dataset.folder().string());
  std::vector<std::string> bodies;
  for (int64_t row = 0; row < std::min<int64_t>(kMostBodies, queries.histories.size()); ++row) {
    const auto history = queries.histories.row(row);
    nlohmann::ordered_json json = {{"history", nlohmann::ordered_json::array()}, {"k", kAskedFor}};
    const auto skipped =
        static_cast<size_t>(std::max<int64_t>(0, std::ssize(history) - kNewestSent));
    for (const int32_t item : history.subspan(skipped)) {
      json["history"].push_back(id_json(dataset.items().raw(item)));
    }
    bodies.push_back(json.dump());
  }
  return bodies;
}

/// CPU seconds of the server, nothing when it does not say.
double server_cpu(HttpClient& client) {
  const HttpClient::Answer answer = client.ask("GET", "/metrics", "");
  const std::string name = "\nprocess_cpu_seconds_total ";
  const size_t at = answer.body.find(name);
  if (answer.status != 200 || at == std::string::npos) return std::nan("");
  return std::atof(answer.body.c_str() + at + name.size());
}

HttpClient client_of(const ServeLoad& load) {
  const char* const key = std::getenv("TRUENEXT_KEY");
  return HttpClient(ServerUrl::parse(load.url), key != nullptr ? key : "");
}

struct Load {
  std::vector<double> seconds;  ///< of answers with status 200
  std::map<int, int64_t> statuses;
};

Load run_load(const BenchTask& task, const std::vector<std::string>& bodies) {
  const ServeLoad& wish = task.arguments.serve;
  std::atomic<int64_t> next{0};
  std::mutex mutex;
  Load load;
  std::exception_ptr failure;
  const double start = wall_seconds() + 0.05, end = start + wish.seconds;
  const auto client = [&] {
    HttpClient connection = client_of(wish);
    Load own;
    while (!interrupted()) {
      const int64_t number = next++;
      const double due =
          wish.rate > 0 ? start + static_cast<double>(number) / wish.rate : wall_seconds();
      if (due >= end) break;
      const double wait = due - wall_seconds();
      if (wait > 0) std::this_thread::sleep_for(std::chrono::duration<double>(wait));
      const auto& body = bodies[static_cast<size_t>(number) % bodies.size()];
      const int status = connection.ask("POST", "/v1/recommend", body).status;
      ++own.statuses[status];
      if (status == 200) own.seconds.push_back(wall_seconds() - due);
    }
    const std::lock_guard lock(mutex);
    load.seconds.insert(load.seconds.end(), own.seconds.begin(), own.seconds.end());
    for (const auto& [status, count] : own.statuses) load.statuses[status] += count;
  };
  std::vector<std::thread> threads;
  for (int64_t i = 0; i < wish.connections; ++i) {
    threads.emplace_back([&] {
      try {
        client();
      } catch (...) {
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  if (failure) std::rethrow_exception(failure);
  if (interrupted()) throw Error(ExitCode::interrupted, "bench: interrupted");
  return load;
}

}  // namespace

BenchReport bench_serve(const BenchTask& task) {
  const ServeLoad& wish = task.arguments.serve;
  check_usage(!wish.url.empty(), "bench serve: say which server: --url http://HOST:PORT");
  const std::vector<std::string> bodies = request_bodies(Dataset::open(task.config.data.path));
  HttpClient watcher = client_of(wish);
  const double cpu_before = server_cpu(watcher), begin = wall_seconds();
  Load load = run_load(task, bodies);
  const double wall = wall_seconds() - begin;
  const double cpu = server_cpu(watcher) - cpu_before;
  BenchReport report;
  report.add_fact("load",
                  wish.rate > 0
                      ? fmt::format("open loop, {}/s, {} connections", wish.rate, wish.connections)
                      : fmt::format("closed loop, {} connections", wish.connections));
  int64_t asked = 0;
  for (const auto& [status, count] : load.statuses) {
    report.add_count(fmt::format("status_{}", status), count);
    asked += count;
  }
  check_data(asked > 0, "bench serve: nothing was asked in {} s", wish.seconds);
  const double rate = static_cast<double>(load.seconds.size()) / wall;
  report.add("answers_per_second", rate, fmt::format("{:.0f}/s", rate));
  if (!std::isnan(cpu)) {
    const double each = cpu / static_cast<double>(asked);
    report.add("server_cpu_seconds", each, fmt::format("{:.0f} us a request", 1e6 * each));
  }
  for (const double share : {0.5, 0.9, 0.99, 0.999}) {
    const double seconds = quantile(load.seconds, share);
    report.add(fmt::format("p{:g}_seconds", 100 * share), seconds,
               fmt::format("{:.2f} ms", 1e3 * seconds));
  }
  return report;
}

}  // namespace truenext::cli
