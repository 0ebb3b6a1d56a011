// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/options.h"
#include "batch/batch.h"
#include "batch/pretext.h"
#include "data/candidate_rule.h"
#include "net/model_options.h"
#include "objectives/objective.h"
#include "run/label_options.h"
#include "run/teacher_options.h"

namespace truenext {

/// Rule for embedding tables, see class Adam; adam is exact.
enum class TableOptimizer { adam, lazy_adam, rowwise_adagrad };
template <>
struct Words<TableOptimizer> {
  static constexpr std::array names = {"adam", "lazy-adam", "rowwise-adagrad"};
};

/// Learning rate after the warm-up.
enum class RateSchedule { constant, linear, cosine };
template <>
struct Words<RateSchedule> {
  static constexpr std::array names = {"constant", "linear", "cosine"};
};

/// What beside the weights themselves may become the model: nothing, or their exponential moving
/// average over the steps.
enum class WeightAverage { none, ema };
template <>
struct Words<WeightAverage> {
  static constexpr std::array names = {"none", "ema"};
};

/// Start rows of items that the model of train.init_from does not know: drawn as those of a new
/// model are, or the mean of the rows it has.
enum class NewItems { random, mean };
template <>
struct Words<NewItems> {
  static constexpr std::array names = {"random", "mean"};
};

/// Parts of the split that are measured while the model is trained.
enum class WatchedParts { none, valid, test, both };
template <>
struct Words<WatchedParts> {
  static constexpr std::array names = {"none", "valid", "test", "both"};
};

/// What a run trains: the next item by the objective, or a network by S3-Rec's four losses, from
/// whose weights another run starts.
enum class TrainTask { next_item, pretraining };
template <>
struct Words<TrainTask> {
  static constexpr std::array names = {"next-item", "pretraining"};
};

/// Where the training data are and which they were.
struct DataOptions {
  std::string path;         ///< dataset folder, as given
  std::string from_run;     ///< the way to it from the run folder, filled in at the start
  std::string fingerprint;  ///< filled in at the start; checked on resume
  std::string split_fingerprint;
  std::string attribute_fingerprint;  ///< with model.attributes only

  void list(OptionList& options);
};

/// Everything about the loop that is neither model nor objective.
struct TrainOptions {
  TrainTask task = TrainTask::next_item;
  int64_t seed = 42;
  int64_t epochs = 200;      ///< at most
  int64_t batch_size = 128;  ///< users
  int64_t max_batches = 0;   ///< per epoch, 0 = one pass over all users
  UserOrder users = UserOrder::shuffled;
  TrainingWindow window = TrainingWindow::newest;
  Examples examples = Examples::sequences;
  double input_drop = 0;    ///< share of inputs that are hidden
  double user_share = 1;    ///< of the users that are trained on
  double event_share = 1;   ///< of the events of every training part that are trained on
  int64_t user_sample = 0;  ///< seed of which users, and of which events
  int64_t tile_tokens = 0;
  TableOptimizer table_optimizer = TableOptimizer::adam;
  double learning_rate = 1e-3;
  double beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8;
  double weight_decay = 0;  ///< decoupled (AdamW)
  double l2 = 0;            ///< added to the gradient
  double table_norm = 0;    ///< factor of ||E||_F of each item table E in the loss
  double norm_penalty = 0;  ///< the same of the tensors that NetworkInfo::penalises names
  double clip_norm = 0;     ///< global gradient norm, 0 = off
  RateSchedule schedule = RateSchedule::constant;
  int64_t warmup_steps = 0;
  WeightAverage average = WeightAverage::none;
  double average_decay = 0;   ///< of a step, 0 = by average_epochs
  double average_epochs = 2;  ///< whose steps are the horizon 1 / (1 - decay)
  std::string valid_metric = "ndcg@10";
  int64_t valid_every = 1;       ///< epochs
  int64_t valid_users = 0;       ///< 0 = all that have validation items
  int64_t valid_sample = 0;      ///< users of validations between full ones, 0 = all are full
  int64_t valid_full_every = 5;  ///< validations, with valid_sample
  int64_t patience = 20;         ///< validations without improvement, 0 = never stop early
  int64_t checkpoint_steps = 0;  ///< also after so many steps; every epoch in any case
  bool exclude_seen = true;      ///< in validation, and the default of the model file
  bool store_counts = false;     ///< counts of the training part go into the model file
  std::string init_from;         ///< run folder or model file whose weights are the start values
  std::string init_fingerprint;  ///< of that model, filled in at the start
  NewItems new_items = NewItems::random;  ///< with init_from: start rows of items it does not know

