# SPDX-License-Identifier: Apache-2.0
"""The section of docs/performance.md about RecTools and RePlay, from the measurements of sasrec_beside.py."""

import math
import statistics

INTRODUCTION = """## Beside RecTools and RePlay

Made by `benchmarks/python/sasrec_beside.py`, no number typed by hand. SASRec with cross-entropy over the whole
catalogue at every position, by the classes that the two packages offer (RecTools' `SASRecModel`, RePlay's
`replay.nn.sequential.SasRec` with its default transforms), each in a process of its own on one thread.

**Equal:** one pandas frame; the split, made once in it (nobody is given a user's newest event); the newest L events of
a user; users a step; width, blocks, heads, inner width d, one item table for input and scores, item vectors times
sqrt(d), positions counted from the newest, dropout; the form of the start (Xavier, normal); Adam, constant learning
rate, epochs; no validation. The lists are the ten best of the whole catalogue without the user's history.

**Not equal:** both others pad every user to L and score padding against the catalogue before the loss leaves it out; we
compute real positions only. RecTools' real positions also attend to the padding (its default). RePlay has a user with
at most L events predict its first event, too, from padding. Layer norms have epsilon 1e-5 in RecTools' blocks and at
RePlay's end, otherwise 1e-8. Draws differ, so models differ as by another seed. Of RecTools one thing is no default:
`use_scale_factor`, without which item vectors are not multiplied by sqrt(d). RePlay's transforms and encoder that trim
padding are options, not used here.

**Counted:** training is CPU time, of user and system, from the frame to the trained model, what each does to prepare
its data included, imports not. Peak memory is that of the process; "before training" is what Python, the packages
and the frame take of it. NDCG@10 is of the same lists by the metrics of all three: RecTools' with
`divide_by_achievable=True` (without it the divisor is that of ten relevant items, 4.54 times as large where there is
one), RePlay's, and `truenext evaluate --lists`. After so few epochs it is a check that all three learn alike, not the
quality of a finished model, which is in docs/studies."""

NAMES = {"truenext": "truenext", "rectools": "RecTools", "replay": "RePlay"}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def counted(count, word):
    return f"{count} {word}{'' if count == 1 else 's'}"


def spread(values, form):
    """Median, with the range where there are several."""
    text = form(statistics.median(values))
    return text if len(values) == 1 else f"{text} ({form(min(values))} to {form(max(values))})"


def of_system(result, system):
    return [run for run in result["runs"] if run["system"] == system]


def ratios(result, system):
    """CPU seconds of a training over those of ours in the same round."""
    ours = {run["round"]: run["cpu_fit"] for run in of_system(result, "truenext")}
    return [run["cpu_fit"] / ours[run["round"]] for run in of_system(result, system) if run["round"] in ours]


def noise(result):
    """Half-width of the 95 % interval of any NDCG@10 of a run, at most: of users' values between 0 and 1 with
    mean m none varies more than m (1 - m)."""
    mean = max(run["ndcg"]["truenext"] for run in result["runs"])
    return 1.96 * math.sqrt(mean * (1 - mean) / result["data"]["users"])


def row(result, system):
    runs = of_system(result, system)
    positions = result["data"]["positions"] * result["settings"]["epochs"]
    beside = ratios(result, system)
    cells = [
        f"{NAMES[system]} {runs[0]['version']}",
        spread([run["cpu_fit"] for run in runs], number),
        number(positions / statistics.median(run["cpu_fit"] for run in runs)),
        f"**{spread(beside, '{:.1f}'.format)}**" if beside and system != "truenext" else "",
        spread([run["cpu_lists"] for run in runs], number),
        number(max(run["peak"] for run in runs) / 1e6),
        number(max(run["peak_start"] for run in runs) / 1e6),
    ]
    for judge in ("rectools", "replay", "truenext"):
        values = [run["ndcg"][judge] for run in runs]
        cells.append("-" if None in values else spread(values, "{:.4f}".format))
    return "| " + " | ".join(cells) + " |"


def table(result):
    data, settings = result["data"], result["settings"]
    sampled = "A sample of " if data["sampled"] else ""
    rounds = 1 + max(run["round"] for run in result["runs"])
    loads = [run["load"] for run in result["runs"]]
    lines = [
        f"\n### {data['name']}: d = {settings['hidden_size']}, L = {settings['max_length']}, "
        f"{counted(settings['blocks'], 'block')}, {counted(settings['heads'], 'head')}, "
        f"{counted(settings['epochs'], 'epoch')}\n",
        f"{sampled}{data['users']:,} users, {data['items']:,} items, {data['events']:,} events, "
        f"{data['positions']:,} trained positions an epoch; dropout {settings['dropout']:g}, "
        f"{settings['batch_size']} users a step, Adam with learning rate {settings['learning_rate']:g} and beta2 "
        f"{settings['beta2']:g}. {counted(rounds, 'round')}{', medians with their range' if rounds > 1 else ''}. "
        f"By the number of users an NDCG@10 is known to within {noise(result):.4f}. "
        f"{result['machine']['cpu']}, load {min(loads):.1f} to {max(loads):.1f}, {result['date']}."
        f"{' **Preliminary: the machine was busy**, to be repeated on an idle one.' if max(loads) > 0.3 else ''}\n",
        "| system | CPU s, training | positions per CPU s | times ours | CPU s, lists | peak MB | of these before "
        "training | NDCG@10 by RecTools | by RePlay | by truenext |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return lines + [row(result, system) for system in NAMES if of_system(result, system)]


def tables(results):
    return "\n".join(line for result in results for line in table(result))


def section(results):
    return INTRODUCTION + "\n" + tables(results)
