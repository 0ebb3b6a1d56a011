// SPDX-License-Identifier: Apache-2.0
#include "run/grid_plan.h"

#include <algorithm>
#include <set>
#include <sstream>

#include "base/error.h"
#include "base/file.h"
#include "base/toml-inl.h"
#include "run/noise_plan-inl.h"

namespace truenext {
namespace {

constexpr uint64_t kPlanBytes = uint64_t{1} << 20;

using Settings = std::vector<std::pair<std::string, std::string>>;

std::string place(const GridPlan& plan, const toml::node& node) {
  return fmt::format("{}:{}", plan.source, node.source().begin.line);
}

/// As TOML; numbers in their shortest form, because they become names. Not by the formatter of
/// toml++, which counts the columns of 0.1 out of range.
std::string toml_text(const toml::node& node) {
  if (const auto number = node.value_exact<double>()) {
    const std::string text = fmt::format("{}", *number);
    return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
  }
  if (const toml::array* list = node.as_array()) {
    std::vector<std::string> parts;
    for (const toml::node& element : *list) parts.push_back(toml_text(element));
    return fmt::format("[{}]", fmt::join(parts, ", "));
  }
  if (node.is_table()) return "{}";  // no key takes one
  std::ostringstream out;
  // 'text' is no value of --set.
  out << toml::toml_formatter(
      node, toml::toml_formatter::default_flags & ~toml::format_flags::allow_literal_strings);
  return out.str();
}

/// Everything below a table as dotted keys, in the order of the file.
void flatten(const toml::table& table, const std::string& prefix,
             std::vector<std::pair<std::string, const toml::node*>>* out) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const toml::table* inner = node.as_table()) {
      flatten(*inner, key + ".", out);
    } else {
      out->emplace_back(key, &node);
    }
  }
  const auto before = [](const auto& a, const auto& b) {
    const auto &x = a.second->source().begin, &y = b.second->source().begin;
    return x.line != y.line ? x.line < y.line : x.column < y.column;
  };
  std::stable_sort(out->begin(), out->end(), before);  // the parser sorts by key
}

std::vector<std::pair<std::string, const toml::node*>> flat(const toml::table& table) {
  std::vector<std::pair<std::string, const toml::node*>> entries;
  flatten(table, "", &entries);
  return entries;
}

void check_name(const std::string& name, const std::string& where) {
  const bool plain = std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
  check_usage(plain && !name.empty() && name.front() != '.',
              "{}: the name \"{}\" becomes a folder; use letters, digits, . _ and -", where, name);
}

/// A value as part of a folder name.
std::string name_part(const std::string& key, const toml::node& value) {
  std::string text = fmt::format("{}-{}", key.substr(key.rfind('.') + 1),
                                 value.value<std::string>().value_or(toml_text(value)));
  std::replace_if(
      text.begin(), text.end(),
      [](char c) {
        return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '.' || c == '_');
      },
      '-');
  return text;
}

std::string text_of(const GridPlan& plan, const toml::node& node, const char* key) {
  std::string text = node.value_exact<std::string>().value_or("");
  check_usage(!text.empty(), "{}: {} wants a text", place(plan, node), key);
  return text;
}

void read_data(const toml::node& node, GridPlan* plan) {
  if (const toml::table* table = node.as_table()) {
    for (const auto& [name, path] : flat(*table)) {
      plan->data.emplace_back(name, text_of(*plan, *path, "data"));
    }
  } else if (const toml::array* list = node.as_array()) {
    for (const toml::node& path : *list) {
      plan->data.emplace_back("", text_of(*plan, path, "data"));
    }
  } else {
    plan->data.emplace_back("", text_of(*plan, node, "data"));
  }
  std::set<std::string> names;
  for (auto& [name, path] : plan->data) {
    const std::filesystem::path folder(path);
    if (name.empty()) {
      name = folder.has_filename() ? folder.filename() : folder.parent_path().filename();
    }
    check_name(name, place(*plan, node));
    check_usage(names.insert(name).second,
                "{}: two datasets are called {}; name them: [data] NAME = \"FOLDER\"",
                place(*plan, node), name);
  }
}

void read_seeds(const toml::node& node, GridPlan* plan) {
  const toml::array* list = node.as_array();
  check_usage(list != nullptr, "{}: seeds wants a list of whole numbers", place(*plan, node));
  for (const toml::node& element : *list) {
    const int64_t seed = element.value_exact<int64_t>().value_or(-1);
    check_usage(seed >= 0, "{}: seeds wants a list of whole numbers", place(*plan, node));
    check_usage(std::find(plan->seeds.begin(), plan->seeds.end(), seed) == plan->seeds.end(),
                "{}: seed {} comes twice", place(*plan, node), seed);
    plan->seeds.push_back(seed);
  }
}

