// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "serve/fan_out.h"
#include "serve/handlers.h"
#include "serve/recommend.h"

namespace truenext::serve {
namespace {

constexpr size_t kMostDefaultIds = 1'000'000;

/// The requests of one call, of which no more than half of the queue waits at a time.
struct Batch {
  Application* application = nullptr;
  CallPtr call;
  std::vector<Asked> asked;
  std::vector<std::vector<FieldError>> errors;  ///< of each request
  std::vector<std::string> responses;

  void finish() {
    std::string body = R"({"responses":[)";
    for (size_t i = 0; i < responses.size(); ++i) body += (i == 0 ? "" : ",") + responses[i];
    call->json(body + "]}");
  }

  std::string refused(const std::exception_ptr& error) const {
    try {
      std::rethrow_exception(error);
    } catch (const ProblemError& known) {
      return fmt::format(R"({{"problem":{}}})", problem_json(known.problem(), call->id));
    } catch (const std::exception&) {
      return fmt::format(R"({{"problem":{}}})",
                         problem_json({"internal", "see the log", {}}, call->id));
    }
  }
};

/// Each request is answered for itself.
void send_all(const std::shared_ptr<Batch>& batch) {
  auto fan = std::make_shared<std::weak_ptr<FanOut>>();
  const auto send = [batch, fan](size_t number) {
    const auto all = fan->lock();
    const auto take = [batch, all, number](std::string json, const std::exception_ptr& error) {
      batch->responses[number] = error ? batch->refused(error) : std::move(json);
      all->done();
    };
    try {
      check_fields(std::move(batch->errors[number]));
      recommend(*batch->application, std::move(batch->asked[number]),
                [take](std::string json, std::string, std::exception_ptr error) {
                  take(std::move(json), error);
                });
    } catch (...) {
      take("", std::current_exception());
    }
  };
  const auto all = std::make_shared<FanOut>(
      batch->asked.size(), std::max<size_t>(1, batch->application->queue().capacity() / 2), send,
      [batch] { batch->finish(); });
  *fan = all;
  all->start();
}

}  // namespace

void post_recommend(Application& application, const CallPtr& call) {
  call->check_query({});
  Asked asked = asked_of(*call);
  std::vector<FieldError> errors;
  JsonFields fields(parse_json(call->request.body), "", &errors);
  if (!fields.has("history")) fields.wrong("history", "is missing");
  asked.query.history =
      fields.ids("history", static_cast<size_t>(application.options().max_history));
  read_query(fields, application.options(), &asked.query);
  fields.finish();
  check_fields(std::move(errors));
  call_recommend(application, call, std::move(asked));
}

void post_batch(Application& application, const CallPtr& call) {
  call->check_query({});
  const ServeOptions& options = application.options();
  auto batch = std::make_shared<Batch>();
  batch->application = &application;
  batch->call = call;
  std::vector<FieldError> errors;
  JsonFields envelope(parse_json(call->request.body), "", &errors);
  RecommendQuery defaults;
  if (const auto object = envelope.object("defaults")) {
    JsonFields fields(*object, "/defaults", &errors);
    read_query(fields, options, &defaults);
    fields.finish();
  }
  if (!envelope.has("requests")) envelope.wrong("requests", "is missing");
  const auto list = envelope.array("requests", static_cast<size_t>(options.max_requests));
  if (list && list->size() * defaults.listed() > kMostDefaultIds) {
    envelope.wrong("defaults", "its lists are those of every request: at most 1000000 ids in all");
  }
  envelope.finish();
  check_fields(std::move(errors));
  for (const auto each : *list) {
    Asked asked = asked_of(*call);
    asked.query = defaults;
    std::vector<FieldError>& wrong = batch->errors.emplace_back();
    JsonFields fields(each, fmt::format("/requests/{}", batch->asked.size()), &wrong);
    if (!fields.has("history")) fields.wrong("history", "is missing");
    asked.query.history = fields.ids("history", static_cast<size_t>(options.max_history));
    read_query(fields, options, &asked.query);
    fields.finish();
    batch->asked.push_back(std::move(asked));
  }
  batch->responses.resize(batch->asked.size());
  send_all(batch);
}

}  // namespace truenext::serve
