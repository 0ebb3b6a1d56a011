// SPDX-License-Identifier: Apache-2.0
#include "base/svg_chart.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <regex>

namespace truenext {
namespace {

Chart curves() {
  return {"Noise & <loss>",
          "rate",
          "ndcg@10",
          {{"a", {{0, 0.2, 0.18, 0.22}, {0.25, 0.1, 0.08, 0.12}, {0.5, 0.05, 0.04, 0.06}}},
           {"b \"quoted\"", {{0, 0.1, 0.1, 0.1}, {0.5, 0.09, 0.08, 0.1}}}}};
}

std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex regex(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), regex), end; at != end; ++at) {
    found.push_back((*at)[1]);
  }
  return found;
}

/// Every element is closed, in its order, and text holds no open angle.
bool well_formed(const std::string& svg) {
  std::vector<std::string> open;
  size_t at = 0;
  while ((at = svg.find('<', at)) != std::string::npos) {
    const size_t end = svg.find_first_of("<>", at + 1);
    if (end == std::string::npos || svg[end] == '<') return false;
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (tag.front() == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return false;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
    at = end;
  }
  return open.empty();
}

TEST(SvgChart, HasALineAnIntervalAndAKeyForEveryCurve) {
  const std::string svg = svg_chart(curves());
  EXPECT_TRUE(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\""));
  EXPECT_TRUE(well_formed(svg)) << svg;
  EXPECT_EQ(matches(svg, "(<polyline class=\"line\")").size(), 2u);
  EXPECT_EQ(matches(svg, "(<polygon class=\"interval\")").size(), 2u);
  EXPECT_EQ(matches(svg, "(<circle )").size(), 5u);
  EXPECT_EQ(matches(svg, "<text class=\"name\"[^>]*>([^<]*)<"),
            (std::vector<std::string>{"a", "b &quot;quoted&quot;"}));
  EXPECT_EQ(matches(svg, "<text class=\"title\"[^>]*>([^<]*)<"),
            std::vector<std::string>{"Noise &amp; &lt;loss&gt;"});
  EXPECT_EQ(matches(svg, "<text class=\"x-label\"[^>]*>([^<]*)<"),
            std::vector<std::string>{"rate"});
  EXPECT_EQ(matches(svg, "<text class=\"y-label\"[^>]*>([^<]*)<"),
            std::vector<std::string>{"ndcg@10"});
}

TEST(SvgChart, AxesHaveRoundTicks) {
  const std::string svg = svg_chart(curves());
  EXPECT_EQ(matches(svg, "<text class=\"x\"[^>]*>([^<]*)<"),
            (std::vector<std::string>{"0.0", "0.1", "0.2", "0.3", "0.4", "0.5"}));
  EXPECT_EQ(matches(svg, "<text class=\"y\"[^>]*>([^<]*)<"),
            (std::vector<std::string>{"0.00", "0.05", "0.10", "0.15", "0.20", "0.25"}));
}

TEST(SvgChart, PointsLieWhereTheirValuesAre) {
  const auto lines = matches(svg_chart(curves()), "<polyline[^>]*points=\"([^\"]*)\"");
  ASSERT_EQ(lines.size(), 2u);
  // x from 76 to 596 for 0 to 0.5, y from 368 up to 48 for 0 to 0.25.
  EXPECT_EQ(lines[0], "76.0,112.0 336.0,240.0 596.0,304.0");
  const auto intervals = matches(svg_chart(curves()), "<polygon[^>]*points=\"([^\"]*)\"");
  EXPECT_EQ(intervals[1], "76.0,240.0 596.0,240.0 596.0,265.6 76.0,240.0");
}

TEST(SvgChart, LeavesOutWhatIsNotFinite) {
  Chart chart = curves();
  chart.lines[0].points[1].high = std::numeric_limits<double>::infinity();
  chart.lines[1].points = {{std::nan(""), 1, 1, 1}};
  const std::string svg = svg_chart(chart);
  EXPECT_TRUE(well_formed(svg));
  EXPECT_EQ(matches(svg, "(<circle )").size(), 2u);
  EXPECT_EQ(matches(svg, "(<polyline )").size(), 1u);
  EXPECT_EQ(matches(svg, "\\b(nan|inf)\\b").size(), 0u);
}

TEST(SvgChart, OfNothingIsAFrame) {
  const std::string svg = svg_chart({"nothing yet", "x", "y", {}});
  EXPECT_TRUE(well_formed(svg));
  EXPECT_EQ(matches(svg, "(<polyline )").size(), 0u);
  EXPECT_EQ(matches(svg, "<text class=\"x\"[^>]*>([^<]*)<").size(), 6u);
}

struct Ticks {
  double low, high;
  int most;
  std::vector<double> want;
};

TEST(RoundTicks, CoverTheRange) {
  const Ticks table[] = {
      {0, 1, 6, {0, 0.2, 0.4, 0.6, 0.8, 1}},
      {0.013, 0.048, 5, {0.01, 0.02, 0.03, 0.04, 0.05}},
      {-3, 4, 5, {-4, -2, 0, 2, 4}},
      {0, 123456, 4, {0, 50000, 100000, 150000}},
      {1, 1, 4, {0.9, 1, 1.1}},
      {0, 0, 3, {-0.5, 0, 0.5}},
      {-2e-9, -1e-9, 3, {-2e-9, -1.5e-9, -1e-9}},
  };
  for (const Ticks& row : table) {
    const std::vector<double> found = round_ticks(row.low, row.high, row.most);
    ASSERT_EQ(found.size(), row.want.size()) << row.low << " to " << row.high;
    for (size_t i = 0; i < found.size(); ++i) {
      EXPECT_NEAR(found[i], row.want[i], 1e-9 * std::abs(row.want.back() - row.want.front()));
    }
  }
  for (double high = 0.001; high < 1e6; high *= 1.37) {
    const std::vector<double> ticks = round_ticks(-0.3 * high, high, 7);
    EXPECT_LE(ticks.size(), 7u);
    EXPECT_GE(ticks.size(), 3u);
    EXPECT_LE(ticks.front(), -0.3 * high * (1 - 1e-8));
    EXPECT_GE(ticks.back(), high * (1 - 1e-8));
  }
}

TEST(XmlText, HoldsNothingThatXmlHasNoPlaceFor) {
  EXPECT_EQ(xml_text("a<b>&\"c\"'"), "a&lt;b&gt;&amp;&quot;c&quot;&apos;");
  EXPECT_EQ(xml_text("K\xc3\xb6ln\n"), "K\xc3\xb6ln\n");
  EXPECT_EQ(xml_text("x\x01y\xff"), "x\xef\xbf\xbdy\xef\xbf\xbd");
  EXPECT_EQ(xml_text("\xef\xbf\xbf"), "\xef\xbf\xbd");
}

}  // namespace
}  // namespace truenext
