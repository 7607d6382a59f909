"""How a corpus is divided among processes, by its size and the number of cores."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.config.sharding import WorkersConfig

CORES = st.integers(1, 200)
MEGABYTES = st.floats(0, 5_000)


@given(st.floats(0, 64), CORES)
def test_what_fits_into_one_shard_is_not_divided(megabytes: float, cores: int) -> None:
    assert WorkersConfig().divide(megabytes, cores) == (1, 64)


@given(MEGABYTES, CORES)
def test_a_larger_corpus_is_for_each_core_but_not_for_more_than_four(megabytes: float, cores: int) -> None:
    workers, size = WorkersConfig().divide(65 + megabytes, cores)
    assert workers == min(cores, 4)
    assert workers * size <= 130  # together
    assert size <= 64
    rounds = (65 + megabytes) / workers / (0.97 * size)
    assert rounds == pytest.approx(round(rounds))  # all have as many shards, nearly full ones


@given(MEGABYTES, CORES, st.integers(1, 30))
def test_an_explicit_number_of_processes_is_taken_as_it_is(megabytes: float, cores: int, number: int) -> None:
    workers, size = WorkersConfig(workers=number).divide(65 + megabytes, cores)
    assert workers == number
    assert size <= 64


@given(MEGABYTES, CORES)
def test_the_same_shards_are_kept_whatever_the_number_of_cores(megabytes: float, cores: int) -> None:
    workers, size = WorkersConfig().divide(megabytes, cores, keep_size=True)
    assert size == 64
    assert workers <= min(cores, 2)


@pytest.mark.parametrize(
    ("megabytes", "size", "expected"), [(1_000, 20, 4), (1_000, 50, 2), (1_000, 200, 1), (40, 1, 2), (10, 1, 1)]
)
def test_shards_of_an_explicit_size_are_shared_as_far_as_memory_and_text_go(
    megabytes: float, size: int, expected: int
) -> None:
    assert WorkersConfig(shard_size=size).divide(megabytes, 16) == (expected, size)


def test_a_cluster_gets_shards_of_the_usual_size() -> None:
    assert WorkersConfig(scheduler="tcp://host:8786").divide(1_000, 16).shard_size == 64
