#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The Python package on the libraries of the build: run.sh COMMAND LIBRARY [arguments of pytest].
# TRUENEXT_PYTHON names a python with numpy and pytest, and what else is to be tested with (pandas, polars,
# pyarrow, mypy); without one the test is skipped.
set -euo pipefail
python=${TRUENEXT_PYTHON:-python3}
if ! "$python" -c 'import sys, numpy, pytest; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
  echo "skipped: $python has no Python 3.10 with numpy and pytest; TRUENEXT_PYTHON names another one"
  exit 77
fi
export TRUENEXT_PROGRAM=$1 TRUENEXT_LIBRARY=$2
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONPATH=$here/../../python PYTHONDONTWRITEBYTECODE=1
exec "$python" -m pytest -q -p no:cacheprovider --rootdir "$here" "$here" "${@:3}"
