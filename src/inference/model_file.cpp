// SPDX-License-Identifier: Apache-2.0
#include "inference/model_file.h"

#include <algorithm>
#include <charconv>
#include <fstream>

#include "base/error.h"
#include "base/options.h"
#include "inference/item_ids.h"
#include "inference/safetensors.h"
#include "inference/stored_counts.h"

namespace truenext {
namespace {

constexpr int kVersion = 1;
constexpr size_t kMagicBytes = 9;  // looked at to tell a model from something else

constexpr const char* kCalibration = "truenext.calibration";

// Tensors beside the weights.
constexpr const char* kIdBytes = "item_ids.bytes";
constexpr const char* kIdOffsets = "item_ids.offsets";
constexpr const char* kTitleBytes = "item_titles.bytes";
constexpr const char* kTitleOffsets = "item_titles.offsets";

// With model.attributes.
constexpr const char* kListValues = "item_attributes.values";
constexpr const char* kListOffsets = "item_attributes.offsets";
constexpr const char* kAttributeBytes = "attribute_ids.bytes";
constexpr const char* kAttributeOffsets = "attribute_ids.offsets";
// With train.store_counts (stored_counts.h).
constexpr const char* kBesideWeights[] = {"item_ids.", "item_titles.", "item_attributes.",
                                          "attribute_ids.", kStoredCounts};

/// Metadata keys that are plain texts.
struct TextField {
  const char* key;
  std::string ModelDescription::*field;
};
constexpr TextField kTextFields[] = {
    {"truenext.config", &ModelDescription::config_toml},
    {"truenext.dataset_fingerprint", &ModelDescription::dataset_fingerprint},
    {"truenext.split_fingerprint", &ModelDescription::split_fingerprint},
    {"truenext.loss", &ModelDescription::loss_name},
    {"truenext.validation", &ModelDescription::validation},
};

std::string model_toml(ModelOptions model) {
  model.resolve();
  OptionList options;
  options.section("model", model);
  return to_toml(options);
}

void add_texts(SafetensorsWriter& writer, const char* bytes_name, const char* offsets_name,
               const PackedTexts& texts) {
  writer.add(bytes_name, DType::u8, {static_cast<int64_t>(texts.bytes.size())},
             std::as_bytes(std::span(texts.bytes)));
  writer.add(offsets_name, DType::i64, {static_cast<int64_t>(texts.offsets.size())},
             std::as_bytes(std::span(texts.offsets)));
}

TextsView read_texts(const SafetensorsFile& file, const char* bytes_name,
                     const char* offsets_name) {
  return {file.vector<uint8_t>(bytes_name), file.vector<int64_t>(offsets_name),
          fmt::format("{}: tensor {}", file.path().string(), offsets_name)};
}

std::filesystem::path locate(const std::filesystem::path& path) {
  std::error_code ignored;
  check_data(std::filesystem::exists(path, ignored),
             "{}: no such file or folder; want a run folder or a model.safetensors", path.string());
  if (!std::filesystem::is_directory(path, ignored)) return path;
  const std::filesystem::path inside = path / kModelFileName;
  check_data(std::filesystem::exists(inside, ignored),
             "{}: the folder holds no {}; want the run folder of a model that was trained or "
             "imported",
             path.string(), kModelFileName);
  return inside;
}

/// Names what the file is when it is a well-known something else. A safetensors file begins with
/// eight bytes of length, which may look like anything, and then the brace of its JSON header.
void refuse_other_formats(std::string_view begin, const std::string& where) {
  if (begin.size() == kMagicBytes && begin.back() == '{') return;
  check_data(begin.substr(0, 2) != "PK" && !begin.starts_with("\x80"),
             "{}: this looks like a PyTorch checkpoint; convert it first with `truenext import`",
             where);
}

void refuse_other_formats(const std::filesystem::path& path) {
  std::ifstream stream(path, std::ios::binary);
  char magic[kMagicBytes] = {};
  stream.read(magic, sizeof(magic));
  refuse_other_formats({magic, static_cast<size_t>(stream.gcount())}, path.string());
}

void check_version(const SafetensorsFile& file) {
  const auto found = file.metadata().find("truenext.version");
  check_data(
      found != file.metadata().end(),
      "{}: a safetensors file, but not a model of truenext: its metadata lacks "
      "truenext.version; want the model.safetensors of a run, or what `truenext import` wrote",
      file.path().string());
  int version = 0;
  const std::string& text = found->second;
  const auto end = std::from_chars(text.data(), text.data() + text.size(), version);
  check_data(end.ec == std::errc() && end.ptr == text.data() + text.size() && version >= 1,
             "{}: truenext.version is \"{}\": the file is damaged", file.path().string(), text);
  check_data(version <= kVersion,
             "{}: format version {}, this program reads up to {}: use a newer truenext",
             file.path().string(), version, kVersion);
}

std::string read_key(const SafetensorsFile& file, const char* key) {
  const auto found = file.metadata().find(key);
  check_data(found != file.metadata().end(), "{}: metadata key {} is missing: the file is damaged",
             file.path().string(), key);
  return found->second;
}

ModelDescription read_description(const SafetensorsFile& file) {
  ModelDescription description;
  for (const TextField& text : kTextFields) description.*text.field = read_key(file, text.key);
  const std::string seen = read_key(file, "truenext.exclude_seen");
  check_data(seen == "true" || seen == "false",
             "{}: truenext.exclude_seen is \"{}\", want true or {}", file.path().string(), seen,
             "false");
  description.exclude_seen = seen == "true";
  if (const auto found = file.metadata().find(kCalibration); found != file.metadata().end()) {
    description.calibration = read_calibration(found->second, file.path().string());
  }
  OptionList options;
  options.section("model", description.model);
  try {
    apply_toml(options, read_key(file, "truenext.model"), "truenext.model");
    description.model.resolve();
  } catch (const Error& error) {
    fail_data("{}: its model options cannot be used: {}", file.path().string(), error.what());
  }
  return description;
}

/// Bounds are checked here, what lies between them by make_encoder().
ModelAttributes read_attributes(const SafetensorsFile& file) {
  const TextsView ids = read_texts(file, kAttributeBytes, kAttributeOffsets);
  const std::span<const int32_t> values = file.vector<int32_t>(kListValues);
  const std::span<const int64_t> offsets = file.vector<int64_t>(kListOffsets);
  const bool fit = !offsets.empty() && offsets.front() == 0 && offsets.back() == std::ssize(values);
  check_data(fit && std::is_sorted(offsets.begin(), offsets.end()),
             "{}: tensor {}: the bounds of the lists do not fit: the file is damaged",
             file.path().string(), kListOffsets);
  ModelAttributes attributes;
  attributes.lists.rows = {{values.begin(), values.end()}, {offsets.begin(), offsets.end()}};
  attributes.lists.count = ids.size();
  for (int64_t i = 0; i < ids.size(); ++i) attributes.ids.emplace_back(ids[i]);
  return attributes;
}

void add_attributes(SafetensorsWriter& writer, const AttributeLists& lists,
                    const PackedTexts& ids) {
  const auto entries = std::ssize(lists.rows.values), bounds = std::ssize(lists.rows.offsets);
  writer.add(kListValues, DType::i32, {entries}, std::as_bytes(std::span(lists.rows.values)));
  writer.add(kListOffsets, DType::i64, {bounds}, std::as_bytes(std::span(lists.rows.offsets)));
  add_texts(writer, kAttributeBytes, kAttributeOffsets, ids);
}

TensorMap read_weights(const SafetensorsFile& file) {
  TensorMap weights;
  for (const auto& [name, tensor] : file.tensors()) {
    const bool beside = std::any_of(std::begin(kBesideWeights), std::end(kBesideWeights),
                                    [&](const char* begin) { return name.starts_with(begin); });
    if (beside) continue;
    weights[name] = {tensor.shape, file.floats(name, tensor.shape).data()};
  }
  return weights;
}

}  // namespace

struct ModelFile::Parts {
  explicit Parts(SafetensorsFile opened) : file(std::move(opened)) {}

