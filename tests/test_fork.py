"""A process that is forked after use works: no pool of threads that the child lacks is left behind.

All runs in an interpreter of its own, since what a pool leaves behind stays until the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SETTING = """
import multiprocessing, threading, warnings
import numpy as np, soundfile
from diarize import Diarizer
from diarize.gmm import GaussianMixture
diarizer = Diarizer("fast")
rows = np.random.default_rng(0).normal(size=(20000, 4))
sound, rate = soundfile.read("audio_samples/call.flac", stop=80000)
def diarize(_=None): return len(diarizer((sound, rate)))
def fit(_=None): return GaussianMixture(3, random_state=0).fit(rows).n_iter_
def work(_=None): return diarize(), fit()
def in_threads(work):
    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
def k_means_with_threads():
    from sklearn.cluster import KMeans
    KMeans(3, n_init=1).fit(rows)
"""
FORK = """
with multiprocessing.get_context("fork").Pool(2) as pool:
    assert pool.map_async(work, range(2)).get(timeout=90) == [before, before]
print("done")
"""
PROGRAM = f"""{SETTING}
in_threads(work)
before = work()
{FORK}
k_means_with_threads()  # OpenMP of others
assert work() == before
{FORK}
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked on this system")
def test_forked_workers_do_what_the_parent_did() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.stdout == "done\ndone\n", done.stderr[-2000:]
