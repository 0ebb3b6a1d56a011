// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "base/thread_pool.h"
#include "compare/bootstrap.h"
#include "compare/paired.h"

namespace truenext {

/// Two-sided p of every metric by the paired randomisation test (Fisher's sign-flip test; for
/// retrieval Smucker, Allan and Carterette, CIKM 2007): were the two sides exchangeable for every
/// user, each difference could as well have the other sign. p = (1 + flips whose |mean| reaches the
/// observed one) / (1 + resamples), never 0 (Phipson and Smyth, SAGMB 2010). All metrics see the
/// same flips; flip b is a stream of its own: the same bits on any number of threads.
std::vector<double> randomisation_p(const PairedDifferences& differences,
                                    const Resampling& resampling, WorkerPool& pool);

}  // namespace truenext
