#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""gather.py figures.KERNEL.MEASURE...: "NAME VALUE" lines of each file as one JSON, as compare.py
reads it: {kernel: {measure: {figure: number}}}."""
import collections
import json
import os
import sys


def gather(paths):
    results = collections.defaultdict(dict)
    for path in paths:
        kernel, measure = os.path.basename(path).removeprefix("figures.").rsplit(".", 1)
        with open(path, encoding="utf-8") as f:
            results[kernel][measure] = {name: int(value) for name, value in (line.split() for line in f)}
    return results


if __name__ == "__main__":
    json.dump(gather(sys.argv[1:]), sys.stdout, indent=1, sort_keys=True)
    print()
