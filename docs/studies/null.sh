#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How often `upnext compare` finds a difference between runs of one configuration (docs/studies/null.md).
#   null.sh UPNEXT FOLDER [SEEDS]   trains 4 logs x SEEDS runs (100) in FOLDER, then compares them.
# Goes on where it was stopped. THREADS=N for the training, 1 without it.
set -euo pipefail
upnext=$(realpath "$1")
seeds=${3:-100}
mkdir -p "$2"
cd "$2"

for log in 1 2 3 4; do
  [ -d "data$log" ] && continue
  "$upnext" simulate --users 1000 --items 300 --seed $log --out log$log.csv --quiet >/dev/null
  "$upnext" prepare log$log.csv --out data$log --min-user-events 5 --quiet >/dev/null
done
cat >null.toml <<END
out = "runs"
preset = "sasrec-ce"
data = ["data1", "data2", "data3", "data4"]
seeds = [$(seq -s, 1 "$seeds")]
metrics = "ndcg@10,recall@10,mrr"

[set]
model.hidden_size = 16
model.max_length = 30
model.dropout = 0.1
train.epochs = 40
train.learning_rate = 0.005
train.valid_every = 4
train.patience = 3

[[variant]]
name = "null"
END
"$upnext" grid null.toml --threads "${THREADS:-1}" --quiet >grid.out

python3 - "$upnext" "$seeds" <<'END'
import json, math, subprocess, sys

upnext, seeds = sys.argv[1], int(sys.argv[2])
metrics = ["ndcg@10", "recall@10", "mrr"]
per_log = 50


def groups(size):
    """Stretches of 2 x size neighbouring seeds: disjoint ones first, then shifted ones."""
    whole = 2 * size
    starts = [start for shift in range(whole) for start in range(shift, seeds - whole + 1, whole)]
    return starts[:per_log]


def compare(log, start, size):
    run = lambda i: f"runs/null/data{log}/seed-{1 + start + i}"
    sides = [f"--side={name}=" + ",".join(run(offset + i) for i in range(size))
             for name, offset in (("a", 0), ("b", size))]
    out = subprocess.run([upnext, "compare", *sides, "--metrics", ",".join(metrics), "--bootstrap", "4999",
                          "--json", "--quiet"], check=True, capture_output=True, text=True).stdout
    return json.loads(out)["comparisons"]


for size in (1, 3):
    found = [compare(log, start, size) for log in (1, 2, 3, 4) for start in groups(size)]
    disjoint = 4 * min(per_log, seeds // (2 * size))
    print(f"{size} against {size} runs: {len(found)} comparisons, {min(disjoint, len(found))} of them share no run")
    for i, metric in enumerate(metrics):
        rejected = sum(c[i]["p"] < 0.05 for c in found)
        outside = sum(not c[i]["low"] <= 0 <= c[i]["high"] for c in found)
        share = rejected / len(found)
        error = 1.96 * math.sqrt(share * (1 - share) / len(found))
        line = (f"  {metric}: p < 5 % in {rejected} ({100 * share:.1f} % +- {100 * error:.1f}), "
                f"0 outside the interval in {outside}")
        if size > 1:
            mean = lambda key: sum(c[i][key] for c in found) / len(found)
            line += (f"; mean sd of runs {mean('run_sd'):.4f}, share of seeds "
                     f"{100 * mean('seed_share_of_variance'):.0f} %")
        print(line)
    some = sum(any(entry["holm_p"] < 0.05 for entry in c) for c in found)
    print(f"  any metric by Holm p < 5 %: {some} ({100 * some / len(found):.1f} %)")
END
