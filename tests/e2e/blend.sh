#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A model mixed with counts in use: where the counts are from, what is called a hybrid, what is refused.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$truenext" simulate --users 150 --items 60 --events 20 --seed 7 --out log.csv 2>/dev/null
ok 'prepare' "$truenext" prepare log.csv --out data
small=(--set train.epochs=2 --set train.batch_size=32 --set model.max_length=20 --quiet)
ok 'train' "$truenext" train --preset sasrec-cce --data data --run plain "${small[@]}"
ok 'train with counts' "$truenext" train --preset sasrec-cce --data data --run counted --store-counts "${small[@]}"
says 'the configuration says so' 'store_counts = true' counted/config.toml

ok 'recommend with stored counts' "$truenext" recommend counted --history 1,2,3 --blend counts:0.05 --json -k 60 --include-seen
cp out stored
says 'is a hybrid' '"method":"hybrid"' stored
says 'and says of what' '"counts":0.05,"counts_from":"the model file"' stored
says 'a full scan' 'scans the whole catalogue' err
ok 'recommend with counts of the data' "$truenext" recommend plain --history 1,2,3 --blend counts:0.05 --json -k 60 \
  --include-seen --data data
sed 's/the training part of data/the model file/' out | cmp -s - stored && pass || fail 'counts of the data are others'
ok 'the model alone' "$truenext" recommend counted --history 1,2,3 --json -k 60 --include-seen
says 'is no hybrid' '"method":"model"' out
cp out alone
ok 'the model alone, with probabilities at hand' python3 - <<'EOT'
# The blend by hand, from both lists of the whole catalogue and the log.
import json, math
items = lambda name: {row["item"]: row["score"] for row in json.load(open(name))["items"]}
model, hybrid = items("alone"), items("stored")
events = [line.strip().split(",") for line in open("log.csv")][1:]
order = {}
for user, item, *_ in events:
    order.setdefault(user, []).append(item)
trained = [row[:-2] for row in order.values()]
popular, next_times = {}, {}
for row in trained:
    for item in row:
        popular[item] = popular.get(item, 0) + 1
    for a, b in zip(row, row[1:]):
        if a == "3":
            next_times[b] = next_times.get(b, 0) + 1
keys = [str(key) for key in model]
total = sum(math.exp(s) for s in model.values())
all_events = sum(popular.values()) + len(keys)
back_off = sum(next_times.values()) + 1
def mixed(key, score):
    counts = (next_times.get(str(key), 0) + (popular.get(str(key), 0) + 1) / all_events) / back_off
    return 0.95 * math.exp(score) / total + 0.05 * counts
expected = {key: mixed(key, score) for key, score in model.items()}
assert abs(sum(expected.values()) - 1) < 1e-6
first = next(iter(hybrid))
for key, score in hybrid.items():
    assert abs((score - hybrid[first]) - math.log(expected[key] / expected[first])) < 1e-3, key
assert hybrid != model
EOT
ok 'from a pipe' "$truenext" recommend counted --stdin --blend counts:0.05 --json -k 60 --include-seen <<<'1,2,3'
cmp -s out stored && pass || fail 'a line of a pipe is answered otherwise'
ok 'lists for all' "$truenext" recommend counted --all-users --blend counts:0.05 --out lists.csv
says 'have a column' '^user,rank,item,score,method$' lists.csv
says 'that says hybrid' ',hybrid$' lists.csv

