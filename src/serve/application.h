// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "serve/event_store.h"
#include "serve/fleet.h"
#include "serve/http.h"
#include "serve/job_queue.h"
#include "serve/keys.h"
#include "serve/metrics.h"
#include "serve/problem.h"
#include "serve/serve_options.h"

namespace truenext::serve {

class Application;
struct Call;
using CallPtr = std::shared_ptr<Call>;

/// A request whose header was judged, and the answer where that is a refusal.
struct Opened {
  CallPtr call;
  std::optional<HttpResponse> refusal;
};

/// A path, what may be done with it and by whom.
struct Route {
  const char* method;
  const char* path;  ///< "/v1/items/{item}"; the label of metrics
  Role role;
  void (*handle)(Application& application, const CallPtr& call);
  bool has_body = false;  ///< JSON
  bool problems = true;   ///< errors are problem documents, else {"error": ...} (/v2)
};
/// All routes, in the order in which they are tried.
const std::vector<Route>& route_list();

/// A request under way. Handlers take from it what they need and answer once, now or later, on any
/// thread.
struct Call {
  HttpRequest request;
  Target target;
  std::vector<std::string> values;  ///< of the path's {...}, in order
  const Route* route = nullptr;
  std::string id;
  std::shared_ptr<const KeyFile> keys;  ///< those that it was judged by, null = the server has none
  const Key* key = nullptr;             ///< of `keys`
  Role role = Role::none;
  bool wrong_key = false;  ///< it had one that is not known
  Clock::time_point begin, deadline;
  std::string model_label;  ///< header Truenext-Model, once it is known
  std::function<void(HttpResponse)> send;
  Application* application = nullptr;

  std::string query(std::string_view name, std::string otherwise = "") const;
  int64_t whole(std::string_view name, int64_t low, int64_t high, int64_t otherwise) const;
  /// Refuses parameters of the target that are not among `known`.
  void check_query(const std::vector<std::string>& known) const;
  void reply(HttpResponse response);
  void json(std::string body, int status = 200);
  void problem(const Problem& problem);
  /// Answers by the exception that is under way.
  void fail();
};

/// The server without its sockets: from requests to answers.
class Application {
 public:
  /// Loads models, keys, items and events. Throws Error.
  explicit Application(ServeOptions options);
  ~Application();

  /// Names that a Host header may have, beside host_names. Before requests come.
  void set_hosts(const std::vector<std::string>& hosts);

  /// Everything that can be said when only the header is there.
  Opened open(HttpRequest head);
  /// The rest, with the body. Calls `send` exactly once, from any thread, perhaps before it
  /// returns.
  void handle(const CallPtr& call, std::string body, std::function<void(HttpResponse)> send);
  /// A refusal of something that never became a request.
  HttpResponse refusal(const Problem& problem);

  /// Ends all threads after what they have begun; then nobody calls `send` any more.
  void shut_down();

  /// Models, keys, items and denied ids again (SIGHUP). What fails stays as it was.
  void reload_all();
  void start_draining() { draining_ = true; }
  bool draining() const { return draining_; }
  int64_t in_flight() const { return in_flight_; }
  bool ready() const;

  const ServeOptions& options() const { return options_; }
  Metrics& metrics() { return metrics_; }
  Fleet& fleet() { return *fleet_; }
  JobQueue& queue() { return *queue_; }
  EventStore* store() { return store_.get(); }
  /// Runs work on the loader's thread, one after the other.
  void load(std::function<void()> work);
  void note_model(const Serving& serving);
  void left() { --in_flight_; }  ///< a call was answered

 private:
  void authorise(Call& call);
  void check_host(const HttpRequest& request) const;
  void check_body(const Call& call) const;

  ServeOptions options_;
  std::vector<std::string> hosts_;
  Metrics metrics_;
  std::mutex keys_mutex_;
  std::shared_ptr<const KeyFile> keys_;
  RateLimits rates_;
  std::unique_ptr<Fleet> fleet_;
  std::unique_ptr<EventStore> store_;
  std::atomic<bool> draining_{false};
  std::atomic<int64_t> in_flight_{0};
  std::unique_ptr<JobQueue> queue_, loader_;
};

}  // namespace truenext::serve
