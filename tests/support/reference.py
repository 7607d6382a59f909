"""The metrics of one configuration, slow and obvious: every character by itself."""

import itertools
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property

import regex

from rag_chunk.chunker import Chunking
from rag_chunk.config import RunConfig
from rag_chunk.corpus.terms import terms
from rag_chunk.corpus.units import load_encoding
from rag_chunk.questions import Evidence, Question
from rag_chunk.scorer.losses import CAUSES, OTHER_DOCUMENTS

CURVE = (1000, 2000, 4000, 8000, 16000)
FURTHEST = 32000  # characters, past which a chunk counts as never retrieved
LADDER = (1000, 2000, 3000, 4000, 6000, 8000, 12000, 16000, 24000, 32000)

WORD = regex.compile(r"\w")
UNSPACED = regex.compile(
    r"(?!\p{scx=Latn})(?:"
    + "|".join(rf"\p{{scx={name}}}" for name in ("Han", "Hira", "Kana", "Thai", "Lao", "Khmer", "Mymr"))
    + ")"
)
MARK = regex.compile(r"(?=\p{M})\p{sc=Zinh}|[\uff9e\uff9f]")
IGNORABLE = regex.compile(r"\p{DI}")

Inks = set[int]


class Reference:
    """Scores one question at a time, on sets of characters that are not white space."""

    def __init__(self, chunking: Chunking, config: RunConfig) -> None:
        self.starts: list[int] = chunking.corpus.starts[:-1].tolist()
        self.line = "".join(document.text for document in chunking.corpus.documents)
        self.chunks: list[tuple[int, int]] = [(start, end) for start, end in chunking.spans.tolist()]
        self.config = config

    @cached_property
    def inks(self) -> list[Inks]:
        """The chunks, each as a set of characters."""
        return [self.ink(*chunk) for chunk in self.chunks]

    def ink(self, start: int, end: int) -> Inks:
        return {place for place in range(start, end) if not self.line[place].isspace()}

    def read(self, ranked: Sequence[int], budget: int) -> Inks:
        """Read character by character until the budget is spent."""
        return set(self.walked(ranked, budget))

    def walked(self, ranked: Sequence[int], budget: int) -> Iterator[int]:
        """Yield each character that is paid for, in the order of reading, until the budget is spent."""
        seen: set[int] = set()
        spent = 0
        for place in (place for row in ranked for place in range(*self.chunks[row])):
            if self.config.pays_once and place in seen:
                continue
            if spent == budget:
                return
            spent += 1
            seen.add(place)
            yield place

    @cached_property
    def tokens(self) -> list[tuple[int, int]]:
        """The tokens of whole documents: a character that is several of them belongs to the last."""
        encoding, starts = load_encoding(self.config.model), list[int]()
        ends = [*self.starts[1:], len(self.line)]
        for first, end in zip(self.starts, ends, strict=True):
            text = self.line[first:end]
            starts += [first + start for start in encoding.decode_with_offsets(encoding.encode_ordinary(text))[1]]
        return list(itertools.pairwise([*starts, len(self.line)]))

    def touched_tokens(self, row: int) -> list[int]:
        """The numbers of the tokens that a chunk has a part of."""
        start, end = self.chunks[row]
        ends = [
            max(last, first + 1) for first, last in self.tokens
        ]  # one without a text of its own is a part of a character
        return [number for number, (first, _) in enumerate(self.tokens) if first < end and start < ends[number]]

    def read_within_budget(self, ranked: Sequence[int]) -> Inks:
        """Read until the budget is spent, in its own unit."""
        if self.config.budget_unit == "characters":
            return self.read(ranked, self.config.budget)
        read, paid = set[int](), list[int]()
        for row in ranked:
            for number in self.touched_tokens(row):
                if self.config.pays_once and number in paid:
                    read |= self.part(row, number)
                elif len(paid) < self.config.budget:
                    paid.append(number)
                    read |= self.part(row, number)
                else:
                    return read
        return read

    def part(self, row: int, number: int) -> Inks:
        """Return what a chunk holds of a token."""
        return set(range(*self.chunks[row])) & set(range(*self.tokens[number]))

    def started_chunks(self, ranked: Sequence[int]) -> int:
        """Count the chunks that come before the budget is spent, in its own unit."""
        in_characters = self.config.budget_unit == "characters"
        cost = self.cost if in_characters else self.cost_in_tokens
        return sum(cost(ranked[:count]) < self.config.budget for count in range(len(ranked)))

    def cost_of(self, row: int) -> int:
        """Return what one chunk costs, in the unit of the budget."""
        start, end = self.chunks[row]
        return end - start if self.config.budget_unit == "characters" else len(self.touched_tokens(row))

    def cost_in_tokens(self, ranked: Sequence[int]) -> int:
        numbers = [number for row in ranked for number in self.touched_tokens(row)]
        return len(set(numbers)) if self.config.pays_once else len(numbers)

    def cost(self, ranked: Sequence[int]) -> int:
        places = [place for row in ranked for place in range(*self.chunks[row])]
        return len(set(places)) if self.config.pays_once else len(places)

    def recall(self, read: set[int], question: Question) -> float:
        gained = total = 0.0
        for item in question.evidence:
            inks = [self.ink(*span) for span in item.spans]
            gained += len(inks[0]) * max(len(ink & read) / len(ink) for ink in inks)
            total += len(inks[0])
        return gained / total

    def evidence(self, question: Question) -> Inks:
        return set().union(*(self.ink(*span) for item in question.evidence for span in item.spans))

    def union(self, ranked: Sequence[int]) -> Inks:
        return set().union(*(self.ink(*self.chunks[row]) for row in ranked))

    def precision(self, ranked: Sequence[int], question: Question) -> float:
        read = self.union(ranked)
        return len(read & self.evidence(question)) / len(read) if read else 0.0

    def document(self, position: int) -> int:
        return sum(start <= position for start in self.starts)

    def document_precision(self, top: Sequence[int], question: Question) -> float:
        right = {self.document(span[0]) for item in question.evidence for span in item.spans}
        return sum(self.document(self.chunks[row][0]) in right for row in top) / len(top) if top else 0.0

    def losses(self, ranked: Sequence[int], question: Question) -> dict[str, float]:
        """Return what each cause costs, from sets of characters that grow."""
        started = list(ranked[: self.started_chunks(ranked)])
        depth = max(len(started), sum(self.cost(ranked[:count]) < FURTHEST for count in range(len(ranked))))
        retrieved = started + [row for row in ranked[len(started) : depth] if self.shares_a_term(row, question)]
        near = {self.document(self.chunks[row][0]) for row in started}
        rows = range(len(self.chunks))
        close = self.union([row for row in rows if self.document(self.chunks[row][0]) in near])
        whole, ranked_high, everything = self.union(started), self.union(retrieved), self.union(rows)
        sets: list[Callable[[Evidence], Inks]] = [
            lambda _: everything,
            lambda item: whole if self.is_crossed(item) else everything,
            lambda item: whole if self.is_crossed(item) else ranked_high,
            lambda _: whole,
            lambda _: self.read_within_budget(ranked),
        ]
        recalls = [1.0, 1.0, *(self.recall_of(each, question) for each in sets)]  # one conversion has all the text
        lost = {name: after - before for name, after, before in zip(CAUSES, recalls, recalls[1:], strict=False)}
        of_documents = self.recall_of(lambda item: everything if self.all_ink(item) & whole else close, question)
        return {**lost, OTHER_DOCUMENTS: recalls[2] - of_documents}

    def all_ink(self, item: Evidence) -> Inks:
        return set().union(*(self.ink(*span) for span in item.spans))

    def is_crossed(self, item: Evidence) -> bool:
        """Whether all chunks together hold more of an item than any single one."""
        inks, everything = [self.ink(*span) for span in item.spans], self.union(range(len(self.chunks)))
        in_one = max((len(self.ink(*chunk) & ink) / len(ink) for chunk in self.chunks for ink in inks), default=0)
        return in_one < max(len(everything & ink) / len(ink) for ink in inks)

    def shares_a_term(self, row: int, question: Question) -> bool:
        text = self.line[slice(*self.chunks[row])]
        return self.config.retriever != "bm25" or bool({*terms(text)} & {*terms(question.question)})

    def recall_of(self, read: Callable[[Evidence], Inks], question: Question) -> float:
        """Return recall where what is read depends on the item that is looked for."""
        gained = total = 0.0
        for item in question.evidence:
            inks, text = [self.ink(*span) for span in item.spans], read(item)
            gained += len(inks[0]) * max(len(ink & text) / len(ink) for ink in inks)
            total += len(inks[0])
        return gained / total

    def is_relevant(self, row: int, question: Question) -> bool:
        chunk = self.ink(*self.chunks[row])
        inks = [self.ink(*span) for item in question.evidence for span in item.spans]
        return any(chunk & ink and (2 * len(chunk & ink) >= len(ink) or chunk <= ink) for ink in inks)

    def reciprocal_rank(self, ranked: Sequence[int], question: Question) -> float:
        ranks = [rank for rank, row in enumerate(ranked, 1) if self.is_relevant(row, question)]
        return 1 / ranks[0] if ranks else 0.0

    def intact(self, question: Question) -> list[bool]:
        """Whether one chunk alone holds an alternative of each item."""
        return [
            any(self.ink(*span) <= chunk for span in item.spans for chunk in self.inks) for item in question.evidence
        ]

    def precision_omega(self, question: Question) -> float:
        evidence = self.evidence(question)
        touching = set().union(*(chunk for chunk in self.inks if chunk & evidence))
        return len(evidence & touching) / len(touching | evidence)

    def paper(self, ranked: Sequence[int], question: Question) -> dict[str, float]:
        """Return the paper's three, in plain characters, white space and all; what overlaps counts twice below the line."""
        top = [range(*self.chunks[row]) for row in ranked[: self.config.top_k]]
        wanted = [range(*item.spans[0]) for item in question.evidence]
        read = {place for chunk in top for place in chunk}
        found = len(read & {place for span in wanted for place in span})
        paid, asked = sum(map(len, top)), sum(map(len, wanted))
        unread = sum(place not in read for span in wanted for place in span)
        return {
            "paper_recall": found / asked,
            "paper_precision": found / paid if paid else 0.0,
            "paper_iou": found / (paid + unread),
        }

    def legacy_recall(self, question: Question) -> float:
        """Return the old rag-chunk's recall: rank by shared words, and look for the phrases."""
        texts = [self.line[start:end].lower() for start, end in self.chunks]
        asked = words(question.question)
        likeness = [len(asked & words(text)) / max(1, len(asked) * len(words(text))) ** 0.5 for text in texts]
        ranked = sorted(range(len(texts)), key=lambda row: (-likeness[row], row))[: self.config.top_k]
        found = [
            any(self.line[slice(*span)].lower() in texts[row] for span in item.spans for row in ranked)
            for item in question.evidence
        ]
        return sum(found) / len(found)

    def question_overlap(self, question: Question) -> float:
        spans = [span for item in question.evidence for span in item.spans]
        answered = {term for span in spans for term in naive_terms(self.line[slice(*span)])}
        asked = set(naive_terms(question.question))
        return len(asked & answered) / len(asked) if asked else 0.0

    def scores(self, ranked: Sequence[int], question: Question) -> dict[str, float]:
        """Return every score of one question but those of the ceiling and the floor."""
        top = ranked[: self.config.top_k]
        recall, precision = self.recall(self.union(top), question), self.precision(top, question)
        rank = self.reciprocal_rank(top, question)
        at_budget = self.recall(self.read_within_budget(ranked), question)
        curve = {f"budget_recall_{size}": self.recall(self.read(ranked, size), question) for size in CURVE}
        return {
            "avg_recall": recall,
            "avg_precision": precision,
            "avg_f1": 2 * recall * precision / (recall + precision) if recall + precision else 0.0,
            "context_size": self.cost(top),
            "budget_recall": at_budget,
            **curve,
            "budget_complete": float(at_budget == 1),
            "hit_rate": float(rank > 0),
            "mrr": rank,
            "document_precision": self.document_precision(top, question),
            **self.losses(ranked, question),
            "precision_omega": self.precision_omega(question),
            "question_overlap": self.question_overlap(question),
            **self.paper(ranked, question),
            "legacy_recall": self.legacy_recall(question),
        }

    def size_for_90(self, rankings: Sequence[Sequence[int]], questions: Sequence[Question]) -> int | None:
        """Return the first size of the ladder whose mean recall is 0.9 at least."""
        for size in LADDER:
            recalls = [
                self.recall(self.read(*pair[:1], size), pair[1]) for pair in zip(rankings, questions, strict=True)
            ]
            if sum(recalls) / len(recalls) >= 0.9 - 1e-12:
                return size
        return None


