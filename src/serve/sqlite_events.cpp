// SPDX-License-Identifier: Apache-2.0
// The event store as a source of `truenext prepare`.
#include <optional>

#include "data/stored_events.h"
#include "serve/sqlite_database.h"

namespace truenext::serve {
namespace {

constexpr uint64_t kFractionPerMs = FullTime::kFraction / 1000;

class StoredEvents final : public EventReader {
 public:
  explicit StoredEvents(const ReaderOptions& options)
      : database_(options.path, Database::Use::read), scale_(options.time_scale) {
    account_.why = "it is the event store of truenext serve";
    account_.columns = {{"user", "user", ""}, {"item", "item", ""}, {"time", "time", ""}};
    name_format(kStoredEvents);
    rows_.emplace(database_.prepare(
        "SELECT users.name, item, time FROM events JOIN users ON users.id = user JOIN kinds ON "
        "kinds.id = kind WHERE kinds.name <> 'shown' ORDER BY user, time, seq"));
  }

  bool next(Event& event) override {
    if (!rows_->step()) return false;
    user_ = rows_->bytes(0);
    item_ = rows_->bytes(1);
    const int64_t milliseconds = rows_->number(2);
    const auto size = static_cast<uint64_t>(milliseconds < 0 ? -milliseconds : milliseconds);
    const auto order = time_order({milliseconds < 0, size / 1000, size % 1000 * kFractionPerMs});
    event = {};
    event.user = user_;
    event.item = item_;
    event.order = order.value_or(0);
    const auto stored = stored_time(event.order, scale_);
    event.time = stored ? stored->time : 0;
    rounded_ += stored && stored->rounded;
    return true;
  }
  bool has_time() const override { return true; }
  int64_t rounded_times() const override { return rounded_; }

 private:
  Database database_;
  double scale_;
  std::optional<Statement> rows_;
  std::string user_, item_;
  int64_t rounded_ = 0;
};

}  // namespace
}  // namespace truenext::serve

extern "C" __attribute__((visibility("default"))) truenext::EventReader* truenext_stored_events(
    const truenext::ReaderOptions& options) {
  return new truenext::serve::StoredEvents(options);
}
