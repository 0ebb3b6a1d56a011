# SPDX-License-Identifier: Apache-2.0
"""Models as bytes and as weights."""

import pickle
import struct

import numpy as np
import pytest

import truenext

HISTORIES = [["i1", "i2", "i3"], ["i7"]]


def test_a_model_of_bytes_is_the_model(model, folder):
    content = model.to_bytes()
    assert content == (folder / "run" / "model.safetensors").read_bytes()
    for held in (content, bytearray(content), memoryview(content)):
        read = truenext.Model.from_bytes(held)
        assert (read.version, read.path) == (model.version, "")
        assert read.recommend(HISTORIES).to_list() == model.recommend(HISTORIES).to_list()
    again = pickle.loads(pickle.dumps(read))
    assert again.version == model.version


def test_bytes_that_are_no_model(model):
    content = model.to_bytes()
    for wrong, said in ((b"", "0 bytes"), (content[:-1], "outside the data"), (b"PK\x03\x04" + content[4:], "(memory)")):
        with pytest.raises(truenext.DataError, match=said.replace("(", r"\(").replace(")", r"\)")):
            truenext.Model.from_bytes(wrong)


def test_weights_are_views_that_cannot_be_written_to(model):
    state = model.state_dict()
    assert state["item_embedding.weight"].shape == (30, 8)
    assert all(array.dtype == np.float32 and not array.flags.writeable for array in state.values())
    assert not any(name.startswith("item_ids") for name in state)
    del model
    assert np.isfinite(state["final_norm.weight"]).all()


def test_the_same_weights_are_the_same_model_and_others_are_not(model):
    state = model.state_dict()
    same = truenext.Model.from_state_dict(state, like=model)
    assert same.recommend(HISTORIES).to_list() == model.recommend(HISTORIES).to_list()
    assert same.info["validation"] == "" and same.info["calibration"] is None
    table = "output_embedding.weight"
    other = truenext.Model.from_state_dict({**state, table: 2 * state[table]}, like=model)
    expected = 2 * model.recommend(HISTORIES, k=5).flat_scores
    assert other.recommend(HISTORIES, k=5).flat_scores.tolist() == expected.tolist()


def test_wrong_weights_are_named(model):
    state = model.state_dict()
    with pytest.raises(truenext.DataError, match="no tensor more"):
        truenext.Model.from_state_dict({**state, "more": np.zeros(3)}, like=model)
    with pytest.raises(truenext.DataError, match=r"final_norm.bias has the shape \[3\], the model's has \[8\]"):
        truenext.Model.from_state_dict({**state, "final_norm.bias": np.zeros(3)}, like=model)
    state.pop("final_norm.bias")
    with pytest.raises(truenext.DataError, match="final_norm.bias is missing"):
        truenext.Model.from_state_dict(state, like=model)


def test_saving_replaces_the_file(model, folder):
    path = folder / "saved.safetensors"
    path.write_bytes(b"old")
    model.save(path)
    assert truenext.Model.load(path).version == model.version
    assert [name.name for name in folder.iterdir() if "saved" in name.name] == ["saved.safetensors"]
    with pytest.raises(FileNotFoundError):
        model.save(folder / "nowhere" / "saved.safetensors")


def test_the_file_is_one_of_safetensors(model):
    content = truenext.Model.from_state_dict(model.state_dict(), like=model).to_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    assert length % 8 == 0 and content[8:9] == b"{"


def test_tensors_of_torch(model):
    torch = pytest.importorskip("torch")
    tensors = model.to_torch()
    assert tensors["item_embedding.weight"].dtype == torch.float32
    parameters = {name: torch.nn.Parameter(tensor) for name, tensor in tensors.items()}
    again = truenext.Model.from_state_dict(parameters, like=model)
    assert again.recommend(HISTORIES).to_list() == model.recommend(HISTORIES).to_list()
