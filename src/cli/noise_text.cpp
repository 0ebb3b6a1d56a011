// SPDX-License-Identifier: Apache-2.0
#include "cli/noise_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace truenext::cli {

std::string noise_text(const NoiseReport& report) {
  std::vector<std::string> phrases;
  const auto phrase = [&](int64_t count, const char* what) {
    if (count > 0) phrases.push_back(fmt::format("{} {}", count, what));
  };
  phrase(report.injected, "clicks injected");
  phrase(report.swapped, "events swapped");
  phrase(report.dropped, "events dropped");
  phrase(report.mixed_in, "events of another user mixed in");
  phrase(report.left_out, "others left out (held-out items, later events)");
  if (phrases.empty()) phrases.emplace_back("nothing changed");
  return fmt::format("  {}: {}; {} users changed\n  source fingerprint {}, with split {}\n",
                     noise_label(report), fmt::join(phrases, ", "), report.users_changed,
                     report.source_fingerprint, report.source_split_fingerprint);
}

}  // namespace truenext::cli
