// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cctype>
#include <cmath>
#include <cstdint>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "base/options.h"
#include "net/network.h"
#include "net/parameters.h"

namespace truenext::test {

/// A kind of a network that tests walk over: everything in network_list(), as its entry says.
struct NetworkCase {
  std::string name;      ///< for the test
  ModelOptions options;  ///< resolved
  const NetworkInfo* network = nullptr;
};

inline void PrintTo(const NetworkCase& one, std::ostream* out) {
  *out << one.name;
}

/// `base` with each example's settings.
inline std::vector<NetworkCase> network_cases(const ModelOptions& base) {
  std::vector<NetworkCase> cases;
  for (const NetworkInfo* network : network_list()) {
    for (const std::string& example : network->examples) {
      NetworkCase one{network->name, base, network};
      one.options.name = network->name;
      OptionList options;
      one.options.list(options);
      std::istringstream settings(example);
      for (std::string setting; settings >> setting;) {
        apply_setting(options, setting);
        one.name += "_" + setting;
      }
      one.options.resolve();
      for (char& letter : one.name) {
        if (!std::isalnum(static_cast<unsigned char>(letter))) letter = '_';
      }
      cases.push_back(one);
    }
  }
  return cases;
}

/// For INSTANTIATE_TEST_SUITE_P.
template <typename Info>
std::string case_name(const Info& info) {
  return info.param.name;
}

/// Odd sizes, so that vector instructions have something left over.
inline ModelOptions small_network() {
  ModelOptions options;
  options.hidden_size = 12;
  options.num_blocks = 2;
  options.max_length = 10;
  options.dropout = 0.3;
  options.gru_hidden_size = 11;
  options.init = StartValues::xavier_normal;
  return options;
}

/// Small enough for finite differences along every tensor.
inline ModelOptions tiny_network() {
  ModelOptions options = small_network();
  options.hidden_size = 4;
  options.max_length = 6;
  options.gru_hidden_size = 3;
  return options;
}

/// Moves start values where nothing is zero or one, so that no tensor could as well be absent.
inline void roughen(ParameterSet& parameters) {
  for (int64_t i = 0; i < parameters.size(); ++i) {
    double place = static_cast<double>(i);
    for (float& value : parameters[i].value.values) {
      value += static_cast<float>(0.05 * std::sin(place));
      place += 1.7;
    }
  }
}

}  // namespace truenext::test
