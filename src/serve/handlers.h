// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "serve/application.h"

namespace truenext::serve {

// Handlers of routes, which routes.cpp lists. All throw ProblemError before they answer, or answer.
void post_recommend(Application& application, const CallPtr& call);
void post_batch(Application& application, const CallPtr& call);
void user_recommend(Application& application, const CallPtr& call);  ///< GET and POST
void post_events(Application& application, const CallPtr& call);
void get_user_events(Application& application, const CallPtr& call);
void delete_user(Application& application, const CallPtr& call);
void export_events(Application& application, const CallPtr& call);
void get_item(Application& application, const CallPtr& call);
void search_items(Application& application, const CallPtr& call);
void similar_items(Application& application, const CallPtr& call);  ///< GET and POST
void get_models(Application& application, const CallPtr& call);
void get_model(Application& application, const CallPtr& call);
void reload_model(Application& application, const CallPtr& call);
void rollback_model(Application& application, const CallPtr& call);
void put_traffic(Application& application, const CallPtr& call);
void get_traffic(Application& application, const CallPtr& call);
void health_live(Application& application, const CallPtr& call);
void health_ready(Application& application, const CallPtr& call);
void get_metrics(Application& application, const CallPtr& call);
void get_openapi(Application& application, const CallPtr& call);
void get_page(Application& application, const CallPtr& call);
void get_asset(Application& application, const CallPtr& call);
void v2_server(Application& application, const CallPtr& call);
void v2_live(Application& application, const CallPtr& call);
void v2_ready(Application& application, const CallPtr& call);
void v2_model(Application& application, const CallPtr& call);
void v2_model_ready(Application& application, const CallPtr& call);
void v2_infer(Application& application, const CallPtr& call);

}  // namespace truenext::serve
