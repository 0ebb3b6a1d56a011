#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Teachers and soft labels: as stages of a run, by hand, stored once; what is refused.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

"$truenext" simulate --users 150 --items 60 --events 20 --seed 7 --out log.csv 2>/dev/null
ok 'prepare' "$truenext" prepare log.csv --out data
small=(--set train.epochs=2 --set train.batch_size=32 --set model.max_length=20 --quiet)
for seed in 1 2; do
  ok "teacher $seed" "$truenext" train --preset sasrec-cce --data data --run teacher$seed --seed $seed "${small[@]}"
done

ok 'label' "$truenext" label teacher1 teacher2 --data data --out labels --weights 0.25,0.75 --kept 10 --json
cat >check.py <<'EOT'
import json, struct
out, stored = json.load(open("labelled")), json.load(open("labels/labels.json"))
assert stored["kept"] == out["kept"] == 10 and stored["weights"] == [0.25, 0.75]
assert stored["rows"] == out["rows"] and 0 < out["mean_rest"] < 1
rows, items = stored["rows"], stored["items"]
read = lambda name, kind: struct.iter_unpack("<" + kind, open("labels/" + name, "rb").read())
rest = [x for (x,) in read("rest.bin", "f")]
probabilities = [x for (x,) in read("probabilities.bin", "f")]
assert len(rest) == rows and len(probabilities) == 10 * rows
for row in range(rows):
    total = sum(probabilities[10 * row:10 * row + 10]) + (items - 10) * rest[row]
    assert abs(total - 1) < 1e-5, total
EOT
cp out labelled
ok 'labels are distributions' python3 check.py
ok 'learn from stored labels' "$truenext" train --preset sasrec-cce --data data --run student --labels labels "${small[@]}"
ok 'learn from teachers' "$truenext" train --preset sasrec-cce --data data --run asked --teacher teacher1 \
  --teacher popularity --teacher item-to-item "${small[@]}"
ok 'judge' "$truenext" evaluate student --quiet
ok 'recommend' "$truenext" recommend student --history 1

ok 'all at once' "$truenext" train --preset csrec-m --student gru4rec-ce --data data --run run "${small[@]}" \
  --set teacher.train.epochs=1 --set student.train.learning_rate=0.002
says 'the teachers have their epochs' 'epochs = 1' run/teachers/1/config.toml
says 'and the rate of all' 'learning_rate = 0.001' run/teachers/2/config.toml
says 'the student has its own' 'learning_rate = 0.002' run/config.toml
[ -s run/labels/labels.json ] && pass || fail 'run/labels is missing'
says 'the stages are compared' 'teachers as one' run/stages.json
ok 'resume' "$truenext" train --resume run --set train.epochs=3 --quiet
mv run moved && rm -r moved/teachers
ok 'resume where it was moved, without teachers' "$truenext" train --resume moved --set train.epochs=4 --quiet
ok 'mixed teachers' "$truenext" train --preset csrec-d --teacher-preset gru4rec-ce --teacher-preset narm-ce \
  --data data --run mixed "${small[@]}" --set train.epochs=1
says 'of another network' 'name = .narm' mixed/teachers/2/config.toml
for preset in csrec-t csrec-pop self-teacher; do
  ok "$preset" "$truenext" train --preset $preset --data data --run $preset "${small[@]}" --set train.epochs=1
done

ok 'labels take the place of a teacher of a preset' "$truenext" train --preset csrec-pop --labels labels --data data \
  --run named "${small[@]}" --set train.epochs=1
says 'they are what is learnt, from wherever it is resumed' "path = .$PWD/labels" named/config.toml
mkdir elsewhere
ok 'resume from another folder' env -C elsewhere "$truenext" train --resume ../named --set train.epochs=2 --quiet
ok 'the third term, events and temperature as published' "$truenext" train --preset csrec-t --data data --run third "${small[@]}" \
  --set train.epochs=1 --set teachers.observation=true --set teachers.sample_of=events
says 'is in the teacher' 'observation = 0.66' third/teachers/2/config.toml
says 'whose auxiliary one has a share of the events' 'event_share = 0.8' third/teachers/1/config.toml
ok 'running sums are labels' "$truenext" label teacher1 teacher2 --data data --out sums --mixing early-exit --running-sum
says 'as they say' 'not divided, as published' out
ok 'and are learnt from' "$truenext" train --preset sasrec-cce --data data --run summed --labels sums "${small[@]}" --set train.epochs=1
refuses 'sums of another rule' 1 'only "early-exit"' "$truenext" label teacher1 --data data --out bad --running-sum
small_grid csrec-m soft '["data"]' 'train.batch_size = 32' >grid.toml
ok 'a grid of runs with teachers' "$truenext" grid grid.toml --quiet
ok 'knows its cells again' "$truenext" grid grid.toml --list
says 'as finished' '^(done|finished)' out
refuses 'a teacher has its seed from the run' 1 'has that from the run' "$truenext" train --preset csrec-m --data data \
  --run bad --set teacher.train.seed=7
refuses 'a resumed run keeps its labels' 1 'its own teachers' "$truenext" train --resume student --labels labels
refuses 'a benchmark without teachers' 1 'bench trains no teachers' "$truenext" bench train-step --data data --preset csrec-m
sed 's/student_preset.*/student_preset = "sasrec-bce"/; /^preset/a student_preset = "sasrec-bce"' grid.toml >bce.toml
refuses 'a grid with one' 1 'no likelihood of one item' "$truenext" grid bce.toml --list
refuses 'a criterion without a meaning' 1 'no likelihood of one item' "$truenext" train --preset csrec-m \
  --student sasrec-bce --data data --run bad
absent 'nothing is left of it' bad/teachers
refuses 'a student of nobody' 1 'goes with a preset of teachers' "$truenext" train --preset sasrec-cce \
  --student gru4rec-ce --data data --run bad
refuses 'a setting of teachers without any' 1 'no stages of teachers' "$truenext" train --preset sasrec-cce \
  --data data --run bad --set teacher.train.epochs=1
refuses 'a teacher that is not there' 2 'no such run folder' "$truenext" train --preset sasrec-cce --data data \
  --run bad --teacher nobody
refuses 'labels and teachers' 1 'made already' "$truenext" train --preset sasrec-cce --data data --run bad \
  --labels labels --teacher teacher1
refuses 'no labels' 2 'holds no soft labels' "$truenext" train --preset sasrec-cce --data data --run bad --labels data
refuses 'weights' 1 '--weights' "$truenext" label teacher1 teacher2 --data data --out other --weights 0.2,x
refuses 'too few weights' 1 'weight' "$truenext" label teacher1 teacher2 --data data --out other --weights 0.2
refuses 'another folder is kept' 1 'exists' "$truenext" label teacher1 --data data --out labels
finish
