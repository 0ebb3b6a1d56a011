// SPDX-License-Identifier: Apache-2.0
#include "base/svg_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>
#include <utility>

#include "base/utf8.h"

namespace truenext {
namespace {

constexpr double kPlotWidth = 520, kPlotHeight = 320;
constexpr double kLeft = 76, kTop = 48, kBottom = 58;
constexpr double kLegendGap = 20, kLegendLine = 20, kDash = 28;
/// Of the font below, a little too wide, because every viewer has another one.
constexpr double kLetter = 7.5;
/// 4.5 : 1 against white and against black.
constexpr const char* kGrey = "#767676";
constexpr std::array kColours = {"#1f77d0", "#c85a00", "#14895a", "#a050c0", "#d03a4a", "#8a7020"};
constexpr std::array kDashes = {"", "7 3", "2 3", "9 3 2 3"};

bool is_finite(const ChartPoint& point) {
  return std::isfinite(point.x) && std::isfinite(point.y) && std::isfinite(point.low) &&
         std::isfinite(point.high);
}

/// Decimals that tell the ticks of this step apart.
int decimals_of(double step) {
  return std::clamp(static_cast<int>(std::ceil(-std::log10(step) - 1e-9)), 0, 12);
}

/// One direction of the plot: ticks, and where a value lies in pixels.
struct Axis {
  std::vector<double> ticks;
  double begin = 0, end = 0;  ///< pixels of the first and the last tick

  double place(double value) const {
    return begin + (end - begin) * (value - ticks.front()) / (ticks.back() - ticks.front());
  }
  std::string label(double tick) const {
    return fmt::format("{:.{}f}", tick, decimals_of(ticks[1] - ticks[0]));
  }
};

std::string_view xml_character(const Utf8Character& character, std::string_view bytes) {
  switch (character.code) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&apos;";
    default:
      break;
  }
  const bool control = character.code < ' ' && character.code != '\n' && character.code != '\t';
  const bool none = character.code == 0xFFFE || character.code == 0xFFFF;
  return !character.valid || control || none ? "\xef\xbf\xbd" : bytes;
}

class ChartWriter {
 public:
  explicit ChartWriter(const Chart& chart) : chart_(chart) {
    for (ChartLine& line : chart_.lines) {
      std::erase_if(line.points, [](const ChartPoint& point) { return !is_finite(point); });
    }
    x_ = axis([](const ChartPoint& point) { return std::pair(point.x, point.x); });
    y_ = axis([](const ChartPoint& point) {
      return std::pair(std::min(point.low, point.y), std::max(point.high, point.y));
    });
    x_.begin = kLeft;
    x_.end = kLeft + kPlotWidth;
    y_.begin = kTop + kPlotHeight;
    y_.end = kTop;
  }

  std::string write() {
    open();
    draw_axes();
    for (size_t i = 0; i < chart_.lines.size(); ++i) draw_line(i);
    for (size_t i = 0; i < chart_.lines.size(); ++i) draw_legend(i);
    return text_ + "</svg>\n";
  }

 private:
  template <typename Range>
  Axis axis(Range range_of) const {
    double low = std::numeric_limits<double>::infinity(), high = -low;
    for (const ChartLine& line : chart_.lines) {
      for (const ChartPoint& point : line.points) {
        const auto [from, to] = range_of(point);
        low = std::min(low, from);
        high = std::max(high, to);
      }
    }
    if (low > high) low = 0, high = 1;
    return {round_ticks(low, high, 8)};
  }

  template <typename... Args>
  void add(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }

  void open() {
    size_t longest = 0;
    for (const ChartLine& line : chart_.lines) longest = std::max(longest, line.name.size());
    const double legend = chart_.lines.empty() ? 0 : kDash + 8 + kLetter * double(longest);
    const double width = kLeft + kPlotWidth + kLegendGap + legend + 12;
    const double lines = kLegendLine * double(chart_.lines.size()) + kTop + 12;
    const double height = std::max(kTop + kPlotHeight + kBottom, lines);
    add(R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" )"
        R"(height="{1:.0f}" role="img" font-family="sans-serif" font-size="12" fill="{2}">)",
        width, height, kGrey);
    add("<title>{}</title>", xml_text(chart_.title));
    add(R"(<text class="title" x="{}" y="{}" font-size="15">{}</text>)", kLeft, kTop - 20,
        xml_text(chart_.title));
  }

