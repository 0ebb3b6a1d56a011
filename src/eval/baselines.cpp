// SPDX-License-Identifier: Apache-2.0
#include "eval/baselines.h"

#include <algorithm>

#include "base/error.h"
#include "base/options.h"

namespace truenext {
namespace {

std::vector<Baseline> chosen(const std::vector<bool>& wanted) {
  std::vector<Baseline> baselines;
  for (size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) baselines.push_back(baseline_list()[i]);
  }
  return baselines;
}

/// The place of a name in the list.
size_t place_of(const std::string& name) {
  std::vector<std::string> known;
  for (const Baseline& baseline : baseline_list()) {
    if (name == baseline.name) return known.size();
    known.emplace_back(baseline.name);
  }
  for (const char* word : {"all", "default", "none"}) {
    check_usage(name != word, "--baselines: \"{}\" stands alone, not in a list of names", word);
    known.emplace_back(word);
  }
  const std::string near = nearest_word(name, known);
  fail_usage("--baselines: \"{}\" is unknown{}; want all, default, none or a list of {}", name,
             near.empty() ? "" : fmt::format(", did you mean {}?", near), baseline_names());
}

}  // namespace

// Name, row, whether it is usual, how to make it.
const std::vector<Baseline>& baseline_list() {
  static const std::vector<Baseline> list{
      {"popularity", "popularity", true, make_popularity_scorer},
      {"bigram", "last-item bigram", true, make_bigram_scorer},
      {"neighbours", "nearest neighbours", false, make_neighbour_scorer},
      {"markov", "Markov model", false, make_markov_scorer},
  };
  return list;
}

std::string baseline_names() {
  std::string names;
  for (const Baseline& baseline : baseline_list()) {
    if (!names.empty()) names += ", ";
    names += baseline.name;
  }
  return names;
}

std::vector<Baseline> parse_baselines(const std::string& text) {
  std::vector<bool> wanted(baseline_list().size());
  if (text == "none") return {};
  if (text == "all" || text == "default") {
    for (size_t i = 0; i < wanted.size(); ++i) {
      wanted[i] = text == "all" || baseline_list()[i].usual;
    }
    return chosen(wanted);
  }
  for (size_t begin = 0; begin <= text.size();) {
    const size_t comma = std::min(text.find(',', begin), text.size());
    std::string name = text.substr(begin, comma - begin);
    std::erase(name, ' ');
    begin = comma + 1;
    if (!name.empty()) wanted[place_of(name)] = true;
  }
  check_usage(std::find(wanted.begin(), wanted.end(), true) != wanted.end(),
              "--baselines names none; want all, default, none or a list of {}", baseline_names());
  return chosen(wanted);
}

}  // namespace truenext
