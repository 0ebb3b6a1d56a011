// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace truenext {

/// A value with its interval; low and high are y where there is none.
struct ChartPoint {
  double x = 0, y = 0, low = 0, high = 0;
};

struct ChartLine {
  std::string name;
  std::vector<ChartPoint> points;  ///< ascending in x; those that are not finite are left out
};

/// Curves with shaded intervals over a common pair of axes.
struct Chart {
  std::string title, x_label, y_label;
  std::vector<ChartLine> lines;
};

/// A complete SVG document without references to anything outside. It has no background; its
/// colours stand out from white and from black, and lines differ in their dashes as well. Points
/// tell their numbers when the pointer rests on them.
std::string svg_chart(const Chart& chart);

/// Multiples of 1, 2 or 5 times a power of ten, ascending, `most` at the most (3 or more): the
/// first is not above `low`, the last not below `high`.
std::vector<double> round_ticks(double low, double high, int most);

/// For text of XML: the five special characters by name, what XML has no place for as U+FFFD.
std::string xml_text(std::string_view text);

}  // namespace truenext
