// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace truenext {

/// The name of a file without folders and without .gz or .zst.
std::string bare_name(const std::string& path);

/// Data Error that names what a file is and how to make text of it when its first bytes are those
/// of a known binary format (ZIP, xlsx, Parquet, SQLite, HDF5, ...), of UTF-16 or UTF-32 text with
/// or without a mark, of a JSON array, of a web page, or of no text at all. `start` is the begin of
/// the file, unpacked, 64 KiB of it when there are as many.
void check_text(const std::string& name, std::string_view start);

/// A warning where whole lines of the begin of a file are no UTF-8; empty where they are.
std::string encoding_warning(const std::string& name, std::string_view start);

/// What to say of a folder that no format reads: its files, one of which may have been meant.
std::string folder_problem(const std::string& path);

}  // namespace truenext