  void draw_axes() {
    add(R"(<g class="axes" stroke="{}" stroke-opacity="0.3">)", kGrey);
    for (const double tick : x_.ticks) {
      add(R"(<line x1="{0:.1f}" y1="{1}" x2="{0:.1f}" y2="{2}"/>)", x_.place(tick), y_.begin,
          y_.end);
    }
    for (const double tick : y_.ticks) {
      add(R"(<line x1="{1}" y1="{0:.1f}" x2="{2}" y2="{0:.1f}"/>)", y_.place(tick), x_.begin,
          x_.end);
    }
    add("</g>");
    for (const double tick : x_.ticks) {
      add(R"(<text class="x" x="{:.1f}" y="{}" text-anchor="middle">{}</text>)", x_.place(tick),
          y_.begin + 18, x_.label(tick));
    }
    for (const double tick : y_.ticks) {
      add(R"(<text class="y" x="{}" y="{:.1f}" text-anchor="end">{}</text>)", kLeft - 8,
          y_.place(tick) + 4, y_.label(tick));
    }
    add(R"(<text class="x-label" x="{}" y="{}" text-anchor="middle">{}</text>)",
        kLeft + kPlotWidth / 2, y_.begin + 42, xml_text(chart_.x_label));
    add(R"svg(<text class="y-label" transform="translate(16 {}) rotate(-90)" )svg"
        R"svg(text-anchor="middle">{}</text>)svg",
        kTop + kPlotHeight / 2, xml_text(chart_.y_label));
  }

  void draw_line(size_t index) {
    const std::vector<ChartPoint>& points = chart_.lines[index].points;
    if (points.empty()) return;
    const char* colour = kColours[index % kColours.size()];
    std::string edge, back, middle;
    const auto place = [&](double x, double y) {
      return fmt::format("{:.1f},{:.1f} ", x_.place(x), y_.place(y));
    };
    for (const ChartPoint& point : points) {
      edge += place(point.x, point.high);
      back.insert(0, place(point.x, point.low));
      middle += place(point.x, point.y);
    }
    // The outline makes the interval of a single point a bar.
    add(R"(<polygon class="interval" points="{}" fill="{}" fill-opacity="0.15" stroke="{}" )"
        R"(stroke-opacity="0.4"/>)",
        edge + back.substr(0, back.size() - 1), colour, colour);
    add(R"(<polyline class="line" points="{}" fill="none" stroke="{}" stroke-width="2" )"
        R"(stroke-dasharray="{}"/>)",
        middle.substr(0, middle.size() - 1), colour, kDashes[index % kDashes.size()]);
    for (const ChartPoint& point : points) {
      add(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"><title>{}: {:.6g} at {:.6g}, )"
          R"([{:.6g}, {:.6g}]</title></circle>)",
          x_.place(point.x), y_.place(point.y), colour, xml_text(chart_.lines[index].name), point.y,
          point.x, point.low, point.high);
    }
  }

  void draw_legend(size_t index) {
    const double x = kLeft + kPlotWidth + kLegendGap;
    const double y = kTop + 6 + kLegendLine * double(index);
    add(R"(<line class="key" x1="{0}" y1="{1}" x2="{2}" y2="{1}" stroke="{3}" stroke-width="2" )"
        R"(stroke-dasharray="{4}"/>)",
        x, y, x + kDash, kColours[index % kColours.size()], kDashes[index % kDashes.size()]);
    add(R"(<text class="name" x="{}" y="{}">{}</text>)", x + kDash + 8, y + 4,
        xml_text(chart_.lines[index].name));
  }

  Chart chart_;
  Axis x_, y_;
  std::string text_;
};

}  // namespace

std::string svg_chart(const Chart& chart) {
  return ChartWriter(chart).write();
}

std::vector<double> round_ticks(double low, double high, int most) {
  // A single value gets some room, as much as it can be told apart in.
  if (high - low <= 1e-9 * std::max(std::abs(low), std::abs(high))) {
    const double room = low == 0 ? 0.5 : 0.1 * std::abs(low);
    low -= room;
    high += room;
  }
  const double power = std::pow(10, std::floor(std::log10((high - low) / most)));
  for (const double factor : {1., 2., 5., 10., 20., 50., 100.}) {
    const double step = factor * power;
    const double first = std::floor(low / step + 1e-9), last = std::ceil(high / step - 1e-9);
    if (last - first + 1 > most && factor < 100) continue;
    std::vector<double> ticks;
    for (double i = first; i <= last; ++i) ticks.push_back(i * step);
    return ticks;
  }
  return {low, high};
}

std::string xml_text(std::string_view text) {
  std::string safe;
  while (!text.empty()) {
    const Utf8Character next = first_utf8(text);
    safe += xml_character(next, text.substr(0, next.bytes));
    text.remove_prefix(next.bytes);
  }
  return safe;
}

}  // namespace truenext