void read_part(const toml::node& node, GridPlan* plan) {
  plan->part = text_of(*plan, node, "part");
  const auto& known = grid_parts();
  check_usage(std::find(known.begin(), known.end(), plan->part) != known.end(),
              "{}: part = \"{}\" is unknown; want one of {}", place(*plan, node), plan->part,
              fmt::join(known, ", "));
}

void read_test_items(const toml::node& node, GridPlan* plan) {
  const toml::array* list = node.as_array();
  check_usage(list != nullptr, "{}: test_items wants a list of whole numbers", place(*plan, node));
  for (const toml::node& element : *list) {
    const int64_t items = element.value_exact<int64_t>().value_or(0);
    check_usage(items >= 1, "{}: test_items wants whole numbers from 1", place(*plan, node));
    plan->test_items.push_back(items);
  }
}

void read_candidates(const toml::node& node, GridPlan* plan) {
  plan->candidates.clear();
  const toml::array* list = node.as_array();
  check_usage(list != nullptr && !list->empty(),
              "{}: candidates wants a list of full, clean and original", place(*plan, node));
  for (const toml::node& element : *list) {
    const auto rule = find_word<CandidateRule>(element.value_exact<std::string>().value_or(""));
    check_usage(rule.has_value(), "{}: candidates wants a list of full, clean and original",
                place(*plan, node));
    plan->candidates.push_back(*rule);
  }
}

bool is_setting(std::string_view key) {
  return key.find('.') != std::string_view::npos;
}

Settings settings_of(const toml::table& table) {
  Settings settings;
  for (const auto& [key, node] : flat(table)) settings.emplace_back(key, toml_text(*node));
  return settings;
}

std::vector<std::string> texts_of(const GridPlan& plan, const toml::node& node, const char* key) {
  const toml::array* list = node.as_array();
  check_usage(list != nullptr && !list->empty(), "{}: {} wants a list of texts", place(plan, node),
              key);
  std::vector<std::string> texts;
  for (const toml::node& element : *list) texts.push_back(text_of(plan, element, key));
  return texts;
}

/// Whether the key was of a GridStart.
bool read_start(const std::string& key, const toml::node& node, const GridPlan& plan,
                GridStart* start) {
  if (key == "preset") {
    start->names.preset = text_of(plan, node, "preset");
  } else if (key == "student_preset") {
    start->names.student = text_of(plan, node, "student_preset");
  } else if (key == "teacher_presets") {
    start->names.teachers = texts_of(plan, node, "teacher_presets");
  } else if (key == "compat") {
    start->compat = text_of(plan, node, "compat");
  } else {
    return false;
  }
  return true;
}

[[noreturn]] void fail_unknown(const GridPlan& plan, const toml::node& node, const std::string& key,
                               std::vector<std::string> known) {
  known.insert(known.end(), {"preset", "student_preset", "teacher_presets", "compat"});
  const std::string near = nearest_word(key, known);
  fail_usage("{}: unknown key {}{}", place(plan, node), key,
             near.empty() ? "" : fmt::format("; did you mean {}?", near));
}

void read_variants(const toml::node& node, GridPlan* plan) {
  const toml::array* list = node.as_array();
  check_usage(list != nullptr && list->is_array_of_tables(),
              "{}: variants are written as tables: [[variant]]", place(*plan, node));
  for (const toml::node& element : *list) {
    const toml::table& table = *element.as_table();
    const toml::node* name = table.get("name");
    check_usage(name != nullptr, "{}: the variant has no name", place(*plan, element));
    GridVariant& variant = plan->variants.emplace_back();
    variant.name = text_of(*plan, *name, "name");
    check_name(variant.name, place(*plan, *name));
    variant.settings = settings_of(table);
    std::erase_if(variant.settings, [](const auto& setting) { return !is_setting(setting.first); });
    for (const auto& [key, value] : table) {
      const std::string word(key.str());
      const bool known = word == "name" || is_setting(word) || value.is_table() ||
                         read_start(word, value, *plan, &variant.start);
      if (!known) fail_unknown(*plan, value, word, {"name"});
    }
  }
}

