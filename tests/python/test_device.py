# SPDX-License-Identifier: Apache-2.0
"""Training on a device: what is told when the plug-in is missing or does not fit, and that it computes what the command
computes. Nothing here imports torch: the first half sees a torch that raises when it is."""

import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import truenext
from conftest import SETTINGS
from truenext import _device

FIT = """
import json, sys, truenext
data, run, settings, device = sys.argv[1:]
refused = ""
try:
    truenext.fit(data, run=run, set=json.loads(settings), seed=7, device=device)
except truenext.UsageError as error:
    refused = str(error)
print(json.dumps([refused, "torch" in sys.modules]))
"""


class Place:
    """Libraries of their own without a plug-in beside them, a cache folder and a folder of importable packages."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.libraries, self.cache, self.packages = folder / "lib", folder / "cache", folder / "packages"
        self.packages.mkdir(parents=True)
        self.libraries.mkdir()
        # By all its names: where the one that is asked for is missing, the libraries of the build are found instead.
        beside = _device.library_file().parent
        for file in [*beside.glob("libtruenext.so*"), beside / pathlib.Path(os.environ["TRUENEXT_LIBRARY"]).name]:
            shutil.copy(file, self.libraries / file.name)

    def python(self, *words: object, **variables: object) -> subprocess.CompletedProcess:
        path = os.pathsep.join([str(self.packages), os.environ["PYTHONPATH"]])
        library = self.libraries / pathlib.Path(os.environ["TRUENEXT_LIBRARY"]).name
        named = {"PYTHONPATH": path, "TRUENEXT_LIBRARY": library, "XDG_CACHE_HOME": self.cache, **variables}
        env = {**os.environ, **{name: str(value) for name, value in named.items()}}
        env.pop(_device.VARIABLE, None)
        return subprocess.run([sys.executable, *map(str, words)], env=env, capture_output=True, text=True)

    def fit(self, data, run, device: str = "cuda") -> str:
        """Trains; what it refuses, or an empty text."""
        done = self.python("-c", FIT, data.path, run, json.dumps(SETTINGS), device)
        assert done.returncode == 0, done.stderr
        refused, imported = json.loads(done.stdout)
        assert not imported
        return refused

    def torch(self, version: str) -> pathlib.Path:
        """Makes a torch importable that is a version and nothing else."""
        folder = self.packages / "torch"
        folder.mkdir(exist_ok=True)
        (folder / "__init__.py").write_text("raise RuntimeError('torch was imported')\n")
        (folder / "version.py").write_text(f"__all__ = ['__version__']\n__version__ = '{version}'\n")
        return folder

    def stamp(self, versions: str, **other: str) -> None:
        """A plug-in for what is importable, but for what is given; it is no library and must not be opened."""
        made = self.cache / "truenext" / "device" / versions
        made.mkdir(parents=True)
        (made / _device.PLUGIN).write_text("no library\n")
        fits = {
            "truenext": truenext.__version__,
            "library": _device.library_fingerprint(),
            "torch": "2.9.1+cpu",
            "torch_folder": str((self.packages / "torch").resolve()),
        }
        (made / "stamp.json").write_text(json.dumps({**fits, **other}))


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


def test_without_torch_it_says_what_is_needed(place, data, tmp_path):
    # A module of the name that is no package stands for none: the python of the tests may have a torch.
    (place.packages / "torch.py").write_text("raise RuntimeError('torch was imported')\n")
    said = place.fit(data, tmp_path / "run")
    assert said.startswith("a device needs PyTorch") and "python -m truenext.build_device" in said
    done = place.python("-m", "truenext.build_device")
    assert done.returncode == 1 and "this Python has no torch" in done.stderr and "\n" not in done.stderr.strip()
    assert not (tmp_path / "run").exists()


def test_a_plugin_that_was_never_built(place, data, tmp_path):
    place.torch("2.9.1+cpu")
    said = place.fit(data, tmp_path / "run")
    assert said.startswith("the plug-in for devices is not built for torch 2.9.1+cpu: run `python -m truenext.build")
    assert place.fit(data, tmp_path / "run", "cpu") == ""  # which needs none


@pytest.mark.parametrize(
    "versions, other, told",
    [
        ("2.9.1+cpu", {"torch": "2.8.0"}, "torch 2.8.0, and this Python has torch 2.9.1+cpu"),
        ("2.8.0", {"torch": "2.8.0"}, "torch 2.8.0, and this Python has torch 2.9.1+cpu"),
        ("2.9.1+cpu", {"torch_folder": "/elsewhere/torch"}, "the torch in /elsewhere/torch, and that of this"),
        ("2.9.1+cpu", {"library": "0" * 64}, "another build of truenext than this"),
    ],
)
def test_a_plugin_for_something_else_is_not_opened(place, data, tmp_path, versions, other, told):
    place.torch("2.9.1+cpu")
    place.stamp(f"{truenext.__version__}-{versions}", **other)
    said = place.fit(data, tmp_path / "run")
    assert said.startswith(f"the plug-in for devices was built for {told}"), said
    assert said.endswith(": run `python -m truenext.build_device`") and "\n" not in said


def test_a_plugin_that_fits_is_opened(place, data, tmp_path):
    place.torch("2.9.1+cpu")
    place.stamp(f"{truenext.__version__}-2.9.1+cpu")
    said = place.fit(data, tmp_path / "run")
    assert "libtruenext_torch.so cannot be used" in said and str(place.cache) in said, said


def test_what_building_needs_is_told_in_a_sentence(place, tmp_path):
    def told(*words: object, **variables: object) -> str:
        done = place.python("-m", "truenext.build_device", *words, **variables)
        assert done.returncode == 1 and "Traceback" not in done.stderr
        return done.stderr

    folder = place.torch("2.6.0")
    assert "torch 2.6.0 is too old" in told()
    place.torch("2.9.1+cpu")
    assert "has no headers of C++" in told()
    assert "is no folder of a torch package" in told("--torch", tmp_path)
    (tmp_path / "version.py").write_text("__version__ = '2.10.0'\n")
    assert "a process takes one LibTorch only" in told("--torch", tmp_path)
    for file in ("include/torch/csrc/api/include/torch/version.h", "lib/libtorch_cpu.so"):
        (folder / file).parent.mkdir(parents=True)
        (folder / file).touch()
    assert "no sources of truenext" in told("--source", tmp_path)
    # Tools that lie beside the python of the tests are found there: one without is needed.
    empty = tmp_path / "empty"
    empty.mkdir()
    (empty / "python").symlink_to(sys.executable)
    code = "import sys; sys.executable = sys.argv.pop(1); from truenext.build_device import main; sys.exit(main())"
    done = place.python("-c", code, empty / "python", PATH=empty)
    assert "g++ and cmake and ninja-build must be installed first: apt-get install g++ cmake ninja-build" in done.stderr
    assert "configuring the plug-in failed: There is no libtorch.so" in told()


# ---- With a torch: TRUENEXT_TORCH_DIR, its folder, which the stage of CI with the plug-in sets ----------------------


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Place:
    torch = os.environ.get("TRUENEXT_TORCH_DIR")
    if not torch:
        pytest.skip("TRUENEXT_TORCH_DIR names no torch")
    place = Place(tmp_path_factory.mktemp("device"))
    (place.packages / "torch").symlink_to(torch)
    done = place.python("-m", "truenext.build_device")
    assert done.returncode == 0, done.stderr
    return place


def trained_by_command(data, run: pathlib.Path, *words: str, **variables: object) -> bytes:
    """The model that the command of the build trains, with the plug-in beside it or the one that is named."""
    settings = [word for key, value in SETTINGS.items() for word in ("--set", f"{key}={value}")]
    program = os.environ["TRUENEXT_PROGRAM"]
    env = {**os.environ, **{name: str(value) for name, value in variables.items()}}
    line = [program, "train", "--data", data.path, "--run", str(run), "--seed", "7", *words, *settings]
    subprocess.run(line, env=env, check=True, capture_output=True)
    return (run / "model.safetensors").read_bytes()


def test_fit_on_a_device_is_the_command_on_it(built, data, tmp_path):
    plugin = next(built.cache.glob(f"truenext/device/*/{_device.PLUGIN}"))
    assert built.fit(data, tmp_path / "run", "aten-cpu") == ""
    model = (tmp_path / "run" / "model.safetensors").read_bytes()
    named = {_device.VARIABLE: plugin}
    assert model == trained_by_command(data, tmp_path / "by_command", "--device", "aten-cpu", **named)
    beside = pathlib.Path(os.environ["TRUENEXT_PROGRAM"]).parent / "lib" / _device.PLUGIN
    if beside.exists():  # that of scripts/setup --with-torch
        assert model == trained_by_command(data, tmp_path / "beside", "--device", "aten-cpu")
    assert model != trained_by_command(data, tmp_path / "on_tiles", "--device", "cpu")


def test_resuming_and_judging_on_a_device(built, data, tmp_path):
    code = """
import json, sys, truenext
data, run, settings = sys.argv[1], sys.argv[2], json.loads(sys.argv[3])
stop = lambda event: event.kind == "epoch" and event.epoch == 2
truenext.fit(data, run=run, set=settings, seed=7, device="aten-cpu", callbacks=[stop])
messages = []
hear = lambda event: messages.append(event.text)
resumed = truenext.fit(data, run=run, set=settings, seed=7, device="aten-cpu", resume=True, callbacks=[hear])
assert any("LibTorch" in text for text in messages), messages
print(resumed.evaluate(device="aten-cpu").report["cost"]["device"])
"""
    done = built.python("-c", code, data.path, tmp_path / "halves", json.dumps(SETTINGS))
    assert done.returncode == 0 and done.stdout == "aten-cpu\n", done.stderr
    assert built.fit(data, tmp_path / "whole", "aten-cpu") == ""
    halves, whole = (tmp_path / name / "model.safetensors" for name in ("halves", "whole"))
    assert halves.read_bytes() == whole.read_bytes()
