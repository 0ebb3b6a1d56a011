// SPDX-License-Identifier: Apache-2.0
#define OMPI_SKIP_MPICXX 1  // the C interface only
#include <mpi.h>

#include <algorithm>
#include <cstdint>

#include "train/ranks/ranks.h"

namespace truenext {
namespace {

/// Counts are int in MPI 3, and large tables have more bytes than that.
constexpr size_t kPiece = size_t{1} << 30;

template <typename Byte, typename Move>
void in_pieces(std::span<Byte> bytes, const Move& move) {
  for (size_t begin = 0; begin < bytes.size(); begin += kPiece) {
    move(bytes.data() + begin, static_cast<int>(std::min(kPiece, bytes.size() - begin)));
  }
}

/// Errors are left to MPI's default handler, which says what happened and ends the job.
class MpiRanks final : public Ranks {
 public:
  MpiRanks() {
    int provided = 0;
    MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
    // Nobody writes into the run folder before everybody has looked at it.
    MPI_Barrier(MPI_COMM_WORLD);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void send(int to, std::span<const std::byte> bytes) override {
    const uint64_t size = bytes.size();
    MPI_Send(&size, 1, MPI_UINT64_T, to, 0, MPI_COMM_WORLD);
    in_pieces(bytes, [to](const std::byte* data, int count) {
      MPI_Send(data, count, MPI_BYTE, to, 0, MPI_COMM_WORLD);
    });
  }

  Bytes receive(int from) override {
    uint64_t size = 0;
    MPI_Recv(&size, 1, MPI_UINT64_T, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    Bytes bytes(size);
    in_pieces(std::span(bytes), [from](std::byte* data, int count) {
      MPI_Recv(data, count, MPI_BYTE, from, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    });
    return bytes;
  }

  std::vector<Bytes> exchange(std::vector<Bytes> out) override {
    std::vector<uint64_t> sizes, theirs(out.size());
    for (const Bytes& bytes : out) sizes.push_back(bytes.size());
    MPI_Alltoall(sizes.data(), 1, MPI_UINT64_T, theirs.data(), 1, MPI_UINT64_T, MPI_COMM_WORLD);
    std::vector<Bytes> in(out.size());
    std::vector<MPI_Request> open;
    for (int from = 0; from < size_; ++from) {
      if (from == rank_) continue;
      in[from].resize(theirs[from]);
      in_pieces(std::span(in[from]), [&](std::byte* data, int count) {
        MPI_Irecv(data, count, MPI_BYTE, from, 0, MPI_COMM_WORLD, &open.emplace_back());
      });
    }
    for (int to = 0; to < size_; ++to) {
      if (to == rank_) continue;
      in_pieces(std::span(out[to]), [&](const std::byte* data, int count) {
        MPI_Isend(data, count, MPI_BYTE, to, 0, MPI_COMM_WORLD, &open.emplace_back());
      });
    }
    in[rank_] = std::move(out[rank_]);
    MPI_Waitall(static_cast<int>(open.size()), open.data(), MPI_STATUSES_IGNORE);
    return in;
  }

  void broadcast(Bytes& bytes) override {
    uint64_t size = bytes.size();
    MPI_Bcast(&size, 1, MPI_UINT64_T, 0, MPI_COMM_WORLD);
    bytes.resize(size);
    in_pieces(std::span(bytes), [](std::byte* data, int count) {
      MPI_Bcast(data, count, MPI_BYTE, 0, MPI_COMM_WORLD);
    });
  }

  bool any(bool mine) override {
    const int in = mine ? 1 : 0;
    int out = 0;
    MPI_Allreduce(&in, &out, 1, MPI_INT, MPI_MAX, MPI_COMM_WORLD);
    return out != 0;
  }

  void finish() override { MPI_Finalize(); }

 private:
  int rank_ = 0;
  int size_ = 1;
};

}  // namespace

}  // namespace truenext

extern "C" truenext::Ranks* truenext_mpi_ranks() {
  return new truenext::MpiRanks();
}
