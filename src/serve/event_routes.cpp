// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <utility>

#include "base/hash.h"
#include "base/utf8.h"
#include "data/id_json.h"
#include "data/time_text.h"
#include "serve/handlers.h"
#include "serve/recommend.h"
#include "serve/utc_time.h"

namespace truenext::serve {
namespace {

using Json = nlohmann::ordered_json;

constexpr const char* kShown = "shown";
constexpr int64_t kMostEvents = 1000;  ///< of a call
constexpr size_t kMostIdBytes = 1024;
constexpr size_t kMostUserBytes = 512;
constexpr int64_t kPageUsers = 1000;

EventStore& store_of(Application& application) {
  if (application.store() == nullptr) {
    refuse("no-store", "this server was started without --events");
  }
  return *application.store();
}

/// Whole milliseconds since 1970 or a date; nothing when it is neither.
std::optional<int64_t> time_of(const simdjson::dom::element& element) {
  constexpr int64_t kYear2106 = int64_t{1000} << 32;
  if (const auto milliseconds = whole_of(element)) {
    return *milliseconds >= 0 && *milliseconds < kYear2106 ? milliseconds : std::nullopt;
  }
  std::string_view text;
  if (element.get(text) != simdjson::SUCCESS) return std::nullopt;
  const auto time = parse_time(text, 1000.0);
  if (!time || time->form == TimeForm::number) return std::nullopt;
  if (time->time < 0 || time->time >= kYear2106) return std::nullopt;
  return time->time;
}

bool is_kind(const std::string& kind) {
  return !kind.empty() && kind.size() <= 32 &&
         std::all_of(kind.begin(), kind.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 127; });
}

StoredEvent read_event(const simdjson::dom::element& element, const std::string& pointer,
                       int64_t now, std::vector<FieldError>* errors) {
  JsonFields fields(element, pointer, errors);
  StoredEvent event;
  event.user = fields.id("user");
  event.item = fields.id("item");
  for (const auto& [name, id] : {std::pair{"user", &event.user}, std::pair{"item", &event.item}}) {
    if (id->empty()) fields.wrong(name, "is missing or empty");
    if (id->size() > kMostIdBytes || id->find('\0') != std::string::npos) {
      fields.wrong(name, "must have at most 1024 bytes, none of them zero");
    }
  }
  if (event.user.size() > kMostUserBytes || !is_utf8(event.user)) {
    fields.wrong("user", "must be UTF-8 of at most 512 bytes, so that a path can name it");
  }
  event.kind = fields.text("kind", "event", 32);
  if (!is_kind(event.kind)) fields.wrong("kind", "must be 1 to 32 letters, digits, - and _");
  event.id = fields.text("id", "", 128);
  if (!is_visible(event.id)) fields.wrong("id", "must be visible characters of ASCII");
  event.time = now;
  simdjson::dom::element time;
  if (fields.has("time") && element["time"].get(time) == simdjson::SUCCESS) {
    const auto milliseconds = time_of(time);
    if (milliseconds) {
      event.time = *milliseconds;
    } else {
      fields.wrong("time", "must be a date like 2026-11-26T17:00:00Z, or milliseconds since 1970");
    }
  }
  fields.finish();
  return event;
}

/// "30m", "1h", "2d", "90s" in milliseconds.
int64_t span_of(const std::string& text, JsonFields& fields) {
  int64_t number = 0;
  const char unit = text.empty() ? ' ' : text.back();
  const int64_t seconds = unit == 's'   ? 1
                          : unit == 'm' ? 60
                          : unit == 'h' ? 3600
                          : unit == 'd' ? 86400
                                        : 0;
  bool ok = seconds > 0 && text.size() >= 2 && text.size() <= 8;
  for (size_t i = 0; ok && i + 1 < text.size(); ++i) {
    ok = text[i] >= '0' && text[i] <= '9';
    number = number * 10 + (text[i] - '0');
  }
  if (!ok) fields.wrong("exclude_shown", "must be a number with s, m, h or d, such as 30m");
  return ok ? number * seconds * 1000 : 0;
}

bool makes_history(const ServeOptions& options, const std::string& kind) {
  if (options.history_kinds.empty()) return kind != kShown;
  return std::find(options.history_kinds.begin(), options.history_kinds.end(), kind) !=
         options.history_kinds.end();
}

/// What a stored user is asked with: the events first, then `append`.
struct UserQuery {
  Asked asked;
  std::vector<std::string> append;
  int64_t shown_since = 0;  ///< 0 = what was shown may come back
};

UserQuery read_user_query(const Application& application, const Call& call) {
  UserQuery query;
  query.asked = asked_of(call);
  query.asked.unit = call.values.front();
  const ServeOptions& options = application.options();
  if (call.request.method != "POST") {
    call.check_query({"k"});
    query.asked.query.k = call.whole("k", 1, options.max_k, 10);
    return query;
  }
  call.check_query({});
  std::vector<FieldError> errors;
  JsonFields fields(parse_json(call.request.body), "", &errors);
  query.append = fields.ids("append", static_cast<size_t>(options.max_history));
  const std::string shown = fields.text("exclude_shown", "", 16);
  if (!shown.empty()) query.shown_since = std::max<int64_t>(1, now_ms() - span_of(shown, fields));
  read_query(fields, options, &query.asked.query);
  fields.finish();
  check_fields(std::move(errors));
  return query;
}

void add_events(const ServeOptions& options, const std::vector<StoredEvent>& newest_first,
                UserQuery* query) {
  std::vector<std::string>& history = query->asked.query.history;
  for (auto event = newest_first.rbegin(); event != newest_first.rend(); ++event) {
    if (event->kind == kShown && query->shown_since > 0 && event->time >= query->shown_since) {
      query->asked.query.exclude.push_back(event->item);
    }
    if (makes_history(options, event->kind)) history.push_back(event->item);
  }
  history.insert(history.end(), query->append.begin(), query->append.end());
  const auto most = static_cast<size_t>(options.max_history);
  if (history.size() > most) {
    history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(most));
  }
}

