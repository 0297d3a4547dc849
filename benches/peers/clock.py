"""Timing that the scripts of both frameworks share."""

import json
import re
import statistics
import time


def report(step, seconds, **words):
    """Times single calls of step(), which must wait for its result, and prints one line of JSON."""
    for _ in range(3):
        step()
    samples, start = [], time.perf_counter()
    while len(samples) < 5 or time.perf_counter() - start < seconds:
        before = time.perf_counter()
        step()
        samples.append(time.perf_counter() - before)
    words["seconds"] = statistics.median(samples)
    words["best"] = min(samples)
    print(json.dumps(words), flush=True)


WORKLOADS = {
    # name: (kind, extent, batch)
    "train_8x8_batch64": ("train", 8, 64),
    "train_8x8_batch1024": ("train", 8, 1024),
    "train_16x16_batch256": ("train", 16, 256),
    "sample_8x8_batch1024": ("sample", 8, 1024),
    "hmc_32x32_chains64": ("hmc", 32, 64),
}


def workload(name):
    """(kind, extent, batch) of a name such as those above, with any extent and batch."""
    found = re.fullmatch(r"(train|sample|hmc)_(\d+)x\2_(?:batch|chains)(\d+)", name)
    if not found:
        raise SystemExit(f"workload: expected a name such as train_8x8_batch64, found {name!r}")
    return found[1], int(found[2]), int(found[3])


MASS2, LAMBDA = -4.0, 8.0
LAYERS, CHANNELS = 16, (1, 8, 8, 2)
LEAPFROG_STEPS, STEP = 10, 0.05
