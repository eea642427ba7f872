"""Compose the sample conversations from synthetic voices: FLAC, reference RTTM and UEM beside this script.

Needs the Debian packages flite, festival and festvox-kallpc16k. The result is the same each time.

    python audio_samples/make_samples.py [FOLDER]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import soundfile
from scipy.signal import butter, lfilter, resample_poly, sosfiltfilt

Samples = npt.NDArray[np.float64]

RATE = 16000
PAUSE = 0.3  # s; a longer pause inside a line ends the turn in the reference


@dataclass(frozen=True, slots=True)
class Line:
    """What one speaker says, and how long after the line before it (s; below 0 for overlap)."""

    speaker: str
    gap: float
    text: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A recording to compose: who speaks with which voice and level (dB), the lines, and the noise (dB)."""

    name: str
    voices: dict[str, tuple[str, float]]
    noise: float
    telephone: bool
    lines: tuple[Line, ...]


DIALOGUE = Conversation(
    name="dialogue",
    voices={"anna": ("slt", -23.0), "duncan": ("awb", -27.0)},
    noise=-62.0,
    telephone=False,
    lines=(
        Line("anna", 0.8, "So you walked the whole coast path this summer. How long did that take you in the end?"),
        Line("duncan", 0.4, "Nineteen days, with two of them spent in a tent because of the rain. I read a lot."),
        Line("anna", 0.3, "Nineteen days alone would drive me mad. Did you meet anybody on the way?"),
        Line("duncan", 0.5, "Every evening. People who walk all day are happy to talk when they finally sit down."),
        Line("duncan", 0.7, "There was an old fisherman who told me the name of every rock we could see."),
        Line("anna", 0.25, "And do you remember any of those names now?"),
        Line("duncan", 0.6, "Only one. He called it the widow, because it stands there and looks out to sea."),
        Line("anna", 0.4, "That is a sad name for a rock, but I like it. What would you do differently next time?"),
        Line("duncan", 0.35, "I would carry half as much and eat more. My bag weighed twenty kilos at the start."),
        Line("anna", 0.3, "Twenty kilos? What on earth did you have in there?"),
        Line("duncan", 0.5, "Books, mostly. I left them behind one by one, in every hostel along the way."),
        Line("anna", 0.4, "Then somebody is following you right now and reading them in the right order."),
    ),
)

MEETING = Conversation(
    name="meeting",
    voices={"maria": ("slt", -22.0), "robert": ("rms", -25.0), "ewan": ("awb", -26.0), "karl": ("kal", -29.0)},
    noise=-56.0,
    telephone=False,
    lines=(
        Line("maria", 0.7, "Good morning. We have ten minutes, so let us go through the museum opening quickly."),
        Line("robert", 0.3, "The lighting is finished in three of the four rooms. The last one waits for a cable."),
        Line("ewan", 0.2, "I was told that the cable would come on Monday, and that was two weeks ago."),
        Line("robert", -0.5, "It did come on Monday, but it was the wrong length, so we sent it back."),
        Line("karl", 0.4, "From my side the catalogue is printed. We have six hundred copies in the basement."),
        Line("maria", 0.3, "Six hundred is plenty. Have you checked the page with the corrections?"),
        Line("karl", 0.5, "Yes, I checked it twice. The names of the lenders are all right this time."),
        Line("ewan", -0.4, "Apart from mine, which is still spelled with two letters too many."),
        Line("karl", 0.3, "I am very sorry about that. We can put a small slip of paper into each copy."),
        Line("maria", 0.6, "Let us talk about the guests. One hundred and forty people have said that they will come."),
        Line("robert", 0.25, "Then we need more chairs. The hall has ninety, and they are not very comfortable."),
        Line("maria", -0.6, "The school will lend us some. And could somebody call the baker about the bread?"),
        Line("karl", 0.4, "I will call him after lunch, when he is awake. He starts work at two in the morning."),
    ),
)

CALL = Conversation(
    name="call",
    voices={"shop": ("slt", -21.0), "caller": ("rms", -28.0)},
    noise=-52.0,
    telephone=True,
    lines=(
        Line("shop", 0.9, "Lakeside bicycle repair, good afternoon. What can I do for you?"),
        Line("caller", 0.6, "Hello. I brought in a green bicycle last Thursday, and I wanted to ask if it is ready."),
        Line("shop", 0.4, "One moment please, I will have a look. What name did you leave it under?"),
        Line("caller", 0.5, "Under Henderson, I think. It is the one with the broken front wheel."),
        Line("shop", 1.1, "Here it is. The wheel is done, but the mechanic found that the chain is worn out too."),
        Line("caller", 0.4, "I was afraid of that. How much would a new chain cost, with the work?"),
        Line("shop", 0.5, "About thirty five with everything. We could do it today, and you collect it tomorrow."),
        Line("caller", 0.6, "That is fine with me, please go ahead. Are you open on Saturday as well?"),
        Line("shop", 0.4, "On Saturdays we are open from nine until one. Please bring the ticket with you."),
        Line("caller", 0.5, "I will, if I can find it. Thank you very much for your help, goodbye."),
    ),
)


