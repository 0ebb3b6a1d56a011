# SPDX-License-Identifier: Apache-2.0
"""A log, its dataset and a trained run, made once, and the command beside which everything is held."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

import truenext

SETTINGS = {
    "model.hidden_size": 8,
    "model.max_length": 8,
    "train.epochs": 4,
    "train.batch_size": 16,
    "objective.negatives": 5,
}


def command(*arguments: object) -> str:
    """What the command says on stdout."""
    program = os.environ["TRUENEXT_PROGRAM"]
    done = subprocess.run([program, *map(str, arguments)], check=True, capture_output=True, text=True)
    return done.stdout


def command_json(*arguments: object) -> dict:
    return json.loads(command(*arguments, "--json"))


def in_new_process(code: str, *arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> pathlib.Path:
    return tmp_path_factory.mktemp("truenext")


@pytest.fixture(scope="session")
def log(folder) -> pathlib.Path:
    path = folder / "log.csv"
    lines = [
        f"u{user},i{(user * 7 + event * (1 + user % 3)) % 30},{event}" for user in range(60) for event in range(9)
    ]
    path.write_text("user,item,time\n" + "\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def data(folder, log) -> truenext.Dataset:
    return truenext.Dataset.prepare(log, folder / "data")


@pytest.fixture(scope="session")
def run(folder, data) -> truenext.Run:
    return truenext.fit(data, run=folder / "run", set=SETTINGS, seed=7, threads=1)


@pytest.fixture(scope="session")
def model(run) -> truenext.Model:
    return run.model
