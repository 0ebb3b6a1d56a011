#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What a terminal gets: lines that fit, no colour where none is wanted, no control bytes of a file.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
unset NO_COLOR COLUMNS

# terminal COLUMNS COMMAND...: runs it with stderr on a terminal of that width; what came is in err.
terminal() {
  python3 - "$@" <<'PYTHON' >err
import fcntl, os, pty, struct, subprocess, sys, termios
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, int(sys.argv[1]), 0, 0))
child = subprocess.Popen(sys.argv[2:], stdout=subprocess.DEVNULL, stderr=slave)
os.close(slave)
while True:
    try:
        data = os.read(master, 65536)
    except OSError:
        break
    if not data:
        break
    os.write(1, data)
child.wait()
PYTHON
}
# Every piece between two redraws fits, and every message begins on an empty line.
fits() {
  python3 - "$1" <<'PYTHON' && pass || fail "$2"
import re, sys
text = open('err', 'rb').read().decode('utf-8', 'replace')
drawn = [re.sub(r'\x1b\[[0-9;]*[mK]', '', piece) for piece in text.split('\r\x1b[K')[1:]]
assert drawn, 'no progress was drawn'
for piece in drawn:  # what holds a line end is a message, which may be longer
    assert '\r\n' in piece or len(piece) < int(sys.argv[1]), piece
assert not re.search(r'(events|left|positions/s)[^\r\n]*(read|epoch [0-9]+:|warning)', text), 'lines run together'
PYTHON
}
export TERM=xterm
ok 'simulate' "$truenext" simulate --users 300 --items 50 --out log.csv
terminal 20 "$truenext" prepare log.csv --out data
fits 20 'progress of prepare fits a narrow terminal'
small=(--preset sasrec --data data --set model.hidden_size=8 --set train.epochs=2)
for columns in 12 30 200; do
  terminal $columns "$truenext" train --run "run$columns" "${small[@]}"
  fits $columns "progress of train fits $columns columns"
done
terminal 25 "$truenext" recommend run30 --all-users --out lists.csv
fits 25 'progress of lists fits'
for command in 'recommend run30 --all-users' 'similar run30 --all'; do
  python3 -c 'import pty, sys; pty.spawn(sys.argv[1:])' "$truenext" $command </dev/null >err
  grep -q $'\r\x1b\\[K' err && fail "progress runs into the rows of $command" || pass
done
TERM=dumb terminal 80 "$truenext" prepare log.csv --out dumb
grep -q $'\x1b\\[K' err && fail 'a dumb terminal gets no redraws' || pass

terminal 80 "$truenext" prepare nothing.csv --out none
grep -q $'\x1b\\[3' err && pass || fail 'colour on a terminal'
NO_COLOR=1 terminal 80 "$truenext" prepare nothing.csv --out none
grep -q $'\x1b\\[3' err && fail 'NO_COLOR is followed' || pass

# Control bytes of ids in tables, messages and arguments.
bad=$'a\x1b[31mb\x07'
{ echo 'user,item,time'; for i in 1 2 3 4; do printf 'u1,%s%d,%d\nu2,%s%d,%d\n' "$bad" $i $i "$bad" $((5 - i)) $i; done; } >bad.csv
ok 'ids with control bytes' "$truenext" prepare bad.csv --out bad
ok 'train on them' "$truenext" train --run badrun --preset sasrec --data bad --set model.hidden_size=8 --set train.epochs=1
raw() { LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' out err && fail "$1: control bytes come through" || pass; }
ok 'a table' "$truenext" recommend badrun --user u1 --include-seen
raw 'a table'
says 'a table' 'a\\x1B\[31mb\\x07' out
ok 'similar' "$truenext" similar badrun --item "${bad}1"
raw 'similar'
refuses 'an unknown id' 2 'x\\x1B\[31m' "$truenext" similar badrun --item $'x\x1b[31m'
raw 'an unknown id'
refuses 'an unknown option' 1 'unknown' "$truenext" describe bad $'--x\x1b[2J'
raw 'an unknown option'
python3 -c "print('x' * 1000000)" >long
"$truenext" recommend badrun --stdin --data bad <long >out 2>err
[ "$(wc -c <err)" -lt 10000 ] && pass || fail "a long id makes $(wc -c <err) bytes of messages"
says 'a long id' 'bytes left out' err
finish
