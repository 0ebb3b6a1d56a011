#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An installed tree works wherever it stands, and projects of C++ and C can build against it.
build=$(cd "$(dirname "$1")" && pwd)
source=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

ok 'install' cmake --install "$build" --prefix "$folder/first"
mv first moved
moved=$folder/moved
ok 'the command runs from there' env -i "$moved/bin/truenext" --version
cp out version
says 'and says its version' '^truenext [0-9]+\.[0-9]+\.[0-9]+$' version
ok 'simulate' env -i "$moved/bin/truenext" simulate --users 20 --items 10 --seed 7 --out log.csv
ok 'prepare' env -i "$moved/bin/truenext" prepare log.csv --out data
for file in man/man1/truenext.1 man/man1/truenext-train.1 bash-completion/completions/truenext \
  zsh/site-functions/_truenext fish/vendor_completions.d/truenext.fish; do
  [ -s "$moved/share/$file" ] && pass || fail "share/$file is not installed"
done
readelf -d "$moved"/bin/truenext "$moved"/lib*/libtruenext* "$moved"/lib/*/libtruenext* >elf 2>/dev/null
grep -E 'R(UN)?PATH' elf | grep -qF "$build" && fail 'it looks into the build folder' "$(cat elf)" || pass

mkdir consumer
cat >consumer/CMakeLists.txt <<'TXT'
cmake_minimum_required(VERSION 3.24)
project(consumer LANGUAGES CXX)
find_package(Truenext 0.2 REQUIRED)
add_executable(consumer consumer.cpp)
target_link_libraries(consumer PRIVATE truenext::truenext)
TXT
# Every header there is: each must be whole without those that are not installed.
(cd "$moved/include/truenext" && find . -name '*.h' | sort | sed 's|^\./|#include "|; s|$|"|') \
  >consumer/everything.h
says 'headers are installed' 'inference/model_file\.h' consumer/everything.h
cat >consumer/consumer.cpp <<'TXT'
#include "everything.h"
#include <iostream>
int main(int, char** argv) {
  const truenext::Dataset dataset = truenext::Dataset::open(argv[1]);
  std::cout << "truenext " << truenext::truenext_version() << '\n'
            << dataset.num_users() << " users\n";
}
TXT
ok 'a consumer is configured' cmake -S consumer -B consumer/build -G Ninja \
  -DCMAKE_PREFIX_PATH="$moved" -DCMAKE_CXX_FLAGS=-O0
ok 'a consumer is built' cmake --build consumer/build
ok 'a consumer runs' consumer/build/consumer data
says 'and reads a dataset' '^20 users$' out
says 'with the same version' "^$(cat version)$" out

ok 'train' env -i "$moved/bin/truenext" train --data data --run run --set train.epochs=1 \
  --set model.hidden_size=8 --set objective.negatives=4
"$moved/bin/truenext" recommend run --history 3,7 -k 5 --json >expected
same_list() {
  python3 - expected "$1" <<'END' && pass || fail "$1 answers otherwise" "$(cat expected "$1")"
import json, struct, sys
said = [(entry["item"], entry["score"]) for entry in json.load(open(sys.argv[1]))["items"]]
lines = [line.rstrip("\n").split("\t") for line in open(sys.argv[2])]
assert [int(rank) for rank, _, _ in lines] == list(range(1, len(said) + 1)) and said
single = lambda number: struct.pack("f", float(number))
assert [(item, single(score)) for _, item, score in lines] == [(item, single(score)) for item, score in said]
END
}
mkdir consumer_c
cat >consumer_c/CMakeLists.txt <<TXT
cmake_minimum_required(VERSION 3.24)
project(consumer LANGUAGES C)
find_package(TruenextC 0.2 REQUIRED)
add_executable(recommend $source/examples/c/recommend.c)
set_target_properties(recommend PROPERTIES C_STANDARD 99 C_EXTENSIONS OFF)
target_compile_options(recommend PRIVATE -Wall -Wextra -Wpedantic -Werror)
target_link_libraries(recommend PRIVATE truenext::truenext_c)
TXT
ok 'a C consumer is configured' cmake -S consumer_c -B consumer_c/build -G Ninja \
  -DCMAKE_PREFIX_PATH="$moved"
ok 'a C consumer is built' cmake --build consumer_c/build
ok 'a C consumer runs' consumer_c/build/recommend run 3 7
cp out by_cmake
same_list by_cmake
refuses 'a C consumer names mistakes' 1 'nowhere' consumer_c/build/recommend nowhere 3
library=$(dirname "$(find "$moved" -name 'libtruenext_c.so.1')")
export PKG_CONFIG_PATH=$library/pkgconfig
ok 'pkg-config knows it' pkg-config --exists truenext_c
ok 'built by pkg-config' cc -std=c99 "$source/examples/c/recommend.c" \
  $(pkg-config --cflags --libs truenext_c) -o by_pkg_config.bin
ok 'and runs' env LD_LIBRARY_PATH="$library" ./by_pkg_config.bin run 3 7
cp out by_pkg_config
same_list by_pkg_config
readelf -d "$library/libtruenext_c.so.1" >elf
says 'its name has the version of the interface' 'SONAME.*libtruenext_c\.so\.1\]' elf
nm -D --defined-only "$library/libtruenext_c.so.1" | awk '$2 != "A" { print $3 }' >symbols
grep -qv '^truenext_[a-z_]*@@TRUENEXT_1$' symbols && fail 'it shows more than its interface' "$(cat symbols)" || pass
says 'it shows its interface' '^truenext_recommend@@TRUENEXT_1$' symbols
finish
