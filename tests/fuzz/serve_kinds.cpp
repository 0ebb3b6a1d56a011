// SPDX-License-Identifier: Apache-2.0
// What the server reads of others: targets and headers, bodies, keys, items, its configuration.
#include "base/file.h"
#include "fuzz_kinds.h"
#include "serve/http_rules.h"
#include "serve/item_file.h"
#include "serve/json_fields.h"
#include "serve/keys.h"
#include "serve/recommend_query.h"
#include "serve/serve_options.h"
#include "support/temporary_folder.h"

namespace truenext::fuzz {
namespace {

/// A target, headers "name: value", one a line.
void head(std::string_view input) {
  serve::HttpRequest request;
  request.method = "POST";
  const size_t end = input.find('\n');
  request.target = std::string(input.substr(0, end));
  while (!input.empty()) {
    const size_t stop = input.find('\n');
    const std::string_view line = input.substr(0, stop);
    const size_t colon = line.find(": ");
    if (colon != std::string_view::npos) {
      request.headers.emplace_back(line.substr(0, colon), line.substr(colon + 2));
    }
    input.remove_prefix(stop == std::string_view::npos ? input.size() : stop + 1);
  }
  const auto problem = serve::check_framing(request);
  if (!problem && serve::parse_target(request.target).segments.empty()) __builtin_trap();
}

/// The body of a request for a list.
void body(std::string_view input) {
  static const serve::ServeOptions options;
  try {
    std::vector<serve::FieldError> errors;
    serve::RecommendQuery query;
    serve::JsonFields fields(serve::parse_json(std::string(input)), "", &errors);
    query.history = fields.ids("history", static_cast<size_t>(options.max_history));
    serve::read_query(fields, options, &query);
    fields.finish();
    if (query.k < 1 || query.k > options.max_k) __builtin_trap();
    serve::check_fields(std::move(errors));
  } catch (const serve::ProblemError& error) {
    if (serve::problem_json(error.problem(), "id").empty()) __builtin_trap();
  }
}

void keys(std::string_view input) {
  const serve::KeyFile file = serve::KeyFile::parse(input, "keys");
  if (file.size() == 0 || file.find("no key", 0) != nullptr) __builtin_trap();
}

void items(std::string_view input) {
  (void)serve::ItemFile::read(path_of(input));
}

void configuration(std::string_view input) {
  static const test::TemporaryFolder folder;
  serve::ServeArguments arguments;
  arguments.config = (folder / "serve.toml").string();
  write_file_atomically(arguments.config, input);
  (void)serve::read_serve_options(arguments).toml();
}

}  // namespace

void add_serve_kinds(std::vector<Kind>& kinds) {
  kinds.push_back({"serve-head", &head});
  kinds.push_back({"serve-body", &body});
  kinds.push_back({"serve-keys", &keys});
  kinds.push_back({"serve-items", &items});
  kinds.push_back({"serve-config", &configuration});
}

}  // namespace truenext::fuzz
