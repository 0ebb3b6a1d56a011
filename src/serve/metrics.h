// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace truenext::serve {

/// What is measured, in Prometheus' text format. Labels come from routes and configuration, never
/// from requests. Thread-safe. docs/serve.md lists the names.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  void request(std::string_view route, std::string_view method, int code, double seconds);
  void connections(double count);
  void rejected(std::string_view reason);
  void queue_length(double jobs);
  void queue_seconds(double seconds);
  void batch_size(double jobs);
  void compute_seconds(const std::string& model, double seconds);
  void answer(const std::string& model, std::string_view method);
  void unknown_items(const std::string& model, int64_t count);
  void store_seconds(std::string_view operation, double seconds);
  void store_events(int64_t stored, int64_t duplicates);
  void store_error();
  void model(const std::string& name, const std::string& version, const std::string& encoder,
             int64_t loaded);
  void reload(const std::string& name, bool ok);
  void shadow_overlap(const std::string& name, double share);
  void shadow_dropped();

  std::string text() const;

 private:
  struct Families;
  std::unique_ptr<Families> families_;
};

}  // namespace truenext::serve
