// SPDX-License-Identifier: Apache-2.0
#include "cli/auto_preset.h"

#include "base/log.h"
#include "data/dataset.h"
#include "data/dataset_summary.h"
#include "run/run_config.h"
#include "run/stage_settings.h"

namespace truenext::cli {

PresetChoice choose_aloud(const std::filesystem::path& data,
                          const std::vector<std::string>& settings) {
  const PresetChoice choice =
      choose_preset(summarise(Dataset::open(data))).without(of_all_stages(settings));
  log_info("--preset {}: {} ({})", kAutoPreset, choice.preset, choice.reasons.front());
  for (size_t k = 0; k < choice.settings.size(); ++k) {
    log_info("  {} ({})", choice.settings[k], choice.reasons[k + 1]);
  }
  return choice;
}

std::vector<std::string> preset_words() {
  std::vector<std::string> words = preset_names();
  words.insert(words.begin(), kAutoPreset);
  return words;
}

}  // namespace truenext::cli
