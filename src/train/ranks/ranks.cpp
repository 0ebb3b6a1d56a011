// SPDX-License-Identifier: Apache-2.0
#include "train/ranks/ranks.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>

#include "base/error.h"
#include "base/plugin.h"

namespace truenext {
namespace {

class SoloRanks final : public Ranks {
 public:
  int rank() const override { return 0; }
  int size() const override { return 1; }
  void send(int, std::span<const std::byte>) override { assert(false); }
  Bytes receive(int) override {
    assert(false);
    return {};
  }
  std::vector<Bytes> exchange(std::vector<Bytes> out) override { return out; }
  void broadcast(Bytes&) override {}
  bool any(bool mine) override { return mine; }
  void finish() override {}
};

/// What Open MPI's mpirun tells its children; other launchers are not recognised.
const char* started_size() {
  return std::getenv("OMPI_COMM_WORLD_SIZE");
}

}  // namespace

Ranks& solo_ranks() {
  static SoloRanks solo;
  return solo;
}

std::unique_ptr<Ranks> make_ranks() {
  const char* size = started_size();
  if (size == nullptr) return std::make_unique<SoloRanks>();
  std::string reason;
  const std::filesystem::path path = Plugin::path_of("libtruenext_mpi.so");
  void* entry = Plugin::function(path, "truenext_mpi_ranks", &reason);
  if (entry != nullptr) return std::unique_ptr<Ranks>(reinterpret_cast<RanksEntry>(entry)());
  check_usage(std::strcmp(size, "1") == 0,
              "mpirun started {} processes, but this build has no MPI ({}), so each would train a "
              "model of its own; install libopenmpi-dev and build again (scripts/setup does both), "
              "or start one process with --threads",
              size, reason);
  return std::make_unique<SoloRanks>();
}

void check_agreement(Ranks& ranks, const std::string& text, const char* what) {
  const std::span<const std::byte> mine = std::as_bytes(std::span(text));
  Bytes first(mine.begin(), mine.end());
  ranks.broadcast(first);
  const bool differs = !std::equal(first.begin(), first.end(), mine.begin(), mine.end());
  check_data(!ranks.any(differs),
             "the processes of this job do not agree on the {}{}; start them with the same command "
             "on files that all of them see",
             what, differs ? " (this is one that differs from the first)" : "");
}

std::vector<uint64_t> numbers_of_ranks(Ranks& ranks, uint64_t mine) {
  const auto bytes = std::as_bytes(std::span(&mine, 1));
  std::vector<Bytes> messages(static_cast<size_t>(ranks.size()));
  messages[0].assign(bytes.begin(), bytes.end());
  std::vector<uint64_t> numbers;
  for (const Bytes& message : ranks.exchange(std::move(messages))) {
    if (message.size() == sizeof(uint64_t)) {
      std::memcpy(&numbers.emplace_back(), message.data(), sizeof(uint64_t));
    }
  }
  return numbers;
}

double by_first_rank(Ranks& ranks, const std::function<double()>& work) {
  Bytes message(sizeof(double));
  if (ranks.rank() == 0) {
    try {
      const double value = work();
      std::memcpy(message.data(), &value, sizeof(value));
    } catch (const Error& error) {
      if (error.code() != ExitCode::interrupted) throw;
      message.clear();
    }
  }
  ranks.broadcast(message);
  if (message.empty()) throw Error(ExitCode::interrupted, "stopped by the user");
  double value = 0;
  std::memcpy(&value, message.data(), sizeof(value));
  return value;
}

}  // namespace truenext
