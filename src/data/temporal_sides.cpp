// SPDX-License-Identifier: Apache-2.0
#include "data/temporal_sides.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/split.h"

namespace truenext {
namespace {

using Json = nlohmann::json;

/// The cuts as prepare wrote them, or computed from the shares in the same way.
std::optional<TemporalCut> cut_of(const Dataset& dataset) {
  const Json description = Json::parse(dataset.description(), nullptr, false);
  if (!description.is_object() || !dataset.has_times()) return std::nullopt;
  const Json split = description.value("split", Json::object());
  if (!split.is_object() || split.value("method", Json()) != "temporal") return std::nullopt;
  const auto number = [&](const char* key) { return split.value(key, Json()); };
  const Json valid = number("valid_time"), test = number("test_time");
  if (valid.is_number_integer() && test.is_number_integer()) {
    return TemporalCut{valid.get<int64_t>(), test.get<int64_t>()};
  }
  const Json valid_share = number("valid_share"), test_share = number("test_share");
  if (!valid_share.is_number() || !test_share.is_number()) return std::nullopt;
  SplitOptions options;
  options.valid_share = valid_share.get<double>();
  options.test_share = test_share.get<double>();
  return temporal_cut(dataset.times().values, options);
}

void add(int64_t events, TemporalSide& side) {
  side.events += events;
  side.users += events > 0;
}

}  // namespace

std::optional<TemporalSides> temporal_sides(const Dataset& dataset) {
  const std::optional<TemporalCut> cut = cut_of(dataset);
  if (!cut) return std::nullopt;
  TemporalSides sides{*cut, {}, {}, {}};
  for (int64_t user = 0; user < dataset.num_users(); ++user) {
    const auto times = dataset.times().row(user);
    const auto valid = std::lower_bound(times.begin(), times.end(), cut->valid_time);
    const auto test = std::lower_bound(times.begin(), times.end(), cut->test_time);
    add(valid - times.begin(), sides.train);
    add(test - valid, sides.valid);
    add(times.end() - test, sides.test);
  }
  return sides;
}

}  // namespace truenext