def words(text: str) -> set[str]:
    return {word.lower() for word in text.split()}


def naive_terms(text: str) -> Iterator[str]:
    """Yield the terms of `text`: one character after the other is put to the run that it belongs to."""
    runs: list[tuple[bool, list[str]]] = []  # whether a run is unspaced, and its characters, each with what joins it
    kind: bool | None = None
    unseen = ""  # after a run: of it, if it goes on
    for character in text:
        if IGNORABLE.fullmatch(character):
            unseen += character
            continue
        if MARK.fullmatch(character):
            if kind is not None:
                runs[-1][1][-1] += unseen + character
        else:
            now = bool(UNSPACED.fullmatch(character)) if WORD.fullmatch(character) else None
            if now is not None and now == kind:
                runs[-1][1][-1] += unseen
                runs[-1][1].append(character)
            elif now is not None:
                runs.append((now, [character]))
            kind = now
        unseen = ""
    for unspaced, run in runs:
        if unspaced and len(run) > 1:
            yield from (folded("".join(pair)) for pair in itertools.pairwise(run))
        else:
            yield folded("".join(run))


def folded(term: str) -> str:
    """Return NFKC_Casefold of `term`: case folding and compatibility until nothing changes, without what is not seen."""
    before, after = "", unicodedata.normalize("NFD", term)
    while after != before:
        before, after = after, unicodedata.normalize("NFKC", IGNORABLE.sub("", after).casefold())
    return after
