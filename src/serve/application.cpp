// SPDX-License-Identifier: Apache-2.0
#include "serve/application.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <ctime>
#include <thread>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/resources.h"
#include "serve/access_log.h"
#include "serve/http_rules.h"
#include "serve/routing.h"

namespace truenext::serve {
namespace {

constexpr size_t kLoaderQueue = 64;

/// 16 hexadecimal digits that do not come twice: a counter behind a number drawn at the start.
std::string new_id() {
  static const uint64_t start = text_hash(fmt::format(
      "{} {}", Clock::now().time_since_epoch().count(), reinterpret_cast<uintptr_t>(&start)));
  static std::atomic<uint64_t> counter{0};
  return fmt::format("{:016x}", start + counter++ * 0x9E3779B97F4A7C15ULL);
}

std::string request_id(const HttpRequest& request) {
  const std::string_view given = request.header("x-request-id");
  const bool fine = !given.empty() && given.size() <= 128 &&
                    std::all_of(given.begin(), given.end(),
                                [](char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; });
  return fine ? std::string(given) : new_id();
}

Clock::time_point deadline_of(const HttpRequest& request, int64_t timeout_ms) {
  const std::string_view wish = request.header("truenext-timeout-ms");
  int64_t milliseconds = 0;
  if (!wish.empty()) {
    const auto end = std::from_chars(wish.data(), wish.data() + wish.size(), milliseconds);
    if (end.ec != std::errc() || end.ptr != wish.data() + wish.size() || milliseconds < 1) {
      refuse("invalid-request", "Truenext-Timeout-Ms must be a whole number from 1");
    }
  }
  const int64_t limit = milliseconds > 0 ? std::min(milliseconds, timeout_ms) : timeout_ms;
  return Clock::now() + std::chrono::milliseconds(limit);
}

std::string_view media_type(std::string_view value) {
  value = value.substr(0, value.find(';'));
  while (value.ends_with(' ')) value.remove_suffix(1);
  return value;
}

}  // namespace

Application::Application(ServeOptions options) : options_(std::move(options)) {
  if (!options_.keys.empty()) {
    keys_ = std::make_shared<const KeyFile>(KeyFile::read(options_.keys));
  }
  for (const std::string& name : options_.host_names) hosts_.push_back(host_name(name));
  fleet_ = std::make_unique<Fleet>(options_);
  for (const ServingPtr& serving : fleet_->all()) note_model(*serving);
  if (!options_.events.empty()) {
    store_ = open_sqlite_store(options_.events, options_.keep_events, metrics_);
  }
  queue_ = std::make_unique<JobQueue>(static_cast<int>(std::max<int64_t>(1, options_.threads)),
                                      static_cast<size_t>(options_.queue),
                                      static_cast<size_t>(options_.max_batch), metrics_);
  loader_ = std::make_unique<JobQueue>(1, kLoaderQueue, 1, metrics_);
}

Application::~Application() {
  shut_down();
}

void Application::shut_down() {
  // Queues stay where they are: threads that end may still push.
  if (loader_) loader_->end(/*drop_waiting=*/true);
  store_.reset();  // its answers may still ask the queue
  if (queue_) queue_->end();
}

void Application::set_hosts(const std::vector<std::string>& hosts) {
  hosts_.insert(hosts_.end(), hosts.begin(), hosts.end());
}

bool Application::ready() const {
  return !draining_ && (!options_.store_required || !store_ || store_->healthy());
}

void Application::load(std::function<void()> work) {
  Job job;
  job.work = std::move(work);
  if (!loader_->push(job)) refuse("reload-in-progress", "many models wait to be loaded");
}

void Application::note_model(const Serving& serving) {
  metrics_.model(serving.name, serving.model->version(),
                 serving.model->file().description().model.name, serving.model->loaded());
}

void Application::reload_all() {
  const auto attempt = [](const std::string& what, const std::function<void()>& work) {
    try {
      work();
      log_event("reload", {{"what", what}, {"result", "ok"}});
    } catch (const std::exception& error) {
      log_event("reload", {{"what", what}, {"result", "refused"}, {"detail", error.what()}});
    }
  };
  if (!options_.keys.empty()) {
    attempt("keys", [this] {
      auto keys = std::make_shared<const KeyFile>(KeyFile::read(options_.keys));
      const std::lock_guard lock(keys_mutex_);
      keys_ = std::move(keys);
    });
  }
  attempt("items", [this] { fleet_->reload_items(); });
  for (const ModelPlace& place : options_.models) {
    attempt("model " + place.name, [&] {
      try {
        (void)fleet_->reload(place.name, false);
      } catch (...) {
        metrics_.reload(place.name, false);
        throw;
      }
      metrics_.reload(place.name, true);
      note_model(*fleet_->find(place.name));
    });
  }
}

void Application::check_host(const HttpRequest& request) const {
  const std::string host = host_name(request.header("host"));
  if (!options_.keys.empty()) return;
  // Without keys a page of somebody else could drive this server through the visitor's browser.
  if (!host.empty() && std::find(hosts_.begin(), hosts_.end(), host) == hosts_.end()) {
    refuse("wrong-host", fmt::format("this server is {}; another name goes into host_names",
                                     fmt::join(hosts_, ", ")));
  }
}

void Application::authorise(Call& call) {
  const std::string_view origin = call.request.header("origin");
  const auto& allowed = options_.cors_origins;
  const auto own = [&] {
    const std::string_view host = call.request.header("host");
    return origin == fmt::format("http://{}", host) || origin == fmt::format("https://{}", host);
  };
  if (!origin.empty() && !own() &&
      std::find(allowed.begin(), allowed.end(), origin) == allowed.end()) {
    refuse("origin-not-allowed", "the origin is not among cors_origins");
  }
  {
    const std::lock_guard lock(keys_mutex_);
    call.keys = keys_;
  }
  call.role = call.keys ? Role::none : Role::admin;
  const std::string_view given = call.request.header("authorization");
  constexpr std::string_view kBearer = "Bearer ";
  if (call.keys && given.size() > kBearer.size() && given.starts_with(kBearer)) {
    call.key = call.keys->find(given.substr(kBearer.size()), std::time(nullptr));
    if (call.key == nullptr) {
      call.wrong_key = true;
      metrics_.rejected("key");
      refuse("unauthorized", "the key is not known, or it has expired");
    }
    call.role = call.key->role;
  }
  if (call.role >= call.route->role) return;
  if (call.role == Role::none) {
    refuse("unauthorized", "want the header Authorization: Bearer KEY");
  }
  refuse("forbidden", fmt::format("want a key of the role {}", role_name(call.route->role)));
}

void Application::check_body(const Call& call) const {
  const HttpRequest& request = call.request;
  const std::string_view length = request.header("content-length");
  const bool chunked = request.count("transfer-encoding") > 0;
  uint64_t bytes = 0;
  (void)std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (bytes > static_cast<uint64_t>(options_.max_body_bytes)) {
    refuse("too-large", fmt::format("the body has {} bytes, at most {} are read", bytes,
                                    options_.max_body_bytes));
  }
  if (!call.route->has_body || (bytes == 0 && !chunked)) return;
  const std::string_view type = media_type(request.header("content-type"));
  // Clients of the inference protocol name none; pages of others are kept off by their Origin.
  if (type.empty() && !call.route->problems) return;
  if (type != "application/json") {
    refuse("unsupported-media-type", "want Content-Type: application/json");
  }
}

Opened Application::open(HttpRequest head) {
  Opened opened{std::make_shared<Call>(), {}};
  Call& call = *opened.call;
  call.request = std::move(head);
  call.id = request_id(call.request);
  call.application = this;
  call.begin = Clock::now();
  call.send = [&opened](HttpResponse response) { opened.refusal = std::move(response); };
  ++in_flight_;  // Call::reply takes it back
  try {
    if (auto problem = check_framing(call.request, &call.target)) {
      throw ProblemError(std::move(*problem));
    }
    check_host(call.request);
    match_route(call);
    if (call.request.method != "OPTIONS") {
      authorise(call);
      check_body(call);
    }
  } catch (...) {
    call.fail();
    return opened;
  }
  call.send = nullptr;
  --in_flight_;  // a body may never come
  return opened;
}

void Application::handle(const CallPtr& call, std::string body,
                         std::function<void(HttpResponse)> send) {
  call->request.body = std::move(body);
  call->send = std::move(send);
  ++in_flight_;
  try {
    if (call->request.method == "OPTIONS") {
      call->reply(options_response(*call, options_.cors_origins));
      return;
    }
    if (call->key != nullptr && !rates_.take(*call->key, wall_seconds())) {
      refuse("rate-limited",
             fmt::format("the key {} has {} requests a second", call->key->name, call->key->rate));
    }
    call->deadline = deadline_of(call->request, options_.timeout_ms);
    call->route->handle(*this, call);
  } catch (...) {
    call->fail();
  }
}

HttpResponse Application::refusal(const Problem& problem) {
  metrics_.rejected(problem.type);
  const std::string id = new_id();
  HttpResponse response = problem_response(problem, id);
  add_common_headers(id, "", response);
  return response;
}

void Call::reply(HttpResponse response) {
  add_common_headers(id, model_label, response);
  const std::string_view origin = request.header("origin");
  const auto& origins = application->options().cors_origins;
  if (!origin.empty() && std::find(origins.begin(), origins.end(), origin) != origins.end()) {
    response.headers.emplace_back("Access-Control-Allow-Origin", std::string(origin));
    response.headers.emplace_back("Vary", "Origin");
  }
  if (application->draining()) response.close = true;
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  const std::string_view label = route != nullptr ? route->path : "other";
  const bool known = route != nullptr || request.method == "OPTIONS";
  application->metrics().request(label, known ? request.method : "other", response.status, seconds);
  log_access(application->options().access_log, *this, response, seconds);
  Application* const owner = application;
  auto sender = std::move(send);
  sender(std::move(response));
  owner->left();
}

void Call::json(std::string body, int status) {
  reply({status, "application/json", std::move(body)});
}

void Call::problem(const Problem& problem) {
  if (route != nullptr && !route->problems) {
    reply(inference_error(problem));
    return;
  }
  HttpResponse response = problem_response(problem, id);
  if (problem.type == "method-not-allowed") {
    response.headers.emplace_back("Allow", allowed_methods(target));
  }
  reply(std::move(response));
}

void Call::fail() {
  try {
    throw;
  } catch (const ProblemError& error) {
    problem(error.problem());
  } catch (const std::bad_alloc&) {
    log_event("internal", {{"request_id", id}, {"detail", "out of memory"}});
    problem({"internal", "see the log", {}});
  } catch (const std::exception& error) {
    log_event("internal", {{"request_id", id}, {"detail", error.what()}});
    problem({"internal", "see the log", {}});
  }
}

}  // namespace truenext::serve
