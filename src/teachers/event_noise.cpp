// SPDX-License-Identifier: Apache-2.0
#include "teachers/event_noise.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "base/interrupt.h"
#include "kernels/kernels.h"
#include "teachers/asked_history.h"

namespace truenext {
namespace {

/// Scores of a block of questions, about 16 MB of float.
constexpr int64_t kScoresAtOnce = int64_t{1} << 22;
constexpr int64_t kRowsAtOnce = 64;
/// Questions that are collected before they are asked.
constexpr int64_t kQuestionsAtOnce = int64_t{1} << 14;

/// How probable is event `end` of a user, given those before it, but for event `without`?
struct Question : AskedEvent {
  bool has_history() const { return end > (without >= 0 ? 1 : 0); }
};

/// The questions about the events of some users, in the order: all of a user's events, then each
/// event behind another one, without that.
class Inquiry {
 public:
  Inquiry(const Dataset& dataset, int64_t following) : dataset_(dataset), following_(following) {}

  /// The next users, enough for kQuestionsAtOnce questions; none at the end.
  bool next() {
    questions_.clear();
    first_user_ = end_user_;
    while (end_user_ < dataset_.num_users() && std::ssize(questions_) < kQuestionsAtOnce) {
      const int64_t events = dataset_.splits()[end_user_].train_end;
      for (int64_t t = 0; t < events; ++t) questions_.push_back({{end_user_, t}});
      for (int64_t t = 0; t < events; ++t) {
        for (int64_t j = t + 1; j < behind(t, events); ++j)
          questions_.push_back({{end_user_, j, t}});
      }
      ++end_user_;
    }
    return end_user_ > first_user_;
  }
  const std::vector<Question>& questions() const { return questions_; }
  int64_t first_user() const { return first_user_; }
  int64_t end_user() const { return end_user_; }
  /// The end of the events behind t that are asked what it does for them.
  int64_t behind(int64_t t, int64_t events) const {
    return std::min(events, t + 1 + std::min(following_, events));
  }

 private:
  const Dataset& dataset_;
  int64_t following_;
  int64_t first_user_ = 0, end_user_ = 0;
  std::vector<Question> questions_;
};

/// Answers questions: ln of probabilities.
class Answers {
 public:
  Answers(std::span<const Member> members, const Dataset& dataset)
      : members_(members), dataset_(dataset) {
    const std::vector<int64_t> counts = count_items(dataset.histories(), dataset.splits(),
                                                    dataset.num_items(), &SplitPoint::train_end);
    auto all = static_cast<double>(dataset.num_items());
    for (const int64_t count : counts) all += static_cast<double>(count);
    for (const int64_t count : counts) {
      log_popularity_.push_back(std::log(static_cast<double>(count + 1) / all));
    }
  }

  double log_popularity(int32_t item) const { return log_popularity_[item]; }

  /// out [questions, members]
  void ask(std::span<const Question> questions, WorkerPool& pool, std::vector<double>& out) const {
    out.resize(questions.size() * members_.size());
    const int64_t rows = std::clamp<int64_t>(kScoresAtOnce / dataset_.num_items(), 1, kRowsAtOnce);
    const auto count = std::ssize(questions);
    pool.run((count + rows - 1) / rows, [&](int64_t block, int) {
      if (interrupted()) throw Error(ExitCode::interrupted, "scoring stopped by the user");
      const int64_t begin = block * rows, size = std::min(rows, count - begin);
      answer(questions.subspan(static_cast<size_t>(begin), static_cast<size_t>(size)),
             out.data() + begin * std::ssize(members_));
    });
  }

 private:
  int32_t item_of(int64_t user, int64_t event) const {
    return dataset_.histories().row(user)[static_cast<size_t>(event)];
  }

  void answer(std::span<const Question> questions, double* out) const {
    Queries asked;
    std::vector<size_t> places;
    for (size_t i = 0; i < questions.size(); ++i) {
      const Question& question = questions[i];
      if (!question.has_history()) {
        std::fill_n(out + i * members_.size(), members_.size(),
                    log_popularity(item_of(question.user, question.end)));
        continue;
      }
      add_asked(dataset_, question, &asked);
      places.push_back(i);
    }
    for (size_t k = 0; k < members_.size(); ++k) {
      const std::vector<float>& scores = scores_of(members_[k], asked);
      const int64_t items = dataset_.num_items();
      for (size_t row = 0; row < places.size(); ++row) {
        const float* here = scores.data() + row * static_cast<size_t>(items);
        const Question& question = questions[places[row]];
        const float score = here[item_of(question.user, question.end)];
        const double ln = static_cast<double>(score) - kernels::log_sum_exp(items, here);
        check_data(
            std::isfinite(ln),
            "{}: the probability of an event is 0 or not a number: the model has diverged or "
            "its file is damaged; train again with a lower learning rate",
            members_[k].name);
        out[places[row] * members_.size() + k] = ln;
      }
    }
  }

