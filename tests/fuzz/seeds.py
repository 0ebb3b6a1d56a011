# SPDX-License-Identifier: Apache-2.0
"""Writes small valid inputs for every fuzzer: seeds.py FOLDER makes FOLDER/KIND/NUMBER."""
import gzip
import io
import json
import os
import struct
import sys
import zipfile

BORDER = "\n====\n"
OBJECT = {"user": "u1", "item": "i1", "timestamp": 1396859477, "rating": 4.5}
TEXTS = {
    "serve-head": ["/v1/items/a%20b/similar?k=3&by=next\nhost: [::1]:80\ntransfer-encoding: chunked", "/\nhost: a\ncontent-length: 3"],
    "serve-body": ['{"history": ["1", 2, {"hex": "ff"}], "k": 3, "exclude": ["4"], "filter": {"all": ["a"], "none": []}}',
                   '{"history": [], "candidates": ["1"], "explain": "similar", "explain_items": 2, "unknown": "error", "unit": "u"}'],
    "serve-keys": ["# keys\na read sha256:" + "0f" * 32 + " rate=10/s expires=2027-01-01\nb admin sha256:" + "a0" * 32],
    "serve-items": ['{"item": "1", "title": "A", "tags": ["x", "y"], "available": false, "popularity": 3, "data": {"u": [1]}}\n{"item": 2}'],
    "serve-config": ['queue = 7\nlisten = ["fd:3"]\nlog = "text"\n[[model]]\nname = "a"\npath = "b"\nweight = 3\n[shadow]\nmodel = "a"\nshare = 0.5'],
    "csv": ["user,item,time,rating\nu1,i1,5,4.5\nu1,i2,2014-04-07T10:51:09.277Z,\n",
            "session_id,item_id,ts\r\n1,2,3\r\n", '"user";"item";"time"\n"a";"b";"1e3"\n'],
    "tsv": ["user\titem\ttime\nu1\ti1\t5\n", "1\t2\t3\t881250949\n"],
    "recbole": ["user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t2\t3.5\t4e8\n",
                "session_id:token\titem_id_list:token_seq\titem_id:token\n1\t2 3 4\t5\n"],
    "steam": ["{u'username': u'a', u'product_id': u'10', u'date': u'2017-12-17', u'hours': 1.5}\n",
              "{'user_id': 'b', 'reviews': [{'item_id': '7', 'posted': 'Posted November 5, 2011.', "
              "'recommend': True}]}\n"],
    "jsonl": [json.dumps(OBJECT) + "\n",
                   '{"reviewerID": "A1", "asin": "B00", "overall": 5.0, "unixReviewTime": 1}\n'],
    "foursquare": ["1\t4bf5\t4bf58\tPark\t40.7\t-74.0\t-240\tTue Apr 03 18:00:09 +0000 2012\n"],
    "movielens": ["1::1193::5::978300760\n", "196\t242\t3\t881250949\n", "196|242|3|881250949\n"],
    "session": ["SessionId\tItemId\tTime\n1\t214\t1396859477.277\n"],
    "pairs": ["u1 i1\nu1 i2\n", "1 2\r\n3 4"],
    "s3rec": ["1 5 6 7\n2 8 9 10 11\n"],
    "columns": [BORDER.join(["user,item,-,time", "|", "a|b|c|1\n"]),
                BORDER.join(["", "tab", "user\titem\nu\ti\n"])],
    "gsasrec": [BORDER.join(['{"num_items": 9, "num_users": 2}', "1 2\n3\n", "1 2\n", "4\n",
                             "1 2 4\n3\n", "5\n6\n"])],
    "titles": ["1::Toy Story (1995)::Animation|Comedy\n", "1|Toy Story|01-Jan-1995||http\n",
               "item_id:token\ttitle:token_seq\n1\tToy Story\n", 'id,title\n1,"Toy, ""Story"""\n'],
    "attributes": ['{"1": [3, 4], "i1": ["a", "b"], "9": []}', "item,attribute\n1,a\ni1,b\n", "1\ta\n2\tb\n",
                   '{"item": 1, "attributes": ["a", 2]}\n{"item": "i1", "attribute": null}\n',
                   "item_id:token\tclass:token_seq\n1\ta b\n2\tb\n", 'id;tag\n1;"a;b"\n'],
    "attribute-columns": [BORDER.join(["item,-,attribute\n|", "1::One::a|b\n2::Two::b\n"]),
                          BORDER.join(["\n;\nkey\nkind", "key,n,kind\n1,2,a;b\n"]),
                          BORDER.join(["\n|\n\ngenres", '{"id": 1, "genres": "a|b"}\n'])],
    "lists": ["u1\ti1 i2 i3\nu2\ti5\n", "u1 Q0 i1 1 0.5 tag\nu1 Q0 i%202 2 0.4 tag\n"],
    "candidates": ["".join(f"u{user} i{user % 8} i1 i2 what\n" for user in range(12)),
                   "".join(f"u{user}\ti0 i3 i4 i5 i6 i7 i0\r\n" for user in reversed(range(13)))],
    "per-user": ["user\tndcg@10\trecall@10\tranks\nu1\t0.5\t1\t2\n",
                 "user\tndcg@10\trank\nu1\t0.5\t1\n"],
    "config": [BORDER.join([
        '[model]\nname = "gru4rec"\ngru_layers = 2\n[train]\nepochs = 3\nlearning_rate = 1e-3\n',
        "train.epochs=7\nmodel.block=post-norm\nmodel.dropout=0.25\n"]), BORDER.join([
        '[objective]\ncriterion = "softmax"\ncandidates = "full"\n[watch]\nparts = "valid"\n',
        'data.path="a b"\ntrain.schedule=cosine\n'])],
    "grid": ['out = "r"\npreset = "sasrec"\ndata = ["a/b", "c"]\nseeds = [1, 2]\npart = "valid"\n'
             'test_items = [1]\ncandidates = ["full"]\n[set]\ntrain.epochs = 1\n'
             '[[variant]]\nname = "a"\n[grid]\nmodel.dropout = [0.1, 0.2]\n'],
    "ids": ["i1,i2 i3", BORDER.join(["i1;x,y;a b", "i2;07", ";"]), "nobody",
            BORDER.join(["", "i1", "", "u1"]), BORDER.join(["", "", "", "u99"])],
    "id-filters": [BORDER.join(["i1\ni2\n", "i3,i4"]), BORDER.join(["x,y\r\na b\nnobody\n", "i1"]),
                   BORDER.join(["i5\n07\n\n", ""])],
    "id-users": ["u1\nu2\nnobody\n", "u0\r\nu0\n"],
    "safetensors-header": [
        '{"__metadata__":{"a":"b"},"t":{"dtype":"F32","shape":[2,4],"data_offsets":[0,32]},'
        '"u":{"dtype":"I64","shape":[4],"data_offsets":[32,64]}}'],
}


