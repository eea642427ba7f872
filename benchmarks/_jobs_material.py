"""What four people bring to `jobs.py`: an episode, an interview, calls and a transcript, composed, with true turns."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
import numpy.typing as npt
import soundfile
from _battery_compose import PEAK, Stock
from _battery_sound import LEVEL, RATE, places_in_room
from _battery_turns import draw_turns, with_breaks
from _battery_voices import Tape, stretches
from _legs_compose import CROSSTALK, SNRS, Case, compose
from words import words_of

from diarize import Annotation, Turn
from diarize.training.levels import amplitude, at_level
from diarize.training.noise import recorded_noise
from diarize.transcripts.words import Word

Samples = npt.NDArray[np.float32]

HOSTS, GUESTS = ("VCTK_P226", "VCTK_P228"), ("VCTK_P225", "VCTK_P227")
EPISODE, INTERVIEW = 50 * 60.0, 20 * 60.0  # s
CALL = (120.0, 240.0)  # s
JINGLES = (14.0, 8.0, 8.0, 8.0)  # s
BED = (40.0, 26.0)  # s of music under the first words, and dB that it is softer than they are
SIDE = 3.0  # dB that a host is louder in the one channel than in the other
PHONE_NOISE = 22.0  # dB under the voices of the interview
LEXICON = ("so", "then", "we", "went", "back", "and", "people", "there", "had", "never", "seen", "it", "before")
LONGEST_SEGMENT, PAUSE = 7.0, 0.9  # s; whisper's segments run on over a change of speaker, not over a pause


def episode(folder: Path, stock: Stock, seed: int = 0, seconds: float = EPISODE) -> Path:
    """Make `episode.mp3`, two hosts with music, with `truth/episode.rttm`."""
    rng = np.random.default_rng([seed, 1])
    turns = draw_turns(_timing(stock), 2, seconds - sum(JINGLES), rng)
    turns, breaks = with_breaks(turns, JINGLES, rng)
    voices, spoken = _said(HOSTS, turns, seconds, stock, rng)
    channels = [sum(voice * _gain(side * SIDE / 2 * (-1) ** k) for k, voice in enumerate(voices)) for side in (1, -1)]
    music = np.zeros((2, len(voices[0])), np.float32)
    for start, end in breaks:
        _add_music(music, start, end - start, 0.0, stock, rng)
    first, under = BED
    _add_music(music, turns[0].start, first, -under, stock, rng)
    hiss = rng.standard_normal(music.shape, np.float32) * _gain(LEVEL - 55)
    return _written(folder, "episode.mp3", np.stack(channels) + music + hiss, spoken)


def interview(folder: Path, stock: Stock, seed: int = 0, seconds: float = INTERVIEW) -> Path:
    """Make `interview.m4a`, two people in a room with one microphone, with `truth/interview.rttm`."""
    rng = np.random.default_rng([seed, 2])
    turns = draw_turns(_timing(stock), 2, seconds, rng)
    voices, spoken = _said(GUESTS, turns, seconds, stock, rng)
    places = places_in_room(2, 10.0, rng, stock.sounds.rooms)
    heard = sum(place.hear(voice / _gain(LEVEL))[: len(voice)] for place, voice in zip(places, voices, strict=True))
    noise = at_level(recorded_noise(stock.sounds.noises, len(voices[0]), rng), LEVEL - PHONE_NOISE)
    return _written(folder, "interview.m4a", (heard + noise)[None], spoken)


def calls(folder: Path, stock: Stock, count: int = 40, seed: int = 0) -> Path:
    """Make `calls/call01.wav` and so on, an agent and a customer in the channels, with `truth/calls/call01.rttm`."""
    rng = np.random.default_rng([seed, 3])
    people = [voice.name for voice in stock.voices.values() if voice.corpus in ("LS", "SO") and voice.seconds >= 20]
    for name in ("calls", "truth/calls"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for number in range(1, count + 1):
        agent, customer = (str(one) for one in rng.choice(people, 2, replace=False))
        crosstalk, snr = CROSSTALK[number % len(CROSSTALK)], SNRS[int(rng.integers(len(SNRS)))]
        seconds, seeded = float(rng.uniform(*CALL)), int(rng.integers(2**62))
        name = f"call{number:02d}"
        stereo = compose(Case(name, "legs", seconds, ((agent,), (customer,)), crosstalk, snr, "ULAW", seeded), stock)
        soundfile.write(folder / "calls" / f"{name}.wav", stereo.samples, stereo.rate, subtype="ULAW")
        stereo.reference.rename({agent: "agent", customer: "customer"}).write(folder / "truth/calls" / f"{name}.rttm")
    return folder / "calls"


def transcript(reference: Annotation, folder: Path, seed: int = 0) -> None:
    """Make `episode.json`, what whisper would write, with `truth/words.json`, which has the speaker of each word."""
    rng = np.random.default_rng([seed, 4])
    words = words_of(reference, rng)
    texts = [f" {rng.choice(LEXICON)}" for _ in words]
    said = [
        {"word": text, "start": round(word.start, 3), "end": round(word.end, 3)}
        for word, text in zip(words, texts, strict=True)
    ]
    known = [row | {"speaker": word.speaker} for row, word in zip(said, words, strict=True)]
    for name, rows in (("episode.json", said), ("truth/words.json", known)):
        segments = [_segment([rows[k] for k in part]) for part in _segments(words)]
        whole = {"text": "".join(texts), "segments": segments, "language": "en"}
        (folder / name).write_text(json.dumps(whole, indent=1), encoding="utf-8")


def _segment(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    end = max(row["end"] for row in rows)
    return {"start": rows[0]["start"], "end": end, "text": "".join(row["word"] for row in rows), "words": rows}


def _segments(words: Sequence[Word]) -> Iterator[list[int]]:
    """Return the numbers of the words of each segment."""
    part: list[int] = []
    for k, word in enumerate(words):
        if part and (word.start - words[k - 1].end > PAUSE or word.end - words[part[0]].start > LONGEST_SEGMENT):
            yield part
            part = []
        part.append(k)
    if part:
        yield part


def _timing(stock: Stock) -> list[Sequence[object]]:
    return [events for some in stock.events.values() for events in some]


def _gain(decibels: float) -> np.float32:
    return np.float32(amplitude(decibels))


def _said(
    names: Sequence[str], turns: Sequence[Turn], seconds: float, stock: Stock, rng: np.random.Generator
) -> tuple[list[Samples], list[Turn]]:
    """Return what each person says, (n_samples,) at `LEVEL`, and when."""
    missing = [name for name in names if name not in stock.voices]
    if missing:
        raise click.ClickException(f"no voice {missing[0]} in the folder of speech")
    tapes = [Tape(stock.voices[name].occasion(), rng) for name in names]
    voices, spoken = [np.zeros(int(seconds * RATE), np.float32) for _ in names], []
    for turn in turns:
        one, at = int(turn.speaker), int(turn.start * RATE)
        sound, marks = tapes[one].play(int(turn.duration * RATE))
        sound, marks = sound[: len(voices[one]) - at], marks[: len(voices[one]) - at]
        voices[one][at : at + len(sound)] += sound * _gain(LEVEL + rng.normal(0.0, 2.0))
        spoken += [Turn((at + a) / RATE, (at + b) / RATE, names[one]) for a, b in stretches(marks)]
    return voices, spoken


def _add_music(
    channels: npt.NDArray[np.float32],
    start: float,
    seconds: float,
    level: float,
    stock: Stock,
    rng: np.random.Generator,
) -> None:
    """Add a piece of music to both channels, a little later in the second, with soft ends."""
    at, n_samples = int(start * RATE), int(seconds * RATE)
    piece = stock.sounds.music[int(rng.integers(len(stock.sounds.music)))]
    piece = np.resize(np.roll(piece, -int(rng.integers(len(piece)))), n_samples + 80)
    piece = at_level(piece, LEVEL + level) * np.hanning(len(piece)).astype(np.float32) ** 0.3
    for k in range(2):
        part = channels[k, at : at + n_samples]
        part += piece[80 * k : 80 * k + n_samples][: len(part)]


def _written(folder: Path, name: str, channels: npt.NDArray[np.floating], spoken: Sequence[Turn]) -> Path:
    """Write a recording as phones and podcasters do, 44.1 kHz, by ffmpeg, and its reference."""
    if shutil.which("ffmpeg") is None:
        raise click.ClickException("the program ffmpeg is needed to write MP3 and M4A")
    target, wave = folder / name, folder / f"{name}.wav"
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    sound = channels.T * min(1.0, PEAK / float(np.abs(channels).max()))
    soundfile.write(wave, sound.astype(np.float32), RATE)
    codec = ["libmp3lame", "-b:a", "128k", "-joint_stereo", "1"] if target.suffix == ".mp3" else ["aac", "-b:a", "96k"]
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(wave), "-ar", "44100", "-c:a", *codec, str(target)]
    subprocess.run(command, check=True)
    wave.unlink()
    Annotation(spoken, target.stem).write(folder / "truth" / f"{target.stem}.rttm")
    return target
