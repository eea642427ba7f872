"""Settings: checks on construction, TOML in and out, the shipped configurations."""

from __future__ import annotations

import pickle
import subprocess
import sys
import tomllib
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from diarize.config import CONFIG_NAMES, Config, FeatureConfig, Section, SpeakerConfig, SpeechConfig, load_config
from diarize.errors import ConfigError

CONFIGS = Path(__file__).resolve().parents[1] / "configs"


def test_default_file_is_the_code_s_defaults() -> None:
    assert (CONFIGS / "default.toml").read_text(encoding="utf-8") == Config().to_toml()


def test_every_shipped_file_has_a_name_and_every_name_a_file() -> None:
    assert {path.stem for path in CONFIGS.glob("*.toml")} == set(CONFIG_NAMES)


@pytest.mark.parametrize("name", [name for name in CONFIG_NAMES if name != "default"])
def test_other_files_hold_only_what_differs(name: str) -> None:
    table = tomllib.loads((CONFIGS / f"{name}.toml").read_text(encoding="utf-8"))
    default = tomllib.loads((CONFIGS / "default.toml").read_text(encoding="utf-8"))
    assert table
    for key, value in table.items():
        if isinstance(value, dict):
            assert value
            assert all(default[key][inner] != setting for inner, setting in value.items())
        else:
            assert default[key] != value


@pytest.mark.parametrize("name", CONFIG_NAMES)
def test_shipped_configurations_load(name: str) -> None:
    table = tomllib.loads((CONFIGS / f"{name}.toml").read_text(encoding="utf-8"))
    config = load_config(name)
    for key, value in table.items():
        if isinstance(value, dict):
            assert {inner: getattr(getattr(config, key), inner) for inner in value} == value
        else:
            assert getattr(config, key) == value


def test_toml_round_trip_of_changed_settings() -> None:
    config = Config(
        model='odd "name"\\with\tcontrols \x7f and ümläut 🎙',
        band="narrow",
        seed=2**40,
        features=FeatureConfig(c0=True, f_min=1e-3),
        speakers=SpeakerConfig(iterations=3),
    )
    assert config != Config()
    assert Config.from_toml(config.to_toml()) == config


def test_toml_comments_give_meaning_and_range() -> None:
    lines = Config().to_toml().splitlines()
    comment = lines[lines.index("iterations = 20") - 1]
    assert comment.startswith("# ")
    assert "from 1 to 200" in comment


def test_dots_in_comments_and_small_numbers_are_no_matter() -> None:
    assert Config.from_toml("  # " + "." * 1000 + "\nseed = 1").seed == 1
    assert Config(seed=2**63 - 1).seed == 2**63 - 1
    with pytest.raises(ConfigError, match="'seed' must be at most"):
        Config(seed=10**5000)


def test_empty_text_gives_the_defaults() -> None:
    assert Config.from_toml("") == Config()