  SafetensorsFile file;
  ModelDescription description;
  TensorMap weights;
  std::unique_ptr<SequenceEncoder> encoder;
  TextsView ids, titles;
  std::unique_ptr<TextIndex> index;
};

void write_model_file(const std::filesystem::path& path, const ModelDescription& description,
                      const TensorMap& weights, const std::vector<std::string>& item_ids,
                      const std::vector<std::string>& titles) {
  const int64_t num_items = static_cast<int64_t>(item_ids.size());
  check_data(titles.empty() || titles.size() == item_ids.size(), "{}: {} titles for {} items",
             path.string(), titles.size(), num_items);
  const PackedTexts ids(item_ids);
  const TextIndex index(TextsView(ids.bytes, ids.offsets, path.string()));
  const std::optional<int32_t> repeated = index.repeated();
  check_data(!repeated, "{}: the item id \"{}\" occurs twice", path.string(),
             repeated ? item_ids[static_cast<size_t>(*repeated)] : "");
  const ModelAttributes& attributes = description.attributes;
  const bool attributed = description.model.attributes != AttributeUse::none;
  const auto encoder = make_encoder(description.model, weights,
                                    attributes.lists);  // names any tensor that is wrong
  check_data(encoder->num_items() == num_items, "{}: {} item ids for a table of {} items",
             path.string(), num_items, encoder->num_items());
  check_data(!attributed || std::ssize(attributes.ids) == attributes.lists.count,
             "{}: {} ids for {} attributes", path.string(), attributes.ids.size(),
             attributes.lists.count);

  SafetensorsWriter writer;
  writer.set_metadata("format", "pt");  // what loaders in Python expect for plain tensors
  writer.set_metadata("truenext.version", std::to_string(kVersion));
  writer.set_metadata("truenext.model", model_toml(description.model));
  writer.set_metadata("truenext.exclude_seen", description.exclude_seen ? "true" : "false");
  for (const TextField& text : kTextFields) writer.set_metadata(text.key, description.*text.field);
  if (description.calibration) {
    writer.set_metadata(kCalibration, calibration_text(*description.calibration));
  }
  for (const TensorInfo& info :
       model_tensors(description.model, num_items, attributes.lists.count)) {
    const TensorView& tensor = weights.at(info.name);
    writer.add_floats(info.name, info.shape, {tensor.data, static_cast<size_t>(tensor.size())});
  }
  add_texts(writer, kIdBytes, kIdOffsets, ids);
  const PackedTexts packed_titles(titles);
  if (!titles.empty()) add_texts(writer, kTitleBytes, kTitleOffsets, packed_titles);
  const StoredCounts counts(description.counts);
  check_data(!description.counts || description.counts->num_items() == num_items,
             "{}: counts of {} items for a table of {}", path.string(),
             description.counts ? description.counts->num_items() : 0, num_items);
  counts.add_to(writer);
  const PackedTexts attribute_ids(attributes.ids);
  if (attributed) add_attributes(writer, attributes.lists, attribute_ids);
  writer.write(path);
}

void replace_calibration(const std::filesystem::path& path,
                         const std::optional<Calibration>& calibration) {
  const ModelFile model = ModelFile::open(path);
  ModelDescription description = model.description();
  description.calibration = calibration;
  std::vector<std::string> ids, titles;
  bool titled = false;
  for (int64_t item = 0; item < model.num_items(); ++item) {
    ids.emplace_back(model.item_id(item));
    titles.emplace_back(model.title(item));
    titled = titled || !titles.back().empty();
  }
  if (!titled) titles.clear();
  write_model_file(locate(path), description, model.weights(), ids, titles);
}

ModelFile ModelFile::open(const std::filesystem::path& path) {
  const std::filesystem::path file = locate(path);
  refuse_other_formats(file);
  return from_parts(std::make_unique<Parts>(SafetensorsFile(file)));
}

ModelFile ModelFile::from_memory(MemoryFile memory) {
  const std::span<const std::byte> bytes = memory.view();
  refuse_other_formats(
      {reinterpret_cast<const char*>(bytes.data()), std::min(bytes.size(), kMagicBytes)},
      memory.name);
  return from_parts(std::make_unique<Parts>(SafetensorsFile(std::move(memory))));
}

ModelFile ModelFile::from_parts(std::unique_ptr<Parts> parts) {
  const std::string where = parts->file.path().string();
  check_version(parts->file);
  parts->description = read_description(parts->file);
  parts->weights = read_weights(parts->file);
  if (parts->description.model.attributes != AttributeUse::none) {
    parts->description.attributes = read_attributes(parts->file);
  }
  try {
    parts->encoder =
        make_encoder(parts->description.model, parts->weights, parts->description.attributes.lists);
  } catch (const Error& error) {
    fail_data("{}: {}", where, error.what());
  }
  parts->ids = read_texts(parts->file, kIdBytes, kIdOffsets);
  check_data(parts->ids.size() == parts->encoder->num_items(),
             "{}: {} item ids for a table of {} items: the file is damaged", where,
             parts->ids.size(), parts->encoder->num_items());
  if (parts->file.tensors().contains(kTitleOffsets)) {
    parts->titles = read_texts(parts->file, kTitleBytes, kTitleOffsets);
    check_data(parts->titles.size() == parts->ids.size(),
               "{}: {} titles for {} items: the file is damaged", where, parts->titles.size(),
               parts->ids.size());
  }
  parts->index = std::make_unique<TextIndex>(parts->ids);
  parts->description.counts = read_stored_counts(parts->file, parts->ids.size());
  return ModelFile(std::move(parts));
}

ModelFile::ModelFile(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
ModelFile::ModelFile(ModelFile&&) noexcept = default;
ModelFile& ModelFile::operator=(ModelFile&&) noexcept = default;
ModelFile::~ModelFile() = default;

const ModelDescription& ModelFile::description() const {
  return parts_->description;
}

std::span<const std::byte> ModelFile::content() const {
  return parts_->file.content();
}
const SequenceEncoder& ModelFile::encoder() const {
  return *parts_->encoder;
}
const TensorMap& ModelFile::weights() const {
  return parts_->weights;
}
int64_t ModelFile::num_items() const {
  return parts_->ids.size();
}
std::string_view ModelFile::item_id(int64_t item) const {
  return parts_->ids[item];
}

std::string_view ModelFile::title(int64_t item) const {
  return parts_->titles.size() == 0 ? std::string_view() : parts_->titles[item];
}

std::optional<int32_t> ModelFile::find_item(std::string_view raw) const {
  return parts_->index->find(raw);
}

}  // namespace truenext
