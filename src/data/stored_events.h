// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "data/events.h"

namespace truenext {

/// The name of the format: what `truenext serve --events FILE` keeps.
inline constexpr const char* kStoredEvents = "truenext-events";

/// Whether a file is such a store, by its first bytes.
bool is_event_store(const std::string& path);

/// Events of a store, by users and times, without those of kind "shown"; their times are seconds.
/// Reads with the plug-in of `truenext serve`. Data Error when that is not there, the file is
/// no store or a server has it.
std::unique_ptr<EventReader> open_stored_events(const ReaderOptions& options);

/// What the plug-in exports by the name truenext_stored_events.
using StoredEventsEntry = EventReader* (*)(const ReaderOptions& options);

}  // namespace truenext
