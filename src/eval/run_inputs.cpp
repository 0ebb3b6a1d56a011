// SPDX-License-Identifier: Apache-2.0
#include "eval/run_inputs.h"

#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/toml-inl.h"
#include "data/data_place.h"
#include "eval/result_report.h"

namespace truenext {
namespace {

constexpr uint64_t kConfigBytes = uint64_t{16} << 20;

/// A text of a configuration, empty when it has none there.
std::string text_in(const std::string& configuration, const std::string& source,
                    const char* section, const char* key) {
  try {
    const toml::table table = toml::parse(configuration, source);
    return table[section][key].value_or(std::string());
  } catch (const toml::parse_error& error) {
    fail_data("{}:{}: not valid TOML: {}", source, error.source().begin.line, error.description());
  }
}

}  // namespace

std::filesystem::path find_data_folder(const std::filesystem::path& run,
                                       const ModelDescription& description,
                                       const std::string& given) {
  if (!given.empty()) return given;
  const std::filesystem::path folder = std::filesystem::is_directory(run) ? run : run.parent_path();
  const std::filesystem::path config = folder / "config.toml";
  const std::string inside = "configuration in " + run.string();
  if (std::filesystem::exists(config)) {
    const std::string text = read_file(config, kConfigBytes);
    const DataPlace place{text_in(text, config.string(), "data", "path"),
                          text_in(text, config.string(), "data", "from_run")};
    if (!place.path.empty()) return find_data(place, folder, config.string());
  }
  // Models of other versions may still say where their data were.
  const DataPlace place{text_in(description.config_toml, inside, "data", "path"), ""};
  check_usage(
      !place.path.empty(),
      "neither {} nor the model names a dataset (key data.path); say --data FOLDER, a folder "
      "written by truenext prepare",
      config.string());
  return find_data(place, folder, "the " + inside);
}

bool watched_in_training(const ModelDescription& description, SplitPart part) {
  const std::string parts =
      text_in(description.config_toml, "configuration in the model", "watch", "parts");
  return parts == "both" || parts == split_part_name(part);
}

std::string data_match_name(DataMatch match) {
  if (match == DataMatch::unknown) return "unknown";
  return match == DataMatch::same ? "same" : "other";
}

DataMatch check_same_data(const ModelDescription& description, const Dataset& dataset, bool allow,
                          const DataClaim& claim) {
  if (description.dataset_fingerprint.empty()) {
    log_warning("{} does not say which data it was trained on; {}", claim.model, claim.of_unknown);
    return DataMatch::unknown;
  }
  const bool same_events = description.dataset_fingerprint == dataset.fingerprint();
  const bool same_split = description.split_fingerprint.empty() ||
                          description.split_fingerprint == dataset.split_fingerprint();
  if (same_events && same_split) return DataMatch::same;
  const char* what = same_events ? "split" : "dataset";
  const std::string message = fmt::format(
      "{}: {} was trained on another {} (fingerprint {}, this one has {}), so {}",
      dataset.folder().string(), claim.model, what,
      same_events ? description.split_fingerprint : description.dataset_fingerprint,
      same_events ? dataset.split_fingerprint() : dataset.fingerprint(), claim.of_other);
  if (!allow) fail_data("{}; if that is intended, say --allow-other-data", message);
  log_warning("{}", message);
  return DataMatch::other;
}

}  // namespace truenext
