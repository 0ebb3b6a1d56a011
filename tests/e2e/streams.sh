#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is printed or written arrives whole, or the command says why not.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ok 'simulate' "$truenext" simulate --users 600 --items 30 --out log.csv
ok 'prepare' "$truenext" prepare log.csv --out data
small=(--set model.hidden_size=8 --set train.epochs=1)
ok 'train' "$truenext" train --preset sasrec --data data --run run "${small[@]}"
ok 'train again' "$truenext" train --preset sasrec --data data --run other --seed 7 "${small[@]}"
for run in run other; do ok "evaluate $run" "$truenext" evaluate $run; done
printf 'out = "grid"\npreset = "sasrec"\nseeds = [1]\n[data]\nsmall = "data"\n[variants.a]\nsettings = []\n' >grid.toml

# full NAME ARGUMENT...: standard output on a full disk is exit status 2 with the system's reason.
full() {
  local name=$1
  shift
  "$truenext" "$@" >/dev/full 2>err
  local status=$?
  [ $status -eq 2 ] && pass || fail "$name to a full disk: exit $status"
  says "$name to a full disk" 'standard output: cannot write: No space left on device' err
}
full help --help
full 'help of a verb' train --help
full version --version
full simulate simulate --users 60 --items 30 --out again.csv
full prepare prepare log.csv --out again
full describe describe data
full describe-json describe data --json
full train train --preset sasrec --data data --run third "${small[@]}"
full presets train --presets
full show-config train --show-config
full evaluate evaluate run
full evaluate-json evaluate run --json
full stability stability run other
full compare compare run other
full calibrate calibrate run
full recommend recommend run --history 1,2
full recommend-json recommend run --history 1,2 --json
full all-users recommend run --all-users
full similar similar run --item 1
full similar-all similar run --all
full export export run --out model.safetensors
full bench bench recommend --model run --data data --steps 2
echo 1 >history
"$truenext" recommend run --stdin <history >/dev/full 2>err
[ $? -eq 2 ] && pass || fail 'recommend --stdin to a full disk'

# A file that cannot be written whole: exit status 2, the reason, and nothing under its name.
limited() { (trap '' XFSZ; ulimit -f 1; "$@"); }
cut() {
  local name=$1 file=$2
  shift 2
  refuses "$name" 2 'File too large' limited "$truenext" "$@"
  absent "$name" "$file"
  ls "$(dirname "$file")" | grep -q partial && fail "$name leaves a temporary file" || pass
}
cut 'a cut file of lists' lists.csv recommend run --all-users -k 20 --out lists.csv
cut 'a cut file of similar items' near.tsv similar run --all -k 20 --out near.tsv
cut 'a cut result' result/test.json evaluate run --out result
refuses 'a full disk for qrels' 2 'No space left' "$truenext" evaluate run --no-baselines --trec-qrels /dev/full
says 'the numbers are shown all the same' '^model' out
refuses 'a folder that cannot be made' 2 'cannot create the folder' "$truenext" evaluate run --out /proc/x/y.json
cp run/model.safetensors before.safetensors
refuses 'an export over its own model' 1 'is the model that is exported' "$truenext" export run --out run/../run/model.safetensors
cmp -s run/model.safetensors before.safetensors && pass || fail 'the model is as it was'
cut 'a cut ranking' ranking.trec evaluate run --out new.json --trec-run ranking.trec
cut 'a cut export' weights.safetensors export run --out weights.safetensors
cut 'a cut log' cut.csv simulate --users 60 --items 30 --out cut.csv
cut 'a cut dataset' cut prepare log.csv --out cut

ok 'a device as output' "$truenext" recommend run --all-users --out /dev/null --format csv
[ -c /dev/null ] && pass || fail 'the device is still one'
refuses 'a device that is full' 2 'No space left' "$truenext" recommend run --all-users --out /dev/full --format csv
refuses 'a folder as output' 2 'is a folder' "$truenext" recommend run --all-users --out data --format csv

# A reader that leaves early is no error, and nothing is said of it.
"$truenext" recommend run --all-users -k 20 2>err | head -n 1 >out
[ "${PIPESTATUS[0]}" -eq 0 ] && pass || fail "a reader that leaves: exit ${PIPESTATUS[0]}"
grep -qE 'error|pipe' err && fail 'a reader that leaves makes noise' "$(head -n 3 err)" || pass
says 'what was read before' '^user,rank,item,score$' out
"$truenext" recommend run --stdin < <(yes 1 | head -n 20000) 2>err | head -n 1 >out
[ "${PIPESTATUS[0]}" -eq 0 ] && pass || fail 'a reader that leaves recommend --stdin'

# Standard streams that the caller closed: no file takes their place.
"$truenext" describe data >&- 2>err
[ $? -eq 2 ] && pass || fail 'closed standard output is an error'
"$truenext" recommend run --all-users --out closed.csv >&- 2>&-
ok 'the same with an open one' "$truenext" recommend run --all-users --out open.csv
cmp -s closed.csv open.csv && pass || fail 'a closed stream changes a file'

if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
  chmod 755 . && chmod -R a+rX run data && chmod 777 .
  setpriv --reuid=65534 --clear-groups "$truenext" evaluate run --no-baselines >out 2>err
  [ $? -eq 0 ] && pass || fail 'a run that is read-only gives its numbers' "$(tail -n 3 err)"
  says 'numbers of a read-only run' '^model' out
  says 'a note beside them' '--out' err
fi
finish
