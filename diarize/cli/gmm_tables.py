"""`diarize gmm select | cluster | anomalies | impute | density | features`: mixtures of the rows of a table."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from diarize.cli import options
from diarize.cli.table_command import INPUT, SEARCH, Work, listed

if TYPE_CHECKING:
    import numpy.typing as npt

    from diarize.formats.tables import Table


def _searched(kind: Any, work: Work, components: int, covariance: tuple[str, ...], criterion: str, raw: bool) -> Any:
    """Return an estimator of that kind, fitted to the rows."""
    kinds = covariance or options.COVARIANCES
    with work.running() as show:
        return kind(
            components,
            covariance_types=kinds,
            criterion=criterion,
            standardise=not raw,
            random_state=work.seed,
            callback=_counted(show, components * len(kinds)),
        ).fit(work.rows)


def _counted(show: Callable[[str, float], None], total: int) -> Callable[[Any], None]:
    """Return a call-back that counts cells of the table of candidates."""
    done = 0

    def count(_: Any) -> None:
        nonlocal done
        done += 1
        show("fitting", min(done / total, 1.0))

    return count


@click.command()
@options.all_of(INPUT, SEARCH)
def select(components: int, covariance: tuple[str, ...], criterion: str, raw: bool, **common: Any) -> None:
    """Compare mixtures of each covariance and size on the rows of DATA.

    The table has a row for each candidate, with its likelihood and criteria; `chosen` is 1 for the best.
    """
    work = Work(**common)
    import numpy as np

    from diarize.gmm import GaussianMixtureSelector

    selector = _searched(GaussianMixtureSelector, work, components, covariance, criterion, raw)
    results = {name: cells.astype(int) if cells.dtype == bool else cells for name, cells in selector.results_.items()}
    work.write({"chosen": (np.arange(len(results["bic"])) == selector.best_index_).astype(int)}, kept=results)
    work.draw(selector.plot)


@click.command()
@options.all_of(INPUT, SEARCH)
def cluster(components: int, covariance: tuple[str, ...], criterion: str, raw: bool, **common: Any) -> None:
    """Put the rows of DATA into groups, softly; their number is found.

    Added are the likeliest group, how undecided the row is (0 to 1), and the probability of each group.
    """
    work = Work(**common)
    from diarize.gmm import GaussianMixtureClustering
    from diarize.gmm.plots import draw_groups

    clustering = _searched(GaussianMixtureClustering, work, components, covariance, criterion, raw)
    ambiguity = clustering.ambiguity(work.rows)
    shares = {f"group_{group}": cells for group, cells in enumerate(clustering.membership_.T)}
    work.write({"group": clustering.labels_, "ambiguity": ambiguity, **shares})
    work.draw(partial(draw_groups, work.rows, clustering.labels_, ambiguity))


@click.command()
@options.all_of(INPUT)
@options.components(1)
@click.option(
    "--contamination",
    default="auto",
    show_default=True,
    metavar="auto|SHARE",
    help="Share of rows that come out as outliers, 0 to 0.5.",
)
def anomalies(components: int, contamination: str, **common: Any) -> None:
    """Find the rows of DATA that are unlike the others.

    Added are the log density (the lower, the odder), 1 for outliers, the conformal p-value, and the column that makes
    the row odd, with the nats it would gain with the value that the other columns suggest.
    """
    share = _share(contamination)
    work = Work(**common)
    import numpy as np

    from diarize.gmm import GaussianMixtureOutlierDetector
    from diarize.gmm.plots import draw_scores

    with work.running():
        folds = min(5, len(work.rows)) if len(work.rows) > 3 else None
        detector = GaussianMixtureOutlierDetector(components, contamination=share, cv=folds, random_state=work.seed)
        scores = detector.fit(work.rows).score_samples(work.rows)
        reasons = detector.explain(work.rows)
        p_values = detector.p_values(work.rows) if folds else np.full(len(scores), np.nan)
    most = reasons.argmax(axis=1)
    new = {
        "score": scores,
        "outlier": (scores < detector.offset_).astype(int),
        "p_value": p_values,
        "reason": [work.names[column] for column in most],
        "reason_nats": reasons[np.arange(len(most)), most],
    }
    work.write(new)
    work.draw(partial(draw_scores, scores, detector.offset_))


def _share(contamination: str) -> float | str:
    if contamination == "auto":
        return contamination
    try:
        share = float(contamination)
    except ValueError:
        share = -1.0
    if not 0 <= share <= 0.5:
        raise click.UsageError(f"--contamination is auto or a share from 0 to 0.5, got {contamination!r}")
    return share


@click.command()
@options.all_of(INPUT)
@options.components(None, "Gaussians; by default as many as BIC says.")
@click.option("--draw", is_flag=True, help="Draw the missing entries at random instead of taking what is expected.")
@click.option(
    "--many",
    type=click.IntRange(min=2),
    metavar="M",
    help="Multiple imputation: M tables below each other, `imputation` counts them.",
)
def impute(components: int | None, draw: bool, many: int | None, **common: Any) -> None:
    """Fill in the missing entries of DATA: empty cells, NA, NaN, null, ?.

    What is there stays as it is, to the letter.
    """
    work = Work(**common)
    import numpy as np

    from diarize.gmm import GaussianMixtureImputer
    from diarize.gmm.plots import draw_imputed

    with work.running():
        model = GaussianMixtureImputer(
            components or "bic",
            how="sample" if draw else "mean",
            random_state=work.seed,
        ).fit(work.rows)
        completed = model.impute_many(work.rows, many) if many else model.transform(work.rows)[None]
    tables = [_filled(work.table, work.names, np.isnan(work.rows), rows) for rows in completed]
    joined = {name: [cell for table in tables for cell in table[name]] for name in work.table.names}
    number = np.repeat(np.arange(1, len(tables) + 1), len(work.rows))
    work.write({"imputation": number} if many else {}, kept=joined)
    work.draw(partial(draw_imputed, work.rows, completed[0]))


def _filled(
    table: Table, names: tuple[str, ...], holes: npt.NDArray[Any], rows: npt.NDArray[Any]
) -> dict[str, list[Any]]:
    """Return the columns of the table, its missing cells from `rows`."""
    columns = {name: list(cells) for name, cells in zip(table.names, table.columns, strict=True)}
    for place, name in enumerate(names):
        for row in holes[:, place].nonzero()[0]:
            columns[name][row] = float(rows[row, place])
    return columns


@click.command()
@options.all_of(INPUT)
@options.components(20, "Try up to N Gaussians.")
@options.covariance("full")
def density(components: int, covariance: str, **common: Any) -> None:
    """Estimate the density of the rows of DATA; cross-validation finds the number of Gaussians.

    Added are the log density in nats, and for each column the probability of a value as low.
    """
    work = Work(**common)
    work.need_all()
    from diarize.gmm import GaussianMixtureDensity
    from diarize.gmm.plots import draw_density

    with work.running():
        model = GaussianMixtureDensity(components, covariance_type=covariance, random_state=work.seed).fit(work.rows)
        log_density, below = model.score_samples(work.rows), model.cdf(work.rows)
    work.write(
        {"log_density": log_density, **{f"cdf_{name}": cells for name, cells in zip(work.names, below.T, strict=True)}}
    )
    work.draw(partial(draw_density, work.rows, log_density))


@click.command()
@options.all_of(INPUT)
@options.components(10)
@options.covariance("diag")
@click.option(
    "--blocks",
    metavar="NAMES",
    default="responsibilities,mahalanobis",
    show_default=True,
    help="Any of responsibilities, log_likelihoods, mahalanobis, euclidean, fisher, zeroth, first.",
)
def features(components: int, covariance: str, blocks: str, **common: Any) -> None:
    """Describe the rows of DATA by their place in a mixture: columns for whatever learns from them next."""
    work = Work(**common)
    work.need_all()
    import numpy as np
    from sklearn.preprocessing import StandardScaler

    from diarize.gmm import GaussianMixtureFeatures
    from diarize.gmm.plots import draw_features

    with work.running():
        even = StandardScaler().fit_transform(work.rows)
        model = GaussianMixtureFeatures(
            components, blocks=listed(blocks), covariance_type=covariance, random_state=work.seed
        )
        described = model.fit_transform(even)
        names = model.get_feature_names_out(np.array(work.names, dtype=object))
    work.write(dict(zip(names.tolist(), described.T, strict=True)))
    work.draw(partial(draw_features, described, names.tolist()))
