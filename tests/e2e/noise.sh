#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Noise on purpose, and curves of what it costs.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$truenext" simulate --users 150 --items 40 --seed 7 --out log.csv >/dev/null 2>&1
"$truenext" prepare log.csv --out data --min-user-events 5 >/dev/null 2>&1
"$truenext" describe data --json >clean.json

for kind in random-click popular-click swap drop account-mix; do
  ok "$kind" "$truenext" noise data --kind $kind --rate 0.2 --seed 3 --out $kind
  says "$kind says what it did" "  $kind noise, rate 0.2, seed 3: [0-9]+ " out
  ok "describe $kind" "$truenext" describe $kind
  says 'the split says the noise' "split: leave-last, .*; $kind noise, rate 0.2, seed 3" out
  says 'describe says what was done' "  $kind noise, rate 0.2, seed 3: [0-9]+ .* users changed" out
done
ok 'as JSON' "$truenext" noise data --kind drop --rate 0.2 --seed 3 --out again --json
cp out noise.json
ok 'described' "$truenext" describe again --json
python3 - <<'END' && pass || fail 'the reports do not fit together'
import json
clean, noise, noisy = (json.load(open(f)) for f in ("clean.json", "noise.json", "out"))
assert clean["noise"] is None and noisy["noise"]["dropped"] == noise["dropped"] > 0
assert noise["source_fingerprint"] == clean["fingerprint"] != noisy["fingerprint"] == noise["fingerprint"]
assert clean["events"] - noisy["events"] == noise["dropped"]
assert clean["test"]["targets"] == noisy["test"]["targets"]
END
for file in drop/*; do
  cmp -s "$file" "again/${file#drop/}" && pass || fail "the same options give the same $file"
done
refuses 'a folder that is there' 1 'exists already.*--overwrite' "$truenext" noise data --kind swap --rate 0.1 --out swap
ok 'replaced' "$truenext" noise data --kind swap --rate 0.1 --out swap --overwrite
refuses 'an unknown kind' 1 'did you mean random-click' "$truenext" noise data --kind random-clik --rate 0.1 --out x
refuses 'a rate of 1' 1 'rate' "$truenext" noise data --kind swap --rate 1 --out x
refuses 'no rate' 1 'rate' "$truenext" noise data --kind swap --out x
refuses 'no dataset' 2 'no such folder' "$truenext" noise nowhere --kind swap --rate 0.1 --out x
refuses 'noise on noise' 1 'is noisy already' "$truenext" noise swap --kind drop --rate 0.1 --out x
absent 'nothing is left' x

cat >robust.toml <<END
out = "runs"
data = "data"
seeds = [1, 2]
metrics = "ndcg@10,hr@10"

[noise]
kinds = ["random-click", "swap"]
rates = [0.1, 0.4]
seed = 5

[set]
model.hidden_size = 16
model.max_length = 20
objective.negatives = 8
train.epochs = 2
train.patience = 0

[[variant]]
name = "base"
END
printf '\n[[variant]]\nname = "dropout"\nmodel.dropout = 0.4\n' >>robust.toml
refuses 'not by grid' 1 'robust.toml: \[noise\] is for truenext robust' "$truenext" grid robust.toml
ok 'list' "$truenext" robust robust.toml --list
[ "$(grep -c '^to do' out)" -eq 20 ] && pass || fail '2 variants x (1 + 2 x 2) datasets x 2 seeds' "$(cat out)"
absent 'listing makes nothing' runs
ok 'robust' "$truenext" robust robust.toml --quiet
says 'a table of every dataset' '^## data-swap-0.4' out
[ "$(ls runs/noisy | wc -l)" -eq 4 ] && pass || fail 'a dataset for each kind and rate' "$(ls runs/noisy)"
[ "$(grep -c . runs/curves.csv)" -eq 25 ] && pass || fail '2 kinds x 3 rates x 2 variants x 2 metrics' "$(cat runs/curves.csv)"
python3 - <<'END' && pass || fail 'curves, table and charts do not fit together'
import csv, xml.dom.minidom
rows = list(csv.DictReader(open("runs/curves.csv")))
table = {(r["data"], r["variant"], r["metric"]): r for r in csv.DictReader(open("runs/table.csv"))}
for row in rows:
    name = "data" if row["rate"] == "0" else f'data-{row["kind"]}-{row["rate"]}'
    there = table[name, row["variant"], row["metric"]]
    assert all(row[k] == there[k] for k in ("mean", "low", "high", "run_sd", "seeds"))
for kind in ("random-click", "swap"):
    for metric in ("ndcg@10", "hr@10"):
        svg = xml.dom.minidom.parse(f"runs/curves/data_{kind}_{metric}.svg")
        assert len(svg.getElementsByTagName("polyline")) == 2
        assert len(svg.getElementsByTagName("circle")) == 6
END
touch stamp
ok 'again' "$truenext" robust robust.toml --quiet
[ -z "$(find runs/noisy runs/base -newer stamp -type f)" ] && pass || fail 'a second call makes nothing anew'
says 'the test part is not opened again' '"times_evaluated": 1' runs/base/data-swap-0.1/seed-1/test.json
rm -r runs/noisy/data-swap-0.4 runs/base/data-swap-0.4/seed-2
ok 'goes on' "$truenext" robust robust.toml --quiet
[ -s runs/noisy/data-swap-0.4/noise-marks.bin ] && [ -s runs/base/data-swap-0.4/seed-2/test.json ] && pass || fail 'what was missing is made'
[ -z "$(find runs/base/data runs/noisy/data-swap-0.1 -newer stamp -type f)" ] && pass || fail 'and nothing else'
sed 's/^seed = 5/seed = 6/' robust.toml >other.toml
refuses 'other noise in the same folder' 2 'noisy/data-random-click-0.1: holds another dataset' "$truenext" robust other.toml
sed 's/"swap"/"swapp"/' robust.toml >typo.toml
refuses 'an unknown kind in the file' 1 'typo.toml:7: \[noise\] kinds: "swapp" is unknown, did you mean swap' "$truenext" robust typo.toml
ok 'on the validation part' "$truenext" robust robust.toml --part valid --quiet
[ -s runs/curves_valid.csv ] && [ -s runs/curves_valid/data_valid_swap_hr@10.svg ] && pass || fail 'curves of the validation part' "$(ls runs runs/curves_valid)"

# Presets side by side, one of them with teachers.
cat >taught.toml <<END
out = "taught"
data = "data"
seeds = [1]
metrics = "ndcg@10"

[noise]
kinds = ["random-click"]
rates = [0.2]

[set]
model.hidden_size = 16
model.max_length = 20
train.epochs = 2
train.patience = 0
teacher.train.epochs = 1

[[variant]]
name = "one"
preset = "sasrec-cce"

[[variant]]
name = "taught"
preset = "csrec-m"
student_preset = "gru4rec-ce"
student.train.epochs = 3
END
ok 'presets and teachers' "$truenext" robust taught.toml --quiet
says 'a student is what the variant names' '^data,test,random-click,0\.2,taught,1,ndcg@10,0\.' taught/curves.csv
says 'its network' '^name = .gru4rec.$' taught/taught/data/seed-1/config.toml
[ -s taught/taught/data-random-click-0.2/seed-1/teachers/2/model.safetensors ] && pass || fail 'teachers are stages of the run'
grep -q '^epochs = 1$' taught/taught/data/seed-1/teachers/1/config.toml && pass || fail 'teacher.train.epochs is of the teachers'
touch stamp
ok 'again, with teachers' "$truenext" robust taught.toml --quiet
[ -z "$(find taught/one taught/taught -newer stamp -type f)" ] && pass || fail 'a second call trains no teacher anew'
finish
