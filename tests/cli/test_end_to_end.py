"""The real program on real files: the samples, everything that may be wrong with input, and what is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import soundfile
from click.testing import CliRunner, Result

from diarize.annotation import Annotation
from diarize.cli import main

SAMPLES = Path(__file__).resolve().parents[2] / "audio_samples"
PROGRAM = [sys.executable, "-c", "import sys; sys.argv[0] = 'diarize'; from diarize.cli import main; main()"]
needs_posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals, pipes and limits")

Samples = npt.NDArray[np.float64]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Run the command in an empty folder, and see that nothing but what it was asked for is there afterwards."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path) -> Result:
        result = CliRunner().invoke(main, ["run", *map(str, arguments)])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        assert not [path for path in tmp_path.rglob("*") if path.name.endswith(".tmp")]
        assert all(line.startswith("SPEAKER ") for line in result.stdout.splitlines())
        return result

    return run


@pytest.fixture(scope="module")
def call() -> tuple[Samples, int]:
    """Return the first 20 s of the telephone sample."""
    samples, rate = soundfile.read(SAMPLES / "call.flac")
    return samples[: 20 * rate], rate


def noise(seconds: float = 8.0, level: float = 0.1) -> Samples:
    return level * np.random.default_rng(0).standard_normal(round(16000 * seconds))


def tone(seconds: float = 8.0) -> Samples:
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(16000 * seconds)) / 16000)


def agreement(hypothesis: Annotation, reference: Annotation) -> float:
    """Return the share of the time in which as many people speak in both, of the time in which anybody speaks."""
    end = max(turn.end for annotation in (hypothesis, reference) for turn in annotation)
    at = np.arange(0.005, end, 0.01)
    both = (hypothesis, reference)
    counts = [sum(((at >= turn.start) & (at < turn.end)).astype(int) for turn in each) for each in both]
    someone = (counts[0] > 0) | (counts[1] > 0)
    return float(np.mean(np.asarray(counts[0] == counts[1])[someone]))


# -- the main job ---------------------------------------------------------------------------------------------------


def test_samples_into_a_folder(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run(*sorted(SAMPLES.glob("*.flac")), "-o", "out")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["call.rttm", "dialogue.rttm", "meeting.rttm"]
    for name, n_speakers in (("call", 2), ("dialogue", 2), ("meeting", 3)):
        hypothesis = Annotation.from_rttm(tmp_path / "out" / f"{name}.rttm")
        assert hypothesis.uri == name
        assert n_speakers <= len(hypothesis.labels) <= 4  # two of the synthetic voices of the meeting are much alike
        assert agreement(hypothesis, Annotation.from_rttm(SAMPLES / f"{name}.rttm")) > 0.8
    checked = CliRunner().invoke(main, ["validate", *map(str, (tmp_path / "out").iterdir())])
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize("number", [1, 2, 3, 7])
def test_the_number_of_speakers_is_obeyed(run: Callable[..., Result], number: int) -> None:
    result = run(SAMPLES / "dialogue.flac", "--config", "fast", "--num-speakers", str(number))
    assert result.exit_code == 0
    assert len({line.split()[7] for line in result.stdout.splitlines()}) == number


def test_limits_are_obeyed(run: Callable[..., Result]) -> None:
    def count(*options: str) -> int:
        lines = run(SAMPLES / "meeting.flac", "--config", "fast", *options).stdout.splitlines()
        return len({line.split()[7] for line in lines})

    assert count("--max-speakers", "2") <= 2
    assert count("--min-speakers", "6") >= 6
    assert count("--min-speakers", "3", "--max-speakers", "3") == 3


def test_speech_marks_are_the_speech_of_the_result(run: Callable[..., Result], tmp_path: Path) -> None:
    (tmp_path / "marks.lab").write_text("1.0 4.0 speech\n9.0 12.0 speech\n")
    result = run(SAMPLES / "call.flac", "--speech", "marks.lab", "-o", "call.rttm")
    assert result.exit_code == 0
    times = [(each.start, each.end) for each in Annotation.from_rttm(tmp_path / "call.rttm").speech()]
    np.testing.assert_allclose(times, [(1.0, 4.0), (9.0, 12.0)], atol=0.011)  # a frame step


def test_same_input_and_seed_give_the_same_bytes(run: Callable[..., Result], tmp_path: Path) -> None:
    """Once in this process, once in another whose hashes and threads differ."""
    sample = SAMPLES / "meeting.flac"
    assert run(sample, "-o", "first.rttm", "--seed", "3").exit_code == 0
    environment = os.environ | {"PYTHONHASHSEED": "77", "OMP_NUM_THREADS": "2"}
    other = subprocess.run(
        [*PROGRAM, "run", str(sample), "--seed", "3", "--quiet"], capture_output=True, check=True, env=environment
    )
    assert other.stdout == (tmp_path / "first.rttm").read_bytes()
    assert other.stderr == b""


def test_help_does_not_import_numpy() -> None:
    code = "import sys, atexit; atexit.register(lambda: print('numpy' in sys.modules, file=sys.stderr)); "
    result = subprocess.run(
        [PROGRAM[0], "-c", code + PROGRAM[2], "run", "--help"], capture_output=True, text=True, check=True
    )
    assert result.stdout.startswith("Usage: diarize run ")
    assert result.stderr == "False\n"


# -- audio that cannot be used --------------------------------------------------------------------------------------


def damaged(kind: str, path: Path, call: tuple[Samples, int]) -> None:
    """Make a file of one kind of bad audio."""
    samples, rate = call
    if kind == "directory":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "header only":
        soundfile.write(path, np.zeros(0), 16000)
    elif kind == "random bytes":
        path.write_bytes(np.random.default_rng(0).bytes(30000))
    elif kind in ("nan", "inf", "-inf"):
        bad = samples.copy()
        bad[rate * 5] = float(kind)
        soundfile.write(path, bad, rate, subtype="FLOAT")
    elif kind == "slow":
        soundfile.write(path, noise(1.0), 6000)


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("missing", "cannot be opened: No such file or directory"),
        ("directory", "is a directory; name an audio file"),
        ("empty", "is empty"),
        ("header only", "has a header but no audio samples"),
        ("random bytes", "is not a sound file that can be read"),
        ("nan", "the sample at 5.000 s is nan"),
        ("inf", "the sample at 5.000 s is inf"),
        ("-inf", "the sample at 5.000 s is -inf"),
        ("slow", "the sample rate is 6000 Hz; speech needs at least 8000 Hz"),
    ],
)
def test_bad_audio_is_one_line_and_no_output(
    run: Callable[..., Result], tmp_path: Path, call: tuple[Samples, int], kind: str, said: str
) -> None:
    damaged(kind, tmp_path / "x.wav", call)
    for options in ((), ("-o", "out"), ("-o", "mine.rttm")):
        result = run("x.wav", *options)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith((f"diarize: error: x.wav: {said}", f"diarize: error: x.wav {said}"))
        assert result.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} <= {"x.wav"}


def test_one_bad_file_among_many(run: Callable[..., Result], tmp_path: Path, call: tuple[Samples, int]) -> None:
    (tmp_path / "bad.wav").write_bytes(bytes(5000))
    for name in ("one.wav", "two.wav"):
        soundfile.write(tmp_path / name, *call)
    result = run("one.wav", "bad.wav", "gone.wav", "two.wav", "-o", "out")
    assert result.exit_code == 1
    first, second, last = result.stderr.splitlines()
    assert first.startswith("diarize: error: bad.wav: is not a sound file")
    assert second.startswith("diarize: error: gone.wav: cannot be opened")
    assert last == "diarize: 2 of 4 recordings failed"
    one, two = (Annotation.from_rttm(tmp_path / "out" / name) for name in ("one.rttm", "two.rttm"))
    assert len(one)
    assert list(one) == list(two)
    assert len(list((tmp_path / "out").iterdir())) == 2


# -- audio that is odd but valid ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "samples",
    [np.zeros(160000), noise(), noise(level=1e-3), tone(), noise(0.05), noise(1 / 16000), np.zeros(1)],
    ids=["silence", "noise", "faint noise", "tone", "0.05 s", "1 sample", "1 sample of silence"],
)
def test_sound_without_speech_is_an_empty_result_and_a_warning(
    run: Callable[..., Result], tmp_path: Path, samples: Samples
) -> None:
    soundfile.write(tmp_path / "x.wav", samples, 16000)
    result = run("x.wav", "-o", "x.rttm")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "diarize: warning: x.wav: no speech was found; the result is empty\n"
    assert (tmp_path / "x.rttm").read_bytes() == b""
    more = run("x.wav", "--num-speakers", "2")
    assert (more.exit_code, more.stdout) == (1, "")
    assert more.stderr.startswith("diarize: error: x.wav: no speech was found, so there cannot be 2 speakers")


@pytest.mark.parametrize("samples", [np.zeros(80000), tone(5.0), noise(5.0)], ids=["silence", "tone", "noise"])
@pytest.mark.parametrize("number", [1, 3])
def test_marks_on_sound_without_speech_are_obeyed(
    run: Callable[..., Result], tmp_path: Path, samples: Samples, number: int
) -> None:
    soundfile.write(tmp_path / "x.wav", samples, 16000)
    (tmp_path / "marks.lab").write_text("0.5 4.5 speech\n")
    options = ("--config", "fast", "--speech", "marks.lab", "--num-speakers", str(number))
    result = run("x.wav", *options, "-o", "x.rttm")
    assert result.exit_code == 0, result.stderr
    hypothesis = Annotation.from_rttm(tmp_path / "x.rttm")
    assert len(hypothesis.labels) == number
    assert hypothesis.duration == pytest.approx(4.0, abs=0.03)


def test_a_truncated_file_is_used_as_far_as_it_goes(
    run: Callable[..., Result], tmp_path: Path, call: tuple[Samples, int]
) -> None:
    soundfile.write(tmp_path / "x.wav", *call)
    content = (tmp_path / "x.wav").read_bytes()
    (tmp_path / "x.wav").write_bytes(content[: 44 + 2 * 79989])  # of 16 bit samples after the header
    result = run("x.wav", "-o", "x.rttm")
    assert result.exit_code == 0
    assert result.stderr == (
        "diarize: warning: x.wav: the file is cut short or damaged; using the 9.999 s before that\n"
    )
    hypothesis = Annotation.from_rttm(tmp_path / "x.rttm")
    assert 8 < max(turn.end for turn in hypothesis) <= 10


def test_clipped_audio(run: Callable[..., Result], tmp_path: Path, call: tuple[Samples, int]) -> None:
    samples, rate = call
    soundfile.write(tmp_path / "x.wav", np.clip(samples * 0.5 / np.std(samples), -1, 1), rate)
    result = run("x.wav", "-o", "x.rttm")
    assert result.exit_code == 0
    reference = Annotation.from_rttm(SAMPLES / "call.rttm").speech()
    end = max(turn.end for turn in Annotation.from_rttm(tmp_path / "x.rttm"))
    assert end == pytest.approx(max(min(each.end, 20.0) for each in reference if each.start < 20), abs=0.5)


def test_32_channels(run: Callable[..., Result], tmp_path: Path, call: tuple[Samples, int]) -> None:
    """The one channel with speech decides, in the mean and by itself; a channel too many is refused."""
    samples, rate = call
    channels = np.zeros((len(samples), 32))
    channels[:, 31] = samples
    soundfile.write(tmp_path / "x.wav", channels, rate, subtype="FLOAT")
    soundfile.write(tmp_path / "y.wav", samples, rate, subtype="FLOAT")
    alone = [line.split()[3:] for line in run("y.wav").stdout.splitlines()]
    assert alone
    assert [line.split()[3:] for line in run("x.wav", "--channel", "32").stdout.splitlines()] == alone
    assert run("x.wav", "--channel", "1").stdout == ""
    mean = run("x.wav")
    seen = "only channel 32 holds sound that moves: mixed; channels 1 to 31: silence"
    assert (mean.exit_code, mean.stderr) == (0, f"diarize: x.wav: {seen}\n")
    assert mean.stdout
    refused = run("x.wav", "--channel", "33")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "x.wav: there is no channel 33; it has 32" in refused.stderr


# -- wrong wishes ---------------------------------------------------------------------------------------------------


def test_more_speakers_than_can_be_found(run: Callable[..., Result], tmp_path: Path, call: tuple[Samples, int]) -> None:
    soundfile.write(tmp_path / "x.wav", *call)
    for option in ("--num-speakers", "--min-speakers"):
        result = run("x.wav", option, "1000", "-o", "out")
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr.startswith("diarize: error: x.wav: 1000 speakers were asked for, but ")
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--num-speakers", "0"), 2, "--num-speakers"),
        (("--num-speakers", "-2"), 2, "--num-speakers"),
        (("--num-speakers", "two"), 2, "--num-speakers"),
        (("elsewhere/x.wav", "-o", "out"), 2, "would both be written to x.rttm"),
        (("--speech", "wrong.rttm"), 1, "wrong.rttm:2: "),
        (("--speech", "others.rttm"), 1, "others.rttm: no speech marks for recording 'x' (the file marks: y)"),
        (("--speech", "gone.rttm"), 1, "gone.rttm: cannot read the file: No such file or directory"),
        (("--config", "key.toml"), 1, "key.toml: unknown setting 'sede', did you mean 'seed'?"),
        (("--config", "section.toml"), 1, "section.toml: unknown setting 'speech.bais', did you mean 'bias'?"),
        (("--config", "value.toml"), 1, "value.toml: setting 'seed' must be a whole number, at least 0, got 'one'"),
        (("--config", "broken.toml"), 1, "broken.toml: not valid TOML"),
        (("--config", "gone.toml"), 1, "gone.toml: no such file"),
        (("--config", "model.toml"), 1, "gone.npz: no such model file"),
        (("--config", "damaged.toml"), 1, "damaged.npz: not a model made by `diarize train`"),
    ],
)
def test_wrong_wishes_are_refused_by_name(
    run: Callable[..., Result], tmp_path: Path, arguments: tuple[str, ...], code: int, said: str
) -> None:
    soundfile.write(tmp_path / "x.wav", noise(1.0), 16000)
    texts = {
        "wrong.rttm": "SPEAKER x 1 0.0 1.0 <NA> <NA> a <NA> <NA>\nSPEAKER x 1 zero 1.0 <NA> <NA> a <NA> <NA>\n",
        "others.rttm": "SPEAKER y 1 0.0 1.0 <NA> <NA> a <NA> <NA>\n",
        "key.toml": "sede = 1\n",
        "section.toml": "[speech]\nbais = 1.0\n",
        "value.toml": 'seed = "one"\n',
        "broken.toml": "[speech\n",
        "model.toml": 'model = "gone.npz"\n',
        "damaged.toml": 'model = "damaged.npz"\n',
        "damaged.npz": "PK and so on",
    }
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    result = run("x.wav", *arguments)
    assert (result.exit_code, result.stdout) == (code, "")
    assert said in result.stderr
    assert code == 2 or result.stderr.count("\n") == 1
    assert {path.name for path in tmp_path.iterdir()} == {"x.wav", *texts}


# -- output that cannot be written ----------------------------------------------------------------------------------


def test_output_where_no_folder_can_be(run: Callable[..., Result], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", noise(1.0), 16000)
    result = run("x.wav", "-o", "x.wav/out")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "x.wav/out: cannot create the output folder: Not a directory" in result.stderr


@needs_posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere")
def test_output_folder_without_permission(run: Callable[..., Result], tmp_path: Path) -> None:
    soundfile.write(tmp_path / "x.wav", noise(1.0), 16000)
    (tmp_path / "out").mkdir(mode=0o500)
    result = run("x.wav", "-o", "out")
    assert result.exit_code == 1
    assert "out: cannot write to the output folder: permission denied" in result.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_full_disk_behind_the_output(run: Callable[..., Result], tmp_path: Path, call: tuple[Samples, int]) -> None:
    soundfile.write(tmp_path / "x.wav", *call)
    (tmp_path / "x.rttm").symlink_to("/dev/full")
    result = run("x.wav", "-o", "x.rttm")
    assert result.exit_code == 1
    assert result.stderr == "diarize: error: x.wav: x.rttm: cannot write the file: No space left on device\n"


@needs_posix
def test_no_room_for_the_whole_result_keeps_what_was_there(
    run: Callable[..., Result], tmp_path: Path, call: tuple[Samples, int]
) -> None:
    """A limit on the size of files fails the write half way, as a disk does that gets full."""
    import resource

    (tmp_path / "out").mkdir()
    (tmp_path / "out/x.rttm").write_text("what was there before\n")
    soundfile.write(tmp_path / "x.wav", *call)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, before[1]))
    try:
        result = run("x.wav", "-o", "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == "diarize: error: x.wav: out/x.rttm: cannot write the file: File too large\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["x.rttm"]
    assert (tmp_path / "out/x.rttm").read_text() == "what was there before\n"


# -- Ctrl-C ---------------------------------------------------------------------------------------------------------


@needs_posix
def test_an_interrupt_keeps_what_is_done_and_leaves_no_half_file(tmp_path: Path, call: tuple[Samples, int]) -> None:
    """The second recording comes through a pipe that never ends, so the signal always falls into it."""
    soundfile.write(tmp_path / "one.wav", *call)
    os.mkfifo(tmp_path / "two.wav")
    with subprocess.Popen(
        [*PROGRAM, "run", "one.wav", "two.wav", "three.wav", "-o", "out", "--quiet"],  # no progress on a busy machine
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored in the background
    ) as process:
        try:
            with (tmp_path / "two.wav").open("wb", buffering=0) as pipe:  # opens when the program does
                pipe.write((tmp_path / "one.wav").read_bytes()[:50000])
                time.sleep(0.1)
                process.send_signal(signal.SIGINT)
                stdout, stderr = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 130
    assert (stdout, stderr) == ("", "diarize: interrupted\n")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one.rttm"]
    assert len(Annotation.from_rttm(tmp_path / "out/one.rttm"))
