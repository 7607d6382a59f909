"""`QuestionResults`: what one configuration did with each question, as JSON until somebody looks at it."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property, lru_cache
from itertools import chain
from typing import Any, overload

from pydantic import GetCoreSchemaHandler, TypeAdapter
from pydantic_core import CoreSchema, core_schema, to_json

from rag_chunk.analysis.report_inputs import ReportValue
from rag_chunk.corpus.arrays import Floats

_AROUND = 3  # lists and objects that are around this list in `report.json`: so far it is indented


class LostItemEntry(ReportValue):
    """An item of evidence of which a share is missing: its number in its question, from 1, and the causes that hold."""

    number: int
    missing: float
    causes: tuple[str, ...]


class QuestionResult(ReportValue):
    """One question under one configuration: its scores, and the chunks that fill the budget, best first.

    `rank` is that of the first chunk that covers half of an item or lies wholly inside one, from 1; nothing where none of
    the ranked chunks does. `causes` are all that hold for the recall that is missing, in the order of the pipeline;
    of a question with several items of evidence, `lost_items` has those of which something is missing.
    """

    id: str
    question: str
    scores: dict[str, float]
    retrieved: tuple[str, ...] = ()
    rank: int | None = None
    causes: tuple[str, ...] = ()
    lost_items: tuple[LostItemEntry, ...] | None = None


class QuestionResults(Sequence[QuestionResult]):
    """The results of a configuration's questions, in the file's order.

    Whoever scores makes JSON of them, perhaps in another process. It is written as it is: to send, check and write
    thousands of objects with dozens of scores would take as long as to compute them.
    """

    def __init__(self, made: bytes | tuple[QuestionResult, ...]) -> None:
        """Take a list as `write_json` returns it, or objects."""
        self._made = made

    @cached_property
    def json(self) -> bytes:
        """The results as `report.json` has them, from bracket to bracket."""
        if isinstance(self._made, bytes):
            return self._made
        return write_json([row.model_dump(exclude_none=True) for row in self._made])

    @cached_property
    def rows(self) -> tuple[QuestionResult, ...]:
        """The results as objects, made when they are first asked for."""
        return _results().validate_json(self._made) if isinstance(self._made, bytes) else self._made

    @overload
    def __getitem__(self, place: int) -> QuestionResult: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[QuestionResult, ...]: ...
    def __getitem__(self, place: int | slice) -> QuestionResult | tuple[QuestionResult, ...]:
        return self.rows[place]

    def __len__(self) -> int:
        return len(self.rows)

    def __eq__(self, other: object) -> bool:
        return self.json == other.json if isinstance(other, QuestionResults) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.json)

    def __iter__(self) -> Iterator[QuestionResult]:
        return iter(self.rows)

    def __repr__(self) -> str:
        return repr(self.rows)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Read a list of results; write one."""
        rows = handler(tuple[QuestionResult, ...])
        read = core_schema.no_info_after_validator_function(cls, rows)
        return core_schema.json_or_python_schema(
            json_schema=read,
            python_schema=core_schema.union_schema([core_schema.is_instance_schema(cls), read]),
            serialization=core_schema.plain_serializer_function_ser_schema(lambda each: each.rows, return_schema=rows),
        )


@lru_cache
def _results() -> TypeAdapter[tuple[QuestionResult, ...]]:
    return TypeAdapter(tuple[QuestionResult, ...])


def write_json(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Return `rows`, each the fields of a `QuestionResult`, as `report.json` has them, from bracket to bracket."""
    listed: Any = rows
    for _ in range(_AROUND):
        listed = [listed]
    before = sum(len("[\n") + depth for depth in range(1, _AROUND + 1))
    after = sum(len("\n]") + depth for depth in range(_AROUND))
    return to_json(listed, indent=1)[before:-after]


def write_with_scores(rows: Sequence[Mapping[str, Any]], scores: Mapping[str, Floats]) -> bytes:
    """Return what `write_json` does of `rows` whose `scores` are empty, with the scores by name put there: [rows] each."""
    # Most of the text is names, which are the same in all rows: a form is filled in, and only the numbers are written.
    line = b"\n" + b" " * (_AROUND + 2)
    empty, columns = line + b'"scores": {}', [to_json(each.tolist())[1:-1].split(b",") for each in scores.values()]
    names = [line + b" " + to_json(name) + b": %b" for name in scores]
    form = empty[:-1] + b",".join(names) + line + b"}"
    filled = (form % values for values in zip(*columns, strict=True))
    before, *parts = write_json(rows).split(empty)
    return b"".join([before, *chain.from_iterable(zip(filled, parts, strict=True))])