def speak(voice: str, text: str) -> Samples:
    """Return a text spoken by a voice of flite or, for kal, of festival; at 16 kHz, without silence at the ends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "speech.wav")
        if voice == "kal":
            command = ["text2wave", "-eval", "(voice_kal_diphone)", "-o", str(path)]
            subprocess.run(command, input=text, text=True, check=True)
        else:
            subprocess.run(["flite", "-voice", voice, "-t", text, "-o", str(path)], check=True)
        samples, rate = soundfile.read(path)
    if rate != RATE:
        raise ValueError(f"voice {voice} speaks at {rate} Hz, expected {RATE}")
    loud = active(samples)
    return samples[loud[0][0] : loud[-1][1]]


def active(samples: Samples) -> list[tuple[int, int]]:
    """Return the stretches (first sample, end) that are within 35 dB of the loudest 20 ms, short pauses bridged."""
    step = RATE // 100
    power = np.convolve(samples**2, np.ones(2 * step) / (2 * step), mode="same")
    above = np.flatnonzero(power > power.max() * 10**-3.5)
    breaks = np.flatnonzero(np.diff(above) > PAUSE * RATE)
    starts = above[np.r_[0, breaks + 1]]
    ends = above[np.r_[breaks, len(above) - 1]] + 1
    return list(zip(starts.tolist(), ends.tolist(), strict=True))


def scaled(samples: Samples, decibels: float) -> Samples:
    """Return the samples at a root mean square level, in dB relative to full scale."""
    return samples * (10 ** (decibels / 20) / np.sqrt(np.mean(samples**2)))


def compose(conversation: Conversation) -> tuple[Samples, list[tuple[float, float, str]]]:
    """Return the sound of a conversation at 16 kHz and its turns: start and end (s), speaker."""
    placed: list[tuple[int, Samples]] = []
    turns = []
    position = 0
    for line in conversation.lines:
        voice, level = conversation.voices[line.speaker]
        speech = scaled(speak(voice, line.text), level)
        start = position + round(line.gap * RATE)
        placed.append((start, speech))
        turns += [((start + a) / RATE, (start + b) / RATE, line.speaker) for a, b in active(speech)]
        position = start + len(speech)
    mix = background(position + RATE, conversation.noise)
    for start, speech in placed:
        mix[start : start + len(speech)] += speech
    return mix, turns


def background(n_samples: int, decibels: float) -> Samples:
    """Return the hum of a quiet room: noise that falls towards high frequencies."""
    white = np.random.default_rng(2024).standard_normal(n_samples)
    return scaled(lfilter([1.0], [1.0, -0.9], white), decibels)


def over_the_telephone(samples: Samples) -> Samples:
    """Return the samples as a telephone line gives them: 300 to 3400 Hz, 8 kHz, eight bits on the mu-law scale."""
    narrow = sosfiltfilt(butter(4, [300, 3400], btype="bandpass", fs=RATE, output="sos"), samples)
    narrow = np.clip(resample_poly(narrow, 1, 2), -1, 1)
    mu = 255
    companded = np.sign(narrow) * np.log1p(mu * np.abs(narrow)) / np.log1p(mu)
    coarse = np.round(companded * 127) / 127
    return np.sign(coarse) * np.expm1(np.abs(coarse) * np.log1p(mu)) / mu


def write(conversation: Conversation, folder: Path) -> None:
    """Write one conversation: NAME.flac, NAME.rttm, NAME.uem."""
    samples, turns = compose(conversation)
    rate = RATE
    if conversation.telephone:
        samples, rate = over_the_telephone(samples), RATE // 2
    name = conversation.name
    soundfile.write(folder / f"{name}.flac", samples, rate, subtype="PCM_16")
    rows = []
    for start, end, speaker in sorted((round(start, 3), round(end, 3), speaker) for start, end, speaker in turns):
        rows.append(f"SPEAKER {name} 1 {start:.3f} {end - start:.3f} <NA> <NA> {speaker} <NA> <NA>\n")
    (folder / f"{name}.rttm").write_text("".join(rows), encoding="utf-8", newline="\n")
    seconds = int(1000 * len(samples) / rate) / 1000  # cut, not rounded: never past the end of the file
    (folder / f"{name}.uem").write_text(f"{name} 1 0.000 {seconds:.3f}\n", encoding="utf-8", newline="\n")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent
    for conversation in (DIALOGUE, MEETING, CALL):
        write(conversation, folder)


if __name__ == "__main__":
    main()
