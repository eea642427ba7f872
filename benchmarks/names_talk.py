"""Names in whole conversations: how often a known person is named, rightly, and how well strangers are linked.

    python benchmarks/names_talk.py [--data ../shared] [--speech speech_measure] [--count 20] [--known 6] [--seed 0]

Conversations are composed as those of battery.py are, of voices that the model has not heard, and diarized with an
unknown number of speakers; with --turns given their true turns are taken. Every voice is cut in two by its sessions:
one half is enrolled, --enrol seconds of it, or heard in every other conversation, so that nobody is known from the
session that is heard. With --halves files it is cut by its files instead: then sessions are shared. In each
conversation half of the people are known, and so are strangers, --known in all. Names are counted over the speakers
that the diarizer found and that talk for --least seconds or more: who a speaker is says the reference, by the time that
they share. Pairs of speakers of two conversations are what is counted in linking.

The same conversations are diarized once more by a diarizer to whom the same people are known. What confusion becomes by
that, with an interval over conversations (2.5 to 97.5 %, drawn again 2000 times), and names then are the last lines.
"""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from _battery_compose import Stock, compose
from _battery_strata import STRATA, Conversation, conversations
from _battery_voices import RATE, Session, Tape, Voice
from voices_measures import equal_error_rate, log_likelihood_ratio_cost

from diarize import Annotation, Diarization, Diarizer, DiarizeWarning
from diarize.evaluation.scoring import score
from diarize.voices import Voiceprint, Voices, voiceprints
from diarize.voices.linking import linked_names, order_of

Counts = Counter[tuple[str, str]]
Ratios = list[tuple[float, bool]]
KINDS = ("meetings", "broadcast", "calls")


def halves_of(voice: Voice, by_file: bool) -> tuple[Voice, Voice] | None:
    """Return a voice cut in two; None where there is nothing to cut."""
    if by_file:
        files = [
            [replace(one, files=one.files[part::2], seconds=one.seconds / 2) for one in voice.sessions]
            for part in (0, 1)
        ]
        sides = [tuple(one for one in side if one.files) for side in files]
    else:
        order = sorted(voice.sessions, key=lambda one: -one.seconds)
        sides = [tuple(order[0::2]), tuple(order[1::2])]
    if not all(sides):
        return None
    first, second = (replace(voice, sessions=side) for side in sides)
    return first, second


def enrolled(voice: Voice, diarizer: Diarizer, seconds: float) -> Voiceprint | None:
    """Return what is kept of a voice: of one session where that is long enough."""
    sessions: Sequence[Session] = sorted(voice.sessions, key=lambda one: -one.seconds)
    enough = [one for one in sessions if one.seconds >= seconds][:1] or sessions
    tape = Tape(enough, np.random.default_rng(0))
    sound = tape.sound[: int(1.5 * seconds * RATE)] * np.float32(0.05)
    heard = diarizer.diarize((sound, RATE), num_speakers=1)
    return voiceprints(heard.renamed(dict.fromkeys(heard.annotation.labels, "one"))).get("one")


@dataclass(frozen=True, slots=True)
class Talk:
    """A conversation after diarization.

    Parameters
    ----------
    recipe : Conversation
    found : Diarization
    truth : dict of str to str
        Who each speaker that was found is.
    heard : dict of str to Voiceprint
    """

    recipe: Conversation
    found: Diarization
    truth: dict[str, str]
    heard: dict[str, Voiceprint]


def who_is_who(found: Annotation, reference: Annotation, least: float) -> dict[str, str]:
    """Return for each speaker with enough talk who of the reference it is: the one with the most time in common."""
    grid = np.arange(0, max(turn.end for turn in reference), 0.05)

    def talks(annotation: Annotation, name: str) -> npt.NDArray[np.bool_]:
        mask = np.zeros(len(grid), bool)
        for turn in annotation:
            if turn.speaker == name:
                mask |= (turn.start <= grid) & (grid < turn.end)
        return mask

    true = {name: talks(reference, name) for name in reference.labels}
    return {
        name: max(true, key=lambda person: (true[person] & talks(found, name)).sum())
        for name, seconds in found.durations().items()
        if seconds >= least
    }


