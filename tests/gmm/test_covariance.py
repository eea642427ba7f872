"""The table of kinds: that it is complete, that nothing asks for a kind by name, and what each kind answers."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

import diarize
from diarize.cli.options import COVARIANCES
from diarize.gmm.covariance import COVARIANCE_KINDS, COVARIANCE_TYPES, covariance_kind

PACKAGE = Path(diarize.__file__).parent


@pytest.mark.parametrize("name", COVARIANCE_KINDS)
def test_each_row_is_named_after_its_kind(name: str) -> None:
    kind = covariance_kind(name)
    assert kind.name == name
    assert kind.unshared in COVARIANCE_KINDS
    assert covariance_kind(kind) is kind


def test_the_command_line_offers_what_every_estimator_takes() -> None:
    assert set(COVARIANCES) == set(COVARIANCE_TYPES) <= set(COVARIANCE_KINDS)


def test_an_unknown_kind_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="must be one of full, tied, diag, spherical, factor, got 'odd'"):
        covariance_kind("odd")


def test_no_module_compares_with_a_kind_s_name() -> None:
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Compare):
                asked = {leaf.value for leaf in ast.walk(node) if isinstance(leaf, ast.Constant)}
                assert not asked & set(COVARIANCE_KINDS), f"{path.name}, line {node.lineno}"


@pytest.mark.parametrize("name", COVARIANCE_KINDS)
def test_a_kind_starts_from_variances(name: str) -> None:
    kind, variances = covariance_kind(name), np.array([1.0, 4.0, 0.25])
    covariances = kind.of_variances(variances)
    assert covariances.shape == kind.shape(1, 3)
    expected = np.full(3, variances.mean()) if name == "spherical" else variances
    np.testing.assert_allclose(np.broadcast_to(kind.variances(covariances), (1, 3))[0], expected)
    np.testing.assert_allclose(kind.dense(covariances, (1, 3))[0].diagonal(), expected)


@pytest.mark.parametrize("name", COVARIANCE_KINDS)
def test_roots_whiten_and_lead_back(name: str) -> None:
    kind = covariance_kind(name)
    rows = np.random.default_rng(0).normal(size=(7, 3))
    covariances = kind.of_variances(np.array([1.0, 4.0, 0.25]))
    root, matrix = kind.root(covariances), kind.dense(covariances, (1, 3))[0]
    expected = np.einsum("nd,de,ne->n", rows, np.linalg.inv(matrix), rows)
    one = kind.one(kind.per_feature(root, (1, 3)), 0)
    np.testing.assert_allclose(kind.squared_distances(rows, one), expected)
    np.testing.assert_allclose((kind.whitened(rows, one) ** 2).sum(axis=1), expected)
    np.testing.assert_allclose(kind.log_determinants(root, (1, 3)), -0.5 * np.linalg.slogdet(matrix)[1])
    np.testing.assert_allclose(kind.of_root(root), covariances)
    back = kind.of_precisions(kind.precisions(root))
    np.testing.assert_allclose(kind.dense(back, (1, 3))[0], matrix)
