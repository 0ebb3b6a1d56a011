# SPDX-License-Identifier: Apache-2.0
"""A search of settings by optuna that gives bad trials up early: optuna_objective.py DATASET [TRIALS]."""

import sys
import tempfile

import optuna

import truenext


def objective(trial: optuna.Trial) -> float:
    settings = {
        "train.learning_rate": trial.suggest_float("learning_rate", 3e-4, 3e-3, log=True),
        "model.dropout": trial.suggest_float("dropout", 0.1, 0.5),
        "train.epochs": 10,
    }

    def prune(event: truenext.Event) -> None:
        if event.kind == "validation":
            trial.report(event.data["best"], event.epoch)
            if trial.should_prune():
                raise optuna.TrialPruned

    with tempfile.TemporaryDirectory() as folder:
        run = truenext.fit(sys.argv[1], preset="sasrec-cce", set=settings, run=f"{folder}/run", callbacks=[prune])
        return max(entry["best"] for entry in run.history if "best" in entry)


if __name__ == "__main__":
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=42))
    study.optimize(objective, n_trials=int(sys.argv[2]) if len(sys.argv) > 2 else 20)
    print(study.best_value, study.best_params)
