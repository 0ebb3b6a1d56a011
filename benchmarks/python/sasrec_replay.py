# SPDX-License-Identifier: Apache-2.0
"""RePlay's SasRec as its documentation builds it: ids encoded, a Parquet file with a row for each user, its default
transforms, Lightning. Of version 0.22, whose replay.nn took the place of replay.models.nn."""

import lightning
import torch
from replay.data import FeatureHint, FeatureSource, FeatureType
from replay.data.nn import ParquetModule, TensorFeatureInfo, TensorFeatureSource, TensorSchema
from replay.nn.lightning import LightningModule
from replay.nn.lightning.callback import PandasTopItemsCallback
from replay.nn.lightning.optimizer import OptimizerFactory
from replay.nn.lightning.postprocessor import SeenItemsFilter
from replay.nn.sequential import SasRec
from replay.nn.transform.template import make_default_sasrec_transforms
from replay.preprocessing import LabelEncoder, LabelEncodingRule


class System:
    def __init__(self, settings, folder, top):
        self.settings = settings
        self.folder = folder
        self.top = top
        lightning.seed_everything(settings["seed"])

    def schema(self, items):
        return TensorSchema([TensorFeatureInfo(
            "item_id", is_seq=True, feature_type=FeatureType.CATEGORICAL,
            embedding_dim=self.settings["hidden_size"], padding_value=items, cardinality=items,
            feature_hint=FeatureHint.ITEM_ID,
            feature_sources=[TensorFeatureSource(FeatureSource.INTERACTIONS, "item_id")])])

    def write_data(self, train):
        """The file of sequences, and what reads it for training and for lists."""
        self.encoder = LabelEncoder([LabelEncodingRule("user_id"), LabelEncodingRule("item_id")])
        encoded = self.encoder.fit_transform(train)
        rows = encoded.groupby("user_id")["item_id"].agg(list).reset_index()
        rows["seen_ids"] = rows["item_id"]
        path = str(self.folder / "sequences.parquet")
        rows.to_parquet(path)
        self.items = int(encoded["item_id"].max()) + 1
        length, padding = self.settings["max_length"], self.items
        longest = int(rows["item_id"].str.len().max())
        self.tensors = self.schema(self.items)
        return ParquetModule(
            batch_size=self.settings["batch_size"], train_path=path, predict_path=path,
            metadata={
                # One more than the model sees: the last is a target only.
                "train": {"item_id": {"shape": length + 1, "padding": padding}},
                "predict": {"user_id": {}, "item_id": {"shape": length, "padding": padding},
                            "seen_ids": {"shape": longest, "padding": padding}},
            },
            transforms=make_default_sasrec_transforms(self.tensors))

    def trainer(self, **options):
        return lightning.Trainer(
            accelerator="cpu", devices=1, logger=False, enable_checkpointing=False,
            enable_progress_bar=False, enable_model_summary=False, limit_val_batches=0,
            num_sanity_val_steps=0, default_root_dir=self.folder, **options)

    def fit(self, train):
        settings = self.settings
        self.data = self.write_data(train)
        network = SasRec.from_params(
            self.tensors, embedding_dim=settings["hidden_size"], num_heads=settings["heads"],
            num_blocks=settings["blocks"], max_sequence_length=settings["max_length"],
            dropout=settings["dropout"])
        factory = OptimizerFactory(learning_rate=settings["learning_rate"], betas=(0.9, settings["beta2"]))
        self.module = LightningModule(network, optimizer_factory=factory)
        self.trainer(max_epochs=settings["epochs"]).fit(self.module, datamodule=self.data)

    def recommend(self):
        """user_id and item_id as in the training frame, best first."""
        callback = PandasTopItemsCallback(top_k=self.top, query_column="user_id", item_column="item_id",
                                          postprocessors=[SeenItemsFilter(self.items)])
        with torch.no_grad():
            self.trainer(callbacks=[callback]).predict(self.module, datamodule=self.data,
                                                       return_predictions=False)
        return self.encoder.inverse_transform(callback.get_result().astype({"item_id": "int64"}))
