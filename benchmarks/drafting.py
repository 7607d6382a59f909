"""What does each filter of `draft-questions` remove, and of how much that is bad?

Models on loopback draft questions about the examples. Each is honest but for one fault in a third of its drafts, so that
it is known which drafts are bad. Prints for each fault what dropped the bad drafts and how many good ones were dropped with
them, with all filters and with none. Exits with 1 where a draft that no text supports is kept.

    python benchmarks/drafting.py                     # the faults, on examples/; no network, half a minute
    python benchmarks/drafting.py --model llama3.1 --url http://localhost:11434/v1 --count 60
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from rag_chunk import Corpus, read_corpus  # noqa: E402 - the tests' model lies beside the package
from rag_chunk.config.drafting import FILTERS, DraftingConfig  # noqa: E402
from rag_chunk.embedder.chat import chat_model  # noqa: E402
from rag_chunk.questions.drafting import DraftContext, ModelAsker, PassageSampler, draft_questions  # noqa: E402
from tests.support.chat_server import Asked, Reply, honest  # noqa: E402

EVERY = 3  # drafts, of which one is bad
Fault = Callable[[Asked, Reply], Reply]


@dataclass(frozen=True)
class Said:
    text: str
    tokens: int = 0
    day: str = ""
    is_kept: bool = False


def _paraphrase(asked: Asked, reply: Reply) -> Reply:
    return reply | {"quotes": [f"In short, {quote.lower()[:-4]}" for quote in reply["quotes"]]}


def _invent(asked: Asked, reply: Reply) -> Reply:
    return reply | {"quotes": ["The committee approved the proposal in the autumn of 1987."]}


def _keyword(asked: Asked, reply: Reply) -> Reply:
    return reply | {"quotes": [quote.split()[0] for quote in reply["quotes"]]}


def _copy(asked: Asked, reply: Reply) -> Reply:
    return reply | {"question": f"{' '.join(reply['quotes'])[:250]}?"}


def _point(asked: Asked, reply: Reply) -> Reply:
    return reply | {"question": "What does this section explain?"}


def _repeat(asked: Asked, reply: Reply) -> Reply:
    return reply | {"question": "What is known in the documents concerning retrieval generally?"}


def _translate(asked: Asked, reply: Reply) -> Reply:
    return reply | {"question": "Что известно об этом предмете?"}


def _miss(asked: Asked, reply: Reply) -> Reply:
    return reply | {"question": "What is known in the documents concerning zeppelins?"}


FAULTS: dict[str, Fault] = {
    "quotes in its own words": _paraphrase,
    "quotes what is not there": _invent,
    "quotes a keyword": _keyword,
    "copies its evidence": _copy,
    "points to the text": _point,
    "repeats itself": _repeat,
    "changes the language": _translate,
    "asks something else": _miss,
}


def main() -> None:
    """Print the tables; end with 1 where what no text supports is kept."""
    options = _options()
    corpus = read_corpus(options.folder, skip_unreadable=True)
    if options.model:
        _study_model(corpus, options)
        return
    print("| fault in every third draft | bad | dropped by | bad kept | bad kept without filters | good dropped |")
    print("|---|---:|---|---:|---:|---:|")
    unsupported = 0
    for name, fault in FAULTS.items():
        bad, by, kept, good = _study(corpus, fault, options.count, ())
        _, _, unfiltered, _ = _study(corpus, fault, options.count, tuple(FILTERS))
        unsupported += unfiltered if fault in (_paraphrase, _invent) else 0
        reasons = ", ".join(f"{reason} {count}" for reason, count in by.most_common())
        print(f"| {name} | {bad} | {reasons} | {kept} | {unfiltered} | {good:.0%} |")
    sys.exit(unsupported > 0)


def _study(corpus: Corpus, fault: Fault, count: int, without: Sequence[str]) -> tuple[int, Counter[str], int, float]:
    """Return how many drafts were bad, what dropped them, how many were kept, and the share of good ones dropped."""
    marks, bad = Counter[str](), set[str]()

    def ask(messages: Sequence[dict[str, str]], _: object) -> Said:
        asked = Asked(messages[-1]["content"])
        reply = honest(asked)
        if asked.passages and reply["question"]:
            marks["drafts"] += 1
            if marks["drafts"] % EVERY == 0:
                reply = fault(asked, reply)
                bad.add(json.dumps(reply))
        elif asked.text is None and not asked.passages and "this section" in asked.question:
            reply = {"subject": "", "is_clear": False}
        return Said(json.dumps(reply))

    config = DraftingConfig.model_validate({"model": "m", "count": count, "without": list(without)})
    dropped = Counter[str]()
    context = DraftContext(corpus, config, PassageSampler(corpus, 0), ModelAsker(ask, lambda _: 0))  # type: ignore[arg-type]
    before = {"bad": 0, "kept": 0}
    outcomes = Counter[str]()

    def watch(done: int, _: int, what: str) -> None:
        """Tell from draft to draft whether the last one was bad, and whether it was kept."""
        new_bad, new_kept = marks["drafts"] // EVERY > before["bad"], done > before["kept"]
        before.update(bad=marks["drafts"] // EVERY, kept=done)
        outcomes[f"{'bad' if new_bad else 'good'} {'kept' if new_kept else 'dropped'}"] += 1

    drafting = draft_questions(context, watch)
    clean = _clean_drops(corpus, config)
    for reason, number in drafting.dropped.items():
        if more := number - round(clean.get(reason, 0) * drafting.asked):
            dropped[reason] += max(more, 0)
    bad_count, good = outcomes["bad kept"] + outcomes["bad dropped"], outcomes["good kept"] + outcomes["good dropped"]
    declined = drafting.dropped.get("declined", 0)
    share = max(outcomes["good dropped"] - declined, 0) / max(good - declined, 1)
    return bad_count, +dropped, outcomes["bad kept"], share


def _clean_drops(corpus: Corpus, config: DraftingConfig) -> dict[str, float]:
    """Return the share of an honest model's drafts that each reason drops: what a fault adds is above that."""

    def ask(messages: Sequence[dict[str, str]], _: object) -> Said:
        return Said(json.dumps(honest(Asked(messages[-1]["content"]))))

    context = DraftContext(corpus, config, PassageSampler(corpus, 0), ModelAsker(ask, lambda _: 0))  # type: ignore[arg-type]
    drafting = draft_questions(context, lambda *_: None)
    return {reason: count / drafting.asked for reason, count in drafting.dropped.items()}


def _study_model(corpus: Corpus, options: argparse.Namespace) -> None:
    """Print what each filter drops of a real model's drafts."""
    model = chat_model(options.model, options.url)
    config = DraftingConfig(model=options.model, url=options.url, count=options.count)
    context = DraftContext(corpus, config, PassageSampler(corpus, 0), ModelAsker(model.ask, lambda _: 0))
    drafting = draft_questions(context, lambda *_: None)
    print(
        f"{options.model}: {drafting.asked} drafts, {len(drafting.questions)} kept, {context.asker.tokens:,} tokens\n"
    )
    for reason, count in drafting.dropped.items():
        print(f"| {reason} | {count} | {count / drafting.asked:.0%} |")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, nargs="?", default=ROOT / "examples", help="the documents")
    parser.add_argument("--count", type=int, default=60, help="how many drafts are wanted")
    parser.add_argument("--model", help="a real model, in place of the faults")
    parser.add_argument("--url", help="its address")
    return parser.parse_args()


if __name__ == "__main__":
    main()
