// SPDX-License-Identifier: Apache-2.0
#include "train/ranks.h"

#include <algorithm>
#include <cassert>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace upnext {
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
#ifdef UPNEXT_HAS_MPI
  if (size != nullptr) return make_mpi_ranks();
#else
  check_usage(size == nullptr || std::strcmp(size, "1") == 0,
              "mpirun started {} processes, but this build has no MPI, so each would train a model "
              "of its own; install libopenmpi-dev and build again (scripts/setup does both), or "
              "start one process with --threads",
              size != nullptr ? size : "");
#endif
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

}  // namespace upnext
