#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# How much events look like noise, on data where it is known.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$truenext" simulate --users 500 --items 100 --seed 7 --out log.csv >/dev/null 2>&1
"$truenext" prepare log.csv --out data >/dev/null 2>&1
for kind in random-click popular-click; do
  "$truenext" noise data --kind $kind --rate 0.1 --seed 3 --out $kind >/dev/null 2>&1
  ok "train on $kind" "$truenext" train --preset sasrec-cce --data $kind --run run-$kind --quiet \
    --set train.epochs=20 --set train.batch_size=32 --set model.hidden_size=32 --set model.inner_size=64 \
    --set model.max_length=20 --set model.dropout=0.2 --set train.patience=0
  ok "score $kind" "$truenext" noise --score run-$kind --out $kind.tsv --json
  cp out $kind.json
done
ok 'to standard output' "$truenext" noise random-click --score run-random-click --threads 1
cmp -s out random-click.tsv && pass || fail 'a file and standard output differ'
says 'the summary is in the log' '^ *score +0' err
python3 - <<'END' && pass || fail 'the scores do not find the noise'
import csv, json
for kind in ("random-click", "popular-click"):
    said = json.load(open(kind + ".json"))
    rows = list(csv.DictReader(open(kind + ".tsv"), delimiter="\t"))
    assert len(rows) == said["events"] and said["without_history"] == 500
    noise = sorted(float(r["score"]) for r in rows if r["truth"] == "injected")
    rest = [float(r["score"]) for r in rows if r["truth"] == "genuine"]
    assert said["truth"]["noise"] == len(noise) > 0 and len(rest) == said["truth"]["genuine"]
    pairs = sum((n > g) + (n == g) / 2 for n in noise for g in rest)
    auc = said["truth"]["score"]["auc"]
    assert abs(pairs / len(noise) / len(rest) - auc) < 1e-6
    popularity = said["truth"]["popularity"]["auc"]
    print(kind, auc, popularity)
    assert auc > 0.8 if kind == "random-click" else auc > max(popularity, 1 - popularity) + 0.15
    assert all(0 <= float(r["score"]) <= 1 for r in rows)
END
ok 'two runs' "$truenext" noise random-click --score run-random-click item-to-item --following 1 --out two.tsv
says 'what they differ in' "^user	position	item	loss	excess	following	disagreement	score	truth" two.tsv
says 'how well that tells' 'disagreement +0\.' out
ok 'a kind that is known' "$truenext" noise random-click --score run-random-click --kind random-click --out known.tsv --json
python3 -c 'import json; a, b = (json.load(open(f))["truth"]["score"]["auc"] for f in ("out", "random-click.json")); assert a > b, (a, b)' &&
  pass || fail 'knowing the kind helps'
ok 'clean data' "$truenext" noise data --score item-to-item popularity --out clean.tsv
head -n 1 clean.tsv | grep -q truth && fail 'clean data have a truth' || pass
refuses 'a run of other data' 2 'was trained on another' "$truenext" noise data --score run-random-click
ok 'if intended' "$truenext" noise data --score run-random-click --allow-other-data --following 0 --out other.tsv
says 'with a warning' 'was trained on another' err
refuses 'counts without data' 1 'say which dataset' "$truenext" noise --score popularity
refuses 'no such run' 2 'nowhere' "$truenext" noise --score nowhere
refuses 'a kind' 1 'kind swap: events are scored as clicks' "$truenext" noise data --score run-random-click --kind swap
refuses 'replacing' 1 'noise: --overwrite is about' "$truenext" noise data --score run-random-click --overwrite
refuses 'following without a score' 1 'noise: --following goes with --score' "$truenext" noise data --kind swap \
  --rate 0.1 --out x --following 2
refuses 'other data without a score' 1 'noise: --allow-other-data goes with --score' "$truenext" noise data --kind swap \
  --rate 0.1 --out x --allow-other-data
refuses 'no kind' 1 'noise: --kind is missing' "$truenext" noise data --rate 0.1 --out x
refuses 'nothing' 1 'noise: dataset is missing' "$truenext" noise
refuses 'a rate of 0' 1 'rate' "$truenext" noise data --score popularity --rate 0 --out x
refuses 'JSON and lines in one stream' 1 'say --out FILE' "$truenext" noise data --score popularity --json
absent 'nothing is left' x
finish
