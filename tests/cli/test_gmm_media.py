"""`diarize gmm segment` and `diarize gmm background`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from diarize.cli import main
from diarize.gmm import BackgroundSubtractor

Image = pytest.importorskip("PIL.Image")


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["gmm", *map(str, arguments)])


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a picture, three quarters blue."""
    values = np.full((40, 60, 3), (20, 40, 160), dtype=np.uint8)
    values[:10] = (220, 180, 30)
    values += np.random.default_rng(0).integers(0, 9, values.shape, dtype=np.uint8)
    path = tmp_path / "flag.png"
    Image.fromarray(values).save(path)
    return path


@pytest.fixture
def frames() -> np.ndarray:
    video = np.random.default_rng(0).integers(100, 106, (12, 30, 40, 3), dtype=np.uint8)
    for number in range(4, 12):
        video[number, 5:15, 3 * number - 9 : 3 * number - 1] = 250
    return video


def test_segments_of_a_picture(picture: Path, tmp_path: Path) -> None:
    result = run("segment", picture, "-o", tmp_path / "out.png", "--segments", 2)
    assert (result.exit_code, result.stderr) == (0, "")
    rows = [line.split() for line in result.stdout.splitlines()[1:]]
    assert [row[1] for row in rows] == ["75.00", "25.00"]
    written = np.asarray(Image.open(tmp_path / "out.png"))
    assert written.shape == (40, 60, 3)
    np.testing.assert_array_equal(written[-1, 0], np.array(rows[0][2:], dtype=int))
    result = run("segment", picture, "-o", tmp_path / "out.npy", "--colour-space", "rgb", "--smoothing", 1)
    assert result.exit_code == 0
    assert np.load(tmp_path / "out.npy").shape == (40, 60)


def test_a_grey_picture_of_16_bits(tmp_path: Path) -> None:
    Image.fromarray((np.arange(64, dtype=np.uint16).reshape(8, 8) // 32) * 30000).save(tmp_path / "deep.png")
    result = run("segment", tmp_path / "deep.png", "-o", tmp_path / "out.png", "--segments", 2)
    assert result.exit_code == 0, result.output
    assert np.asarray(Image.open(tmp_path / "out.png")).max() == 30000


def test_what_moves(frames: np.ndarray, tmp_path: Path) -> None:
    BackgroundSubtractor().apply(frames[0])  # that its loops are compiled, once on a machine, is said
    np.save(tmp_path / "video.npy", frames)
    more = ["--background", tmp_path / "still.png", "--state", tmp_path / "state.npz"]
    result = run("background", tmp_path / "video.npy", "-o", tmp_path / "masks", *more)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout.startswith("12 frames; foreground ")
    model = BackgroundSubtractor()
    wanted = [model.apply(frame) for frame in frames]
    names = sorted(path.name for path in (tmp_path / "masks").iterdir())
    assert names == [f"{number:06d}.png" for number in range(1, 13)]
    for name, mask in zip(names, wanted, strict=True):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "masks" / name)), mask)
    np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / "still.png")), model.background())
    back = BackgroundSubtractor.load(tmp_path / "state.npz")
    np.testing.assert_array_equal(back.apply(frames[0]), model.apply(frames[0]))


def test_a_folder_of_pictures_and_one_file_of_masks(frames: np.ndarray, tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    (folder / "notes.txt").write_text("no picture")
    for number, frame in enumerate(frames):
        Image.fromarray(frame).save(folder / f"{number:03d}.png")
    result = run("background", folder, "-o", tmp_path / "masks.npy", "--no-shadows", "--history", 50, "--threshold", 20)
    assert result.exit_code == 0, result.output
    model = BackgroundSubtractor(50, 20.0, detect_shadows=False)
    np.testing.assert_array_equal(np.load(tmp_path / "masks.npy"), [model.apply(frame) for frame in frames])


def test_errors_are_one_line(picture: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.png").write_text("no picture")
    ragged = tmp_path / "ragged"
    ragged.mkdir()
    Image.new("RGB", (8, 6)).save(ragged / "1.png")
    Image.new("RGB", (9, 6)).save(ragged / "2.png")
    Image.new("RGBA", (3, 3)).save(tmp_path / "clear.png")
    np.save(tmp_path / "nan.npy", np.full((2, 3, 3), np.nan))
    out = tmp_path / "out.png"
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    cases = [
        (("segment", tmp_path / "none.png", "-o", out), "none.png: cannot read the picture: No such file"),
        (("segment", tmp_path / "bad.png", "-o", out), "cannot read the picture: cannot identify"),
        (("segment", tmp_path / "clear.png", "-o", out), "clear.png: every pixel of the picture is transparent"),
        (("segment", picture, "-o", tmp_path / "out.jpg"), "let the name end in .png"),
        (("background", ragged, "-o", tmp_path / "m.npy"), r"ragged: frame 2 has the shape (6, 9, 3)"),
        (("background", tmp_path / "nan.npy", "-o", tmp_path / "m.npy"), "nan.npy: the frame holds NaN"),
        (("background", tmp_path / "nothing", "-o", tmp_path / "m.npy"), "no such file or folder"),
        (("background", ragged, "-o", in_the_way), "cannot create the output folder"),
    ]
    for arguments, message in cases:
        result = run(*arguments)
        assert (result.exit_code, result.stdout) == (1, ""), (arguments, result.output)
        assert result.stderr.startswith("diarize: error: ")
        assert message in result.stderr
        assert len(result.stderr.splitlines()) == 1
    assert not out.exists()
    assert not (tmp_path / "m.npy").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ["segment", "absent.png", "-o", "no/out.png"],
        ["background", "absent.avi", "-o", "out", "--background", "no/still.png"],
        ["background", "absent.avi", "-o", "out", "--state", "no/state.npz"],
    ],
)
def test_folders_of_files_are_there_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    result = run(*arguments)
    assert result.exit_code == 2
    assert f"the folder of {arguments[-1]} does not exist" in result.stderr


@pytest.mark.parametrize("name", ["-", "masks.srt", "masks.png"])
def test_names_that_make_no_folder_of_masks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    result = run("background", "absent.avi", "-o", name)
    assert (result.exit_code, result.stdout) == (2, "")
    assert list(tmp_path.iterdir()) == []