  const std::vector<float>& scores_of(const Member& member, const Queries& asked) const {
    thread_local std::vector<float> scores;  // megabytes, which every block would fetch anew
    const int64_t rows = asked.histories.size();
    scores.resize(static_cast<size_t>(rows * dataset_.num_items()));
    if (rows > 0) member.scorer->score(asked, 0, rows, scores.data());
    return scores;
  }

  std::span<const Member> members_;
  const Dataset& dataset_;
  std::vector<double> log_popularity_;
};

/// Puts the answers about the users of an inquiry together.
class Columns {
 public:
  Columns(const EventNoiseOptions& options, const Answers& answers, const Dataset& dataset,
          int64_t members)
      : options_(options), answers_(answers), dataset_(dataset), members_(members) {
    result_.offsets.push_back(0);
  }

  /// ln [questions, members]
  void add(const Inquiry& inquiry, const std::vector<double>& ln) {
    int64_t next = 0;
    for (int64_t user = inquiry.first_user(); user < inquiry.end_user(); ++user) {
      const int64_t events = dataset_.splits()[user].train_end, first = next;
      next += events;
      for (int64_t t = 0; t < events; ++t) {
        double following = 0;
        for (int64_t j = t + 1; j < inquiry.behind(t, events); ++j, ++next) {
          following += mean(ln, first + j) - mean(ln, next);
        }
        add_event(ln, first + t, dataset_.histories().row(user)[static_cast<size_t>(t)], following);
      }
      result_.without_history += events > 0 ? 1 : 0;
      result_.offsets.push_back(result_.offsets.back() + events);
    }
  }
  EventNoise take() { return std::move(result_); }

 private:
  double mean(const std::vector<double>& ln, int64_t question) const {
    double sum = 0;
    for (int64_t k = 0; k < members_; ++k) sum += ln[question * members_ + k];
    return sum / static_cast<double>(members_);
  }

  void add_event(const std::vector<double>& ln, int64_t question, int32_t item, double following) {
    const double loss = -mean(ln, question), popularity = answers_.log_popularity(item);
    result_.loss.push_back(static_cast<float>(loss));
    result_.excess.push_back(static_cast<float>(loss + popularity));
    result_.following.push_back(static_cast<float>(following));
    if (members_ > 1) {
      double square = 0;
      for (int64_t k = 0; k < members_; ++k) {
        const double off = ln[question * members_ + k] + loss;
        square += off * off;
      }
      result_.disagreement.push_back(
          static_cast<float>(std::sqrt(square / static_cast<double>(members_))));
    }
    const double any = options_.any_item / static_cast<double>(dataset_.num_items());
    const double popular = (1 - options_.any_item) * std::exp(popularity);
    const double log_odds =
        std::log(options_.rate / (1 - options_.rate)) + std::log(any + popular) + loss - following;
    result_.score.push_back(static_cast<float>(1 / (1 + std::exp(-log_odds))));
  }

  const EventNoiseOptions& options_;
  const Answers& answers_;
  const Dataset& dataset_;
  int64_t members_;
  EventNoise result_;
};

}  // namespace

EventNoise score_events(const EventNoiseOptions& options, std::span<const Member> members,
                        const Dataset& dataset, WorkerPool& pool) {
  check_usage(options.following >= 0, "--following {}: want 0 or more events", options.following);
  check_usage(options.rate > 0 && options.rate < 1,
              "--rate {}: want the share of noise among training events, above 0 and below 1",
              options.rate);
  check_usage(options.any_item >= 0 && options.any_item <= 1,
              "the share of noise on any item is {}: want 0 to 1", options.any_item);
  check_usage(!members.empty(), "a noise score needs a model that was trained: say --score RUN");
  const Answers answers(members, dataset);
  Columns columns(options, answers, dataset, std::ssize(members));
  Inquiry inquiry(dataset, options.following);
  std::vector<double> ln;
  while (inquiry.next()) {
    answers.ask(inquiry.questions(), pool, ln);
    columns.add(inquiry, ln);
  }
  return columns.take();
}

}  // namespace truenext
