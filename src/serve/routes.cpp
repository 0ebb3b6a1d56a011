// SPDX-License-Identifier: Apache-2.0
#include "serve/application.h"
#include "serve/handlers.h"

namespace truenext::serve {

// To add a route: declare its handler in handlers.h, write it, add a line here and to openapi.json,
// which a test holds against this list.
const std::vector<Route>& route_list() {
  static const std::vector<Route> routes{
      {"POST", "/v1/recommend", Role::read, post_recommend, true},
      {"POST", "/v1/recommend/batch", Role::read, post_batch, true},
      {"POST", "/v1/users/{user}/recommend", Role::read, user_recommend, true},
      {"GET", "/v1/users/{user}/recommend", Role::read, user_recommend},
      {"POST", "/v1/events", Role::write, post_events, true},
      {"GET", "/v1/users/{user}/events", Role::write, get_user_events},
      {"DELETE", "/v1/users/{user}", Role::write, delete_user},
      {"GET", "/v1/items", Role::read, search_items},
      {"GET", "/v1/items/{item}", Role::read, get_item},
      {"GET", "/v1/items/{item}/similar", Role::read, similar_items},
      {"POST", "/v1/items/{item}/similar", Role::read, similar_items, true},
      {"GET", "/v1/models", Role::read, get_models},
      {"GET", "/v1/models/{name}", Role::read, get_model},
      {"POST", "/v1/models/{name}/reload", Role::admin, reload_model},
      {"POST", "/v1/models/{name}/rollback", Role::admin, rollback_model},
      {"GET", "/v1/traffic", Role::admin, get_traffic},
      {"PUT", "/v1/traffic", Role::admin, put_traffic, true},
      {"GET", "/v1/admin/events.jsonl", Role::admin, export_events},
      {"GET", "/health/live", Role::none, health_live},
      {"GET", "/health/ready", Role::none, health_ready},
      {"GET", "/metrics", Role::read, get_metrics},
      {"GET", "/openapi.json", Role::none, get_openapi},
      {"GET", "/v2", Role::none, v2_server, false, false},
      {"GET", "/v2/health/live", Role::none, v2_live, false, false},
      {"GET", "/v2/health/ready", Role::none, v2_ready, false, false},
      {"GET", "/v2/models/{name}", Role::read, v2_model, false, false},
      {"GET", "/v2/models/{name}/ready", Role::read, v2_model_ready, false, false},
      {"GET", "/v2/models/{name}/versions/{version}", Role::read, v2_model, false, false},
      {"GET", "/v2/models/{name}/versions/{version}/ready", Role::read, v2_model_ready, false,
       false},
      {"POST", "/v2/models/{name}/infer", Role::read, v2_infer, true, false},
      {"POST", "/v2/models/{name}/versions/{version}/infer", Role::read, v2_infer, true, false},
      {"GET", "/", Role::none, get_page},
      {"GET", "/assets/{name}", Role::none, get_asset},
  };
  return routes;
}

}  // namespace truenext::serve
