// SPDX-License-Identifier: Apache-2.0
#include "eval/result_files.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "base/file.h"
#include "data/tsv_id.h"

namespace truenext {
namespace {

constexpr int64_t kQueriesAtOnce = 4096;

/// Queries begin..end-1 alone, as much of them as ranking needs.
Queries slice(const Queries& queries, int64_t begin, int64_t end) {
  Queries part;
  for (int64_t query = begin; query < end; ++query) {
    part.users.push_back(queries.users[static_cast<size_t>(query)]);
    part.histories.add_row(queries.histories.row(query));
    part.targets.add_row(queries.targets.row(query));
    part.add_times(queries, query);
  }
  return part;
}

std::string rank_list(std::span<const int64_t> ranks) {
  std::string text;
  for (const int64_t rank : ranks) {
    if (!text.empty()) text += ',';
    text += rank == kNeverRanked ? std::string("-") : std::to_string(rank + 1);
  }
  return text;
}

}  // namespace

std::string trec_id(std::string_view raw) {
  std::string text;
  for (const char c : raw) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7F || c == '%') {
      text += fmt::format("%{:02X}", byte);
    } else {
      text += c;
    }
  }
  return text;
}

std::string id_of_trec(std::string_view text) {
  std::string raw;
  for (size_t i = 0; i < text.size(); ++i) {
    int byte = 0;
    const char* digits = text.data() + i + 1;
    const bool coded = text[i] == '%' && i + 2 < text.size() &&
                       std::from_chars(digits, digits + 2, byte, 16).ptr == digits + 2;
    raw += coded ? static_cast<char>(byte) : text[i];
    if (coded) i += 2;
  }
  return raw;
}

void write_per_user(const std::filesystem::path& path, const Dataset& dataset,
                    const Queries& queries, const Jagged<int64_t>& ranks,
                    const EvalResult& result) {
  AtomicFile file(path);
  std::string line = "user";
  for (const MetricResult& entry : result.metrics) {
    fmt::format_to(std::back_inserter(line), "\t{}", entry.metric.label());
  }
  file.write(line + "\trank\n");
  for (size_t query = 0; query < queries.users.size(); ++query) {
    line = tsv_id(dataset.users().raw(queries.users[query]));
    for (const MetricResult& entry : result.metrics) {
      fmt::format_to(std::back_inserter(line), "\t{}", entry.per_user[query]);
    }
    file.write(fmt::format("{}\t{}\n", line, rank_list(ranks.row(static_cast<int64_t>(query)))));
  }
  file.commit();
}

void write_trec_run(const std::filesystem::path& path, const Dataset& dataset, const Scorer& scorer,
                    const Queries& queries, const TrecRunOptions& options, WorkerPool& pool) {
  AtomicFile file(path);
  const auto count = static_cast<int64_t>(queries.users.size());
  for (int64_t begin = 0; begin < count; begin += kQueriesAtOnce) {
    const Queries part = slice(queries, begin, std::min(count, begin + kQueriesAtOnce));
    const Jagged<ScoredItem> best =
        top_items(scorer, part, options.depth, options.exclude_seen, pool);
    for (int64_t query = 0; query < best.size(); ++query) {
      const std::string user = trec_id(dataset.users().raw(part.users[static_cast<size_t>(query)]));
      int64_t rank = 0;
      for (const ScoredItem& entry : best.row(query)) {
        file.write(fmt::format("{} Q0 {} {} {} {}\n", user,
                               trec_id(dataset.items().raw(entry.item)), ++rank, entry.score,
                               trec_id(options.tag)));
      }
    }
  }
  file.commit();
}

void write_trec_qrels(const std::filesystem::path& path, const Dataset& dataset,
                      const Queries& queries) {
  AtomicFile file(path);
  for (size_t query = 0; query < queries.users.size(); ++query) {
    const std::string user = trec_id(dataset.users().raw(queries.users[query]));
    for (const int32_t item : queries.targets.row(static_cast<int64_t>(query))) {
      file.write(fmt::format("{} 0 {} 1\n", user, trec_id(dataset.items().raw(item))));
    }
  }
  file.commit();
}

}  // namespace truenext
