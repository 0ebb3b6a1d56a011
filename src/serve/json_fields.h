// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <simdjson.h>

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "serve/problem.h"

namespace truenext::serve {

/// Reads the fields of one object of a request and remembers what is wrong with them, so that a
/// caller hears of all mistakes at once. Pointers begin with that of the object. A field that is
/// null counts as absent.
class JsonFields {
 public:
  /// `errors` is shared by all objects of a request.
  JsonFields(const simdjson::dom::element& object, std::string pointer,
             std::vector<FieldError>* errors);

  bool has(std::string_view name);
  bool flag(std::string_view name, bool otherwise);
  int64_t whole(std::string_view name, int64_t low, int64_t high, int64_t otherwise);
  /// One of `words` when there are any; at most `longest` characters, as JSON Schema counts them.
  std::string text(std::string_view name, const std::string& otherwise, size_t longest = 256,
                   const std::vector<std::string>& words = {});
  /// Raw ids: texts, whole numbers (their decimal text), or {"hex": "..."} of bytes that are no
  /// text.
  std::vector<std::string> ids(std::string_view name, size_t most);
  /// One raw id; empty where it is absent.
  std::string id(std::string_view name);
  std::optional<simdjson::dom::element> object(std::string_view name);
  std::optional<simdjson::dom::array> array(std::string_view name, size_t most);

  void wrong(std::string_view name, std::string detail);
  /// Mistakes of an object inside this one.
  void add(std::vector<FieldError> errors);
  /// Names the fields that nobody asked for, with the nearest name that somebody did.
  void finish();
  const std::string& pointer() const { return pointer_; }

 private:
  std::optional<simdjson::dom::element> find(std::string_view name);

  std::string pointer_;
  std::vector<FieldError>* errors_;
  std::optional<simdjson::dom::object> object_;
  std::vector<std::string> known_;
};

/// JSON on one line; bytes that are no UTF-8 become the replacement character.
std::string json_line(const nlohmann::ordered_json& json);

/// Escapes a name for a JSON pointer.
std::string pointer_to(const std::string& outer, std::string_view name);

/// The body of a request as JSON; borrowed from this thread's parser until its next call. Throws
/// invalid-json with the offset of the byte.
simdjson::dom::element parse_json(const std::string& body);

/// A whole number, which JSON may write with a fraction of zeros.
std::optional<int64_t> whole_of(const simdjson::dom::element& element);

/// A raw id; nothing when the element is none.
std::optional<std::string> id_of(const simdjson::dom::element& element);

/// Throws invalid-request when there are errors.
void check_fields(std::vector<FieldError> errors);

}  // namespace truenext::serve
