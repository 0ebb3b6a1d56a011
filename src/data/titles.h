// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace truenext {

/// Titles for the raw ids `raw(0) .. raw(count - 1)`, empty where there is none, always UTF-8 (text
/// that is not UTF-8 is taken as ISO-8859-1, as in MovieLens).
///
/// `path` holds one item per line: `id::title::...` (movies.dat), `id|title|...` (u.item),
/// RecBole's .item, or CSV/TSV whose header names a title column, or whose first two columns are id
/// and title. `map_path`, if not empty, holds lines "id title-id": the raw id and the id it has in
/// `path`.
std::vector<std::string> read_titles(const std::string& path, const std::string& map_path,
                                     int64_t count,
                                     const std::function<std::string_view(int64_t)>& raw);

}  // namespace truenext
