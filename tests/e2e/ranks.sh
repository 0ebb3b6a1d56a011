#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Training in several processes: the same bits as in one, one voice, one writer, and what is left
# when a process dies or is asked to stop.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

if ! command -v mpirun >/dev/null; then
  echo 'ranks.sh: Skipped'
  echo 'mpirun is not installed (Debian: openmpi-bin)'
  exit 77
fi
export OMPI_MCA_btl_vader_single_copy_mechanism=none
mpi=(mpirun --oversubscribe --bind-to none)
[ "$(id -u)" -ne 0 ] || mpi+=(--allow-run-as-root)
# same_state RUN RUN: the ends of the checkpoints, which hold tensors.
same_state() {
  cmp -s <(tail -c 20000 "$1/checkpoint/last.safetensors") <(tail -c 20000 "$2/checkpoint/last.safetensors") && pass ||
    fail "the checkpoints of $1 and $2 differ"
}
same_model() { cmp -s "$1/model.safetensors" "$2/model.safetensors" && pass || fail "$1 and $2 differ"; }

small=(--preset gsasrec --data data --threads 1 --set model.hidden_size=16 --set model.max_length=20
  --set objective.negatives=8 --set train.valid_every=1 --set train.tile_tokens=96
  --set train.batch_size=48 --set watch.parts=both)
"$truenext" simulate --users 150 --items 40 --seed 7 --out log.csv >/dev/null 2>&1
"$truenext" prepare log.csv --out data --min-user-events 5 >/dev/null 2>&1

if "${mpi[@]}" -n 2 "$truenext" train "${small[@]}" --run probe --set train.epochs=1 >out 2>err; then
  pass
elif grep -q 'this build has no MPI' err; then
  refuses 'a build without MPI' 1 'libopenmpi-dev' "${mpi[@]}" -n 2 "$truenext" train "${small[@]}" --run none
  absent 'which writes nothing' none
  finish
  exit
else
  fail 'two processes' "$(tail -n 5 err)"
fi
says 'the number of processes is named' 'in each of 2 processes' err
[ "$(grep -c '^model: ' out)" -eq 1 ] && pass || fail 'one process speaks' "$(cat out)"

small+=(--set train.epochs=3)
ok 'without mpirun' "$truenext" train "${small[@]}" --run alone --quiet
for n in 1 2 3 4; do
  ok "$n processes" "${mpi[@]}" -n $n "$truenext" train "${small[@]}" --run n$n --quiet --json
  says 'count themselves' "\"processes\": $n" out
  same_model alone n$n
  [ "$(wc -l <n$n/metrics.jsonl)" -eq "$(wc -l <alone/metrics.jsonl)" ] && pass || fail "n$n: log lines"
done
for n in 1 2 4; do
  ok "$n processes, item tables divided" \
    "${mpi[@]}" -n $n "$truenext" train "${small[@]}" --run divided$n --shard-tables --quiet --json
  same_model alone divided$n
done
says 'every process tells its memory' 'peak_memory_bytes_by_process' out
two=("${small[@]}" --set model.tie_embeddings=false --set objective.share=batch --set train.clip_norm=0.1
  --set train.weight_decay=0.01 --set train.epochs=2)
ok 'two tables, alone' "$truenext" train "${two[@]}" --run two --quiet
ok 'two tables, divided' "${mpi[@]}" -n 3 "$truenext" train "${two[@]}" --run two3 --shard-tables --quiet
same_model two two3
ok 'one epoch divided' "${mpi[@]}" -n 3 "$truenext" train "${small[@]}" --set train.epochs=1 --run legs --shard-tables --quiet
ok 'another with two' "${mpi[@]}" -n 2 "$truenext" train --resume legs --set train.epochs=2 --shard-tables --quiet
ok 'the last alone' "$truenext" train --resume legs --set train.epochs=3 --quiet
same_state alone legs
softmax=("${small[@]}" --set objective.candidates=full --set objective.criterion=softmax)
ok 'full softmax, alone' "$truenext" train "${softmax[@]}" --run ce1 --quiet
ok 'full softmax, 2 processes' "${mpi[@]}" -n 2 "$truenext" train "${softmax[@]}" --run ce2 --quiet
same_model ce1 ce2
refuses 'dividing what every step reads in whole' 1 'reads the whole item table' \
  "${mpi[@]}" -n 2 "$truenext" train "${softmax[@]}" --run ce3 --shard-tables