def names_right(named: Diarization, truth: dict[str, str], known: Voices) -> Counts:
    """Return how many speakers got the right name, a wrong one or none; who each is says `truth`."""
    counts: Counts = Counter()
    for label, person in truth.items():
        given = label if label in named.ratios else None
        if person in known.people:
            counts["known", "none" if given is None else "right" if given == person else "wrong"] += 1
        else:
            counts["stranger", "none" if given is None else "wrong"] += 1
    return counts


def ratios_of(talk: Talk, known: Voices) -> Ratios:
    """Return for each speaker and each known person the log-likelihood ratio, and whether they are the same."""
    table = known.identify(talk.found)
    return [(ratio, name == talk.truth[label]) for label in talk.truth for name, ratio in table.get(label, {}).items()]


def pair_counts(talks: Sequence[Talk], diarizer: Diarizer) -> tuple[int, int, int]:
    """Return pairs that are one person and linked, linked in all, and one person in all."""
    spoken = [[label for label in order_of(talk.found) if label in talk.truth] for talk in talks]
    names = linked_names(spoken, [talk.heard for talk in talks], diarizer.model)
    items = [(k, talk.truth[label], names[k][label]) for k, talk in enumerate(talks) for label in spoken[k]]
    pairs = [(a, b) for a, b in combinations(items, 2) if a[0] != b[0]]
    linked = [a[2] == b[2] for a, b in pairs]
    same = [a[1] == b[1] for a, b in pairs]
    return sum(x and y for x, y in zip(linked, same, strict=True)), sum(linked), sum(same)


