#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What docs/serve.md promises of the server, measured one after the other and printed as a table.
#   benchmarks/serve/acceptance.sh [--truenext FILE] [--folder DIR] [--seconds S] [--only TEXT] [--port N]
# The folder keeps models and data (about 1 GB, made in a minute). Ten minutes on an idle machine; the generator of the load
# shares its cores, so the CPU time of the server counts first and wall time only where nothing else runs.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
exec python3 -B "$here/acceptance.py" "$@"
