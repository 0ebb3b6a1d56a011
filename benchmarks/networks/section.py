# SPDX-License-Identifier: Apache-2.0
"""The section of docs/performance.md about all networks, from the measurements of compare.py."""

import statistics

INTRODUCTION = """## Every network

Made by `benchmarks/networks/compare.py`, no number typed by hand. A training step (drawing the batch, forward,
loss, backward, Adam) of the network of a preset, with the batch size and dropout of the preset, beside the same
network in PyTorch on one thread each: vectorised, padded to the longest sequence of the batch, with `nn.GRU`,
`conv1d`, `scaled_dot_product_attention` and fused Adam. Where two ways of writing it are plausible both were timed,
and the ratio that counts, in bold, is the one beside the faster. **Only trained positions are counted**, on both
sides: of a prefix the newest, of BERT4Rec the masked ones."""

TIME = """
Where our time goes: the useful arithmetic of a step (a multiply-add is two operations, backward pass included) of
the network and of the scores over the whole catalogue; the CPU time of a step; what of it is left when states are
scored against two items instead of the catalogue, Adam included; the rates, in useful GFLOP per CPU second, of the
loss over the catalogue by that difference and of the whole step; and that of our own matrix product in the same
run.
"""

GATE = """
The gate, before anything was timed: same weights, same batch, dropout 0, on the data that were timed and on
simulated data with items that come again. Largest relative difference over all forms and batches of the loss (limit
1e-6) and of the gradient of any tensor (limit 1e-4)."""


def number(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def median_of(entry, side, key):
    return statistics.median(pair[side][key] for pair in entry["pairs"])


def ratios(entry):
    return [pair["ours"]["positions_per_cpu_second"] / pair["theirs"]["per_cpu_second"]
            for pair in entry["pairs"]]


def fastest(record):
    return max(record["forms"], key=lambda entry: median_of(entry, "theirs", "per_cpu_second"))


def speed_rows(record):
    for entry in record["forms"]:
        found = ratios(entry)
        middle = f"{statistics.median(found):.1f}"
        if entry is fastest(record):
            middle = f"**{middle}**"
        theirs = median_of(entry, "theirs", "per_cpu_second")
        ours = median_of(entry, "ours", "positions_per_cpu_second")
        yield (f"| {record['preset']} | {record['data']} | {entry['form']} | {number(theirs)} "
               f"| {number(ours)} | {middle} ({min(found):.1f} to {max(found):.1f}) |")


def time_row(record):
    pairs = [pair["ours"] for entry in record["forms"] for pair in entry["pairs"]]

    def median(key):
        return statistics.median(pair[key] for pair in pairs)

    step, unscored = median("cpu_seconds"), statistics.median(record["unscored"])
    return (f"| {record['preset']} | {number(median('positions_per_step'))} "
            f"| {median('network_gflop_per_step'):.2f} | {median('scores_gflop_per_step'):.2f} "
            f"| {1e3 * step:.1f} | {1e3 * unscored:.1f} "
            f"| {median('scores_gflop_per_step') / max(step - unscored, 1e-9):.0f} "
            f"| {median('gflop_per_cpu_second'):.0f} "
            f"| {median('sgemm_gflop_per_cpu_second'):.0f} |")


def gate_rows(gate):
    presets = list(dict.fromkeys(line["preset"] for line in gate))
    for preset in presets:
        lines = [line for line in gate if line["preset"] == preset]
        lengths = f"{min(l['shortest'] for l in lines)} to {max(l['longest'] for l in lines)}"
        yield (f"| {preset} | {len({l['form'] for l in lines})} | {lengths} "
               f"| {max(l['loss_error'] for l in lines):.0e} "
               f"| {max(l['gradient_error'] for l in lines):.0e} |")


def conditions(result):
    machine = result["machine"]
    loads = [pair["load"] for record in result["networks"] for entry in record["forms"]
             for pair in entry["pairs"]]
    text = (f"\n{machine['cpu']}, {machine['cores']} cores ({', '.join(machine['flags'])}), PyTorch "
            f"{result['torch']}, {result['date']}; {result['pairs']} alternating pairs of about "
            f"{result['seconds']:g} seconds, medians of CPU time; ratios with their range.")
    for shape, data in result["data"].items():
        text += (f" Data \"{shape}\": {data['kind']}, {data['users']:,} users, {data['items']:,} "
                 f"items, {data['events']:,} events.")
    if max(loads) > 0.3:
        text += (f" **Preliminary: the machine was busy** (load {min(loads):.1f} to {max(loads):.1f}), "
                 "so that caches were shared with other work; to be repeated on an idle one.")
    return text


def section(result):
    lines = [INTRODUCTION, conditions(result), ""]
    lines += ["| preset | data | form in PyTorch | its positions per CPU s | ours | ratio |",
              "|---|---|---|---|---|---|"]
    for record in result["networks"]:
        lines += speed_rows(record)
    lines.append(TIME)
    lines += ["| preset | positions a step | network, GFLOP | scores, GFLOP | CPU ms a step "
              "| without the catalogue | rate of the loss | of the step | of our matrix product |",
              "|---|---|---|---|---|---|---|---|---|"]
    lines += [time_row(record) for record in result["networks"]]
    lines += [GATE, "", "| preset | forms | lengths | loss | gradients |", "|---|---|---|---|---|"]
    lines += gate_rows(result["gate"])
    return "\n".join(lines)
