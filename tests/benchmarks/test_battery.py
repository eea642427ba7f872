"""The battery of composed conversations: turns, sound and statistics, on voices made here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy.signal import butter, correlate, sosfilt, welch

from diarize import Annotation, Config, Turn

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"
sys.path.insert(0, str(BENCHMARKS))

import _battery_sound  # noqa: E402
from _battery_compose import Stock, audible, compose  # noqa: E402
from _battery_report import Row, bootstrap_shares, comparison, counts, paired_difference, report  # noqa: E402
from _battery_sound import CODECS, RATE, Place, Sounds, dialling, equal_spectra  # noqa: E402
from _battery_strata import STRATA, Conversation, Stratum, conversations  # noqa: E402
from _battery_turns import Event, draw_turns, events_of, with_breaks  # noqa: E402
from _battery_voices import Session, Tape, Voice, bridged, fold, voices_in  # noqa: E402
from battery import changed, link, shared_out  # noqa: E402

SHARED = BENCHMARKS.parents[1] / "shared"
NOTHING = Sounds((), (), (), ())


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def bursts(path: Path, lengths: list[float], seed: int, pause: float = 0.6) -> None:
    """Write bursts of noise with silent pauses between."""
    source, parts = np.random.default_rng(seed), [np.zeros(int(0.3 * RATE))]
    for length in lengths:
        parts += [source.normal(0, 0.1, int(length * RATE)), np.zeros(int(pause * RATE))]
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.concatenate(parts), RATE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("voices")
    for number, name in enumerate(("A_1", "A_2", "A_3", "B_1", "B_2")):
        for session in ("calm", "angry"):
            for k in range(2):
                bursts(root / name / f"{session}__{k}.wav", [1.5, 2.0], 10 * number + k)
    return root


@pytest.fixture(scope="module")
def stock(folder: Path) -> Stock:
    events = [[Event(2.0, 0.5, True), Event(1.0, -0.4, True), Event(3.0, 0.8, False)]]
    voices = {voice.name: voice for voice in voices_in([folder])}
    return Stock(voices, dict.fromkeys(("ami", "voxconverse", "calls"), events), NOTHING)


def conversation(stratum: str = "moods", **changes: object) -> Conversation:
    plain = Conversation("x", stratum, stratum, 25.0, ("A_1", "A_2"), RATE, None, 0.0, 3)
    return replace(plain, **changes)  # type: ignore[arg-type]


def row(name: str, error: float, total: float = 10.0, n_hypothesis: int = 2, stratum: str = "calls") -> Row:
    return Row(name, stratum, stratum, "given", 12.0, total, 0.0, 0.0, error, 5.0, 2, n_hypothesis, 0.1)


class TestTurns:
    def test_a_gap_counts_from_the_end_of_all_that_was_said(self) -> None:
        reference = Annotation([Turn(0, 10, "a"), Turn(4, 5, "b"), Turn(11, 12, "a"), Turn(12.5, 14, "a")])
        assert events_of(reference) == [
            Event(10, 0, True),
            Event(1, -6, True),
            Event(1, 1, True),
            Event(1.5, 0.5, False),
        ]

    def test_turns_have_the_real_lengths_and_pauses(self) -> None:
        turns = draw_turns([[Event(2.0, 0.5, True)] * 5], 3, 60.0, rng())
        assert {round(turn.duration, 2) for turn in turns[:-1]} == {2.0}
        assert {round(b.start - a.end, 2) for a, b in pairwise(turns)} == {0.5}
        assert all(a.speaker != b.speaker for a, b in pairwise(turns))

    @pytest.mark.parametrize("n_speakers", [1, 2, 6, 10])
    def test_everybody_speaks_and_nobody_over_oneself(self, n_speakers: int) -> None:
        events = [[Event(2.0, -1.5, True), Event(0.5, -0.2, True), Event(4.0, -3.0, False), Event(1.0, 0.6, False)]]
        turns = draw_turns(events, n_speakers, 150.0, rng())
        for one in range(n_speakers):
            own = [turn for turn in turns if turn.speaker == str(one)]
            assert sum(turn.duration for turn in own) >= 3.0
            assert all(a.end < b.start for a, b in pairwise(own))
        assert max(turn.end for turn in turns) <= 150.0

    def test_nobody_speaks_in_a_break(self) -> None:
        turns = [Turn(0, 3, "a"), Turn(2, 5, "b"), Turn(5.5, 7, "a"), Turn(8, 9, "b")]
        moved, breaks = with_breaks(turns, [4.0, 2.0], rng())
        assert sorted(end - start for start, end in breaks) == pytest.approx([2.0, 4.0])
        assert moved[-1].end == pytest.approx(15.0)
        assert [turn.duration for turn in moved] == pytest.approx([turn.duration for turn in turns])
        for start, end in breaks:
            assert all(turn.end <= start + 1e-9 or turn.start >= end - 1e-9 for turn in moved)


class TestVoices:
    def test_the_session_stands_before_two_low_lines(self, folder: Path) -> None:
        voice = voices_in([folder])[0]
        assert (voice.name, voice.corpus) == ("A_1", "A")
        assert [(one.name, len(one.files)) for one in voice.sessions] == [("angry", 2), ("calm", 2)]
        assert voice.sessions[0].seconds == pytest.approx(2 * (0.3 + 1.5 + 2.0 + 2 * 0.6))

    def test_an_occasion_is_one_day_without_strong_moods(self) -> None:
        calm, angry = Session("calm", (), 9.0), Session("angry02", (), 20.0)
        assert Voice("A_1", (calm, angry)).occasion() == (calm,)
        assert Voice("A_1", (angry,)).occasion() == (angry,)
        days = tuple(Session(f"{day}-calm", (), seconds) for day, seconds in ((1, 5.0), (2, 9.0)))
        assert Voice("A_1", days).occasion() == days[1:]
        assert Voice("WUW2_1", (calm, Session("cell", (), 12.0))).occasion()[0].name == "cell"

    def test_folds_divide_every_corpus(self, stock: Stock) -> None:
        voices = list(stock.voices.values())
        parts = [{voice.name for voice in fold(voices, k, 2)} for k in range(2)]
        assert parts == [{"A_1", "A_3", "B_1"}, {"A_2", "B_2"}]

    def test_files_without_a_session_are_of_one(self, tmp_path: Path) -> None:
        for name in ("AB01", "AB02", "C_1"):
            for k in range(2):
                bursts(tmp_path / name / f"{k}.wav", [0.5], k)
        voices = voices_in([tmp_path])
        assert [[session.name for session in voice.sessions] for voice in voices] == [[""]] * 3
        assert [len(voice.sessions[0].files) for voice in voices] == [2] * 3
        assert [voice.corpus for voice in voices] == ["AB", "AB", "C"]

    def test_the_rest_of_a_fold_is_everybody_else(self, stock: Stock, tmp_path: Path) -> None:
        voices = list(stock.voices.values())
        held = {voice.name for voice in fold(voices, 0, 2)}
        link(voices, held, tmp_path / "rest")
        rest = voices_in([tmp_path / "rest"])
        assert {voice.name for voice in rest} == {voice.name for voice in voices} - held
        for voice in rest:
            assert [one.name for one in voice.sessions] == [one.name for one in stock.voices[voice.name].sessions]
            assert voice.seconds == stock.voices[voice.name].seconds

    def test_a_tape_begins_with_speech_and_marks_it(self, folder: Path) -> None:
        tape = Tape(voices_in([folder])[0].sessions, rng())
        played = [tape.play(3 * RATE) for _ in range(6)]
        assert all(marks[0] for _, marks in played)
        sound, marks = (np.concatenate(parts) for parts in zip(*played, strict=True))
        assert np.sqrt(np.mean(sound[marks] ** 2)) == pytest.approx(1.0, abs=0.15)
        assert np.mean(sound[~marks] ** 2) < 0.05

    def test_pauses_are_part_of_speech_up_to_the_length_that_marks_bridge(self) -> None:
        marks = np.zeros(4 * RATE, np.bool_)
        marks[RATE : 2 * RATE] = marks[int(2.3 * RATE) : int(2.6 * RATE)] = marks[3 * RATE : int(3.5 * RATE)] = True
        expected = marks.copy()
        expected[2 * RATE : int(2.3 * RATE)] = True  # 0.3 s; the next pause has 0.4 s
        np.testing.assert_array_equal(bridged(marks), expected)


class TestSound:
    @pytest.mark.parametrize("codec", CODECS)
    def test_a_line_keeps_the_time_and_the_telephone_band_alone(self, codec: str) -> None:
        sound = rng().normal(0, 0.05, 4 * RATE).astype(np.float32)
        line = _battery_sound.through_line(sound, codec, rng())
        assert len(line) == 2 * RATE
        direct = sosfilt(butter(4, (400, 3000), "bandpass", fs=RATE, output="sos"), sound)[::2]
        lag = np.argmax(correlate(line, direct, "full")) - (len(direct) - 1)
        assert abs(lag) <= 8  # 1 ms, that of the band-pass included
        frequency, power = welch(line, RATE // 2, nperseg=512)
        middle = power[(frequency > 800) & (frequency < 2500)].mean()
        assert power[frequency < 100].mean() < 0.05 * middle

    def test_a_place_farther_away_is_as_much_softer_as_it_has_more_echo(self) -> None:
        places = _battery_sound.places_in_room(4, 60.0, rng(), [])
        ratio = [-10 * np.log10(np.sum(place.echo[1:].astype(float) ** 2)) for place in places]
        gain = [place.gain for place in places]
        np.testing.assert_allclose(np.subtract(ratio, ratio[0]), np.subtract(gain, gain[0]), atol=0.05)
        assert max(gain) == 0.0

    def test_spectra_become_equal(self) -> None:
        colours = [butter(1, edge, "low", fs=RATE, output="sos") for edge in (1500, 5000)]
        sounds = [sosfilt(colour, rng().normal(0, 0.1, 20 * RATE)).astype(np.float32) for colour in colours]

        def difference(one: np.ndarray, other: np.ndarray) -> float:
            frequency, first = welch(one, RATE, nperseg=1024)
            _, second = welch(other, RATE, nperseg=1024)
            band = (frequency > 200) & (frequency < 7000)
            return float(np.std(10 * np.log10(first[band] / second[band])))

        assert difference(*sounds) > 2.0
        assert difference(*equal_spectra(sounds)) < 0.7

    def test_noise_has_the_asked_level(self) -> None:
        noise = NOTHING.noise(3 * RATE, 15.0, rng())
        assert 10 * np.log10(np.mean(noise.astype(float) ** 2)) == pytest.approx(-40.0, abs=0.1)

    def test_tones_hold_one_or_two_frequencies(self) -> None:
        frequency, power = welch(dialling(6.0, rng()), RATE, nperseg=8192)
        assert power[(frequency > 400) & (frequency < 500)].sum() > 0.95 * power.sum()

    def test_a_flat_place_changes_the_level_alone(self) -> None:
        sound = rng().normal(size=RATE).astype(np.float32)
        heard = Place(gain=5.0).hear(sound)
        np.testing.assert_allclose(heard, sound * 10 ** (-20 / 20), rtol=1e-5)


class TestComposition:
    @pytest.mark.parametrize("stratum", ["single", "calls", "meetings", "broadcast", "moods", "equalised", "long"])
    def test_the_same_recipe_gives_the_same_sound(self, stock: Stock, stratum: str) -> None:
        one, again = (compose(conversation(stratum), stock) for _ in range(2))
        np.testing.assert_array_equal(one.samples, again.samples)
        assert list(one.reference) == list(again.reference)
        other = compose(conversation(stratum, seed=4), stock)
        assert list(other.reference) != list(one.reference)

    def test_marks_are_where_the_sound_is(self, stock: Stock) -> None:
        events = [[Event(2.0, 1.5, True), Event(3.0, 2.5, False)]]
        slow = replace(stock, events=dict.fromkeys(stock.events, events))
        for seed in range(4):
            recording = compose(conversation(seed=seed), slow)
            assert set(recording.reference.labels) == {"A_1", "A_2"}
            marked = np.zeros(len(recording.samples), np.bool_)
            for part in recording.reference.speech():
                marked[int(part.start * RATE) : int(part.end * RATE)] = True
            power = recording.samples.astype(float) ** 2
            before = np.concatenate([np.zeros(RATE // 2, int), np.cumsum(marked)])  # half a second earlier
            echoing = np.cumsum(marked) > before[: len(marked)]  # up to half a second after speech
            assert (~echoing).sum() > RATE // 2
            assert power[~echoing].mean() < 0.01 * power[marked].mean()

    def test_what_the_noise_covers_is_not_marked(self) -> None:
        sound = rng().normal(size=3 * RATE).astype(np.float32)
        sound[RATE : 2 * RATE] *= 0.1  # -20 dB
        marks = np.ones(3 * RATE, np.bool_)
        heard = audible(sound, marks, 0.0)
        middle, edge = slice(int(1.1 * RATE), int(1.9 * RATE)), int(0.1 * RATE)
        assert not heard[middle].any()
        assert heard[: RATE - edge].all()
        assert heard[2 * RATE + edge :].all()
        np.testing.assert_array_equal(audible(sound, marks, -18.0), marks)  # 2 dB under the noise is still heard

    def test_the_rate_halves_the_samples_and_not_the_time(self, stock: Stock) -> None:
        wide, narrow = (compose(conversation("meetings", rate=rate), stock) for rate in (RATE, RATE // 2))
        assert len(narrow.samples) == pytest.approx(len(wide.samples) / 2, abs=1)
        assert list(narrow.reference) == list(wide.reference)

    def test_a_quiet_call_is_the_sum_of_two_legs(self, stock: Stock) -> None:
        recording = compose(conversation("calls", rate=RATE // 2), stock)
        frequency, power = welch(recording.samples, RATE // 2, nperseg=512)
        assert power[frequency > 3700].mean() < 0.05 * power[(frequency > 800) & (frequency < 2500)].mean()


class TestList:
    def test_a_conversation_depends_on_its_own_place_alone(self, stock: Stock) -> None:
        def fits(voice: Voice) -> bool:
            return True

        pairs = Stratum("calls", "calls", 4, (20, 60), (2,), fits)
        more = replace(pairs, count=6)
        voices = list(stock.voices.values())
        few, many = conversations(voices, 1, [pairs, pairs]), conversations(voices, 1, [more, pairs])
        assert many[:4] == few[:4]
        assert many[6:] == few[4:]
        assert conversations(voices, 2, [pairs])[0] != few[0]
        assert all(len({stock.voices[name].corpus for name in one.speakers}) == 1 for one in few)

    def test_what_no_voice_fits_is_left_out(self, stock: Stock) -> None:
        plain = [replace(voice, sessions=voice.sessions[:1]) for voice in stock.voices.values()]
        assert {one.kind for one in conversations(plain)} & {"moods", "phones and days"} == set()

    def test_a_share_keeps_every_kind(self) -> None:
        listed = [conversation(name=f"{kind}{k}", kind=kind) for kind in ("a", "b") for k in range(10)]
        kept = shared_out(listed, 0.2)
        assert [one.kind for one in kept] == ["a", "a", "b", "b"]
        assert shared_out(listed, 1.0) == listed

    @pytest.mark.skipif(not (SHARED / "speech_measure").is_dir(), reason="../shared is not there")
    def test_the_whole_battery_covers_the_grid(self) -> None:
        voices = voices_in([SHARED / "speech_sessions", SHARED / "speech_measure"])
        listed = conversations(voices)
        assert len(listed) >= 300
        assert len({one.name for one in listed}) == len(listed) == sum(stratum.count for stratum in STRATA)
        assert {len(one.speakers) for one in listed} >= {1, 2, 3, 4, 5, 6, 8, 10}
        assert min(one.seconds for one in listed) < 30
        assert max(one.seconds for one in listed) > 1800
        assert all(one.rate == RATE // 2 for one in listed if one.speakers[0].startswith("WUW2"))


class TestReport:
    def test_bootstrap_spreads_as_the_theory_says(self) -> None:
        errors, totals = rng().uniform(0, 4, 200), np.full(200, 10.0)
        draws = bootstrap_shares(errors, totals, rng(), 4000)
        assert draws.mean() == pytest.approx(errors.sum() / 2000, abs=1e-3)
        assert draws.std() == pytest.approx(errors.std() / 10 / np.sqrt(200), rel=0.05)

    def test_counts(self) -> None:
        rows = [row("a", 0, n_hypothesis=n) for n in (2, 2, 3, 5, 1)]
        assert counts(rows) == (2, 2, 1)

    def test_a_constant_gain_has_no_spread(self) -> None:
        before = [row(str(k), 3.0 + k % 2) for k in range(10)]
        after = [row(str(k), 1.0 + k % 2) for k in range(10)]
        old, new, draws = paired_difference(before, after)
        assert (old, new) == pytest.approx((0.35, 0.15))
        np.testing.assert_allclose(draws, -0.2)

    def test_only_conversations_of_both_runs_are_compared(self) -> None:
        text = comparison([row("a", 2.0), row("b", 9.0)], [row("a", 3.0), row("c", 0.0)], "given")
        assert "1 conversations in both" in text
        assert "calls                          1    20.0    30.0   +10.0" in text

    def test_strata_weigh_alike(self) -> None:
        rows = [row("a", 1.0, stratum="x"), row("b", 5.0, total=100.0, stratum="y")]
        assert "mean over strata" in report(rows, "given")
        assert "    7.5  (" in report(rows, "given").split("mean over strata")[1].splitlines()[0]


@pytest.mark.parametrize(
    ("settings", "change"),
    [
        ("", lambda config: config),
        ("seed=3", lambda config: config.with_(seed=3)),
        ("band=narrow", lambda config: config.with_(band="narrow")),
        ("speakers.prior=4,output.min_turn=0.2", None),
    ],
)
def test_settings_are_changed_by_name(settings: str, change: Callable[[Config], Config] | None) -> None:
    config = changed(Config(), settings)
    if change is None:
        assert (config.speakers.prior, config.output.min_turn) == (4.0, 0.2)
    else:
        assert config == change(Config())