def words(*texts):
    return b"".join(b"X" + struct.pack("<I", len(t)) + t.encode() for t in texts)


def tensor(key, shape, part=b""):
    count = 1
    for extent in shape:
        count *= extent
    numbers = lambda values: b"(" + b"".join(b"K" + bytes([v]) for v in values) + b"t"
    strides = [1] * len(shape)
    for i in range(len(shape) - 2, -1, -1):
        strides[i] = strides[i + 1] * shape[i + 1]
    storage = b"(" + words("storage") + b"ctorch\nFloatStorage\n" + words(key, "cpu") + b"K" + bytes([count]) + part + b"tQ"
    return (b"ctorch._utils\n_rebuild_tensor_v2\n(" + storage + b"K\0" + numbers(shape) + numbers(strides) +
            b"\x89ccollections\nOrderedDict\n)RtR")


def state_dict(tensors, part=b""):
    entries = b"".join(words(name) + tensor(str(i), shape, part) for i, (name, shape) in enumerate(tensors))
    return b"\x80\x02ccollections\nOrderedDict\n)R(" + entries + b"u."


def checkpoint(tensors):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        entry = lambda name: zipfile.ZipInfo("m/" + name, (1980, 1, 1, 0, 0, 0))
        archive.writestr(entry("data.pkl"), state_dict(tensors))
        for i, (_, shape) in enumerate(tensors):
            count = 1
            for extent in shape:
                count *= extent
            archive.writestr(entry(f"data/{i}"), struct.pack(f"<{count}f", *range(count)))
    return out.getvalue()


