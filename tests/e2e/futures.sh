#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Several held-out items: prepare, train with validation by the test's question, evaluate for several m.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$truenext" simulate --users 150 --items 60 --events 25 --seed 7 --out log.csv 2>/dev/null
ok 'prepare' "$truenext" prepare log.csv --out data --min-user-events 12 --valid 3 --test 5
ok 'describe' "$truenext" describe data
cp out described
says 'the split is named' 'leave-last, 3 validation, 5 test' described
ok 'train' "$truenext" train --preset gsasrec --data data --run run --quiet \
  --set model.hidden_size=16 --set model.max_length=20 --set objective.negatives=8 \
  --set train.epochs=3 --set train.valid_metric=ndcg_rel@5
ok 'evaluate three futures' "$truenext" evaluate run --test-items 1,3,5 --beyond 5 \
  --metrics ndcg_rel@5,recall@5,frbo@5
for file in test.json test_m1.json test_m3.json test_m5.json per_user_m3.tsv; do
  [ -s run/$file ] && pass || fail "run/$file is missing"
done
ok 'evaluate validation' "$truenext" evaluate run --part valid --test-items 3 --metrics ndcg_rel@5 --json

# The value that training noted is that of the same question asked afterwards.
cat >check.py <<'EOT'
import json, re
valid = json.load(open("run/valid.json"))
noted = re.match(r"ndcg_rel@5=([0-9.]+)", valid["model"]["validation"])
assert noted, valid["model"]["validation"]
asked = valid["metrics"]["ndcg_rel@5"]["mean"]
assert abs(float(noted.group(1)) - asked) < 1e-4, (noted.group(1), asked)
assert valid["counts"]["targets"] > 2 * valid["counts"]["users"]
one, all_five = (json.load(open(f"run/test{name}.json")) for name in ("_m1", ""))
assert one["counts"]["targets"] == one["counts"]["users"]
assert all_five["metrics"] == json.load(open("run/test_m5.json"))["metrics"]
EOT
ok 'training validates by the same rule' python3 check.py

refuses 'more than is held out' 1 'at most 5 per user' "$truenext" evaluate run --test-items 6
ok 'drawn candidates' "$truenext" evaluate run --candidates clean --negatives 20 --test-items 1
says 'are warned about' 'another order' out
ok 'as the original drew them' "$truenext" evaluate run --candidates original --test-items 1,5
[ -s run/test_original_m5.json ] && pass || fail 'run/test_original_m5.json is missing'
ok 'stability' "$truenext" stability run run -k 5
says 'a run agrees with itself' 'rbo@5 +1\.0000' out
finish
