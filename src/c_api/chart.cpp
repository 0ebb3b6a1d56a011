// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/svg_chart.h"
#include "c_api/guard.h"

using namespace truenext;
using namespace truenext::c_api;

namespace {

using Json = nlohmann::json;

/// [x, y] or [x, y, low, high].
ChartPoint point_of(const Json& numbers) {
  const std::vector<double> values = numbers.get<std::vector<double>>();
  check_usage(values.size() == 2 || values.size() == 4,
              "chart: a point of {} numbers, want [x, y] or [x, y, low, high]", values.size());
  const bool interval = values.size() == 4;
  return {values[0], values[1], interval ? values[2] : values[1], interval ? values[3] : values[1]};
}

Chart chart_of(std::string_view text) {
  const Json json = Json::parse(text);
  Chart chart;
  chart.title = json.value("title", "");
  chart.x_label = json.value("x_label", "");
  chart.y_label = json.value("y_label", "");
  for (const Json& line : json.at("lines")) {
    chart.lines.push_back({line.value("name", ""), {}});
    for (const Json& point : line.at("points")) {
      chart.lines.back().points.push_back(point_of(point));
    }
  }
  return chart;
}

}  // namespace

int truenext_chart(const char* chart_json, char** svg) {
  return guarded([&] {
    check_given(chart_json, "chart_json");
    check_given(svg, "svg");
    try {
      *svg = copy_text(svg_chart(chart_of(chart_json)));
    } catch (const Json::exception& error) {
      fail_usage("chart: {}", error.what());
    }
  });
}
