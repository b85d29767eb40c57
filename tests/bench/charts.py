#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""charts.py RESULTS DIRECTORY: what the benchmark measured, as SVG, a set for each kernel and
measure: what one dictation is made of, what an SA costs with many rules, managers and SAs, and
how long a manager takes to answer."""
import json
import os
import re
import sys

import pygal

#: The figures of a line, by what grows
SERIES = {
    "rules": {1: "newsa.rules_1", 100: "newsa.rules_100", 10000: "newsa.rules_10000"},
    "bidders": {1: "newsa.tia_keys", 2: "newsa.bidders_2", 4: "newsa.bidders_4", 8: "newsa.bidders_8"},
    "watchers": {1: "newsa.watchers_1", 4: "newsa.watchers_4", 16: "newsa.watchers_16"},
    "live-SAs": {1000: "newsa.live_1000", 10000: "newsa.live_10000", 100000: "newsa.live_100000"},
    "namespaces": {1: "parallel.netns_1", 4: "parallel.netns_4", 16: "parallel.netns_16"},
}
#: What draw_stages() cannot do without
STAGES = {"newsa.plain", "newsa.module", "newsa.kernel_manager", "newsa.tia_keys", "nfqueue.asked", "nfqueue.plain"}
#: Nothing is fetched by who looks at a chart.
OFFLINE = {"js": (), "disable_xml_declaration": False, "no_data_text": "not measured"}


def stages(values):
    """(name, cost) of what an SA that a process dictates is made of; each is a difference of
    figures, so they add up"""
    plain, idle, kernel, tia = (values[f"newsa.{n}"] for n in ("plain", "module", "kernel_manager", "tia_keys"))
    library = min(values.get("library.question", 0), tia - kernel)
    return [("NEWSA itself", plain), ("hook", max(idle - plain, 0)),
            ("rule, decision, keys, tracking", kernel - max(idle, plain)),
            ("messages, system calls, switches", tia - kernel - library),
            ("libkmtia and the manager", library)]


def draw_stages(values, unit, path):
    """One bar, in pieces, beside one of what is asked otherwise"""
    chart = pygal.HorizontalStackedBar(title=f"An SA that one process dictates, {unit}", height=360,
                                       legend_at_bottom=True, legend_at_bottom_columns=2, **OFFLINE)
    chart.x_labels = ["kmtia", "NEWSA + NFQUEUE verdict"]
    verdict = values["nfqueue.asked"] - values["nfqueue.plain"]
    for i, (name, cost) in enumerate(stages(values)):
        chart.add(f"{name}: {cost:,}", [cost, cost if i == 0 else None])
    chart.add(f"NFQUEUE verdict: {verdict:,}", [None, verdict])
    chart.render_to_file(path)


def draw_growth(what, points, unit, path):
    """POINTS: {how many: cost}"""
    chart = pygal.XY(title=f"An SA, {unit}, by {what}", height=360, show_legend=False,
                     range=(0, max(points.values()) * 1.1), **OFFLINE)
    # Steps are even: what is measured grows by factors.
    chart.x_labels = [{"label": str(n), "value": i} for i, n in enumerate(points)]
    chart.add(what, list(enumerate(points.values())))
    chart.render_to_file(path)


def answer_times(values):
    """[(class of time, answers)]"""
    found = []
    for name, count in values.items():
        below = re.fullmatch(r"answers_below_(\d+)us", name)
        if below:
            found.append((int(below[1]), count))
    slower = values.get("answers_slower")
    return [(f"< {below} us", count) for below, count in sorted(found)] + ([("slower", slower)] if slower else [])


def draw_answers(times, path):
    chart = pygal.Bar(title="How long the manager took to answer", height=360, show_legend=False, **OFFLINE)
    chart.x_labels = [name for name, _ in times]
    chart.add("answers", [count for _, count in times])
    chart.render_to_file(path)


def draw(values, unit, where):
    """All that can be drawn of these figures, as files whose names begin with WHERE"""
    if STAGES <= set(values):
        draw_stages(values, unit, where + "-stages.svg")
    for what, figures in SERIES.items():
        if set(figures.values()) <= set(values):
            draw_growth(what, {n: values[f] for n, f in figures.items()}, unit, f"{where}-{what}.svg")
    times = answer_times(values)
    if times:
        draw_answers(times, where + "-answers.svg")


def main():
    with open(sys.argv[1], encoding="utf-8") as f:
        results = json.load(f)
    for kernel, measures in results.items():
        for measure, values in measures.items():
            unit = "instructions" if measure == "instructions" else "ns"
            draw(values, unit, os.path.join(sys.argv[2], f"{kernel}-{measure}"))


if __name__ == "__main__":
    main()
