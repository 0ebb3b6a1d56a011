// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "base/random.h"
#include "data/noise.h"
#include "data/noise_truth.h"
#include "data/prepared.h"

namespace truenext::test {

/// "user,item,time" lines of users with 1 to 25 events each; low items are more popular.
inline std::string event_table(int users, int items, bool with_times) {
  RandomStream random(random_key(3, Purpose::simulate));
  std::string text = with_times ? "user,item,time\n" : "user,item\n";
  for (int user = 0; user < users; ++user) {
    const auto length = 1 + random.below(25);
    auto time = random.below(3000);
    for (uint32_t i = 0; i < length; ++i) {
      const auto item = random.below(1 + random.below(static_cast<uint32_t>(items)));
      time += random.below(100);
      text += fmt::format("u{},i{}", user, item);
      text += with_times ? fmt::format(",{}\n", time) : "\n";
    }
  }
  return text;
}

/// A clean dataset, "clean", in the folder; `change` may choose the split and more.
inline Dataset clean_dataset(const TemporaryFolder& folder, bool with_times,
                             const std::function<void(PrepareOptions&)>& change = {}) {
  PrepareOptions options = csv_options(folder, event_table(60, 40, with_times));
  options.out = folder / "clean";
  if (change) change(options);
  return prepared(options);
}

inline NoiseOptions noise_options(const Dataset& source, NoiseKind kind, double rate) {
  NoiseOptions options;
  options.source = source.folder();
  options.out = source.folder().parent_path() / "noisy";
  options.kind = kind;
  options.rate = rate;
  options.seed = 7;
  options.overwrite = true;
  return options;
}

/// A noisy dataset with its truth, beside the clean one.
struct Noisy {
  NoiseReport report;
  Dataset data;
  NoiseTruth truth;
};

inline Noisy noisy(const NoiseOptions& options) {
  const NoiseReport report = add_noise(options);
  Dataset data = Dataset::open(options.out);
  NoiseTruth truth = NoiseTruth::open(data);
  return {report, std::move(data), std::move(truth)};
}

inline std::vector<NoiseKind> all_noise_kinds() {
  std::vector<NoiseKind> kinds;
  for (const char* name : words_of<NoiseKind>()) kinds.push_back(*find_word<NoiseKind>(name));
  return kinds;
}

}  // namespace truenext::test
