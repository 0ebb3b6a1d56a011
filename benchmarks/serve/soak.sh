#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A server under steady load that reloads its model again and again: no request may fail, memory and descriptors must not grow.
#   benchmarks/serve/soak.sh SECONDS [--every S] [--rate N] [--truenext FILE] [--folder DIR]
# An hour with a reload every five minutes before a release, three minutes with one every 20 s in CI.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
exec python3 -B "$here/soak.py" "$@"
