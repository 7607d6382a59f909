"""The documents and questions of an analysis, read and checked, with a notice for all that is left out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from rag_chunk.analysis import Progress
from rag_chunk.analysis.conversions import RivalConversion, list_conversions
from rag_chunk.analysis.encoding_beside import encoding_beside
from rag_chunk.config import FOLDER_FILE, AnalysisConfig, RunConfig
from rag_chunk.config.sharding import WorkersConfig
from rag_chunk.config.sources import Notify, Settings
from rag_chunk.corpus import NOT_READ, Corpus, Skipped, is_broken, read_corpus
from rag_chunk.corpus.converters import is_converted_folder
from rag_chunk.corpus.line import count_not_normalized
from rag_chunk.corpus.sharded_corpus import MEGABYTE, ShardedCorpus
from rag_chunk.corpus.stored_files import address_of, is_pattern, list_stored_files, local_files
from rag_chunk.errors import InputError
from rag_chunk.questions import Questions, read_questions
from rag_chunk.questions.question_file import refuse_malformed

_COMPRESSED, _COMPRESSION = (".gz", ".parquet"), 4
_MOST_WARNINGS = 8  # about questions: hundreds would hide all that is said besides


@dataclass(frozen=True, slots=True, eq=False)
class Inputs:
    """What an analysis reads; `conversions` where several of the same files are compared."""

    corpus: Corpus | ShardedCorpus
    questions: Questions | None
    conversions: tuple[RivalConversion, ...] = ()


@contextmanager
def open_inputs(
    settings: Settings, workers: WorkersConfig, notify: Notify, progress: Progress | None
) -> Iterator[Inputs]:
    """Give the documents and questions of an analysis; where the corpus is several shards, while its workers are there."""
    asked = settings.analysis
    if len(asked.conversions()) > 1:
        if _may_exceed(asked.require_source(), workers.shard_size):
            from rag_chunk.workflow.sharded_inputs import choose_shards

            choose_shards(asked, settings.configs, workers, notify)  # says that all is read at once
        yield _read_conversions(settings, notify, progress)
        return
    with open_documents(asked, settings.configs, workers, notify, progress, refuse=True) as corpus:
        line = line_of(corpus)
        refuse_overwriting_inputs(settings.output.output_file, asked, line, settings.config_files)
        yield Inputs(corpus, _read_questions(settings, line, notify))


@contextmanager
def open_documents(
    asked: AnalysisConfig,
    configs: Mapping[str, RunConfig],
    workers: WorkersConfig,
    notify: Notify,
    progress: Progress | None,
    *,
    refuse: bool = False,
) -> Iterator[Corpus | ShardedCorpus]:
    """Give the documents that are analysed with `configs`, and say what was left out.

    Where they are several shards, workers are there, and the texts of those documents in memory that hold evidence. Then
    `refuse` raises `InputError` where the question file is malformed: before all is read.
    """
    divided = None
    if _may_exceed(asked.require_source(), workers.shard_size):
        # A small corpus needs none of it.
        from rag_chunk.workflow.sharded_inputs import choose_shards, read_shards, run_on
        from rag_chunk.workflow.workers import open_workers

        divided = choose_shards(asked, configs, workers, notify)
    if divided is None:
        yield read_documents(asked, notify, progress)
        return
    if refuse and asked.test_file:
        refuse_malformed(asked.test_file)
    with open_workers(divided.workers, workers.scheduler) as pool:
        known = read_shards(divided.listed, asked, run_on(pool, progress), notify)
        _notify_all(
            [*skipped_notices(known.corpus.line.skipped), *_normalization_notices(known.not_normalized)], notify
        )
        yield known.corpus


def line_of(corpus: Corpus | ShardedCorpus) -> Corpus:
    """Return the line on which all documents have their places, with those texts that are in memory."""
    return corpus.line if isinstance(corpus, ShardedCorpus) else corpus


def read_whole(asked: AnalysisConfig, notify: Notify, progress: Progress | None) -> Corpus:
    """Return the documents of what cannot go through shards, and say what that takes where they would be several."""
    size = WorkersConfig().shard_size
    if _may_exceed(asked.require_source(), size):
        from rag_chunk.workflow.sharded_inputs import notify_of_memory

        notify_of_memory(asked, size, notify)
    return read_documents(asked, notify, progress)


def _may_exceed(source: Path, megabytes: int) -> bool:
    """Whether there may be more text than a shard holds: looked at quickly, and no further than that."""
    limit, total = megabytes * MEGABYTE, 0
    if address_of(source):  # of a store
        return True
    for path, file in local_files(_files_of(source)):
        total += file.size * (_COMPRESSION if path.name.lower().endswith(_COMPRESSED) else 1)
        if total > limit:
            return True
    return False


def _files_of(source: Path) -> Iterator[Path]:
    """Yield the files that a folder of this machine, a pattern or a path names."""
    if is_pattern(source):
        paths: Iterable[Path] = (Path(file.address) for file in list_stored_files(source))
    else:
        paths = source.rglob("*") if source.is_dir() else [source]
    yield from (path for path in paths if path.is_file())


def _read_conversions(settings: Settings, notify: Notify, progress: Progress | None) -> Inputs:
    """Read the documents once for each conversion; the questions are the same for all."""
    from rag_chunk.corpus.joined_corpus import join_corpora  # of several conversions alone, as below
    from rag_chunk.questions.joined_questions import read_joined_questions

    asked = settings.analysis
    corpora = _read_corpora(asked, progress)
    for corpus in corpora.values():
        refuse_overwriting_inputs(settings.output.output_file, asked, corpus, settings.config_files)
    joined = join_corpora(corpora)
    _notify_all([*skipped_notices(joined.corpus.skipped), *normalization_notices(joined.corpus)], notify)
    if asked.test_file is None:
        return Inputs(joined.corpus, None, list_conversions(joined, None))
    located = read_joined_questions(asked.test_file, corpora, joined, missing=asked.missing)
    _notify_all(question_notices(located.questions), notify)
    return Inputs(joined.corpus, located.questions, list_conversions(joined, located))


def _read_corpora(asked: AnalysisConfig, progress: Progress | None = None) -> dict[str, Corpus]:
    """Return the documents by each conversion; a folder that holds several already is read once."""
    conversions, source = asked.conversions(), asked.require_source()
    if len(conversions) > 1 and source.is_dir() and is_converted_folder(source):
        from rag_chunk.corpus.joined_corpus import take_conversion

        held = _read_corpus(asked, (), progress)
        return {name: take_conversion(held, name, source) for name in conversions}
    return {name: _read_corpus(asked, converters, progress) for name, converters in conversions.items()}


@contextmanager
def open_all_documents(asked: AnalysisConfig, workers: WorkersConfig) -> Iterator[Corpus]:
    """Give the line of the documents of an analysis as its report has them: with several conversions, all of them."""
    if len(asked.conversions()) > 1:
        from rag_chunk.corpus.joined_corpus import join_corpora

        yield join_corpora(_read_corpora(asked)).corpus
        return
    without_questions = asked.model_copy(update={"test_file": None})
    with open_documents(without_questions, {}, workers, lambda _: None, None) as corpus:
        yield line_of(corpus)


def _notify_all(notices: Iterable[str], notify: Notify) -> None:
    for notice in notices:
        notify(notice)


def read_documents(asked: AnalysisConfig, notify: Notify, progress: Progress | None = None) -> Corpus:
    """Return the documents of an analysis, and say what was left out."""
    corpus = _read_corpus(asked, asked.conversion(), progress)
    _notify_all([*skipped_notices(corpus.skipped), *normalization_notices(corpus)], notify)
    return corpus


def _refuse_swapped(asked: AnalysisConfig) -> None:
    """Raise `InputError` where a folder is named as the questions, which is how the two are swapped by mistake."""
    folder, file = asked.test_file, asked.source  # a folder of questions, as BEIR has them, goes with one of documents
    if folder is not None and file is not None and folder.is_dir() and file.is_file():
        raise InputError(
            f"{folder} is a folder, but --test-file names the questions: rag-chunk analyze {folder} --test-file {file}"
        )


def _read_corpus(asked: AnalysisConfig, converters: Iterable[str], progress: Progress | None) -> Corpus:
    _refuse_swapped(asked)
    return read_corpus(
        asked.require_source(),
        include=asked.include,
        exclude=asked.exclude,
        skip_unreadable=asked.skip_unreadable,
        apart=[*filter(None, [asked.test_file]), *asked.chunks, *asked.retrieved],
        converter=converters,
        on_progress=progress,
    )


def refuse_overwriting_inputs(
    target: Path | None, asked: AnalysisConfig, corpus: Corpus, config_files: Iterable[Path] = ()
) -> None:
    """Raise `InputError` where a result that is written to `target` would replace something that was read."""
    if target is None or not target.exists():
        return
    source = asked.require_source()
    root = source if source.is_dir() else source.parent
    if source.is_dir() and is_converted_folder(source) and target.resolve().is_relative_to(source.resolve()):
        raise InputError(f"{target} is one of the documents, and would be overwritten; choose another output file")
    files = dict.fromkeys([root / entry.name for entry in corpus.skipped], "a file of the documents' folder")
    files |= dict.fromkeys([source, *(root / document.name for document in corpus.documents)], "one of the documents")
    files |= dict.fromkeys(filter(None, [asked.test_file]), "the question file")
    files |= dict.fromkeys([*asked.chunks, *asked.retrieved], "one of the files that are scored")
    files |= dict.fromkeys([Path(FOLDER_FILE)], "the config of this folder")
    files |= dict.fromkeys(config_files, "a config file that was read")
    for path, what in files.items():
        with suppress(OSError, ValueError):  # a line of a .jsonl may have any name
            if path.samefile(target):
                raise InputError(f"{target} is {what}, and would be overwritten; choose another output file")


def _read_questions(settings: Settings, line: Corpus, notify: Notify) -> Questions | None:
    """Return the questions of an analysis, if it has any; what it counts may be made beside that."""
    if settings.analysis.test_file is None:
        return None
    with encoding_beside(line, settings.configs.values()):
        return read_test_file(settings.analysis, line, notify)


def read_test_file(asked: AnalysisConfig, corpus: Corpus, notify: Notify) -> Questions:
    """Return the questions of an analysis that has a test file, and say what is odd about them."""
    questions = read_questions(asked.require_test_file(), corpus, missing=asked.missing)
    _notify_all(question_notices(questions), notify)
    return questions


def question_notices(questions: Questions) -> list[str]:
    """Say what is odd about questions, what was left out of them, and what was taken for a phrase that is nowhere."""
    notices = list(questions.warnings[:_MOST_WARNINGS])
    if more := len(questions.warnings) - len(notices):
        notices.append(f"and {more:,} more warnings about questions; rag-chunk check-questions lists them")
    notices += [f"left out: {name} {reason}" for name, reason in questions.skipped]
    notices += [str(questions.left_out)] if questions.left_out else []
    if similar := questions.matched.get("similar"):
        notices.append(
            f"phrases without an exact match: {similar}. Using the most similar text instead; "
            "rag-chunk check-questions lists it"
        )
    return notices


def skipped_notices(skipped: Sequence[Skipped]) -> list[str]:
    """Say in one line what is of another kind, and in a line each what could not be read."""
    other = [name for name, reason in skipped if reason == NOT_READ]
    kinds = [f"skipped, unsupported file type: {', '.join(other)}"] if other else []
    rest = [entry for entry in skipped if entry.reason != NOT_READ]
    return kinds + [f"{each.name} {each.reason}{', and is left out' if is_broken(each) else ''}" for each in rest]


def normalization_notices(corpus: Corpus) -> list[str]:
    """Say in one line how many documents hold letters apart from their accents, which models and tokenizers see."""
    return _normalization_notices(count_not_normalized(corpus))


def _normalization_notices(count: int) -> list[str]:
    are = "document is" if count == 1 else "documents are"
    if not count:
        return []
    return [f"{count:,} {are} not in Unicode NFC. bm25 treats both forms of a word alike; an embedding model may not"]
