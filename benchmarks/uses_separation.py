"""Separation of speakers who talk at once, beside ideal masks, on mixtures of real voices.

    python benchmarks/uses_separation.py [--shared PATH] [--mixtures N] [--half 0|1]

Speakers with 40 s or more of speech are drawn at random; each is brought to one loudness over all of their speech. The
first 20 s teach what a speaker sounds like, 5 s of the last are mixed at 0 dB. Figures are the improvement of the
scale-invariant signal-to-distortion ratio over the mixture, in dB, mean over the speakers of a mixture. The settings
were chosen on speakers of half 0; half 1, the default, holds the others. "near" are mixtures whose median pitches lie
within a third of an octave, "far" the others. Ideal masks know the sources: the share of the power, or the louder one.
"""

from __future__ import annotations

import argparse
import time
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import soundfile

from diarize.gmm import fit_source, separate_sources
from diarize.gmm.uses.separation import components_each
from diarize.separation.transform import to_samples, to_spectra

RATE, HOP = 16000, 256
TRAIN, MIXED = 20 * RATE, 5 * RATE // HOP * HOP
Samples = npt.NDArray[np.float32]


def speech_of(folder: Path) -> Samples:
    """Return all speech of a speaker at RMS 1."""
    sound = np.concatenate([soundfile.read(path, dtype="float32")[0] for path in sorted(folder.iterdir())])
    return np.asarray(sound / np.sqrt(np.mean(sound**2)), dtype=np.float32)


def pitch(sound: Samples) -> float:
    """Return the median pitch in Hz, by autocorrelation."""
    frames = np.lib.stride_tricks.sliding_window_view(sound, 1024)[::1024].astype(float) * np.hanning(1024)
    frames = frames[(frames**2).sum(axis=1) > np.percentile((frames**2).sum(axis=1), 60)]
    correlation = np.fft.irfft(np.abs(np.fft.rfft(frames, 2048)) ** 2)[:, RATE // 400 : RATE // 70]
    return float(np.median(RATE / (RATE // 400 + correlation.argmax(axis=1))))


def improvement(estimate: Samples, truth: Samples, mixture: Samples) -> float:
    """Return the improvement of the ratio in dB, without the edges that lie in too few windows."""

    def ratio(sound: Samples) -> float:
        target = (sound @ clean) / (clean @ clean) * clean
        return float(10 * np.log10((target @ target) / ((sound - target) @ (sound - target))))

    inner = slice(3 * HOP, -3 * HOP)
    clean = truth[inner].astype(np.float64)
    return ratio(estimate[inner].astype(np.float64)) - ratio(mixture[inner].astype(np.float64))


def measure(speakers: list[Samples]) -> dict[str, Any]:
    """Separate one mixture."""
    alone = [each[-MIXED:] / np.sqrt(np.mean(each[-MIXED:] ** 2)) for each in speakers]
    mixture = np.sum(alone, axis=0)
    spectrum, floor = to_spectra(mixture, HOP), 1e-2
    begun = time.process_time()
    size = components_each(len(speakers))
    rows = [np.log(np.abs(to_spectra(each[: TRAIN // HOP * HOP], HOP)) ** 2 + floor) for each in speakers]
    sources = [fit_source(each, n_components=size, random_state=0) for each in rows]
    fitted = time.process_time()
    masks = separate_sources(np.log(np.abs(spectrum) ** 2 + floor), sources)
    done = time.process_time()
    power = np.stack([np.abs(to_spectra(each, HOP)) ** 2 for each in alone])
    kinds = {"ours": masks, "ratio": power / power.sum(axis=0), "binary": power == power.max(axis=0)}
    gains: dict[str, Any] = {
        name: np.mean([improvement(to_samples(m * spectrum, HOP), t, mixture) for m, t in zip(of, alone, strict=True)])
        for name, of in kinds.items()
    }
    pitches = np.sort([np.log2(pitch(each)) for each in speakers])
    return gains | {"near": np.diff(pitches).min() < 1 / 3, "train": fitted - begun, "separate": done - fitted}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path(__file__).resolve().parents[2] / "shared")
    parser.add_argument("--mixtures", type=int, default=12)
    parser.add_argument("--half", type=int, choices=[0, 1], default=1)
    options = parser.parse_args()
    wanted = ("SO", "VCTK", "SWH")
    folders = [each for each in sorted((options.shared / "speech").iterdir()) if each.name.startswith(wanted)]
    folders = [each for each in folders if zlib.crc32(each.name.encode()) % 2 == options.half]
    np.random.default_rng(1).shuffle(folders)  # type: ignore[arg-type]
    print(
        "| speakers | mixtures | improvement (dB) | sd | least | near | far | ideal ratio | binary | CPU s for 10 s |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for count, n_mixtures in ((2, options.mixtures), (3, max(1, options.mixtures // 2))):
        rows = [
            measure([speech_of(folder) for folder in folders[place * count : (place + 1) * count]])
            for place in range(n_mixtures)
        ]
        ours, near = np.array([row["ours"] for row in rows]), np.array([row["near"] for row in rows])
        parts = [f"{ours[each].mean():.1f} ({each.sum()})" if each.any() else "-" for each in (near, ~near)]
        ideal = [f"{np.mean([row[name] for row in rows]):.1f}" for name in ("ratio", "binary")]
        seconds = 10 / (MIXED / RATE) * np.median([row["separate"] for row in rows])
        cells = [count, n_mixtures, f"{ours.mean():.2f}", f"{ours.std():.2f}", f"{ours.min():.1f}", *parts, *ideal]
        print("|", " | ".join(map(str, [*cells, f"{seconds:.1f}"])), "|", flush=True)


if __name__ == "__main__":
    main()
