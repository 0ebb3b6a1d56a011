// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "data/simulate.h"
#include "data/simulated_process.h"
#include "data/simulated_truth_format.h"

namespace truenext {

struct SimulatedTruth::Parts {
  Parts(std::filesystem::path file, MappedFile mapped, const SimulateOptions& options)
      : path(std::move(file)), map(std::move(mapped)), process(options) {}

  std::filesystem::path path;
  MappedFile map;
  SimulatedProcess process;
  std::span<const int64_t> offsets;
  std::span<const int32_t> items;
};

SimulatedTruth::SimulatedTruth(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
SimulatedTruth::SimulatedTruth(SimulatedTruth&&) noexcept = default;
SimulatedTruth& SimulatedTruth::operator=(SimulatedTruth&&) noexcept = default;
SimulatedTruth::~SimulatedTruth() = default;

SimulatedTruth SimulatedTruth::open(const std::filesystem::path& path) {
  MappedFile map(path);
  const auto bytes = map.bytes();
  TruthHeader header{};
  check_data(bytes.size() >= sizeof(header), "{}: too short for a truth file of truenext simulate",
             path.string());
  std::memcpy(header.data(), bytes.data(), sizeof(header));
  check_data(
      header[0] == kTruthMagic,
      "{}: not a truth file of truenext simulate (or of another version); it is written beside "
      "the log, with the extension .truth",
      path.string());
  const SimulateOptions options = options_from(header);
  try {
    options.check();
  } catch (const Error& error) {
    fail_data("{}: damaged header: {}", path.string(), error.what());
  }
  const uint64_t rows = static_cast<uint64_t>(options.users) + 1;
  check_data((bytes.size() - sizeof(header)) / sizeof(int64_t) >= rows,
             "{}: too short for its {} users; copy it again or simulate again", path.string(),
             options.users);
  // A chain of offsets is checked before the tables of the process take memory.
  const std::span<const int64_t> offsets(
      reinterpret_cast<const int64_t*>(bytes.data() + sizeof(header)), rows);
  const uint64_t head = sizeof(header) + rows * sizeof(int64_t);
  const uint64_t values = (bytes.size() - head) / sizeof(int32_t);
  bool sound = offsets[0] == 0 && offsets.back() == static_cast<int64_t>(values) &&
               (bytes.size() - head) % sizeof(int32_t) == 0;
  for (size_t i = 1; sound && i < rows; ++i) sound = offsets[i] > offsets[i - 1];
  check_data(sound, "{}: its table of offsets does not fit its size: the file is damaged",
             path.string());
  auto parts = std::make_unique<Parts>(path, std::move(map), options);
  parts->offsets = offsets;
  parts->items = {reinterpret_cast<const int32_t*>(bytes.data() + head), values};
  return SimulatedTruth(std::move(parts));
}

int64_t SimulatedTruth::num_users() const {
  return options().users;
}
int64_t SimulatedTruth::num_items() const {
  return options().items;
}
const SimulateOptions& SimulatedTruth::options() const {
  return parts_->process.options();
}

std::span<const int32_t> SimulatedTruth::history(int64_t user) const {
  const auto index = static_cast<size_t>(user);
  check_data(user >= 0 && user < num_users(), "{}: has no user {}", parts_->path.string(),
             user + 1);
  const auto begin = static_cast<size_t>(parts_->offsets[index]);
  const auto items =
      parts_->items.subspan(begin, static_cast<size_t>(parts_->offsets[index + 1]) - begin);
  for (const int32_t item : items) {
    check_data(item >= 0 && item < num_items(), "{}: user {} has an item out of range: damaged",
               parts_->path.string(), user + 1);
  }
  return items;
}

void SimulatedTruth::distribution(int64_t user, std::span<float> probabilities) const {
  std::vector<double> exact;
  parts_->process.next_distribution(history(user), exact);
  std::transform(exact.begin(), exact.end(), probabilities.begin(),
                 [](double p) { return static_cast<float>(p); });
}

double SimulatedTruth::probability(int64_t user, int64_t item) const {
  std::vector<double> exact;
  parts_->process.next_distribution(history(user), exact);
  return exact.at(static_cast<size_t>(item));
}

}  // namespace truenext
