// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace truenext {

/// What a per-user result file says: `columns[metric][user]`, users in the order of the file.
struct PerUserValues {
  std::vector<std::string> users;    ///< raw ids as the file spells them
  std::vector<std::string> metrics;  ///< the columns between "user" and "rank"
  std::vector<std::vector<double>> columns;

  /// Position of a metric, -1 when the file has no such column.
  int64_t find(const std::string& metric) const;
};

/// Reads a file of the layout of per_user.tsv (docs/protocols.md). Data Error with file:line for a
/// missing or doubled column, a line of another length, a value that is no number, a user that
/// comes twice, a file without users.
PerUserValues read_per_user(const std::filesystem::path& path);

/// Puts the users of `values` into the order of `users`. Data Error that names both files and a
/// user of one that the other lacks.
struct NamedUsers {
  std::filesystem::path path;  ///< for messages
  const std::vector<std::string>& users;
};
void align_users(PerUserValues* values, const std::filesystem::path& path, const NamedUsers& like);

}  // namespace truenext