  void list(OptionList& options);
};

/// What is measured while the model is trained, for the record (train/loop/watch.h).
struct WatchOptions {
  WatchedParts parts = WatchedParts::none;
  int64_t every = 1;  ///< epochs, counted from 0: before the first
  std::string metrics =
      "ndcg@5,ndcg@10,ndcg@15,ndcg@20,recall@5,recall@10,recall@15,recall@20,ndcg_rel@5,"
      "ndcg_rel@10,ndcg_rel@15,ndcg_rel@20,rls_rbo@10,rls_jac@10";
  CandidateRule candidates = CandidateRule::full;
  bool per_user = false;  ///< keep the value of every user

  void list(OptionList& options);
};

/// The pretraining of a run: a stage before it, in its folder (train/loop/pretraining_stage.h), or
/// with train.task = "pretraining" the run itself, whose loop is then configured by `train`.
struct PretrainOptions {
  int64_t epochs = 0;  ///< of the stage; 0 = none
  int64_t batch_size = 100;
  double learning_rate = 1e-3;
  PretextOptions losses;

  void list(OptionList& options);
};

/// One run: defaults, then a preset, then a file, then --set; written to config.toml resolved.
struct RunConfig {
  std::string preset;   ///< what it began as, for the record
  std::string version;  ///< of truenext that wrote the file
  DataOptions data;
  ModelOptions model;
  ObjectiveOptions objective;
  TrainOptions train;
  PretrainOptions pretrain;
  LabelOptions labels;
  TeacherOptions teachers;
  WatchOptions watch;

  void list(OptionList& options);
};

/// The name that leaves the preset to choose_preset() (run/preset_choice.h), where the data are
/// known.
inline constexpr const char* kAutoPreset = "auto";

/// Applies a preset by name (usage Error naming the nearest), e.g. "gsasrec". Those of Li et al.
/// also have their names: "gru4rec-cce" is "gru4rec-ce", "s3rec-cce" is "s3-rec".
void apply_preset(RunConfig& config, const std::string& name);

/// Whether a preset is about teachers and labels only, to be applied on top of that of a student.
bool is_scheme(const std::string& preset);
/// The student of a scheme that is applied to nothing.
inline constexpr const char* kUsualStudent = "sasrec-cce";

/// Applies what makes a preset follow a published code to the letter, e.g. "relevance-2023": the
/// preset "compat-relevance-2023" on top of what is there. Usage Error naming the nearest.
void apply_compat(RunConfig& config, const std::string& name);

struct Preset {
  std::string name;
  std::string summary;  ///< first comment line of its file
  std::string text;     ///< TOML
};
const std::vector<Preset>& preset_list();
std::vector<std::string> preset_names();  ///< for apply_preset()
std::vector<std::string> compat_names();  ///< for apply_compat()

/// TOML text, e.g. the configuration inside a model; `source` names it in Errors.
void apply_text(RunConfig& config, std::string_view text, const std::string& source);
void apply_file(RunConfig& config, const std::filesystem::path& path);
void apply_settings(RunConfig& config, const std::vector<std::string>& settings,
                    const std::string& origin = "--set ");
std::string config_text(RunConfig& config);
/// Empties what training fills in about what it reads: fingerprints of data and start weights, and
/// the way to the data.
void clear_fingerprints(RunConfig& config);
/// The configuration without the places of what was read: equal trainings have an equal text.
std::string placeless_text(RunConfig config);

/// Version of this build, e.g. "0.2.0".
std::string truenext_version();

}  // namespace truenext
