#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Every kind of bad input: message, exit status, nothing half-written.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

prepare() { "$truenext" prepare "$1" --out made "${@:2}"; }
printf 'user,item,time\na,x,1\na,y,2\na,z,3\na,x,4\n' >good.csv

: >empty.csv
refuses 'empty file' 2 'empty' prepare empty.csv
printf 'user,thing,time\na,x,1\n' >column.csv
refuses 'missing column' 2 'item' prepare column.csv
printf 'user,item,time\na,x,1\na,y,soon\n' >time.csv
refuses 'time that is no number' 2 'time\.csv:3:' prepare time.csv
refuses 'file that does not exist' 2 'none\.csv' prepare none.csv
refuses 'unknown format' 1 'did you mean' prepare good.csv --format movielenz
printf 'user,item,time\na,x\n' >fields.csv
refuses 'too few fields' 2 'fields\.csv:2:' prepare fields.csv
gzip -c good.csv | head -c 30 >cut.csv.gz
refuses 'truncated gzip' 2 'cut\.csv\.gz' prepare cut.csv.gz
refuses 'windows without a length' 1 'window-length' prepare good.csv --split windows
refuses 'windows that are too short' 1 'at least 3' prepare good.csv --split windows --window-length 2
refuses 'windows with another test' 1 'leave out' prepare good.csv --split windows --window-length 3 --test 2
refuses 'windows with shares' 1 'other splits' prepare good.csv --split windows --window-length 3 --test-share 0.3
refuses 'a window length of another split' 1 'split windows' prepare good.csv --window-length 20
absent 'nothing half-written' made
ls | grep -q 'made\.' && fail 'a temporary folder is left' || pass

ok 'broken lines can be skipped' "$truenext" prepare time.csv --out skipped --skip-bad
cat out err >both
says 'and are counted' 'broken lines +1' both

printf 'user,item,time\na,x,5\na,y,3\na,x,4\na,z,9\na,z,9\n' >travel.csv
ok 'time travel is sorted' "$truenext" prepare travel.csv --out travel
cat out err >both
says 'and reported' 'time' both

printf 'user,item,time\na,x,1\na,y,2\na,x,3\na,y,4\n' >one_user.csv
ok 'one user' "$truenext" prepare one_user.csv --out one_user
printf 'user,item,time\na,x,1\na,x,2\nb,x,3\nb,x,4\na,x,5\nb,x,6\n' >one_item.csv
ok 'one item' "$truenext" prepare one_item.csv --out one_item
refuses 'existing folder' 1 'overwrite' "$truenext" prepare good.csv --out one_user

if [ "$(id -u)" -ne 0 ]; then
  cp good.csv secret.csv && chmod 000 secret.csv
  refuses 'no read permission' 2 'secret\.csv' prepare secret.csv
elif command -v setpriv >/dev/null; then
  mkdir open && cp good.csv open/secret.csv && chmod 000 open/secret.csv && chmod 777 open && chmod 755 .
  refuses 'no read permission' 2 'secret\.csv.*(denied|read)' \
    setpriv --reuid=65534 --clear-groups "$truenext" prepare open/secret.csv --out open/made
fi

refuses 'no dataset' 2 'nowhere' "$truenext" describe nowhere
cp -r one_user damaged && head -c 5 one_user/items.bin >damaged/items.bin
refuses 'damaged dataset' 2 'items\.bin' "$truenext" describe damaged
refuses 'no verb' 1 'subcommand' "$truenext"
refuses 'unknown verb' 1 '.' "$truenext" trian
refuses 'unknown option' 1 '.' "$truenext" prepare good.csv --oot x
finish
