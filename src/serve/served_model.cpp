// SPDX-License-Identifier: Apache-2.0
#include "serve/served_model.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <ctime>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/finite.h"
#include "base/hash.h"
#include "base/random.h"
#include "eval/answers.h"

namespace truenext::serve {
namespace {

constexpr int64_t kTestHistories = 64;
constexpr int64_t kTestItems = 10;
constexpr int64_t kSpareBytes = int64_t{60} << 20;

std::filesystem::path file_of(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_directory(path, ignored) ? path / kModelFileName : path;
}

MemoryFile copy_of(const std::filesystem::path& path) {
  const std::filesystem::path file = file_of(path);
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  check_data(descriptor >= 0, "{}: cannot read the model: {}", file.string(), std::strerror(errno));
  struct stat info {};
  MemoryFile memory;
  memory.name = file.string();
  bool ok = ::fstat(descriptor, &info) == 0 && S_ISREG(info.st_mode);
  if (ok) memory.owned.resize(static_cast<size_t>(info.st_size));
  for (size_t at = 0; ok && at < memory.owned.size();) {
    const ssize_t got = ::read(descriptor, memory.owned.data() + at, memory.owned.size() - at);
    ok = got > 0;
    at += ok ? static_cast<size_t>(got) : 0;
  }
  ::close(descriptor);
  check_data(ok, "{}: cannot read the model: no regular file, or it became shorter", file.string());
  return memory;
}

void check_finite(const ModelFile& file) {
  for (const auto& [name, tensor] : file.weights()) {
    check_data(all_finite({tensor.data, static_cast<size_t>(tensor.size())}),
               "tensor {} holds values that are not finite", name);
  }
}

ModelFile open_checked(const std::filesystem::path& path) {
  ModelFile file = ModelFile::from_memory(copy_of(path));
  check_finite(file);
  const TimeUse time = file.description().model.time;
  check_data(time == TimeUse::none,
             "{}: was trained with model.time = \"{}\", and the server tells models no times: the "
             "histories of requests have none; serve a model that is told none",
             path.string(), word_of(time));
  return file;
}

std::string fingerprint_of(const ModelFile& file) {
  Fingerprint fingerprint;
  fingerprint.add(file.content());
  return fingerprint.hex().substr(0, 16);
}

}  // namespace

ServedModel::ServedModel(const std::filesystem::path& path, WorkerPool& pool)
    : file_(open_checked(path)),
      scorer_(make_query_scorer(file_.encoder(), pool)),
      version_(fingerprint_of(file_)),
      loaded_(std::time(nullptr)) {
  (void)file_.find_item("");  // makes the index of ids
}

const Scorer& ServedModel::cosine() const {
  std::call_once(cosine_made_, [this] { cosine_ = make_cosine_scorer(file_.encoder()); });
  return *cosine_;
}

bool ServedModel::has_compact_table() const {
  return file_.num_items() >= kCompactItems;
}

int64_t ServedModel::memory_bytes() const {
  const int64_t compact = has_compact_table() ? file_.num_items() * (file_.encoder().dim() + 8) : 0;
  return std::ssize(file_.content()) + compact;
}

void ServedModel::self_test(WorkerPool& pool) const {
  RandomStream random(random_key(1, Purpose::simulate));
  Jagged<int32_t> histories;
  const auto items = static_cast<uint32_t>(file_.num_items());
  for (int64_t row = 0; row < kTestHistories; ++row) {
    std::vector<int32_t> history(1 + random.below(20));
    for (int32_t& item : history) item = static_cast<int32_t>(random.below(items));
    histories.add_row(history);
  }
  AnswerOptions options;
  options.k = kTestItems;
  const std::unique_ptr<Scorer> plain = make_encoder_scorer(file_.encoder());
  const Answers expected = answer(*plain, histories, options, pool);
  for (int64_t row = 0; row < histories.size(); ++row) {
    Jagged<int32_t> one;
    one.add_row(histories.row(row));
    const Answers alone = answer(*scorer_, one, options, pool);
    const auto list = alone.lists.row(0), all = expected.lists.row(row);
    bool ok = std::equal(list.begin(), list.end(), all.begin(), all.end());
    std::set<int32_t> seen;
    for (const ScoredItem& each : list) {
      ok = ok && std::isfinite(each.score) && seen.insert(each.item).second;
    }
    ok = ok && std::is_sorted(list.begin(), list.end(), ranks_before);
    check_data(ok, "self-test: the list of history {} is not the ranking of its scores", row);
  }
}

int64_t memory_needed(const std::filesystem::path& path) {
  std::error_code error;
  const auto bytes = static_cast<int64_t>(std::filesystem::file_size(file_of(path), error));
  return error ? 0 : bytes + bytes / 3 + kSpareBytes;
}

int64_t memory_available() {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  int64_t kilobytes = 0;
  while (file >> name >> kilobytes) {
    if (name == "MemAvailable:") return kilobytes * 1024;
    std::getline(file, unit);
  }
  return -1;
}

}  // namespace truenext::serve
