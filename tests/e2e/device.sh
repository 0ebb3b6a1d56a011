#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Training and evaluation on the device path (the plug-in, which computes on the CPU here) beside the
# CPU's own. Skipped where the plug-in is not built.
[ -e "$(dirname "$1")/lib/libtruenext_torch.so" ] || { echo 'the plug-in for devices is not built'; exit 77; }
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

small='--set model.hidden_size=16 --set model.max_length=20 --set objective.negatives=8 --set train.epochs=3 --set train.valid_every=1'
"$truenext" simulate --users 150 --items 40 --seed 7 --out log.csv 2>/dev/null
"$truenext" prepare log.csv --out data --min-user-events 5 >/dev/null 2>&1
"$truenext" prepare log.csv --out other --min-user-events 8 >/dev/null 2>&1
ok 'train on the CPU' "$truenext" train --preset gsasrec --data data --run run $small

ok 'train on the device path' "$truenext" train --preset gsasrec --data data --run aten $small --device aten-cpu
says 'it says where' 'device +cpu, LibTorch .*loss on the device' err
ok 'evaluate what it trained' "$truenext" evaluate aten --metrics ndcg@10
ok 'go on with it on the CPU' "$truenext" train --resume aten --set train.epochs=4 --quiet
refuses 'a device that is none' 1 'want cpu, cuda' "$truenext" train --preset gsasrec --data data --run no --device gpu
absent 'nothing is begun' no
refuses 'a GPU that is not there' 1 'device cuda:99' \
  "$truenext" train --preset gsasrec --data data --run no --device cuda:99

ok 'evaluate on the CPU' "$truenext" evaluate run --json --beyond 5 --trec-run cpu.trec --test-items 1
cp out cpu.json
ok 'evaluate on the device path' "$truenext" evaluate run --json --beyond 5 --trec-run aten.trec --test-items 1 --device aten-cpu
python3 - cpu.json out <<'END' && pass || fail 'both say the same' "$(cat cpu.json out)"
import json, sys
cpu, aten = (json.load(open(name)) for name in sys.argv[1:])
assert (cpu["cost"]["device"], aten["cost"]["device"]) == ("cpu", "aten-cpu")
def equal(a, b):
    assert all(abs(a[m][k] - b[m][k]) < 1e-6 for m in a for k in a[m]) and a.keys() == b.keys()
equal(cpu["metrics"], aten["metrics"])
equal(cpu["beyond_accuracy"]["model"], aten["beyond_accuracy"]["model"])
equal(cpu["horizons"][0]["metrics"], aten["horizons"][0]["metrics"])
END
items() { awk '{ print $1, $3, $4 }' $1; }
[ "$(items cpu.trec)" = "$(items aten.trec)" ] && pass || fail 'the same lists' "$(diff cpu.trec aten.trec | head -n 4)"
metrics() { python3 -c 'import json, sys; print(json.load(sys.stdin)["metrics"])'; }
for how in '--candidates clean' '--candidates original' '--data other --allow-other-data'; do
  "$truenext" evaluate run --json $how 2>/dev/null | metrics >metrics.cpu
  ok "evaluate $how there" "$truenext" evaluate run --json $how --device aten-cpu
  metrics <out >metrics.aten
  cmp -s metrics.cpu metrics.aten && pass || fail "the same for $how" "$(diff metrics.cpu metrics.aten)"
done
refuses 'lists on a device' 1 'lists leaves nothing' "$truenext" evaluate --lists cpu.trec --data data --device aten-cpu
refuses 'evaluate on a device that is none' 1 'want cpu, cuda' "$truenext" evaluate run --device gpu
refuses 'evaluate on a GPU that is not there' 1 'device cuda:99' "$truenext" evaluate run --device cuda:99
finish
