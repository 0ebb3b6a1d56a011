// SPDX-License-Identifier: Apache-2.0
#include "eval/answers.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/work.h"
#include "c_api/guard.h"
#include "c_api/lists.h"
#include "c_api/open_dataset.h"
#include "c_api/open_model.h"

using namespace truenext;
using namespace truenext::c_api;

namespace {

/// Answers are short, and what interrupts the work of another call is not about them.
class ShortWork : public Work {
 public:
  bool stopped() const override { return false; }
  void message(LogLevel, std::string_view) override {}
  void status(std::string_view) override {}
  void event(std::string_view) override {}
};

/// The known items of every row, and what was not known.
struct Histories {
  Jagged<int32_t> items;         ///< of the rows that know an item
  std::vector<int64_t> row_of;   ///< their rows
  std::vector<int64_t> unknown;  ///< of every row
};

Histories read_histories(const ModelFile& model, const Texts& texts) {
  Histories histories;
  std::vector<int32_t> items;
  for (int64_t row = 0; row < texts.rows(); ++row) {
    items.clear();
    for (int64_t text = texts.row_begin(row); text < texts.row_end(row); ++text) {
      if (const auto item = model.find_item(texts.at(text))) items.push_back(*item);
    }
    const int64_t asked = texts.row_end(row) - texts.row_begin(row);
    histories.unknown.push_back(asked - std::ssize(items));
    if (items.empty()) continue;
    histories.items.add_row(items);
    histories.row_of.push_back(row);
  }
  return histories;
}

/// The histories of users, in the model's items.
Histories read_users(const ModelFile& model, const OpenDataset& open,
                     std::span<const int64_t> users, int32_t history) {
  const Dataset& dataset = open.dataset();
  // Looked up when it first comes: one user of a large catalogue meets few of its items.
  constexpr int32_t kNotAsked = -2;
  std::vector<int32_t> to_model(static_cast<size_t>(dataset.num_items()), kNotAsked);
  Histories histories;
  std::vector<int32_t> items;
  for (const int64_t user : users) {
    check_usage(user >= 0 && user < dataset.num_users(), "users: there is no user {}, want 0 to {}",
                user, dataset.num_users() - 1);
    items.clear();
    const std::span<const int32_t> events = open.history(user, history);
    for (const int32_t item : events) {
      int32_t& known = to_model[static_cast<size_t>(item)];
      if (known == kNotAsked) known = model.find_item(dataset.items().raw(item)).value_or(-1);
      if (known >= 0) items.push_back(known);
    }
    histories.unknown.push_back(std::ssize(events) - std::ssize(items));
    if (items.empty()) continue;
    histories.items.add_row(items);
    histories.row_of.push_back(std::ssize(histories.unknown) - 1);
  }
  return histories;
}

/// The items of a list of raw ids. Data Error when it names ids and none of them is an item.
ItemSet read_filter(const ModelFile& model, const truenext_texts* texts, const char* name) {
  const Texts ids(texts, name);
  ItemSet items(model.num_items());
  int64_t known = 0;
  for (int64_t text = 0; text < ids.size(); ++text) {
    const auto item = model.find_item(ids.at(text));
    if (!item) continue;
    items.insert(*item);
    ++known;
  }
  check_data(known > 0 || ids.size() == 0,
             "{}: none of its {} ids is an item of the model, the first is \"{}\"; raw ids are "
             "compared byte by byte",
             name, ids.size(), ids.size() > 0 ? ids.at(0) : "");
  return items;
}

std::optional<ItemSet> eligible_items(const ModelFile& model, const truenext_query& query) {
  if (query.allow == nullptr && query.candidates == nullptr && query.exclude == nullptr) {
    return std::nullopt;
  }
  ItemSet kept(model.num_items(), true);
  if (query.allow != nullptr) kept.intersect(read_filter(model, query.allow, "allow"));
  if (query.candidates != nullptr) {
    kept.intersect(read_filter(model, query.candidates, "candidates"));
  }
  if (query.exclude != nullptr) {
    const Texts ids(query.exclude, "exclude");
    for (int64_t text = 0; text < ids.size(); ++text) {
      if (const auto item = model.find_item(ids.at(text))) kept.remove(*item);
    }
  }
  return kept;
}

bool excludes_seen(const truenext_query& query, const ModelDescription& description) {
  switch (query.seen) {
    case TRUENEXT_SEEN_AS_TRAINED:
      return description.exclude_seen;
    case TRUENEXT_SEEN_EXCLUDED:
      return true;
    case TRUENEXT_SEEN_INCLUDED:
      return false;
    default:
      fail_usage("seen {}: want 0 (as trained), 1 (excluded) or 2 (included)", query.seen);
  }
}

const Calibration& calibration_of(const ModelDescription& description, bool exclude_seen) {
  const auto& calibration = description.calibration;
  check_usage(calibration.has_value(),
              "probabilities: the model is not calibrated, its scores are no probabilities; "
              "calibrate it first");
  check_usage(calibration->exclude_seen == exclude_seen,
              "probabilities: they were fitted with items of the history {}; ask for that, or "
              "calibrate again",
              calibration->exclude_seen ? "excluded" : "included");
  return *calibration;
}

void check_query(const truenext_query* query, truenext_lists** out) {
  check_given(query, "query");
  check_given(out, "out");
  check_size(query->size, sizeof(truenext_query), "query");
  check_usage(query->k > 0, "k {}: want at least 1", query->k);
}

/// Fills lists of all rows; rows without a history stay empty.
void fill_lists(const Answers& answers, const Histories& histories, const Calibration* calibration,
                AnsweredLists* lists) {
  lists->unknown = histories.unknown;
  lists->with_probabilities = calibration != nullptr;
  size_t answered = 0;
  for (size_t row = 0; row < histories.unknown.size(); ++row) {
    const bool known = answered < histories.row_of.size() &&
                       histories.row_of[answered] == static_cast<int64_t>(row);
    if (known) {
      for (const ScoredItem& entry : answers.lists.row(static_cast<int64_t>(answered))) {
        lists->items.push_back(entry.item);
        lists->scores.push_back(entry.score);
        if (calibration == nullptr) continue;
        lists->probabilities.push_back(calibration->probability(static_cast<double>(entry.score),
                                                                answers.log_normalisers[answered]));
      }
      ++answered;
    }
    lists->offsets.push_back(std::ssize(lists->items));
  }
}

truenext_lists* answer_rows(const truenext_model& model, const Scorer& scorer,
                            const Histories& histories, const AnswerOptions& options,
                            int32_t threads) {
  auto lists = std::make_shared<AnsweredLists>();
  lists->model = model.open;
  const int workers = checked_threads(threads);
  Answers answers;
  if (histories.items.size() > 0) {
    OpenModel::LentPool pool(*model.open, workers);
    answers = answer(scorer, histories.items, options, pool.get());
  }
  fill_lists(answers, histories, options.calibration, lists.get());
  return new truenext_lists{std::move(lists)};
}

/// Of recommending, whosever the histories are.
truenext_lists* answer_histories(const truenext_model& model, const Histories& known,
                                 const truenext_query& query, AnswerOptions options) {
  const ModelDescription& description = model.open->file().description();
  options.exclude_seen = excludes_seen(query, description);
  if (query.probabilities != 0) {
    options.calibration = &calibration_of(description, options.exclude_seen);
  }
  return answer_rows(model, model.open->scorer(known.items.size()), known, options, query.threads);
}

/// A row for each of the items. Data Error naming one that the model does not know.
Histories read_items(const ModelFile& model, const Texts& ids) {
  Histories rows;
  for (int64_t text = 0; text < ids.size(); ++text) {
    const auto item = model.find_item(ids.at(text));
    check_data(item.has_value(),
               "items: the model has no \"{}\"; raw ids are compared byte by byte", ids.at(text));
    rows.items.add_row({&*item, 1});
    rows.row_of.push_back(text);
    rows.unknown.push_back(0);
  }
  return rows;
}

/// What the functions that answer with lists have in common: the checks, and the filters of the
/// query. `body` makes the lists.
template <typename Body>
int answered(const truenext_model* model, const truenext_query* query, truenext_lists** out,
             const Body& body) {
  return guarded([&] {
    check_given(model, "model");
    check_query(query, out);
    ShortWork work;
    const WorkScope scope(&work);
    const ModelFile& file = model->open->file();
    const std::optional<ItemSet> eligible = eligible_items(file, *query);
    AnswerOptions options;
    options.k = query->k;
    options.eligible = eligible ? &*eligible : nullptr;
    *out = body(file, options);
  });
}

}  // namespace

