// SPDX-License-Identifier: Apache-2.0
#include "serve/job_queue.h"

#include <algorithm>
#include <utility>

#include "eval/answers.h"
#include "serve/problem.h"

namespace truenext::serve {
namespace {

constexpr size_t kLookedThrough = 64;  // of the queue, for companions of a batch
constexpr double kCaution = 1.5;       // jobs differ, and a mean is late
constexpr double kNewShare = 0.1;      // of the newest block in the mean time of a job

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

/// Whether two jobs can be answered as one block.
bool alike(const Job& a, const Job& b) {
  return !a.work && !b.work && a.scorer == b.scorer && a.serving == b.serving &&
         a.exclude_seen == b.exclude_seen && a.probabilities == b.probabilities &&
         a.eligible == b.eligible;
}

void finish(Job& job, JobResult result) {
  if (job.done) job.done(std::move(result));
}

}  // namespace

JobQueue::JobQueue(int threads, size_t capacity, size_t max_batch, Metrics& metrics)
    : capacity_(capacity),
      max_batch_(max_batch),
      metrics_(metrics),
      num_threads_(static_cast<size_t>(threads)) {
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { serve(); });
}

JobQueue::~JobQueue() {
  end();
}

void JobQueue::end(bool drop_waiting) {
  std::deque<Job> dropped;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
    if (drop_waiting) dropped.swap(jobs_);
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

bool JobQueue::push(Job& job) {
  {
    const std::lock_guard lock(mutex_);
    const size_t waiting = jobs_.size() + low_.size();
    if (waiting >= (job.low ? capacity_ / 4 : capacity_)) return false;
    if (!has_time(job, job.low ? waiting : jobs_.size())) return false;
    job.queued = Clock::now();
    (job.low ? low_ : jobs_).push_back(std::move(job));
    metrics_.queue_length(static_cast<double>(waiting + 1));
  }
  wake_.notify_one();
  return true;
}

/// What would be dropped at its deadline is refused at once: whoever asks learns it a second sooner
/// and nothing stands in the way of those that can be answered. An empty queue takes everything, so
/// that a mean from a slow hour cannot stay.
bool JobQueue::has_time(const Job& job, size_t ahead) const {
  if (ahead < num_threads_ || job.deadline == Clock::time_point::max()) return true;
  const double turns = static_cast<double>(ahead) / static_cast<double>(num_threads_);
  const std::chrono::duration<double> left = job.deadline - Clock::now();
  return kCaution * turns * job_seconds_ < left.count();
}

void JobQueue::note_time(size_t jobs, double seconds) {
  const double each = seconds / static_cast<double>(jobs);
  const std::lock_guard lock(mutex_);
  job_seconds_ += (job_seconds_ == 0 ? 1 : kNewShare) * (each - job_seconds_);
}

size_t JobQueue::length() const {
  const std::lock_guard lock(mutex_);
  return jobs_.size() + low_.size();
}

std::vector<Job> JobQueue::take(std::unique_lock<std::mutex>& lock) {
  wake_.wait(lock, [this] { return stop_ || !jobs_.empty() || !low_.empty(); });
  std::deque<Job>& from = jobs_.empty() ? low_ : jobs_;
  std::vector<Job> taken;
  if (from.empty()) return taken;
  taken.push_back(std::move(from.front()));
  from.pop_front();
  for (size_t at = 0; at < std::min(from.size(), kLookedThrough) && taken.size() < max_batch_;) {
    if (alike(taken.front(), from[at])) {
      taken.push_back(std::move(from[at]));
      from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
    } else {
      ++at;
    }
  }
  metrics_.queue_length(static_cast<double>(jobs_.size() + low_.size()));
  return taken;
}

void JobQueue::serve() {
  WorkerPool pool(1);
  while (true) {
    std::vector<Job> jobs;
    {
      std::unique_lock lock(mutex_);
      jobs = take(lock);
      if (jobs.empty()) return;
    }
    run(jobs, pool);
  }
}

/// Those whose time is over are dropped before anything is computed for them.
void JobQueue::run(std::vector<Job>& jobs, WorkerPool& pool) {
  const auto now = Clock::now();
  std::vector<Job> timely;
  for (Job& job : jobs) {
    metrics_.queue_seconds(seconds_since(job.queued));
    if (now < job.deadline) {
      timely.push_back(std::move(job));
      continue;
    }
    metrics_.rejected("deadline");
    finish(job, {{},
                 0,
                 seconds_since(job.queued),
                 std::make_exception_ptr(ProblemError(
                     {"deadline", "the request waited longer than its deadline", {}}))});
  }
  if (timely.empty()) return;
  if (timely.front().work) {
    timely.front().work();
    return;
  }
  const auto begin = Clock::now();
  const size_t count = timely.size();
  answer_batch(timely, pool);
  note_time(count, seconds_since(begin));
}

void JobQueue::answer_batch(std::vector<Job>& jobs, WorkerPool& pool) {
  metrics_.batch_size(static_cast<double>(jobs.size()));
  const Job& first = jobs.front();
  AnswerOptions options;
  options.exclude_seen = first.exclude_seen;
  options.eligible = first.eligible.get();
  if (first.probabilities) {
    options.calibration = &*first.serving->model->file().description().calibration;
  }
  Jagged<int32_t> histories;
  options.k = 0;
  for (const Job& job : jobs) {
    histories.add_row(job.history);
    options.k = std::max(options.k, job.k);  // a list begins with every shorter one
  }
  const auto begin = Clock::now();
  Answers answers;
  std::exception_ptr error;
  try {
    const Scorer& scorer = first.scorer ? *first.scorer : first.serving->model->cosine();
    answers = answer(scorer, histories, options, pool);
  } catch (...) {
    error = std::current_exception();
  }
  metrics_.compute_seconds(first.serving->name, seconds_since(begin));
  for (size_t i = 0; i < jobs.size(); ++i) {
    JobResult result;
    result.queue_seconds = std::chrono::duration<double>(begin - jobs[i].queued).count();
    result.error = error;
    if (!error) {
      const auto list = answers.lists.row(static_cast<int64_t>(i));
      const auto size = std::min<size_t>(list.size(), static_cast<size_t>(jobs[i].k));
      result.list.assign(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(size));
      if (!answers.log_normalisers.empty()) result.log_normaliser = answers.log_normalisers[i];
    }
    finish(jobs[i], std::move(result));
  }
}

}  // namespace truenext::serve
