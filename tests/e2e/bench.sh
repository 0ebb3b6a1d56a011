#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every benchmark runs, on small data, and reports numbers that can be numbers.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

export TMPDIR=$folder/temporary
mkdir "$TMPDIR"
small='--users 60 --items 40 --events 12 --set model.hidden_size=16 --set model.max_length=20 --set objective.negatives=8 --set train.batch_size=16'
# positive FILE KEY...: the file is JSON in which these are positive numbers.
positive() {
  python3 - "$@" <<'PY' && pass || fail "$1: positive numbers" "$(head -n 30 "$1")"
import json, math, sys
report = json.load(open(sys.argv[1]))
for key in sys.argv[2:]:
    assert math.isfinite(report[key]) and report[key] > 0, key
assert all(second > 0 for second in report["samples_seconds"])
assert len(report["samples_seconds"]) == report["repeats"]
PY
}

for name in train-step epoch; do
  ok "bench $name" "$truenext" bench $name --steps 3 --json --quiet $small
  positive out positions_per_second positions_per_cpu_second gflop_per_second share_of_sgemm \
    sgemm_gflop_per_cpu_second seconds cpu_seconds peak_memory_bytes network_gflop_per_step \
    scores_gflop_per_step
done
ok 'bench evaluate' "$truenext" bench evaluate --steps 2 --quiet --out evaluate.json $small
positive evaluate.json users_per_second gflop_per_cpu_second
says 'a table without --json' '^users_per_second +[0-9]' out
ok 'bench recommend' "$truenext" bench recommend --steps 5 --json --quiet $small
positive out queries_per_second p50_ms p95_ms p99_ms
ok 'bench recommend, more items than anybody met' "$truenext" bench recommend --steps 5 --json --quiet \
  ${small/--items 40/--items 100001}
positive out p50_ms p99_cpu_ms preparation_ms
says 'it has the size that was asked for' '"items": 100001' out
ok 'bench prepare' "$truenext" bench prepare --steps 2 --json --quiet $small
positive out events_per_second megabytes_per_second

"$truenext" simulate --users 60 --items 40 --events 12 --out log.csv >/dev/null 2>&1
"$truenext" prepare log.csv --out data >/dev/null 2>&1
ok 'a given dataset' "$truenext" bench train-step --data data --steps 1 --json --quiet $small
positive out positions_per_second
ok 'a given log' "$truenext" bench prepare --data log.csv --steps 1 --json --quiet
positive out events_per_second

refuses 'unknown benchmark' 1 'did you mean train-step' "$truenext" bench trainstep
refuses 'no benchmark' 1 'benchmark' "$truenext" bench
refuses 'unknown preset' 1 'did you mean gsasrec' "$truenext" bench epoch --preset gsasrek
refuses 'no such dataset' 2 'nowhere' "$truenext" bench epoch --data nowhere
[ -z "$(ls "$TMPDIR")" ] && pass || fail 'a temporary folder is left'
finish