@click.command(help=__doc__)
@click.option("--data", default="../shared", type=click.Path(file_okay=False, path_type=Path), show_default=True)
@click.option("--speech", multiple=True, default=("speech_measure",), show_default=True)
@click.option("--kinds", default=",".join(KINDS), show_default=True, help="Strata of the battery.")
@click.option("--corpus", multiple=True, help="Voices of these corpora alone.")
@click.option("--count", default=20, show_default=True, help="Conversations of each kind.")
@click.option("--known", "n_known", default=6, show_default=True, help="People who are known.")
@click.option("--enrol", default=20.0, show_default=True, help="Seconds of sound.")
@click.option("--least", default=5.0, show_default=True, help="Seconds of talk of a speaker who is counted.")
@click.option("--halves", type=click.Choice(["sessions", "files"]), default="sessions", show_default=True)
@click.option("--turns", type=click.Choice(["own", "given"]), default="own", show_default=True, help="Who speaks when.")
@click.option("--seed", default=0, show_default=True)
def main(
    data: Path,
    speech: tuple[str, ...],
    kinds: str,
    corpus: tuple[str, ...],
    count: int,
    n_known: int,
    enrol: float,
    least: float,
    halves: str,
    turns: str,
    seed: int,
) -> None:
    warnings.simplefilter("ignore", DiarizeWarning)
    stock, diarizer = Stock.read(data, speech), Diarizer()
    cut = {
        voice.name: pair
        for voice in stock.voices.values()
        if (not corpus or voice.corpus in corpus) and (pair := halves_of(voice, halves == "files"))
    }
    sides = [{name: pair[k] for name, pair in cut.items() if min(half.seconds for half in pair) >= 8} for k in (0, 1)]
    prints: dict[str, Voiceprint | None] = {}

    def known_print(name: str) -> Voiceprint | None:
        if name not in prints:
            prints[name] = enrolled(sides[0][name], diarizer, enrol)
        return prints[name]

    total, total_after = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    all_pairs: list[list[tuple[float, float]]] = []
    every: Ratios = []
    for kind in kinds.split(","):
        stratum = replace(next(one for one in STRATA if one.name == kind), count=count, fits=lambda voice: True)
        counts: Counts = Counter()
        ratios: Ratios = []
        linking: list[Talk] = []
        counts_after: Counts = Counter()
        pairs: list[list[tuple[float, float]]] = []
        listed = conversations(list(sides[1].values()), seed, (stratum,))
        for number, recipe in enumerate(listed):
            rng = np.random.default_rng([seed, number])
            for side in (1,) if number % 2 else (1, 0):  # every other conversation is also held with the other half
                recording = compose(recipe, replace(stock, voices=sides[side]))
                sound = recording.samples, recording.rate
                found = diarizer.diarize(sound) if turns == "own" else diarizer.with_turns(sound, recording.reference)
                truth = who_is_who(found.annotation, recording.reference, least)
                talk = Talk(recipe, replace(found, blocks=None, outcome=None), truth, voiceprints(found))
                if side == (number % 2):
                    linking.append(replace(talk, found=replace(talk.found, recording=None)))
                if side == 1:
                    some = list(rng.permutation(recipe.speakers)[: (len(recipe.speakers) + 1) // 2])
                    own = recipe.speakers[0].partition("_")[0]
                    others = [name for name in sides[0] if name not in recipe.speakers and name.startswith(own)]
                    some += list(rng.permutation(others)[: max(0, n_known - len(some))])
                    people = {name: (heard,) for name in map(str, some) if (heard := known_print(name)) is not None}
                    voices = Voices(people, diarizer.model.voice_fingerprints())
                    named = voices.name(found)
                    mapping = dict(zip(found.names, named.names, strict=True))
                    counts += names_right(named, {mapping[label]: who for label, who in truth.items()}, voices)
                    ratios += ratios_of(talk, voices)
                    if turns == "own":
                        informed = Diarizer(voices=voices).diarize(sound)
                        after = who_is_who(informed.annotation, recording.reference, least)
                        counts_after += names_right(informed, after, voices)
                        pairs.append([_confusion(recording.reference, one) for one in (found, informed)])
        both, linked, same = pair_counts(linking, diarizer)
        total += counts
        every += ratios
        _say(kind, counts, ratios, (both, linked, same))
        if pairs:
            _say_after(kind, pairs, counts_after)
            all_pairs += pairs
            total_after += counts_after
    _say("all", total, every, None)
    if all_pairs:
        _say_after("all", all_pairs, total_after)


def _confusion(reference: Annotation, found: Diarization) -> tuple[float, float]:
    """Return seconds of confusion and of speech."""
    result = score(Annotation(reference, ""), Annotation(found.annotation, ""))
    return result.confusion, result.total


def _say_after(kind: str, pairs: Sequence[Sequence[tuple[float, float]]], counts: Counts) -> None:
    """Say what confusion was and became, and how names are then."""
    seconds = np.array(pairs)  # (n_conversations, before and after, confusion and total)
    draws = np.random.default_rng(0).integers(0, len(seconds), (2000, len(seconds)))
    before, after = (100 * seconds[draws, k, 0].sum(axis=1) / seconds[draws, k, 1].sum(axis=1) for k in (0, 1))
    low, high = np.percentile(after - before, [2.5, 97.5])
    rates = [100 * seconds[:, k, 0].sum() / seconds[:, k, 1].sum() for k in (0, 1)]
    changes = seconds[:, 1, 0] - seconds[:, 0, 0]
    click.echo(
        f"{kind:10} known while diarizing: confusion {rates[0]:.2f} -> {rates[1]:.2f} % ({low:+.2f} to {high:+.2f}), "
        f"better in {(changes < -0.01).sum()}, worse in {(changes > 0.01).sum()} of {len(seconds)}"
    )
    _say(f"  {kind}", counts, [], None)


def _say(kind: str, counts: Counts, ratios: Ratios, pairs: tuple[int, int, int] | None) -> None:
    known = sum(counts["known", what] for what in ("right", "wrong", "none"))
    strangers = sum(counts["stranger", what] for what in ("wrong", "none"))
    line = f"{kind:10} known {known}: " + ", ".join(
        f"{counts['known', what]} {what}" for what in ("right", "wrong", "none")
    )
    line += f"; strangers {strangers}: {counts['stranger', 'wrong']} named"
    scores, truth = np.array([ratio for ratio, _ in ratios]), np.array([is_same for _, is_same in ratios])
    if 0 < truth.sum() < len(truth):
        rate, cost = equal_error_rate(scores, truth), log_likelihood_ratio_cost(scores, truth)
        line += f"; EER {100 * rate:.1f} %, Cllr {cost:.2f}"
    if pairs is not None:
        both, linked, same = pairs
        line += f"; linked pairs {linked}, of one person {same}, both {both}: F1 {2 * both / max(1, linked + same):.3f}"
    click.echo(line)


if __name__ == "__main__":
    main()