/// The product of all lists, the last key varying fastest.
void add_product(const toml::table& table, GridPlan* plan) {
  std::vector<GridVariant> product(1);
  for (const auto& [key, node] : flat(table)) {
    const toml::array* values = node->as_array();
    check_usage(values != nullptr && !values->empty(),
                "{}: {} wants a list of the values to try, e.g. [1, 2, 5]", place(*plan, *node),
                key);
    std::vector<GridVariant> longer;
    for (const GridVariant& variant : product) {
      for (const toml::node& value : *values) {
        GridVariant& next = longer.emplace_back(variant);
        if (!next.name.empty()) next.name += '_';
        next.name += name_part(key, value);
        next.settings.emplace_back(key, toml_text(value));
      }
    }
    product = std::move(longer);
  }
  for (GridVariant& variant : product) variant.of_product = true;
  plan->variants.insert(plan->variants.end(), product.begin(), product.end());
}

void read_key(const std::string& key, const toml::node& node, GridPlan* plan) {
  const auto table = [&]() -> const toml::table& {
    check_usage(node.is_table(), "{}: {} is a table: [{}]", place(*plan, node), key, key);
    return *node.as_table();
  };
  if (key == "out") {
    plan->out = text_of(*plan, node, "out");
  } else if (key == "config") {
    plan->config_file = text_of(*plan, node, "config");
  } else if (key == "metrics") {
    plan->metrics = text_of(*plan, node, "metrics");
  } else if (key == "part") {
    read_part(node, plan);
  } else if (key == "test_items") {
    read_test_items(node, plan);
  } else if (key == "candidates") {
    read_candidates(node, plan);
  } else if (key == "data") {
    read_data(node, plan);
  } else if (key == "noise") {
    plan->noise = read_noise(table(), plan->source);
  } else if (key == "seeds") {
    read_seeds(node, plan);
  } else if (key == "set") {
    plan->settings = settings_of(table());
  } else if (key == "variant") {
    read_variants(node, plan);
  } else if (key == "grid") {
    table();  // read after the variants, which come first
  } else if (!read_start(key, node, *plan, &plan->start)) {
    fail_unknown(*plan, node, key,
                 {"out", "config", "metrics", "part", "test_items", "candidates", "data", "noise",
                  "seeds", "set", "grid", "variant"});
  }
}

void check_complete(const GridPlan& plan) {
  check_usage(!plan.out.empty(), "{}: out is missing, the folder for the runs", plan.source);
  check_usage(!plan.data.empty(), "{}: data is missing, one or more dataset folders", plan.source);
  check_usage(!plan.seeds.empty(), "{}: seeds is missing, e.g. seeds = [1, 2, 3]", plan.source);
  check_usage(!plan.variants.empty(),
              "{}: nothing to try: want [grid] with lists of values, or [[variant]] tables",
              plan.source);
  std::set<std::string> names;
  for (const GridVariant& variant : plan.variants) {
    check_usage(names.insert(variant.name).second, "{}: two variants are called {}", plan.source,
                variant.name);
  }
}

}  // namespace

std::vector<std::string> GridPlan::results() const {
  std::vector<std::string> names;
  for (const CandidateRule rule : candidates) {
    names.push_back(rule == CandidateRule::full ? part : fmt::format("{}_{}", part, word_of(rule)));
    const std::string base = names.back();
    for (const int64_t items : test_items) names.push_back(fmt::format("{}_m{}", base, items));
  }
  return names;
}

GridStart GridPlan::start_of(const GridVariant& variant) const {
  GridStart own = variant.start;
  if (!own.names.preset.empty()) return own;
  own.names.preset = start.names.preset;
  if (own.names.student.empty()) own.names.student = start.names.student;
  if (own.names.teachers.empty()) own.names.teachers = start.names.teachers;
  if (own.compat.empty()) own.compat = start.compat;
  return own;
}

const std::vector<std::string>& grid_parts() {
  static const std::vector<std::string> parts = {"test", "valid"};
  return parts;
}

GridPlan read_grid_plan(const std::filesystem::path& path) {
  GridPlan plan;
  plan.source = path.string();
  try {
    const toml::table file = toml::parse(read_file(path, kPlanBytes), plan.source);
    for (const auto& [key, node] : file) read_key(std::string(key.str()), node, &plan);
    const toml::node* grid = file.get("grid");
    if (grid != nullptr && !grid->as_table()->empty()) add_product(*grid->as_table(), &plan);
  } catch (const toml::parse_error& error) {
    fail_usage("{}:{}: not valid TOML: {}", plan.source, error.source().begin.line,
               error.description());
  }
  check_complete(plan);
  return plan;
}

}  // namespace truenext