int truenext_recommend(const truenext_model* model, const truenext_texts* histories,
                       const truenext_query* query, truenext_lists** out) {
  return answered(model, query, out, [&](const ModelFile& file, const AnswerOptions& options) {
    const Histories known = read_histories(file, Texts(histories, "histories"));
    return answer_histories(*model, known, *query, options);
  });
}

int truenext_recommend_users(const truenext_model* model, const truenext_dataset* dataset,
                             const int64_t* users, int64_t num_users, int32_t history,
                             const truenext_query* query, truenext_lists** out) {
  return answered(model, query, out, [&](const ModelFile& file, const AnswerOptions& options) {
    check_given(dataset, "dataset");
    check_usage(num_users >= 0, "num_users {}: want 0 or more", num_users);
    if (num_users > 0) check_given(users, "users");
    const Histories known =
        read_users(file, dataset->open, {users, static_cast<size_t>(num_users)}, history);
    return answer_histories(*model, known, *query, options);
  });
}

int truenext_similar(const truenext_model* model, const truenext_texts* items,
                     const truenext_query* query, truenext_lists** out) {
  return answered(model, query, out, [&](const ModelFile& file, const AnswerOptions& options) {
    const Histories rows = read_items(file, Texts(items, "items"));
    return answer_rows(*model, model->open->cosine_scorer(), rows, options, query->threads);
  });
}

int truenext_encode(const truenext_model* model, const truenext_texts* histories, int32_t threads,
                    float* states) {
  return guarded([&] {
    constexpr int64_t kBlock = 64;  // histories of a task; a state does not depend on it
    check_given(model, "model");
    ShortWork work;
    const WorkScope scope(&work);
    const Texts texts(histories, "histories");
    const Histories known = read_histories(model->open->file(), texts);
    const int64_t rows = texts.rows();
    for (int64_t row = 0; row < known.items.size(); ++row) {
      const int64_t expected = known.row_of[static_cast<size_t>(row)];
      check_data(expected == row, "histories: row {} holds no item that the model knows", row);
    }
    check_data(known.items.size() == rows, "histories: row {} holds no item that the model knows",
               known.items.size());
    if (rows == 0) return;
    check_given(states, "states");
    const SequenceEncoder& encoder = model->open->file().encoder();
    OpenModel::LentPool pool(*model->open, checked_threads(threads));
    pool.get().run((rows + kBlock - 1) / kBlock, [&](int64_t task, int) {
      const int64_t begin = task * kBlock, end = std::min(rows, begin + kBlock);
      const JaggedView<int32_t> all = known.items;
      const auto offsets =
          all.offsets.subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin) + 1);
      encoder.encode_last({all.values, offsets}, states + begin * encoder.dim());
    });
  });
}
