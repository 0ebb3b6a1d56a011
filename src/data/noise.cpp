// SPDX-License-Identifier: Apache-2.0
#include "data/noise.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/interrupt.h"
#include "data/dataset_files.h"
#include "data/noise_makers.h"
#include "data/noise_report.h"
#include "data/noise_truth.h"
#include "data/staged_folder.h"

namespace truenext {
namespace {

namespace fs = std::filesystem;

/// Files of a dataset that noise does not touch.
constexpr const char* kCarried[] = {dataset_files::kUserIds,    dataset_files::kItemIds,
                                    dataset_files::kTitles,     dataset_files::kAttributeOffsets,
                                    dataset_files::kAttributes, dataset_files::kAttributeIds};

Dataset open_source(const NoiseOptions& options) {
  check_usage(options.rate >= 0 && options.rate < 1,
              "--rate {}: want a share, 0 or above and below 1, e.g. 0.1", options.rate);
  Dataset source = Dataset::open(options.source);
  const std::string name = options.source.string();
  check_usage(!source.has_windows(),
              "{}: a dataset of windows, where an event can be trained on in one and held out in "
              "another; add noise to a dataset of another split (truenext prepare --split "
              "leave-last)",
              name);
  const std::optional<NoiseReport> noise = noise_report(source);
  check_usage(!noise, "{}: is noisy already ({}); add noise to the dataset that it was made from",
              name, noise ? noise_label(*noise) : "");
  std::error_code error;
  check_usage(!fs::equivalent(options.source, options.out, error),
              "--out {}: is the source itself; choose another folder", options.out.string());
  return source;
}

/// Where the cut lies when a training part of `before` events has become one of `after`.
SplitPoint moved(const SplitPoint& cut, int64_t before, int64_t after, const Dataset& source) {
  const auto place = [&](int64_t begin, int64_t end, int64_t at) {
    check_data(begin == end || begin >= before,
               "{}: a held-out event stands in its own user's training part, so noise would change "
               "it",
               source.folder().string());
    return at >= before ? at - before + after : after;
  };
  const auto valid = [&](int64_t at) { return place(cut.valid_begin, cut.valid_end, at); };
  const auto test = [&](int64_t at) { return place(cut.test_begin, cut.test_end, at); };
  return {after, valid(cut.valid_begin), valid(cut.valid_end), test(cut.test_begin),
          test(cut.test_end)};
}

/// The files of events and of their truth, written user by user.
class NoisyFiles {
 public:
  NoisyFiles(const Dataset& source, const NoiseOptions& options, const fs::path& folder)
      : source_(source),
        options_(options),
        parts_(source),
        maker_(make_noise(parts_, source.num_items(), options)),
        items_(folder / dataset_files::kItems),
        origins_(folder / dataset_files::kNoiseOrigins),
        owners_(folder / dataset_files::kNoiseOwners),
        marks_(folder / dataset_files::kNoiseMarks) {
    if (source.has_times()) times_.emplace(folder / dataset_files::kTimes);
    if (source.has_values()) values_.emplace(folder / dataset_files::kValues);
    report_.kind = options.kind;
    report_.rate = options.rate;
    report_.seed = options.seed;
    report_.source_fingerprint = source.fingerprint();
    report_.source_split_fingerprint = source.split_fingerprint();
    report_.source_training_events = parts_.events();
  }

  void write() {
    for (int64_t user = 0; user < source_.num_users(); ++user) {
      if (user % 1024 == 0 && interrupted()) {
        throw Error(ExitCode::interrupted, "interrupted; nothing was written");
      }
      write_user(user);
    }
    for (AtomicFile* file : {&items_, &origins_, &owners_, &marks_}) file->commit();
    if (times_) times_->commit();
    if (values_) values_->commit();
  }

  const std::vector<int64_t>& offsets() const { return offsets_; }
  const std::vector<SplitPoint>& splits() const { return splits_; }
  const NoiseReport& report() const { return report_; }

 private:
  void write_user(int64_t user) {
    part_.clear();
    maker_->make(user, &part_);
    const auto made = static_cast<int64_t>(part_.items.size());
    const int64_t before = parts_.length(user);
    count(user, made);
    const int64_t end = source_.histories().offsets[user + 1];
    for (int64_t event = parts_.begin(user) + before; event < end; ++event) {
      parts_.add(event, &part_);
    }
    write_part(user);
    offsets_.push_back(offsets_.back() + static_cast<int64_t>(part_.items.size()));
    splits_.push_back(moved(source_.splits()[user], before, made, source_));
  }

  NoiseMark mark(int64_t user, int64_t place) const {
    const int64_t origin = part_.origins[place], begin = parts_.begin(user);
    if (origin == kInjected) return NoiseMark::injected;
    if (origin < begin || origin >= begin + source_.histories().row_size(user)) {
      return NoiseMark::mixed_in;
    }
    const bool stays = origin == begin + place || options_.kind != NoiseKind::swap;
    return stays ? NoiseMark::genuine : NoiseMark::swapped;
  }

