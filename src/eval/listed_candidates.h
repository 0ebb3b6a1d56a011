// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/jagged.h"
#include "data/dataset.h"
#include "eval/evaluator.h"

namespace truenext {

/// Something in a file that is not as one would wish: how often, and the first of them as
/// "file:line: what".
struct Finding {
  int64_t count = 0;
  std::string first;
};

/// Negatives that somebody else drew for the users of a dataset, as S3-Rec ships them.
struct ListedCandidates {
  /// For each query, in the order of the file. What the file repeats is repeated here, as it was in
  /// the numbers that were measured with it; never an item that the user holds out.
  Jagged<int32_t> negatives;
  int64_t longest = 0;      ///< negatives of the longest line, as written
  std::string name;         ///< of the file, without its folder
  std::string fingerprint;  ///< of what it says; compression and line ends do not matter
  Finding unknown_users;    ///< lines of users that the dataset does not know
  Finding unknown_items;    ///< negatives that it does not know, left out
  Finding held_out;         ///< negatives that the same user holds out, left out
  Finding in_history;       ///< negatives that stand in the user's history, kept
  Finding repeated;         ///< negatives that stand in their line already, kept
};

/// Reads lines `user negative negative ...`: raw ids, matched byte by byte, with blanks or tabs
/// between them, one line for each user; users who are not evaluated may be there. Data Error
/// naming the line that has no negative, none that the dataset knows and the user does not hold
/// out, or a user who had one before, and when an evaluated user has no line.
ListedCandidates read_listed_candidates(const std::string& path, const Dataset& dataset,
                                        const Queries& queries);

/// Makes the protocol one over these candidates.
void rank_among(const ListedCandidates& listed, Protocol* protocol);

}  // namespace truenext
