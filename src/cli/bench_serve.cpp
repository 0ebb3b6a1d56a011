// SPDX-License-Identifier: Apache-2.0
// Load on a running server. Open loop: the times of sending are fixed in advance and latency is
// counted from them, so that a server that stalls cannot hide it by making its clients wait.
#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "base/resources.h"
#include "cli/bench.h"
#include "cli/http_client.h"
#include "cli/serve_requests.h"

namespace truenext::cli {
namespace {

HttpClient client_of(const ServeLoad& load) {
  const char* const key = std::getenv("TRUENEXT_KEY");
  return HttpClient(ServerUrl::parse(load.url), key != nullptr ? key : "");
}

/// What the server has used up; not a number where it does not say.
struct ServerUsage {
  double cpu_seconds, memory_bytes;
};

/// On a connection of its own: the server ends one that is idle while the load runs.
ServerUsage server_usage(const ServeLoad& load) {
  HttpClient client = client_of(load);
  const HttpClient::Answer answer = client.ask("GET", "/metrics", "");
  const auto value = [&answer](const std::string& metric) {
    const std::string name = "\n" + metric + " ";
    const size_t at = answer.body.find(name);
    if (answer.status != 200 || at == std::string::npos) return std::nan("");
    return std::atof(answer.body.c_str() + at + name.size());
  };
  return {value("process_cpu_seconds_total"), value("process_resident_memory_bytes")};
}

struct Load {
  std::vector<double> seconds;  ///< of answers with status 200
  std::vector<double> refused;  ///< of 503, which an overloaded server says at once
  std::map<int, int64_t> statuses;

  void add(int status, double taken) {
    ++statuses[status];
    if (status == 200) seconds.push_back(taken);
    if (status == 503) refused.push_back(taken);
  }
  void add(const Load& other) {
    seconds.insert(seconds.end(), other.seconds.begin(), other.seconds.end());
    refused.insert(refused.end(), other.refused.begin(), other.refused.end());
    for (const auto& [status, count] : other.statuses) statuses[status] += count;
  }
};

Load run_load(const BenchTask& task, const ServeRequests& requests) {
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
      const auto& body = requests.bodies[static_cast<size_t>(number) % requests.bodies.size()];
      const int status = connection.ask(requests.method, requests.path, body).status;
      own.add(status, wall_seconds() - due);
    }
    const std::lock_guard lock(mutex);
    load.add(own);
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

void add_quantiles(const std::string& prefix, const std::vector<double>& all, BenchReport* report) {
  for (const double share : {0.5, 0.9, 0.99, 0.999}) {
    const double seconds = quantile(all, share);
    report->add(fmt::format("{}p{:g}_seconds", prefix, 100 * share), seconds,
                fmt::format("{:.2f} ms", 1e3 * seconds));
  }
}

}  // namespace

BenchReport bench_serve(const BenchTask& task) {
  const ServeLoad& wish = task.arguments.serve;
  check_usage(!wish.url.empty(), "bench serve: say which server: --url http://HOST:PORT");
  const ServeRequests requests =
      serve_requests(wish.ask, wish.fields, Dataset::open(task.config.data.path));
  const ServerUsage before = server_usage(wish);
  const double begin = wall_seconds();
  const Load load = run_load(task, requests);
  const double wall = wall_seconds() - begin;
  const ServerUsage after = server_usage(wish);
  const double cpu = after.cpu_seconds - before.cpu_seconds;
  BenchReport report;
  report.add_fact("ask", fmt::format("{} {}", wish.ask, wish.fields));
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
  if (!std::isnan(after.memory_bytes)) {
    report.add("server_memory_bytes", after.memory_bytes,
               fmt::format("{:.0f} MB", after.memory_bytes / 1e6));
    const double grown = after.memory_bytes - before.memory_bytes;
    report.add("server_memory_growth_bytes", grown, fmt::format("{:.1f} MB", grown / 1e6));
  }
  add_quantiles("", load.seconds, &report);
  if (!load.refused.empty()) add_quantiles("refused_", load.refused, &report);
  return report;
}

}  // namespace truenext::cli
