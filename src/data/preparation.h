// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/jagged.h"
#include "base/log.h"
#include "data/dataset_files.h"
#include "data/event_filter.h"
#include "data/event_intake.h"
#include "data/event_spool.h"
#include "data/events.h"
#include "data/prepare.h"
#include "data/split_point.h"
#include "data/staged_folder.h"

namespace truenext {

/// One run of prepare_dataset() or prepare_stream(); the methods are its steps in order.
class Preparation {
 public:
  using RawId = std::function<std::string_view(int64_t)>;

  /// The reader was opened before anything is written.
  Preparation(PrepareOptions options, std::unique_ptr<EventReader> reader);
  PrepareReport run();

 private:
  void progress(const char* stage, int64_t events) const;
  EventSpool read_events();
  void check_source(const EventReader& reader);
  template <typename... Args>
  void warn(fmt::format_string<Args...> format, Args&&... args) {
    report_.warnings.push_back(fmt::format(format, std::forward<Args>(args)...));
    log_warning("{}", report_.warnings.back());
  }
  void finish_reading(const EventReader& reader);
  EventSpool sort(EventSpool events);
  void write_events(const EventSpool& events, const KeptCounts& kept);
  void write_items(const Renumbering& items);
  void cut_windows();
  void take_attributes(const Renumbering& items, const RawId& raw);
  void write_split(JaggedView<int32_t> histories, std::span<const int64_t> times,
                   std::span<const float> values);
  void finish();

  std::filesystem::path file(const char* name) const { return stage_.path() / name; }
  template <typename T>
  void write_array(const char* name, std::span<const T> values) const {
    AtomicFile out(file(name));
    out.write_array(values);
    out.commit();
  }

  PrepareOptions options_;
  std::unique_ptr<EventReader> reader_;
  StagedFolder stage_;
  uint64_t memory_;
  PrepareReport report_;
  EventIntake intake_;
  std::vector<SplitPoint> given_split_;
  DatasetFacts facts_;
};

}  // namespace truenext
