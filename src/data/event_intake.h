// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "data/event_spool.h"
#include "data/events.h"
#include "data/id_table.h"
#include "data/prepare.h"

namespace truenext {

/// Numbers the users and items of a source in the order in which they first come.
class EventIntake {
 public:
  /// Reads all events whose value is not below `min_value` and counts, in `report`, what was read,
  /// left out and out of order in time. `tick` is called every now and then.
  void read(EventReader& reader, double min_value, EventSpool& events, PrepareReport& report,
            const std::function<void()>& tick);

  const IdTable& users() const { return users_; }
  const IdTable& items() const { return items_; }

 private:
  IdTable users_, items_;
};

}  // namespace truenext
