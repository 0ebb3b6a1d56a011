// SPDX-License-Identifier: Apache-2.0
// Lists from the compact table equal those of whole rows bit for bit, and no score is above its
// ceiling.
#include "eval/compact_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "base/random.h"
#include "eval/evaluator.h"
#include "eval/sum_encoder.h"
#include "kernels/kernels.h"

namespace truenext {
namespace {

struct Kind {
  std::string name;
  float (*value)(RandomStream& random, int64_t row, int64_t column);
};

float normal(RandomStream& random) {
  return static_cast<float>(random.normal());
}

const Kind kKinds[] = {
    {"normal", [](RandomStream& r, int64_t, int64_t) { return normal(r); }},
    {"few values, many ties",
     [](RandomStream& r, int64_t, int64_t) { return static_cast<float>(r.below(3)) - 1.0f; }},
    {"lengths over thirty decades",
     [](RandomStream& r, int64_t row, int64_t) {
       return normal(r) * std::pow(10.0f, static_cast<float>(row % 23) - 20.0f);
     }},
    {"one large coordinate",
     [](RandomStream& r, int64_t, int64_t column) {
       return column == 0 ? 1000.0f * normal(r) : normal(r);
     }},
    {"better and better",
     [](RandomStream& r, int64_t row, int64_t) {
       return 1.0f + 1e-3f * static_cast<float>(row) + 1e-3f * normal(r);
     }},
    {"every third row zero",
     [](RandomStream& r, int64_t row, int64_t) { return row % 3 == 0 ? 0.0f : normal(r); }},
    {"nearly the same rows",
     [](RandomStream& r, int64_t, int64_t column) {
       return std::sin(static_cast<float>(column)) + 1e-7f * normal(r);
     }},
    {"rows that come again",
     [](RandomStream&, int64_t row, int64_t column) {
       return std::sin(static_cast<float>((row % 50) * 100 + column));
     }},
    {"all zero", [](RandomStream&, int64_t, int64_t) { return 0.0f; }},
    {"too large for the compact table",
     [](RandomStream& r, int64_t, int64_t) { return 1e15f * normal(r); }},
    {"too small for a compact query",
     [](RandomStream& r, int64_t, int64_t) { return 1e-30f * normal(r); }},
};

std::vector<float> make_table(const Kind& kind, int64_t items, int64_t dim) {
  RandomStream random(random_key(12, Purpose::simulate));
  std::vector<float> table;
  for (int64_t row = 0; row < items; ++row) {
    for (int64_t c = 0; c < dim; ++c) table.push_back(kind.value(random, row, c));
  }
  return table;
}

TEST(CompactTable, ListsEqualThoseOfWholeRows) {
  for (const Kind& kind : kKinds) {
    for (const int64_t items : {1, 15, 16, 17, 4096, 5001}) {
      for (const int64_t dim : {1, 2, 7, 64, 131}) {
        if (items * dim > 350'000) continue;
        const SumEncoder encoder(make_table(kind, items, dim), dim);
        WorkerPool pool(2);
        const auto quick = make_query_scorer(encoder, pool, 0);
        const auto plain = make_encoder_scorer(encoder);
        for (int32_t query = 0; query < 3; ++query) {
          Queries queries;
          const auto last = static_cast<int32_t>(items - 1);
          queries.histories.add_row(
              std::vector<int32_t>{last, std::min(last, 5 * query), last / 2});
          for (const int64_t k : {1, 10, 300}) {
            EXPECT_EQ(top_items(*quick, queries, k, query != 1, pool).values,
                      top_items(*plain, queries, k, query != 1, pool).values)
                << kind.name << ", " << items << " items x " << dim << ", k " << k;
          }
        }
      }
    }
  }
}

TEST(CompactTable, ALargeCatalogueSharedByWorkersGivesTheSameList) {
  const SumEncoder encoder(make_table(kKinds[0], 200'001, 4), 4);
  Queries queries;
  queries.histories.add_row(std::vector<int32_t>{3, 77, 200'000});
  WorkerPool one(1);
  const auto expected = top_items(*make_encoder_scorer(encoder), queries, 20, true, one);
  for (const int threads : {1, 2, 3}) {
    WorkerPool pool(threads);
    EXPECT_EQ(top_items(*make_query_scorer(encoder, pool), queries, 20, true, pool).values,
              expected.values);
  }
}

TEST(CompactTable, NoScoreIsAboveItsCeilingAndCeilingsAreClose) {
  for (const Kind& kind : kKinds) {
    for (const int64_t dim : {1, 3, 64, 200, 600}) {
      const int64_t items = 1001;
      const auto table = make_table(kind, items, dim);
      WorkerPool pool(1);
      const auto compact = CompactTable::make(table, dim, pool);
      if (!compact) continue;
      std::vector<float> state(table.begin() + 500 * dim, table.begin() + 501 * dim);
      state[0] += 0.37f;
      const auto query = compact->prepare(state);
      ASSERT_TRUE(query.has_value()) << kind.name;
      std::vector<float> scores(static_cast<size_t>(items)), memory;
      kernels::gemm_nt(1, items, dim, state.data(), dim, table.data(), dim, scores.data(), items,
                       false);
      const float* ceilings = compact->ceilings(*query, 3, items, memory);
      const double length = static_cast<double>(query->length);
      for (int64_t item = 3; item < items; ++item) {
        const float* row = table.data() + item * dim;
        const double squares = static_cast<double>(kernels::dot(dim, row, row));
        const float score = scores[static_cast<size_t>(item)];
        EXPECT_GE(ceilings[item - 3], score) << kind.name << ", item " << item << ", d " << dim;
        // A rounding is at most half a 127th of the largest coordinate; twice over.
        if (squares < 1e-20) continue;  // tiny rows are all error
        const double worst =
            (std::sqrt(static_cast<double>(dim)) / 127 + 2e-7 * static_cast<double>(dim)) *
            std::sqrt(squares) * length;
        EXPECT_LE(ceilings[item - 3] - score, worst)
            << kind.name << ", item " << item << ", d " << dim;
      }
    }
  }
}

TEST(CompactTable, SmallCataloguesAndUnfitNumbersDoWithout) {
  WorkerPool pool(1);
  std::vector<float> table(40, 1.0f);
  const auto compact = CompactTable::make(table, 4, pool);
  ASSERT_TRUE(compact.has_value());
  EXPECT_EQ(compact->bytes(), 16 * 4 + 16 * 8);
  EXPECT_FALSE(compact->prepare(std::vector<float>(4, 0.0f)).has_value());
  EXPECT_FALSE(compact->prepare(std::vector<float>{1, 2, 3, 1e13f}).has_value());
  table[7] = -2e12f;
  EXPECT_FALSE(CompactTable::make(table, 4, pool).has_value());

  const SumEncoder encoder(std::vector<float>(40, 1.0f), 4);
  Queries queries;
  queries.histories.add_row(std::vector<int32_t>{1});
  std::vector<float> memory;
  EXPECT_EQ(
      make_query_scorer(encoder, pool, 11)->block(queries, 0, 1, memory)->ceilings(0, 1).scores,
      nullptr);
  EXPECT_NE(
      make_query_scorer(encoder, pool, 10)->block(queries, 0, 1, memory)->ceilings(0, 1).scores,
      nullptr);
}

}  // namespace
}  // namespace truenext