ok 'evaluate' "$truenext" evaluate counted --blend counts:0.05 --out hybrid --json
says 'the row is a hybrid' '"hybrid": \{' out
says 'from the file' '"counts_from": "the model file"' hybrid/test.json
absent 'the run keeps no result of it' counted/test.json
ok 'evaluate in words' "$truenext" evaluate counted --blend counts:0.05
says 'the row' '^hybrid +0\.' out
says 'the shares' 'hybrid of 0.95 of the model and 0.05 of counts from the model file' out
ok 'evaluate with counts of the data' "$truenext" evaluate plain --blend counts:0.05 --out other
says 'says so' 'the training part of' other/test.json
ok 'compare it with its model' "$truenext" compare other hybrid
says 'both are named' 'A = other \(hybrid\) \(1 run\)' out
ok 'in JSON' "$truenext" compare other hybrid --json
says 'too' '"hybrid": true' out
ok 'a table for people' "$truenext" recommend counted --history 1,2,3 --blend counts:0.05 --quiet
says 'says what it is' '^hybrid of 0.95 of the model and 0.05 of counts' out
ok 'a history that nobody knows' "$truenext" recommend counted --history foo --blend counts:0.05 --data data --json
says 'is answered by popularity' '"method":"popularity"' out
if grep -q hybrid out; then fail 'popularity is called a hybrid'; else pass; fi
ok 'the model' "$truenext" evaluate counted --out model.json
says 'is still called so' '"name": "sasrec"' model.json
if grep -q hybrid model.json; then fail 'a result of the model mentions a hybrid'; else pass; fi


# A calibration is of the model's probabilities and says nothing about a hybrid's.
ok 'calibrate' "$truenext" calibrate counted --include-seen --quiet
ok 'a calibrated model in a blend' "$truenext" recommend counted --history 1,2,3 --blend counts:0.05 --json -k 60 --include-seen
cmp -s out stored && pass || fail 'a calibration changes a blend'

refuses 'no counts' 2 'store-counts' "$truenext" recommend plain --history 1,2 --blend counts:0.05
for blend in counts counts: counts:0 counts:1 counts:x counts:0.1x bigram:0.1 counts:-0.5 counts:nan; do
  refuses "--blend $blend" 1 'want counts:SHARE' "$truenext" recommend counted --history 1 --blend $blend
done
refuses 'an ensemble' 1 'leave out --ensemble' "$truenext" evaluate plain counted --ensemble rank --blend counts:0.1
refuses 'probabilities' 1 'probabilities' "$truenext" recommend counted --history 1 --blend counts:0.1 --probabilities
refuses 'lists of others' 1 'blend' "$truenext" evaluate --lists lists.csv --data data --blend counts:0.1
refuses 'into a run' 1 'keeps its own results' "$truenext" evaluate counted --blend counts:0.1 --out plain
refuses 'over the result of a run' 1 'keeps its own results' "$truenext" evaluate counted --blend counts:0.1 --out plain/test.json
sed 's/,\([0-9]*\),/,foreign\1,/' log.csv >foreign.csv
ok 'prepare others' "$truenext" prepare foreign.csv --out foreign
refuses 'counts of other items' 2 'knows none of the' "$truenext" recommend plain --history 1 --blend counts:0.1 --data foreign
ok 'a TREC run' "$truenext" evaluate counted --blend counts:0.1 --trec-run blend.trec
says 'is tagged as a hybrid' ' hybrid$' blend.trec
refuses 'of a resumed run' 1 'store-counts' "$truenext" train --resume plain --store-counts

# The other options of a training that this run could have had.
ok 'average, sample and dropouts' "$truenext" train --preset sasrec-cce --data data --run averaged "${small[@]}" \
  --set train.average=ema --set train.average_epochs=1 --set train.valid_sample=40 --set train.epochs=7 \
  --set model.attention_dropout=0 --set model.embedding_dropout=0.3
says 'both sets' '"by_weights":\{"raw":' averaged/metrics.jsonl
says 'the sample' '"valid_sample"' averaged/metrics.jsonl
says 'the result names the set' '(average|raw) weights' out
ok 'export says which weights' "$truenext" export averaged --out exported.safetensors
says 'in words' '(averaged|raw) weights' err
ok 'so does a start' "$truenext" train --preset sasrec-cce --data data --run started --init-from averaged \
  --set train.epochs=1 --set train.batch_size=32 --set model.max_length=20
says 'in its log' '(averaged|raw) weights' err
ok 'and a result' "$truenext" evaluate averaged --quiet
says 'in its file' '"validation": ".*(averaged|raw) weights"' averaged/test.json
refuses 'lazy rows' 1 'train.table_optimizer' "$truenext" train --preset sasrec-cce --data data --run lazy "${small[@]}" \
  --set train.average=ema --set train.table_optimizer=lazy-adam
finish
