// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "run/preset_choice.h"

namespace truenext::cli {

/// choose_preset() for a dataset folder, without what `settings` set for all stages of a run; the
/// log says what was chosen and why.
PresetChoice choose_aloud(const std::filesystem::path& data,
                          const std::vector<std::string>& settings);

/// What --preset may be: the presets and kAutoPreset.
std::vector<std::string> preset_words();

}  // namespace truenext::cli
