# SPDX-License-Identifier: Apache-2.0
"""What the documents show is run: the notebook, the page for users of RecTools, the examples."""

import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import pytest

SOURCE = pathlib.Path(__file__).parents[2]


def test_the_notebook_runs(tmp_path, monkeypatch):
    nbformat = pytest.importorskip("nbformat")
    nbclient = pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    pytest.importorskip("pandas")
    notebook = nbformat.read(SOURCE / "docs" / "tutorial.ipynb", 4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "the notebook is kept without outputs"
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]
    pages = [str(output.data.get("text/html", "")) for output in shown if "data" in output]
    assert any("<svg" in page for page in pages), "the progress draws a curve"
    assert any("last-item bigram" in page for page in pages)
    texts = [str(output.data.get("text/plain", "")) for output in shown if "data" in output]
    assert any("user_id" in text and "rank" in text for text in texts)


def test_the_page_for_users_of_rectools_runs(tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas")
    page = (SOURCE / "docs" / "rectools.md").read_text(encoding="utf-8")
    blocks = re.findall(r"<!-- run -->\n```python\n(.*?)```", page, re.S)
    assert len(blocks) == 4
    monkeypatch.chdir(tmp_path)
    rows = [(user, (user * 7 + event * (1 + user % 3)) % 30, 1, event) for user in range(40) for event in range(6)]
    pandas.DataFrame(rows, columns=["user_id", "item_id", "weight", "datetime"]).to_csv("interactions.csv", index=False)
    known: dict = {}
    for block in blocks:
        exec(compile(block, "docs/rectools.md", "exec"), known)
    assert list(known["recos"].columns) == ["user_id", "item_id", "score", "rank"]
    assert set(known["recos"]["item_id"]) <= {3, 4, 5, 6}
    assert list(known["near"].columns) == ["target_item_id", "item_id", "score", "rank"]
    assert len(known["result"].per_user) == 40


def test_the_quick_start_runs(tmp_path, monkeypatch):
    pandas = pytest.importorskip("pandas")
    page = (SOURCE / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n(.*?)```", page, re.S)
    assert len(block.splitlines()) <= 6
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(1)
    times = np.arange(1500)
    frame = pandas.DataFrame({"user_id": times // 10, "item_id": rng.integers(0, 600, 1500), "timestamp": times})
    exec(compile(block, "README.md", "exec"), {"frame": frame})
    assert (tmp_path / "runs" / "first" / "model.safetensors").is_file()


def test_the_search_by_optuna(tmp_path, data):
    pytest.importorskip("optuna")
    example = SOURCE / "examples" / "python" / "optuna_objective.py"
    assert len(example.read_text(encoding="utf-8").splitlines()) <= 40
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    done = subprocess.run([sys.executable, example, data.path, "3"], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    assert "learning_rate" in done.stdout and os.listdir(tmp_path) == []


def test_the_index_of_faiss(run, folder):
    pytest.importorskip("faiss")
    example = SOURCE / "examples" / "python" / "faiss_index.py"
    done = subprocess.run([sys.executable, example, run.path, folder / "items.index"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    of_faiss, ours = done.stdout.splitlines()
    assert of_faiss.split(maxsplit=1)[1] == ours.split(maxsplit=1)[1]
    assert (folder / "items.index").stat().st_size > 0
