// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "data/events.h"

namespace truenext {

/// The name of the format: what `truenext serve --events FILE` keeps.
inline constexpr const char* kStoredEvents = "truenext-events";

/// Whether a file is an SQLite database, by its first bytes.
bool is_database(const std::string& path);

/// Events of a store, by users and times, without those of kind "shown"; their times are seconds.
/// Reads with the plug-in of `truenext serve`. Usage Error when that is not there, data Error when
/// the database is none of ours or a server has it.
std::unique_ptr<EventReader> open_stored_events(const ReaderOptions& options);

/// What the plug-in exports by the name truenext_stored_events.
using StoredEventsEntry = EventReader* (*)(const ReaderOptions& options);

}  // namespace truenext
