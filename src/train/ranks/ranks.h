// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace truenext {

using Bytes = std::vector<std::byte>;

/// The processes that train one model together, numbered 0 .. size - 1. All of them make the same
/// calls in the same order, on the thread that trains. A process that fails ends the whole job: no
/// call returns an error.
class Ranks {
 public:
  virtual ~Ranks() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  virtual void send(int to, std::span<const std::byte> bytes) = 0;
  virtual Bytes receive(int from) = 0;
  /// Sends out[r] to each rank r and returns what each sent here, the own one too. Waits for all.
  virtual std::vector<Bytes> exchange(std::vector<Bytes> out) = 0;
  /// Replaces `bytes` by those of rank 0.
  virtual void broadcast(Bytes& bytes) = 0;
  /// True on every rank when `mine` is true on one; waits for all.
  virtual bool any(bool mine) = 0;
  /// The orderly end; nothing may be called afterwards. Not done when a rank fails: leaving without
  /// it is what makes mpirun end the others.
  virtual void finish() = 0;
};

/// The one process of an ordinary run.
Ranks& solo_ranks();

/// MPI, by its plug-in, when mpirun started this process, else alone. Usage Error when mpirun
/// started several processes and this build has no MPI.
std::unique_ptr<Ranks> make_ranks();

/// What the plug-in libtruenext_mpi.so (src/mpi) exports by the name truenext_mpi_ranks:
/// initialises MPI; the caller owns the result.
using RanksEntry = Ranks* (*)();

/// Data Error on every rank when `text` is not the same on all. `what` names it.
void check_agreement(Ranks& ranks, const std::string& text, const char* what);

/// The number of every rank, on rank 0; nothing elsewhere.
std::vector<uint64_t> numbers_of_ranks(Ranks& ranks, uint64_t mine);

/// Does `work` on rank 0 and returns its result on every rank; also when it was interrupted, an
/// Error with ExitCode::interrupted. Any other Error ends the job.
double by_first_rank(Ranks& ranks, const std::function<double()>& work);

}  // namespace truenext