absent 'which writes nothing' ce3

next=("${small[@]}" --init-from two --set model.tie_embeddings=false --set train.epochs=1)
ok 'from given weights, alone' "$truenext" train "${next[@]}" --run next1 --quiet
ok 'from given weights, 2 processes' "${mpi[@]}" -n 2 "$truenext" train "${next[@]}" --run next2
[ "$(grep -c 'weights  *from two' err)" -eq 1 ] && pass || fail 'one process tells of the weights' "$(cat err)"
ok 'from given weights, divided' "${mpi[@]}" -n 3 "$truenext" train "${next[@]}" --run next3 --shard-tables --quiet
for n in 2 3; do same_model next1 next$n; done

# No end of its own, so that the signal never comes too late on a fast machine.
endless=("${small[@]}" --set train.epochs=1000000 --set train.patience=0 --set train.checkpoint_steps=1)
# process_of RANK: id of the process of a rank of the job that runs in this folder.
process_of() {
  local process
  for process in /proc/[0-9]*; do
    [ "$process/cwd" -ef "$folder" ] || continue
    { tr '\0' '\n' <"$process/environ"; } 2>/dev/null | grep -qx "OMPI_COMM_WORLD_RANK=$1" && echo "${process#/proc/}"
  done
}
# start_and_signal SIGNAL RUN RANK: two processes, of which one gets the signal after some steps.
start_and_signal() {
  "${mpi[@]}" -n 2 "$truenext" train "${endless[@]}" --run "$2" --quiet >out 2>err &
  local job=$! target
  for _ in $(seq 1200); do
    [ -s "$2/metrics.jsonl" ] && break
    sleep 0.05
  done
  target=$(process_of "$3")
  if [ -n "$target" ]; then
    kill "-$1" "$target"
  else
    fail "$2: no process of rank $3" "$(tail -n 5 err)"
    kill -TERM $job
  fi
  wait $job
}
# resumes_to_the_bits_of_one RUN COMMAND...: goes on for two epochs, as if never stopped.
resumes_to_the_bits_of_one() {
  local one run=$1 epochs=$(($(grep -c '"loss"' "$1/metrics.jsonl") + 2))
  shift
  ok "resume $run" "$@" "$truenext" train --resume "$run" --set train.epochs=$epochs --quiet --threads 1
  ok 'the whole run' "$truenext" train "${endless[@]}" --set train.epochs=$epochs --run "whole-$run" --quiet
  # Not the whole files: they name the configured epochs.
  for one in "$run" "whole-$run"; do "$truenext" export "$one" --out "$one.weights" --quiet >/dev/null; done
  cmp -s "$run.weights" "whole-$run.weights" && pass || fail "$run: other weights"
  same_state "$run" "whole-$run"
}

start_and_signal KILL killed 1
[ $? -ne 0 ] && pass || fail 'a killed process fails the job'
[ -s killed/checkpoint/last.safetensors ] && pass || fail 'and leaves a checkpoint'
resumes_to_the_bits_of_one killed "${mpi[@]}" -n 2

start_and_signal INT stopped 1
[ $? -eq 3 ] && pass || fail 'Ctrl-C on the second process exits with 3' "$(cat err)"
[ "$(grep -c 'truenext train --resume stopped' err)" -eq 1 ] && pass || fail 'one message' "$(cat err)"
resumes_to_the_bits_of_one stopped

refuses 'a run is there already' 1 'resume' "${mpi[@]}" -n 2 "$truenext" train "${small[@]}" --run alone
refuses 'processes that differ' 2 'do not agree on the configuration' \
  "${mpi[@]}" -n 1 "$truenext" train "${small[@]}" --run mixed : -n 1 "$truenext" train "${small[@]}" --run mixed --set train.l2=0.5
absent 'which write nothing' mixed
finish
