// SPDX-License-Identifier: Apache-2.0
#include "inference/calibration.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "inference/error_text.h"

namespace truenext {
namespace {

double sigmoid(double x) {
  return 1 / (1 + std::exp(-x));
}

TEST(Calibration, IndependentProbabilitiesFollowTheLink) {
  Calibration calibration;
  calibration.normalised = false;
  calibration.link = LinkKind::logistic;
  calibration.offset = 1.5;
  calibration.scale = 0.5;
  calibration.shift = -0.25;
  EXPECT_EQ(calibration.log_normaliser(std::vector<float>{1, 2}), 0);
  EXPECT_NEAR(calibration.probability(2.0, 0), sigmoid(0.5 * 0.5 - 0.25), 1e-12);
  calibration.link = LinkKind::log;
  EXPECT_NEAR(calibration.probability(-2.0, 0), std::exp(0.5 * -3.5 - 0.25), 1e-12);
  EXPECT_EQ(calibration.probability(50.0, 0), 1.0);  // capped
}

TEST(Calibration, NormalisedProbabilitiesAddUpOverTheCandidates) {
  const float none = -std::numeric_limits<float>::infinity();
  const std::vector<float> scores = {900.0f, 899.0f, none, 880.0f};
  for (const LinkKind link : {LinkKind::log, LinkKind::logistic}) {
    Calibration calibration;
    calibration.link = link;
    calibration.offset = 890;
    calibration.scale = 0.7;
    const double normaliser = calibration.log_normaliser(scores);
    double sum = 0;
    for (const float score : scores) {
      sum += calibration.probability(static_cast<double>(score), normaliser);
    }
    EXPECT_NEAR(sum, 1, 1e-12);
    EXPECT_EQ(calibration.probability(static_cast<double>(none), normaliser), 0);
  }
  // With the log link it is the softmax at the temperature 1 / 0.7; the offset falls out.
  Calibration softmax;
  softmax.scale = 0.7;
  const double top = softmax.probability(900.0, softmax.log_normaliser(scores));
  EXPECT_NEAR(top, 1 / (1 + std::exp(-0.7) + std::exp(-14.0)), 1e-9);
}

TEST(Calibration, NoCandidateIsNoTrouble) {
  const float none = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(Calibration().log_normaliser({}), 0);
  EXPECT_EQ(Calibration().log_normaliser(std::vector<float>{none, none}), 0);
}

TEST(Calibration, TextReadsBackTheSame) {
  Calibration calibration;
  calibration.normalised = false;
  calibration.link = LinkKind::logistic;
  calibration.offset = 1.0 / 3;
  calibration.scale = 0.9012345678901234;
  calibration.shift = -1e-7;
  calibration.exclude_seen = false;
  calibration.users = 2000;
  EXPECT_EQ(read_calibration(calibration_text(calibration), "a"), calibration);
  EXPECT_EQ(read_calibration(calibration_text(Calibration()), "a"), Calibration());
}

TEST(Calibration, ACurveMapsNormalisedProbabilities) {
  Calibration calibration;
  calibration.curve = {{0.1, 0.2}, {0.5, 0.4}};
  const auto mapped = [&](double p) { return calibration.probability(std::log(p), 0.0); };
  EXPECT_NEAR(mapped(0.05), 0.1, 1e-12);  // from (0, 0)
  EXPECT_NEAR(mapped(0.1), 0.2, 1e-12);
  EXPECT_NEAR(mapped(0.3), 0.3, 1e-12);
  EXPECT_NEAR(mapped(0.9), 0.4, 1e-12);  // constant after the last point
  EXPECT_EQ(method_name(calibration), "isotonic");
  EXPECT_EQ(read_calibration(calibration_text(calibration), "a"), calibration);
}

TEST(Calibration, DamagedTextIsRefusedByName) {
  for (const char* text :
       {"[calibration]\nscale = 0.0\n", "[calibration]\nprobability = \"none\"\n",
        "[calibration]\nslope = 1.0\n", "[calibration]\nprobability = \"isotonic\"\n",
        "[calibration]\nprobability = \"isotonic\"\ncurve = [\"0.2 0.1\", \"0.1 0.3\"]\n",
        "scale ="}) {
    ExitCode code = ExitCode::ok;
    const std::string message =
        error_text([&] { read_calibration(text, "model.safetensors"); }, &code);
    EXPECT_EQ(code, ExitCode::data) << text;
    EXPECT_EQ(message.find("model.safetensors: its calibration cannot be used"), 0u) << message;
  }
}

}  // namespace
}  // namespace truenext
