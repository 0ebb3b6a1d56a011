# SPDX-License-Identifier: Apache-2.0
"""The section of docs/performance.md about RecTools and RePlay, from the measurements of sasrec_beside.py."""

import statistics

NAMES = {"truenext": "truenext", "rectools": "RecTools", "replay": "RePlay"}


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


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
    sampled = "a sample of " if data["sampled"] else ""
    rounds = 1 + max(run["round"] for run in result["runs"])
    loads = [run["load"] for run in result["runs"]]
    lines = [
        f"\n### {data['name']}: d = {settings['hidden_size']}, L = {settings['max_length']}, "
        f"{settings['blocks']} blocks, {settings['heads']} heads, {settings['epochs']} epochs\n",
        f"{sampled}{data['users']:,} users, {data['items']:,} items, {data['events']:,} events, "
        f"{data['positions']:,} trained positions an epoch; dropout {settings['dropout']:g}, "
        f"{settings['batch_size']} users a step, Adam with learning rate {settings['learning_rate']:g} and beta2 "
        f"{settings['beta2']:g}. {rounds} {'rounds, medians with their range' if rounds > 1 else 'round'}; "
        f"{result['machine']['cpu']}, load {min(loads):.1f} to {max(loads):.1f}, {result['date']}.\n",
        "| system | CPU s, training | positions per CPU s | times ours | CPU s, lists | peak MB | of these before "
        "training | NDCG@10 by RecTools | by RePlay | by truenext |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    return lines + [row(result, system) for system in NAMES if of_system(result, system)]


def section(results):
    return "\n".join(line for result in results for line in table(result)).lstrip("\n")