/// Runs `take` with what the store gave; every exception becomes the call's answer.
template <typename T, typename Take>
Done<T> into(const CallPtr& call, Take take) {
  return [call, take = std::move(take)](T result, std::exception_ptr error) {
    try {
      if (error) std::rethrow_exception(error);
      take(std::move(result));
    } catch (...) {
      call->fail();
    }
  };
}

}  // namespace

void post_events(Application& application, const CallPtr& call) {
  EventStore& store = store_of(application);
  call->check_query({});
  const std::string key(call->request.header("idempotency-key"));
  const bool visible = key.size() <= 128 && is_visible(key);
  if (!visible || (key.empty() && call->request.count("idempotency-key") > 0))
    refuse("invalid-request", "Idempotency-Key must be 1 to 128 visible characters");
  std::vector<FieldError> errors;
  JsonFields fields(parse_json(call->request.body), "", &errors);
  if (!fields.has("events")) fields.wrong("events", "is missing");
  std::vector<StoredEvent> events;
  if (const auto list = fields.array("events", static_cast<size_t>(kMostEvents))) {
    for (const auto each : *list) {
      events.push_back(
          read_event(each, fmt::format("/events/{}", events.size()), now_ms(), &errors));
    }
  }
  fields.finish();
  check_fields(std::move(errors));
  Fingerprint fingerprint;
  fingerprint.add(std::as_bytes(std::span(call->request.body)));
  store.append(std::move(events), key, fingerprint.hex(),
               into<AppendResult>(call, [call](AppendResult result) {
                 call->json(fmt::format(R"({{"accepted": {}, "duplicates": {}}})", result.accepted,
                                        result.duplicates));
               }));
}

void user_recommend(Application& application, const CallPtr& call) {
  EventStore& store = store_of(application);
  auto query = std::make_shared<UserQuery>(read_user_query(application, *call));
  store.newest(call->values.front(), application.options().keep_events,
               into<std::vector<StoredEvent>>(
                   call, [&application, call, query](const std::vector<StoredEvent>& events) {
                     add_events(application.options(), events, query.get());
                     call_recommend(application, call, std::move(query->asked));
                   }));
}

void get_user_events(Application& application, const CallPtr& call) {
  EventStore& store = store_of(application);
  call->check_query({"limit"});
  const int64_t limit = call->whole("limit", 1, application.options().keep_events, 100);
  const auto answer = [call](const std::vector<StoredEvent>& events) {
    Json json = {{"user", call->values.front()}, {"events", Json::array()}};
    for (const StoredEvent& event : events) {
      Json entry = {
          {"item", id_json(event.item)}, {"time", utc_text(event.time)}, {"kind", event.kind}};
      if (!event.id.empty()) entry["id"] = event.id;
      json["events"].push_back(std::move(entry));
    }
    call->json(json_line(json));
  };
  store.newest(call->values.front(), limit, into<std::vector<StoredEvent>>(call, answer));
}

void delete_user(Application& application, const CallPtr& call) {
  EventStore& store = store_of(application);
  call->check_query({});
  store.forget(call->values.front(), into<bool>(call, [call](bool) {
                 call->reply({204, "", ""});
               }));
}

/// JSON lines of a thousand users; the header Truenext-Next names the next piece.
void export_events(Application& application, const CallPtr& call) {
  EventStore& store = store_of(application);
  call->check_query({"after"});
  const int64_t after = call->whole("after", 0, int64_t{1} << 62, 0);
  const auto answer = [call](const EventPage& page) {
    HttpResponse response{200, "application/jsonl", ""};
    for (const StoredEvent& event : page.events) {
      Json line = {{"user", id_json(event.user)},
                   {"item", id_json(event.item)},
                   {"time", utc_text(event.time)},
                   {"kind", event.kind}};
      if (!event.id.empty()) line["id"] = event.id;
      response.body += json_line(line) + "\n";
    }
    if (page.last > 0) response.headers.emplace_back("Truenext-Next", std::to_string(page.last));
    call->reply(std::move(response));
  };
  store.page(after, kPageUsers, into<EventPage>(call, answer));
}

}  // namespace truenext::serve
