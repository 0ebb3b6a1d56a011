#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Adds up the googletest cases in the logs of ctest runs (Testing/Temporary/LastTest.log):
# "N passed, N failed, N skipped". A ctest entry without cases (a script, a crash, a time-out, a
# missing program) counts as one.
set -euo pipefail
awk '
  /^[0-9]+\/[0-9]+ Testing: / { cases = bad = missing = 0 }
  /^Command: ""$/ { missing = 1 }
  /^\[  PASSED  \] [0-9]+ test/ { passed += $4; cases = 1 }
  /^\[  SKIPPED \] [0-9]+ test/ { skipped += $4; cases = 1 }
  /^\[  FAILED  \] [0-9]+ test/ { failed += $4; bad = 1 }
  /^Test Passed\.$/ { if (missing) ++failed; else if (!cases) ++passed }
  /^Test Failed\.$/ { if (!bad) ++failed }
  END { printf "%d passed, %d failed, %d skipped\n", passed, failed, skipped }
' "$@"
