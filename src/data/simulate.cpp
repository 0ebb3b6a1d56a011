// SPDX-License-Identifier: Apache-2.0
#include "data/simulate.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "base/random.h"
#include "base/thread_pool.h"
#include "data/simulated_process.h"
#include "data/simulated_truth_format.h"

namespace truenext {
namespace {

constexpr int64_t kUsersPerTask = 128;
constexpr int64_t kFirstSecond = 1600000000;           // September 2020
constexpr uint32_t kArrivalSeconds = 365 * 24 * 3600;  // users arrive during a year
constexpr double kMeanGapSeconds = 12 * 3600;

/// What one task hands to the writer.
struct Portion {
  std::string log;
  std::vector<int32_t> truth;
  SimulateReport counts;
};

class LogWriter {
 public:
  explicit LogWriter(const SimulateOptions& options)
      : options_(options),
        process_(options),
        noise_key_(random_key(options.seed, Purpose::simulate, 4)),
        time_key_(random_key(options.seed, Purpose::simulate, 5)) {}

  const SimulatedProcess& process() const { return process_; }

  void add_user(int64_t user, std::vector<uint8_t>& seen, Portion* portion) const {
    const std::vector<int32_t> genuine = process_.draw(user, seen);
    portion->truth.insert(portion->truth.end(), genuine.begin(), genuine.end() - 1);
    count_repeats(genuine, seen, &portion->counts);
    const std::vector<int32_t> events = with_noise(user, genuine, seen, &portion->counts);
    RandomStream random(time_key_, static_cast<uint64_t>(user));
    int64_t time = kFirstSecond + random.below(kArrivalSeconds);
    for (const int32_t item : events) {
      fmt::format_to(std::back_inserter(portion->log), "{},{},{}\n", user + 1, item + 1, time);
      time += 1 + static_cast<int64_t>(-std::log1p(-random.uniform()) * kMeanGapSeconds);
    }
    portion->counts.events += static_cast<int64_t>(events.size());
    ++portion->counts.users;
  }

 private:
  static void count_repeats(const std::vector<int32_t>& genuine, std::vector<uint8_t>& seen,
                            SimulateReport* counts) {
    for (const int32_t item : genuine) {
      uint8_t& known = seen[static_cast<size_t>(item)];
      counts->repeats += known;
      known = 1;
    }
    for (const int32_t item : genuine) seen[static_cast<size_t>(item)] = 0;
  }

  /// Noise stands in front of genuine events only, and the last event never moves: the held-out
  /// step is the same one at every noise rate.
  std::vector<int32_t> with_noise(int64_t user, const std::vector<int32_t>& genuine,
                                  std::vector<uint8_t>& seen, SimulateReport* counts) const {
    const double mix = options_.users > 1 ? options_.noise_mix : 0;
    const double inserted = options_.noise_random + mix;
    if (inserted <= 0 && options_.noise_swap <= 0) return genuine;
    RandomStream random(noise_key_, static_cast<uint64_t>(user));
    std::vector<int32_t> other;
    if (mix > 0) {
      const auto step = 1 + random.below(static_cast<uint32_t>(options_.users - 1));
      other = process_.draw((user + step) % options_.users, seen);
    }
    size_t next = 0;
    std::vector<int32_t> events;
    for (const int32_t item : genuine) {
      for (double u = random.uniform(); u < inserted; u = random.uniform()) {
        const bool click = u < options_.noise_random;
        events.push_back(
            click ? static_cast<int32_t>(random.below(static_cast<uint32_t>(options_.items)))
                  : other[next++ % other.size()]);
        ++(click ? counts->random_clicks : counts->mixed_in);
      }
      events.push_back(item);
    }
    swap_neighbours(random, &events, counts);
    return events;
  }

  void swap_neighbours(RandomStream& random, std::vector<int32_t>* events,
                       SimulateReport* counts) const {
    // A pair is swapped with q and then passed over, so 2 q / (1 + q) of the events move.
    const double q = options_.noise_swap / (2 - options_.noise_swap);
    if (q <= 0) return;
    for (size_t i = 0; i + 2 < events->size(); ++i) {
      if (random.uniform() >= q) continue;
      std::swap((*events)[i], (*events)[i + 1]);
      counts->swapped += 2;
      ++i;
    }
  }

  SimulateOptions options_;
  SimulatedProcess process_;
  PhiloxKey noise_key_, time_key_;
};

/// Lengths need no events, so the offsets go in front of the items in one pass over the file.
void write_truth_head(const SimulateOptions& options, const SimulatedProcess& process,
                      AtomicFile* truth) {
  const TruthHeader header = truth_header(options);
  truth->write_array(std::span<const uint64_t>(header));
  int64_t offset = 0;
  truth->write_array(std::span<const int64_t>(&offset, 1));
  for (int64_t user = 0; user < options.users; ++user) {
    offset += process.length(user) - 1;
    truth->write_array(std::span<const int64_t>(&offset, 1));
  }
}

void add_counts(const SimulateReport& from, SimulateReport* to) {
  to->users += from.users;
  to->events += from.events;
  to->repeats += from.repeats;
  to->random_clicks += from.random_clicks;
  to->mixed_in += from.mixed_in;
  to->swapped += from.swapped;
}

}  // namespace

SimulateReport simulate(const SimulateOptions& options, const std::filesystem::path& log,
                        int threads) {
  options.check();
  SimulateReport report;
  report.truth = std::filesystem::path(log).replace_extension(".truth");
  check_usage(report.truth != log,
              "simulate: {} is the name of the truth that goes with a log; "
              "write the log to another name, e.g. log.csv",
              log.string());
  const LogWriter writer(options);
  AtomicFile log_file(log);
  AtomicFile truth_file(report.truth);
  log_file.write("user,item,time\n");
  write_truth_head(options, writer.process(), &truth_file);

  WorkerPool pool(threads);
  const int64_t tasks = (options.users + kUsersPerTask - 1) / kUsersPerTask;
  const int64_t tasks_at_once = pool.threads() * 4;
  std::vector<std::vector<uint8_t>> seen(static_cast<size_t>(pool.threads()));
  for (auto& flags : seen) flags.assign(static_cast<size_t>(options.items), 0);
  for (int64_t first = 0; first < tasks; first += tasks_at_once) {
    if (interrupted()) throw Error(ExitCode::interrupted, "simulate stopped; nothing was written");
    std::vector<Portion> portions(static_cast<size_t>(std::min(tasks_at_once, tasks - first)));
    pool.run(static_cast<int64_t>(portions.size()), [&](int64_t task, int worker) {
      const int64_t begin = (first + task) * kUsersPerTask;
      const int64_t end = std::min(options.users, begin + kUsersPerTask);
      for (int64_t user = begin; user < end; ++user) {
        writer.add_user(user, seen[static_cast<size_t>(worker)],
                        &portions[static_cast<size_t>(task)]);
      }
    });
    for (const Portion& portion : portions) {
      log_file.write(portion.log);
      truth_file.write_array(std::span<const int32_t>(portion.truth));
      add_counts(portion.counts, &report);
    }
  }
  truth_file.commit();
  log_file.commit();
  return report;
}

}  // namespace truenext
