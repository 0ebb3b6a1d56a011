# SPDX-License-Identifier: Apache-2.0
"""The package itself: what it loads, its types, its frames."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest

import truenext
from conftest import in_new_process

SOURCE = pathlib.Path(__file__).parents[2]


def test_importing_loads_numpy_and_nothing_else_of_others():
    code = "import sys, truenext; print(' '.join(sorted({name.split('.')[0] for name in sys.modules})))"
    loaded = set(in_new_process(code).stdout.split())
    assert "numpy" in loaded and not loaded & {"pandas", "polars", "pyarrow", "torch", "IPython"}


def test_a_missing_library_is_named():
    done = subprocess.run(
        [sys.executable, "-c", "import truenext"],
        env={**os.environ, "TRUENEXT_LIBRARY": "nowhere.so"},
        capture_output=True,
        text=True,
    )
    assert "ImportError: truenext: its library cannot be opened: nowhere.so" in done.stderr


def test_everything_public_says_what_it_is():
    for name in truenext.__all__:
        thing = getattr(truenext, name)
        if isinstance(thing, type):
            assert thing.__doc__, name
            for attribute, value in vars(thing).items():
                if callable(value) and not attribute.startswith("_"):
                    plain = attribute.startswith("num_")
                    assert plain or value.__doc__, f"{name}.{attribute}"


def test_types_are_strict():
    pytest.importorskip("mypy")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", SOURCE / "pyproject.toml", "--cache-dir", os.devnull],
        cwd=SOURCE,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout


@pytest.fixture
def lists(model):
    return model.recommend([["i1"], ["nobody"], ["i2", "i3"]], k=3)


def expected_rows(lists):
    return [
        (number, rank + 1, item, score)
        for number, entries in enumerate(lists.to_list())
        for rank, (item, score) in enumerate(entries)
    ]


def test_pandas(lists):
    pytest.importorskip("pandas")
    frame = lists.to_pandas()
    assert list(frame.itertuples(index=False, name=None)) == expected_rows(lists)
    assert frame["score"].dtype == np.float32


def test_polars(lists):
    pytest.importorskip("polars")
    assert lists.to_polars().rows() == expected_rows(lists)


def test_pyarrow(lists):
    pytest.importorskip("pyarrow")
    table = lists.to_arrow()
    table.validate(full=True)
    rows = [tuple(row.values()) for row in table.to_pylist()]
    assert rows == expected_rows(lists)
    assert str(table.schema.field("item").type) == "large_string"


def test_a_stream_that_nobody_reads_is_released(lists):
    from truenext import lists as module

    capsule = lists.__arrow_c_stream__()
    assert len(module._streams) == 1
    del capsule
    assert len(module._streams) == 0