def torch_stream(tensors):
    """As PyTorch wrote before 1.6, without the magic number."""
    out = b"\x80\x02M\xe9\x03.\x80\x02}" + words("little_endian") + b"\x88s." + state_dict(tensors, b"N")
    out += b"\x80\x02](" + words(*(str(i) for i in range(len(tensors)))) + b"e."
    for _, shape in tensors:
        count = 1
        for extent in shape:
            count *= extent
        out += struct.pack(f"<q{count}f", count, *range(count))
    return out


def zstd(content):
    """One frame with one raw block."""
    return b"\x28\xb5\x2f\xfd\x20" + bytes([len(content)]) + struct.pack("<I", len(content) << 3 | 1)[:3] + content


def model():
    """Not a whole model, but a safetensors file with names of one."""
    header = json.dumps({"__metadata__": {"format": "truenext"}, "item_embedding.weight": {
        "dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}}).encode()
    header += b" " * (-len(header) % 8)
    return struct.pack("<Q", len(header)) + header + bytes(16)


def arrow():
    """Choices of tests/fuzz/arrow_kinds.cpp that make tables of many types, all of them right."""
    tables = []
    for first in range(0, 28, 4):
        columns = b"".join(bytes([0, 0, 0, first + i]) for i in range(4))
        arrays = b"".join(bytes([i % 3, i % 2]) + bytes(range(1, 200)) for i in range(4))
        tables.append(b"\x03" + columns + b"\x02" + (b"\x09\x01" + arrays) * 2)
    return tables


def seeds():
    found = {kind: [text.encode() for text in texts] for kind, texts in TEXTS.items()}
    any_format = [texts[0] for kind, texts in found.items()
                  if kind in ("csv", "tsv", "recbole", "steam", "jsonl", "foursquare", "movielens",
                              "session", "pairs", "s3rec")]
    compressed = [gzip.compress(any_format[0], mtime=0), zstd(any_format[0][:200])]
    found["any-format"] = any_format + compressed + [b"\xff\xfe" + "user,item\na,b\n".encode("utf-16-le")]
    tensors = [("item_emb.weight", [3, 2]), ("pos_emb.weight", [2, 2])]
    found["pickle"] = [state_dict(tensors), state_dict([])]
    found["checkpoint"] = [checkpoint(tensors)]
    recurrent = [("item_embeddings.weight", [4, 2]), ("gru_layers.weight_ih_l0", [3, 2]),
                 ("gru_layers.weight_hh_l0", [3, 1]), ("dense.weight", [2, 1]), ("dense.bias", [2])]
    found["torch-stream"] = [torch_stream(tensors), torch_stream(recurrent)]
    found["model"] = found["model-in-memory"] = [model()]
    found["arrow"] = arrow()
    found["labels"] = [json.dumps({
        "kind": "truenext labels", "version": 1, "items": 8, "users": 12, "split_fingerprint": "@SPLIT",
        "mixing": "probability", "temperature": 3.0, "kept": 2, "newest": 0, "teachers": ["a"], "rows": 30,
        "fingerprint": "b"}).encode()] + [b"\n====\n" + b"x" * file + b"\n====\n" + bytes(104) for file in range(1, 5)]
    return found


def main():
    for kind, inputs in seeds().items():
        folder = os.path.join(sys.argv[1], kind)
        os.makedirs(folder, exist_ok=True)
        for number, content in enumerate(inputs):
            with open(os.path.join(folder, str(number)), "wb") as file:
                file.write(content)


main()
