#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# An installed tree works wherever it stands, and another CMake project can build against it.
build=$(dirname "$1")
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
finish
