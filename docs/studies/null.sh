#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How often `truenext compare` finds a difference between runs of one configuration (docs/studies/null.md).
#   null.sh TRUENEXT FOLDER [SEEDS]   trains 4 logs x SEEDS runs (100) in FOLDER, then compares them.
# Goes on where it was stopped. THREADS=N for the training, 1 without it.
set -euo pipefail
truenext=$(realpath "$1")
seeds=${3:-100}
mkdir -p "$2"
cd "$2"

for log in 1 2 3 4; do
  [ -d "data$log" ] && continue
  "$truenext" simulate --users 1000 --items 300 --seed $log --out log$log.csv --quiet >/dev/null
  "$truenext" prepare log$log.csv --out data$log --min-user-events 5 --quiet >/dev/null
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
"$truenext" grid null.toml --threads "${THREADS:-1}" --quiet >grid.out

python3 - "$truenext" "$seeds" <<'END'
import json, math, random, subprocess, sys

truenext, seeds = sys.argv[1], int(sys.argv[2])
metrics = ["ndcg@10", "recall@10", "mrr"]
logs = (1, 2, 3, 4)


def groups(size, count):
    """Groups of 2 x size seeds: a shuffled list cut up, again and again, so the first ones are disjoint."""
    draw, found = random.Random(size), []
    while len(found) < count:
        order = draw.sample(range(1, seeds + 1), seeds)
        found += [order[i:i + 2 * size] for i in range(0, seeds - 2 * size + 1, 2 * size)]
    return found[:count]


def compare(log, group):
    half = len(group) // 2
    sides = [f"--side={name}=" + ",".join(f"runs/null/data{log}/seed-{seed}" for seed in part)
             for name, part in (("a", group[:half]), ("b", group[half:]))]
    out = subprocess.run([truenext, "compare", *sides, "--metrics", ",".join(metrics), "--bootstrap", "4999",
                          "--json", "--quiet"], check=True, capture_output=True, text=True).stdout
    return json.loads(out)["comparisons"]


for size, per_log in ((1, 50), (3, 50), (2, 250), (3, 250)):
    found = [compare(log, group) for log in logs for group in groups(size, per_log)]
    disjoint = len(logs) * min(per_log, seeds // (2 * size))
    print(f"{size} against {size} runs: {len(found)} comparisons, {disjoint} of them share no run")
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
