# SPDX-License-Identifier: Apache-2.0
"""The package beside others that bring libraries of their own, imported in any order."""

import importlib.util
import itertools
import os
import random

import pytest

from conftest import in_new_process

OTHERS = ("numpy", "pandas", "pyarrow", "torch")
CODE = """
import importlib, sys
for name in sys.argv[2:]:
    importlib.import_module(name)
import truenext
lists = truenext.Model.load(sys.argv[1]).recommend([["i1", "i2"]], k=3, threads=2)
if "torch" in sys.argv:
    import torch
    assert float((torch.ones(64, 64) @ torch.ones(64, 64)).sum()) == 64.0**3
if "pyarrow" in sys.argv:
    import pyarrow
    assert pyarrow.table(lists).num_rows == 3
print(lists.to_list()[0])
"""


def orders() -> list[tuple[str, ...]]:
    """TRUENEXT_ORDERS: how many of all orders of what is installed, drawn with a seed."""
    names = [name for name in OTHERS if importlib.util.find_spec(name)] + ["truenext"]
    every = list(itertools.permutations(names))
    count = int(os.environ.get("TRUENEXT_ORDERS", "6"))
    return every if count >= len(every) else random.Random(1).sample(every, count)


@pytest.mark.parametrize("order", orders(), ids="-".join)
def test_any_order_of_imports_works(order, run, model):
    done = in_new_process(CODE, run.path, *order)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(model.recommend([["i1", "i2"]], k=3).to_list()[0])
