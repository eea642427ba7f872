"""Share of words with the right speaker on composed conversations, by stratum.

    python benchmarks/words.py [--part 0.17] [--strata calls,meetings] [--missed 0.3] [--seed 0]

Each conversation is composed as in battery.py. Its words are made by rule: every stretch in which a speaker is heard is
cut into words of 0.15 to 0.6 s, uniformly drawn, a rest below 0.15 s joined to the last; then start and end of each are
moved by up to 0.12 s either way, as recognisers err. Where two speak at once both say words.

The words are labelled with the true turns and with those that the diarizer finds with its own speech detection, whose
speakers are paired with the true ones so that they share most time. "nearest" gives each word the turn that its middle
lies in or is nearest to, however far; "share" the speaker whose turns cover most of it, else the nearest; "label" is
what `diarize label` does to words, "sents" this with changes moved to ends of sentences, as it does where there is
punctuation. A sentence ends with each turn, unless its speaker goes on within 0.5 s, but for a share that is --missed,
and within turns with one word in eight from the sixth on. The last column is the interval of 95 % of what "sents" is
better than "label" with own turns, drawn by whole conversations. "alone" leaves out words during which another one
speaks as well. Per cent of all words; a word without a name is wrong.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
from _battery_compose import Stock, compose
from _battery_strata import conversations
from battery import shared_out

from diarize import Annotation, Diarizer, DiarizeWarning
from diarize.evaluation.scoring import best_mapping
from diarize.gmm.engine.threads import one_blas_thread
from diarize.transcripts.assignment import assign
from diarize.transcripts.sentences import at_sentences
from diarize.transcripts.words import Word

SHORTEST, LONGEST = 0.15, 0.6  # s; of a word
JITTER = 0.12  # s; the most that a recogniser's times are off
LEAST = 0.02  # s; of a word after that

GOES_ON = 0.5  # s; pause within a sentence
SENTENCE, ENDS = 6, 1 / 8  # words of the shortest sentence within a turn; share of those after that which end it

Rule = Callable[[Sequence[Word], Annotation], list[Word]]
Counts = dict[tuple[str, str, str], float]  # by marks, rule, and which words


def words_of(reference: Annotation, rng: np.random.Generator) -> list[Word]:
    """Return the words that a recogniser might hear, each with its true speaker, by start."""
    words = []
    for turn in reference:
        edges = [turn.start]
        while turn.end - edges[-1] > LONGEST:
            edges.append(edges[-1] + rng.uniform(SHORTEST, LONGEST))
        if turn.end - edges[-1] >= SHORTEST or len(edges) == 1:
            edges.append(turn.end)
        else:
            edges[-1] = turn.end
        for start, end in pairwise(edges):
            first, last = np.array([start, end]) + rng.uniform(-JITTER, JITTER, 2)
            words.append(Word(max(first, 0.0), max(last, first + LEAST, LEAST), "word", turn.speaker))
    return sorted(words, key=lambda word: word.start)


def punctuated(words: Sequence[Word], missed: float, rng: np.random.Generator) -> list[Word]:
    """Return words with full stops at the ends of sentences, but for a share of those at the ends of turns."""
    following: dict[str | None, float] = {}
    last = []  # whether the speaker says no more for a while
    for word in reversed(words):
        last.append(following.get(word.speaker, np.inf) - word.end > GOES_ON)
        following[word.speaker] = word.start
    said, counts = [], Counter[str | None]()
    for word, turn_ends in zip(words, reversed(last), strict=True):
        counts[word.speaker] += 1
        within = counts[word.speaker] >= SENTENCE and rng.random() < ENDS
        ends = rng.random() >= missed if turn_ends else within
        if ends:
            counts[word.speaker] = 0
        said.append(replace(word, text=" word." if ends else " word"))
    return said


def nearest(words: Sequence[Word], annotation: Annotation) -> list[Word]:
    """Label each word by the turn that its middle lies in or is nearest to."""
    labelled = []
    for word in words:
        middle = (word.start + word.end) / 2
        gaps = [(max(turn.start - middle, middle - turn.end, 0.0), turn.speaker) for turn in annotation]
        labelled.append(Word(word.start, word.end, word.text, min(gaps, key=lambda gap: gap[0])[1] if gaps else None))
    return labelled


def share(words: Sequence[Word], annotation: Annotation) -> list[Word]:
    """Label each word by the speaker whose turns cover most of it, else by the nearest turn."""
    labelled = []
    for word, close in zip(words, nearest(words, annotation), strict=True):
        seconds: dict[str, float] = {}
        for turn in annotation:
            common = min(turn.end, word.end) - max(turn.start, word.start)
            if common > 0:
                seconds[turn.speaker] = seconds.get(turn.speaker, 0.0) + common
        name = max(seconds, key=lambda one: seconds[one]) if seconds else close.speaker
        labelled.append(Word(word.start, word.end, word.text, name))
    return labelled


def sentences(words: Sequence[Word], annotation: Annotation) -> list[Word]:
    """Label words as `label` does, with changes at the ends of sentences near by."""
    return at_sentences(assign(words, annotation), [True] * len(words))


RULES: Mapping[str, Rule] = {"nearest": nearest, "share": share, "label": assign, "sents": sentences}
MARKS = ("true turns", "own turns")


def counts(words: Sequence[Word], turns: Mapping[str, Annotation], truth: Annotation) -> Counts:
    """Return how many words each rule has right, of all and of those during which nobody else speaks."""
    crossed = truth.overlap()
    alone = np.array([not any(part.start < word.end and word.start < part.end for part in crossed) for word in words])
    result: Counts = {("", "", "all"): len(words), ("", "", "alone"): float(alone.sum())}
    for marks, annotation in turns.items():
        for name, rule in RULES.items():
            labelled = rule(words, annotation)
            right = np.array([one.speaker == word.speaker for one, word in zip(labelled, words, strict=True)])
            result[marks, name, "all"], result[marks, name, "alone"] = float(right.sum()), float((right & alone).sum())
            result[marks, name, "none"] = float(sum(one.speaker is None for one in labelled))
    return result


def line(name: str, results: Sequence[Counts]) -> str:
    """Return the line of a table for some conversations."""
    total = {key: sum(result[key] for result in results) for key in results[0]}
    cells = [f"{name:12}{len(results):4d}{total['', '', 'all']:8.0f}"]
    for marks in MARKS:
        for which in ("all", "alone"):
            shares = (total[marks, rule, which] / max(total["", "", which], 1.0) for rule in RULES)
            cells.append(" |" + "".join(f"{100 * one:8.1f}" for one in shares))
        cells.append(f"{100 * total[marks, 'label', 'none'] / total['', '', 'all']:6.1f}")
    gains = [one["own turns", "sents", "all"] - one["own turns", "label", "all"] for one in results]
    low, high = interval(gains, [one["", "", "all"] for one in results])
    return "".join(cells) + f" | {low:+.2f} to {high:+.2f}"


def interval(gains: Sequence[float], words: Sequence[float]) -> tuple[float, float]:
    """Return between what per cent of words a gain lies in 95 of 100 draws of whole conversations."""
    drawn = np.random.default_rng(0).integers(0, len(gains), (2000, len(gains)))
    shares = 100 * np.asarray(gains)[drawn].sum(axis=1) / np.maximum(np.asarray(words)[drawn].sum(axis=1), 1.0)
    low, high = np.percentile(shares, [2.5, 97.5])
    return float(low), float(high)


def header() -> str:
    rules = "".join(f"{name:>8}" for name in RULES)
    parts = "".join(f" |{rules} |{rules}  none" for _ in MARKS)
    titles = "".join(f" |{f'{marks}, all':32} |{'alone':38}" for marks in MARKS)
    return f"{'':24}{titles}\n{'':12}{'n':>4}{'words':>8}{parts}"


@click.command(help=__doc__)
@click.option("--data", default="../shared", type=click.Path(file_okay=False, path_type=Path), show_default=True)
@click.option("--speech", multiple=True, default=("speech_sessions", "speech_measure"), show_default=True)
@click.option("--strata", default="calls,meetings,broadcast,moods,equalised", show_default=True)
@click.option("--part", default=0.17, type=click.FloatRange(0, 1), show_default=True, help="Of each stratum.")
@click.option("--missed", default=0.3, type=click.FloatRange(0, 1), show_default=True, help="Of the ends of turns.")
@click.option("--seed", default=0, show_default=True)
def main(data: Path, speech: tuple[str, ...], strata: str, part: float, missed: float, seed: int) -> None:
    stock, diarizer = Stock.read(data, speech), Diarizer()
    listed = [one for one in conversations(list(stock.voices.values()), seed) if one.stratum in strata.split(",")]
    table: dict[str, list[Counts]] = {}
    with warnings.catch_warnings(), one_blas_thread():
        warnings.simplefilter("ignore", DiarizeWarning)
        for conversation in shared_out(listed, part):
            recording = compose(conversation, stock)
            found = diarizer((recording.samples, recording.rate))
            named = found.rename(best_mapping(recording.reference, found))
            turns = dict(zip(MARKS, (recording.reference, named), strict=True))
            rng = np.random.default_rng([seed, conversation.seed % 2**32])
            words = punctuated(words_of(recording.reference, rng), missed, rng)
            table.setdefault(conversation.stratum, []).append(counts(words, turns, recording.reference))
    click.echo(header())
    for name, results in table.items():
        click.echo(line(name, results))
    click.echo(line("all", [result for results in table.values() for result in results]))


if __name__ == "__main__":
    main()