  /// While the part ends with the training.
  void count(int64_t user, int64_t made) {
    int64_t own = 0, swapped = 0;
    for (int64_t place = 0; place < made; ++place) {
      const NoiseMark found = mark(user, place);
      report_.injected += found == NoiseMark::injected;
      report_.mixed_in += found == NoiseMark::mixed_in;
      swapped += found == NoiseMark::swapped;
      own += found == NoiseMark::genuine || found == NoiseMark::swapped;
    }
    report_.swapped += swapped;
    report_.dropped += parts_.length(user) - own;
    report_.left_out += part_.left_out;
    report_.training_events += made;
    report_.users_changed += swapped > 0 || own != made || made != parts_.length(user);
  }

  /// Values go with their events; a click has that of the genuine event before it, or of the first.
  void write_values() {
    const std::span<const float> known = source_.values().values;
    const auto first = std::find_if(part_.origins.begin(), part_.origins.end(),
                                    [](int64_t origin) { return origin != kInjected; });
    float value = first == part_.origins.end() ? 0 : known[*first];
    std::vector<float> values;
    for (const int64_t origin : part_.origins) {
      if (origin != kInjected) value = known[origin];
      values.push_back(value);
    }
    values_->write_array(std::span<const float>(values));
  }

  void write_part(int64_t user) {
    items_.write_array(std::span<const int32_t>(part_.items));
    if (times_) times_->write_array(std::span<const int64_t>(part_.times));
    if (values_) write_values();
    origins_.write_array(std::span<const int64_t>(part_.origins));
    std::vector<int32_t> owners;
    std::vector<uint8_t> marks;
    for (size_t place = 0; place < part_.items.size(); ++place) {
      const NoiseMark found = mark(user, static_cast<int64_t>(place));
      marks.push_back(static_cast<uint8_t>(found));
      owners.push_back(static_cast<int32_t>(found == NoiseMark::injected   ? -1
                                            : found == NoiseMark::mixed_in ? part_.partner
                                                                           : user));
    }
    owners_.write_array(std::span<const int32_t>(owners));
    marks_.write_array(std::span<const uint8_t>(marks));
  }

  const Dataset& source_;
  const NoiseOptions& options_;
  CleanHistories parts_;
  std::unique_ptr<NoiseMaker> maker_;
  AtomicFile items_, origins_, owners_, marks_;
  std::optional<AtomicFile> times_, values_;
  NoisyPart part_;
  std::vector<int64_t> offsets_{0};
  std::vector<SplitPoint> splits_;
  NoiseReport report_;
};

template <typename T>
void write_values(const fs::path& path, const std::vector<T>& values) {
  AtomicFile out(path);
  out.write_array(std::span<const T>(values));
  out.commit();
}

void carry(const Dataset& source, const fs::path& folder) {
  for (const char* name : kCarried) {
    if (!fs::exists(source.folder() / name)) continue;
    const MappedFile file(source.folder() / name);
    AtomicFile out(folder / name);
    out.write(file.bytes());
    out.commit();
  }
}

/// The source's description with what is new; its `report` stays that of prepare.
std::string noisy_description(const Dataset& source, const NoisyFiles& files,
                              const fs::path& folder) {
  const MappedFile items_file(folder / dataset_files::kItems);
  MappedFile times_file;
  if (source.has_times()) times_file = MappedFile(folder / dataset_files::kTimes);
  MappedFile values_file;
  if (source.has_values()) values_file = MappedFile(folder / dataset_files::kValues);
  const IdFile users(folder / dataset_files::kUserIds, source.num_users(), true);
  const IdFile items(folder / dataset_files::kItemIds, source.num_items(), true);
  const std::string fingerprint = events_fingerprint(
      users, items, {items_file.as<int32_t>(dataset_files::kItems), files.offsets()},
      times_file.as<int64_t>(dataset_files::kTimes), values_file.as<float>(dataset_files::kValues));
  auto json = nlohmann::ordered_json::parse(source.description());
  json["events"] = files.offsets().back();
  json["fingerprint"] = fingerprint;
  json["split_fingerprint"] = split_fingerprint(fingerprint, users, files.splits());
  json["split"]["name"] = source.split_name() + "; " + noise_label(files.report());
  json["noise"] = noise_json(files.report());
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace

NoiseReport add_noise(const NoiseOptions& options) {
  const Dataset source = open_source(options);
  StagedFolder stage(options.out, options.overwrite, dataset_files::kDescription);
  NoisyFiles files(source, options, stage.path());
  files.write();
  write_values(stage.path() / dataset_files::kOffsets, files.offsets());
  write_values(stage.path() / dataset_files::kSplits, files.splits());
  carry(source, stage.path());
  write_file_atomically(stage.path() / dataset_files::kDescription,
                        noisy_description(source, files, stage.path()));
  stage.publish();
  return files.report();
}

}  // namespace truenext