def test_whole_numbers_do_for_real_ones() -> None:
    bias = Config.from_toml("[speech]\nbias = 2").speech.bias
    assert bias == 2.0
    assert isinstance(bias, float)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[speakers]\niteration = 5", ("'speakers.iteration'", "did you mean 'iterations'?")),
        ("[speaker]\niterations = 5", ("'speaker'", "did you mean 'speakers'?")),
        ("qqqq = 5", ("'qqqq'", "known: model, band, seed")),
        ("[speech]\nbias = 99", ("'speech.bias'", "a number from -20 to 20", "got 99")),
        ("[speech]\nbias = nan", ("'speech.bias'", "got nan")),
        ("[speech]\nbias = -inf", ("'speech.bias'", "got -inf")),
        ('[speakers]\niterations = "many"', ("'speakers.iterations'", "a whole number from 1 to 200", "'many' (str)")),
        ("[speakers]\niterations = 5.0", ("'speakers.iterations'", "5.0 (float)")),
        ("seed = true", ("'seed'", "a whole number, at least 0", "True (bool)")),
        ("seed = -1", ("'seed'", "got -1")),
        ("[features]\nc0 = 1", ("'features.c0'", "true or false", "1 (int)")),
        ("model = 3", ("'model'", "text", "3 (int)")),
        ('band = "wide "', ("'band'", '"auto", "wide", "narrow"', "'wide '")),
        ("speakers = 3", ("'speakers'", "section", "got 3")),
        ("[seed]\na = 1", ("'seed'", "whole number")),
        ("[features]\nf_max = 9000", ("'features.f_max'", "sample_rate / 2", "9000")),
        ("[features]\nf_min = 3000\nf_max = 2000", ("'features.f_min'", "f_max", "3000")),
        ("[features]\nn_mfcc = 40", ("'features.n_mfcc'", "n_mels", "got 40")),
        ("[speech]\nself = 1", ("'speech.self'",)),
        ("with_ = 1", ("'with_'",)),
        ('prefix = "x"', ("'prefix'",)),
        ("seed = 1\nmodel = x", ("not valid TOML", "line 2")),
        ("seed = 1\nseed = 2", ("not valid TOML",)),
        ("x = " + "[" * 1000, ("brackets within brackets",)),
        ("x = " + "{a=" * 1000, ("brackets within brackets",)),
        ("seed = " + "9" * 5000, ("a number of thousands of digits",)),
        ("seed = 0x" + "f" * 5000, ("'seed'", "at most 9223372036854775807")),
        ("seed = 9223372036854775808", ("'seed'", "at most 9223372036854775807", "got 9223372036854775808")),
        ("seed = 1\n" + ".".join("a" * 20_000) + " = 1", ("over 100 dots in line 2",)),
        ("[" + ".".join("a" * 20_000) + "]", ("over 100 dots in line 1",)),
        ("x" * 10**6 + " = 1", ("1000004 characters, over 200000",)),
        ("x" * 10**5 + " = 1", ("unknown setting 'xxx",)),
        (f'band = "{"y" * 10**5}"', ("'band'", "yyy...")),
        ("[" + "k" * 50_000 + "]\n[" + "k" * 50_000 + "]", ("not valid TOML",)),
    ],
)
def test_wrong_settings_are_errors_that_name_file_and_field(text: str, said: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError) as caught:
        Config.from_toml(text, where="my.toml")
    message = str(caught.value)
    assert message.startswith("my.toml: ")
    assert "\n" not in message
    assert len(message) < 500
    for part in said:
        assert part in message


def test_the_same_checks_hold_in_code() -> None:
    with pytest.raises(ConfigError, match=r"'speech.min_speech' must be a number from 0 to 10, got -1"):
        SpeechConfig(min_speech=-1.0)
    with pytest.raises(ConfigError, match=r"'speakers' must be a section"):
        Config(speakers={"iterations": 3})  # type: ignore[arg-type]
    with pytest.raises(ConfigError, match=r"'speakers' must be a section"):
        Config(speakers=SpeechConfig())  # type: ignore[arg-type]


def test_with_changes_a_copy() -> None:
    config = Config()
    assert config.with_(seed=7).seed == 7
    assert config.seed == 0
    with pytest.raises(ConfigError, match="did you mean 'seed'"):
        config.with_(sed=7)


def test_values_cannot_be_changed_and_travel_between_processes() -> None:
    config = Config(seed=3)
    with pytest.raises(FrozenInstanceError):
        config.seed = 4  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(config)) == config
    assert hash(config) == hash(Config(seed=3))


def test_every_setting_says_what_it_means() -> None:
    for item in fields(Config):
        section = getattr(Config(), item.name)
        for leaf in fields(section) if isinstance(section, Section) else [item]:  # type: ignore[arg-type]
            assert leaf.metadata["doc"], leaf.name


def test_a_file_of_one_s_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("seed = 5\n", encoding="utf-8")
    assert load_config(path) == load_config(str(path)) == Config(seed=5)


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[speakers]\nblock = 99\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"mine\.toml: setting 'speakers\.block'"):
        load_config(path)


def test_unreadable_files(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="did you mean 'meeting'"):
        load_config("meetng")
    with pytest.raises(ConfigError, match=r"absent\.toml: no such file"):
        load_config(tmp_path / "absent.toml")
    with pytest.raises(ConfigError, match="cannot read"):
        load_config(tmp_path)
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot read"):
        load_config(binary)


def test_settings_need_no_heavy_imports() -> None:
    code = "import sys, diarize.config; print(sorted({'numpy', 'scipy', 'librosa', 'soundfile'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
