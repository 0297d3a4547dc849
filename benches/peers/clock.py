"""Timing that the scripts of both frameworks share."""

import json
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

MASS2, LAMBDA = -4.0, 8.0
LAYERS, CHANNELS = 16, (1, 8, 8, 2)
LEAPFROG_STEPS, STEP = 10, 0.05
