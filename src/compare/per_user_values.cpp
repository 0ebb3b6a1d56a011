// SPDX-License-Identifier: Apache-2.0
#include "compare/per_user_values.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "base/error.h"
#include "base/line_reader.h"

namespace truenext {
namespace {

void split_fields(std::string_view line, std::vector<std::string_view>* fields) {
  fields->clear();
  for (;;) {
    const size_t tab = line.find('\t');
    fields->push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return;
    line.remove_prefix(tab + 1);
  }
}

void read_header(const LineReader& reader, const std::vector<std::string_view>& fields,
                 PerUserValues* values) {
  check_data(fields.size() >= 3 && fields.front() == "user" && fields.back() == "rank",
             "{}: not a per-user result: want the columns user, one or more metrics, rank, parted "
             "by tabs; write it with truenext evaluate",
             reader.where());
  for (size_t i = 1; i + 1 < fields.size(); ++i) {
    const std::string name(fields[i]);
    check_data(!name.empty() && values->find(name) < 0,
               "{}: column {} ({}) is empty or comes twice", reader.where(), i + 1, name);
    values->metrics.push_back(name);
  }
  values->columns.resize(values->metrics.size());
}

double read_number(std::string_view text, const LineReader& reader, const std::string& metric) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  check_data(
      failure == std::errc() && end == text.data() + text.size() && std::isfinite(value),
      "{}: {} = \"{}\" is no number; the file is damaged, write it again with truenext evaluate",
      reader.where(), metric, text);
  return value;
}

}  // namespace

int64_t PerUserValues::find(const std::string& metric) const {
  const auto place = std::find(metrics.begin(), metrics.end(), metric);
  return place == metrics.end() ? -1 : place - metrics.begin();
}

PerUserValues read_per_user(const std::filesystem::path& path) {
  LineReader reader(path.string());
  PerUserValues values;
  std::string_view line;
  std::vector<std::string_view> fields;
  check_data(reader.next(line), "{}: the file is empty", path.string());
  split_fields(line, &fields);
  read_header(reader, fields, &values);
  const size_t width = fields.size();
  std::unordered_set<std::string> known;
  while (reader.next(line)) {
    split_fields(line, &fields);
    check_data(
        fields.size() == width,
        "{}: {} columns, the header has {}; the file is damaged, write it again with truenext "
        "evaluate",
        reader.where(), fields.size(), width);
    check_data(known.emplace(fields.front()).second, "{}: user {} comes twice", reader.where(),
               fields.front());
    values.users.emplace_back(fields.front());
    for (size_t i = 0; i < values.metrics.size(); ++i) {
      values.columns[i].push_back(read_number(fields[i + 1], reader, values.metrics[i]));
    }
  }
  check_data(!values.users.empty(), "{}: a header and no users", path.string());
  return values;
}

void align_users(PerUserValues* values, const std::filesystem::path& path, const NamedUsers& like) {
  if (values->users == like.users) return;
  std::unordered_map<std::string_view, size_t> places;
  for (size_t i = 0; i < values->users.size(); ++i) places.emplace(values->users[i], i);
  std::vector<size_t> order;
  for (const std::string& user : like.users) {
    const auto place = places.find(user);
    check_data(place != places.end(),
               "{} has {} users and {} has {}: user {} is only in the former; evaluate both over "
               "the same users",
               like.path.string(), like.users.size(), path.string(), values->users.size(), user);
    order.push_back(place->second);
  }
  check_data(values->users.size() == like.users.size(),
             "{} has {} users and {} has {}, more than the former; evaluate both over the same "
             "users",
             like.path.string(), like.users.size(), path.string(), values->users.size());
  for (std::vector<double>& column : values->columns) {
    std::vector<double> sorted;
    sorted.reserve(order.size());
    for (const size_t place : order) sorted.push_back(column[place]);
    column = std::move(sorted);
  }
  values->users = like.users;
}

}  // namespace truenext
