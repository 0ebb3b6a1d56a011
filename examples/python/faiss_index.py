# SPDX-License-Identifier: Apache-2.0
"""A model's item table in an index of faiss: faiss_index.py MODEL FILE.index. Asks it for what the model is asked for.

The index is exact here (IndexFlatIP), so the two agree; for millions of items take one that is not, and measure what it loses.
"""

import sys

import faiss
import numpy as np

import truenext

model = truenext.Model.load(sys.argv[1])
index = faiss.IndexFlatIP(model.dim)
index.add(np.ascontiguousarray(model.item_table))
faiss.write_index(index, sys.argv[2])

history = model.item_ids[:3].tolist()
scores, numbers = index.search(model.encode([history]), 10 + len(history))
found = [(model.item_ids[item], score) for item, score in zip(numbers[0], scores[0]) if model.item_ids[item] not in history]
print("faiss   ", [item for item, _ in found[:10]])
print("truenext", [item for item, _ in model.recommend([history], k=10, exclude_seen=True)[0]])
