// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "serve/serve_options.h"
#include "serve/served_model.h"

namespace truenext::serve {

/// The weights of the models and what the shadow hears.
struct Traffic {
  std::map<std::string, int64_t> weights;
  ShadowPlan shadow;
};

/// The model of a unit: each gets the share of its weight, and another weight moves no more units
/// than it must (weighted rendezvous hashing; Schindelhauer and Schomaker, SPAA 2005). Empty when
/// all weights are 0.
std::string chosen_model(const Traffic& traffic, std::string_view salt, std::string_view unit);

/// What happened to a model.
struct Reloaded {
  std::string name, before, now;  ///< versions
  double seconds = 0;
};

/// The models that are served. Requests take a pointer and keep it to their end; loading makes a
/// new one aside and swaps it in, so no request waits. Thread-safe.
class Fleet {
 public:
  /// Loads all models. Error of the first that does not load.
  explicit Fleet(const ServeOptions& options);

  /// The model of a name, null when there is none.
  ServingPtr find(std::string_view name) const;
  std::vector<ServingPtr> all() const;
  std::string path_of(const std::string& name) const;
  std::string previous_version(const std::string& name) const;

  Traffic traffic() const;
  void set_traffic(Traffic traffic);

  /// Loads the file of a slot again and checks it (product design 1.9): memory, the file itself,
  /// finite weights, the self-test, enough items in common with the model before, calibration.
  /// Throws ProblemError reload-refused, reload-in-progress.
  Reloaded reload(const std::string& name, bool force);
  /// Back to the model before the last reload. Throws ProblemError no-previous.
  Reloaded rollback(const std::string& name);
  /// Reads items and denied ids again; on an error everything stays. Data Error.
  void reload_items();

  /// A request asked for probabilities: from now on a model without is refused.
  void note_probabilities() { probabilities_used_ = true; }

 private:
  struct Slot {
    ModelPlace place;
    ServingPtr now, before;
  };
  std::shared_ptr<const Serving> make(const std::string& name,
                                      std::shared_ptr<const ServedModel> model) const;
  void read_items();
  void check_successor(const ServedModel& now, const ServedModel& next, bool force) const;
  std::vector<Slot>::iterator slot(std::string_view name);
  Reloaded swap(const std::string& name, ServingPtr next, double seconds);

  const ServeOptions& options_;
  std::mutex loading_;        ///< one loader at a time
  mutable std::mutex mutex_;  ///< of what follows
  std::vector<Slot> slots_;
  Traffic traffic_;
  std::atomic<bool> probabilities_used_{false};
  // Used by loaders only:
  std::shared_ptr<const ItemFile> item_file_;
  std::vector<std::string> denied_;
  std::map<std::string, int64_t> counts_;  ///< by raw id, of the dataset
};

}  // namespace truenext::serve
