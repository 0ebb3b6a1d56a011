// SPDX-License-Identifier: Apache-2.0
#include <filesystem>
#include <utility>

#include "base/log.h"
#include "cli/evaluation.h"
#include "eval/drawn_candidates.h"
#include "eval/listed_candidates.h"

namespace truenext::cli {
namespace {

void warn_about(const ListedCandidates& listed) {
  const std::pair<const Finding&, const char*> findings[] = {
      {listed.unknown_users, "lines of users that the dataset does not know are passed over"},
      {listed.unknown_items, "negatives that the dataset does not know are left out"},
      {listed.held_out, "negatives are held out of the same user, and left out"},
      {listed.in_history, "negatives stand in the user's history; they stay candidates"},
      {listed.repeated,
       "negatives stand in their line already; each place counts, as it did where "
       "such files were used"},
  };
  for (const auto& [finding, what] : findings) {
    if (finding.count > 0) log_warning("{} {}, first {}", finding.count, what, finding.first);
  }
}

}  // namespace

bool names_candidate_file(const EvaluateArguments& arguments) {
  const std::string& name = arguments.candidates;
  std::error_code error;
  return !find_word<CandidateRule>(name) && (name == "-" || std::filesystem::exists(name, error));
}

void find_negatives(Evaluation* evaluation) {
  if (!names_candidate_file(evaluation->arguments)) {
    evaluation->negatives = draw_negatives(negative_source(evaluation->dataset),
                                           evaluation->queries, evaluation->protocol);
    return;
  }
  evaluation->listed = read_listed_candidates(evaluation->arguments.candidates, evaluation->dataset,
                                              evaluation->queries);
  rank_among(evaluation->listed, &evaluation->protocol);
  warn_about(evaluation->listed);
  evaluation->negatives = std::move(evaluation->listed.negatives);
  evaluation->listed.negatives = {};
}

}  // namespace truenext::cli
