"""Converters as an axis: the same questions to each converter's own text, and what one has lost counts as lost."""

import json
import re
import textwrap
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag_chunk.analysis.folder import read_results
from rag_chunk.config import AnalysisConfig, TrackingConfig, parse_config
from rag_chunk.corpus import Corpus, Document
from rag_chunk.corpus.joined_corpus import join_corpora, take_conversion
from rag_chunk.errors import InputError, SettingsError
from rag_chunk.mlflow_tracker.content import Contents

FACTS = [f"The limit of queue {number} is {number * 37} entries" for number in range(12)]
CONVERTERS = """
    def whole(data, name):
        return data.decode()

    def other(data, name):
        return data.decode().replace(" is ", "\\nis ")

    def lossy(data, name):
        return data.decode().replace("queue 3 is 111", "queue 3 is").replace("queue 4 is 148", "queue 4 is")
"""


@pytest.fixture
def docs(folder: Path) -> Path:
    """Return a working folder with documents, questions and converters."""
    (folder / "docs").mkdir()
    for number in range(3):
        text = "\n\n".join(f"{fact}." for fact in FACTS[4 * number : 4 * number + 4])
        (folder / "docs" / f"manual-{number}.pdf").write_text(text)
    (folder / "docs" / "notes.md").write_text("# Notes\n\nNothing about queues.\n")
    questions = [
        {"id": f"q{number}", "question": f"What limits queue {number}?", "relevant": [fact]}
        for number, fact in enumerate(FACTS)
    ]
    (folder / "q.json").write_text(json.dumps(questions))
    (folder / "mine.py").write_text(textwrap.dedent(CONVERTERS))
    return folder


def analyze(run, docs, converter, *more):
    out = docs / "results"
    options = ("--strategy", "sentence,paragraph", "--chunk-size", "20", "--test-file", "q.json", "--save", str(out))
    status, _, err = run("analyze", "docs", "--converter", converter, *options, *more)
    assert status == 0, err
    return json.loads((out / "report.json").read_text()), err


def named(report):
    return {result["name"]: result for result in report["configurations"]}


def measured(result):
    return {name: value for name, value in result["metrics"].items() if not name.endswith("_time")}


def test_each_converter_scores_as_in_an_analysis_of_its_own(docs, run):
    both = named(analyze(run, docs, "mine:whole,mine:other")[0])
    assert len(both) == 4
    for converter in ("whole", "other"):
        for name, result in named(analyze(run, docs, f"mine:{converter}")[0]).items():
            rival = both[f"{name}-mine.{converter}"]
            assert measured(rival) == measured(result)
            assert rival["converter"] == f"mine.{converter}"
            assert [each["scores"] for each in rival["questions"]] == [each["scores"] for each in result["questions"]]


def test_what_one_converter_loses_and_another_has_counts_as_lost_and_is_named(docs, run):
    report, err = analyze(run, docs, "mine:whole,mine:lossy")
    lost = {
        name: {each["id"]: each["scores"]["budget_recall"] for each in result["questions"]}
        for name, result in named(report).items()
    }
    assert lost["sentence-20-5-mine.whole"]["q3"] > 0
    assert lost["sentence-20-5-mine.lossy"]["q3"] == lost["sentence-20-5-mine.lossy"]["q4"] == 0
    assert named(report)["paragraph-20-0-mine.lossy"]["metrics"]["lost_not_in_text"] == pytest.approx(2 / 12)
    said = "2 of 12 pieces of evidence are not in its text, and are in that of another converter; they count as lost in 2 questions: q3, q4"
    assert {"name": "mine.lossy", "reason": said} in report["skipped"]
    assert said in err
    assert "onverter" in report["comparison"]["verdict"][-1]


def test_the_verdict_names_what_is_shown_to_matter_more(docs, run):
    (docs / "mine.py").write_text(
        "def whole(data, name):\n    return data.decode()\n\ndef none(data, name):\n    return 'x'\n"
    )
    report, _ = analyze(run, docs, "mine:whole,mine:none")
    last = report["comparison"]["verdict"][-1]
    assert last.startswith("The converter matters, the chunking is not shown to: mine.whole is ")


def test_evidence_that_no_converter_has_is_missing(docs, run):
    (docs / "q.json").write_text(json.dumps([{"question": "?", "relevant": ["Nowhere at all", FACTS[0]]}]))
    status, _, err = run("analyze", "docs", "--converter", "mine:whole,mine:lossy", "--test-file", "q.json")
    assert status == 3
    assert "'Nowhere at all' is in no document" in err
    report, _ = analyze(run, docs, "mine:whole,mine:lossy", "--missing", "warn")
    assert report["questions"]["count"] == 1


def test_a_configuration_is_kept_with_its_converter_and_can_be_reproduced(docs, run):
    analyze(run, docs, "mine:whole,mine:lossy")
    config = parse_config((docs / "results" / "configs" / "sentence-20-5-mine.lossy.yaml").read_text(), "it")
    assert config.analysis["converter"] == ["mine:lossy"]
    for source in ([], [str(docs / "results" / "documents")]):
        status, out, err = run("reproduce", str(docs / "results"), *source)
        assert status == 0, err
        assert "Reproduced: all" in out
    status, out, err = run("reproduce", str(docs / "results" / "configs" / "sentence-20-5-mine.lossy.yaml"))
    assert status == 0, out + err


def test_documents_that_were_converted_by_another_converter_are_refused(docs, run):
    assert run("convert", "docs", "-o", "texts", "--converter", "mine:whole")[0] == 0
    status, _, err = run("chunk", "texts", "--converter", "mine:other")
    assert status == 3
    assert "holds text that mine:whole has made of manual-0.pdf, not mine:other" in err
    status, _, err = run("analyze", "texts", "--converter", "mine:whole,mine:other")
    assert status == 3
    assert "holds text that is converted already, and none by mine.whole" in err


@pytest.mark.parametrize("command", ["convert", "chunk", "check-questions"])
def test_only_analyze_takes_several_converters(docs, run, command):
    more = {"convert": ["docs", "-o", "texts"], "chunk": ["docs"], "check-questions": ["q.json", "docs"]}[command]
    status, _, err = run(command, *more, "--converter", "mine:whole,mine:other")
    assert status == 2
    assert "only analyze compares converters" in err


def test_converters_in_one_list_are_rivals_and_others_hold_for_all():
    settings = AnalysisConfig(converter=("xberg", "pypdfium2, liteparse,pypdfium2"))
    assert settings.conversions() == {"pypdfium2": ("xberg", "pypdfium2"), "liteparse": ("xberg", "liteparse")}
    assert AnalysisConfig().conversions() == {"": ()}
    assert AnalysisConfig(converter="mine:f").conversion() == ("mine:f",)
    with pytest.raises(SettingsError, match="only analyze compares converters"):
        settings.conversion()


@given(st.lists(st.tuples(st.sampled_from(["a.md", "b/c.md", "b.md", "z+.md", "é"]), st.text(max_size=5)), max_size=5))
def test_a_place_in_one_corpus_is_a_place_on_the_common_line(texts):
    one = Corpus([Document(name, text) for name, text in dict(texts).items()])
    other = Corpus([Document("m.md", "other")])
    joined = join_corpora({"x": other, "x+y": Corpus([Document("0", "0"), *one.documents]), "x-": other})
    start, end = joined.extents["x+y"]
    assert joined.corpus.text(*joined.extents["x-"]) == "other"
    assert "".join(each.text for each in joined.corpus.documents)[start:end] == "0" + "".join(
        each.text for each in one.documents
    )
    assert take_conversion(joined.corpus, "x+y", Path()).documents[1:] == one.documents
    with pytest.raises(InputError):
        take_conversion(joined.corpus, "y", Path())


def test_another_conversion_is_named_first(docs, run):
    for name in ("whole", "other"):
        analyze(run, docs, f"mine:{name}")
        (docs / "results").rename(docs / name)
    status, out, err = run("compare", "whole", "other", "--anyway")
    assert status == 0, err
    notes = out.partition("\n\n")[2].partition("\n\n")[2]
    assert notes.startswith("Converted in another way in ")
    assert "3 documents: converted by mine:whole source " in " ".join(notes.split())
    report = (docs / "whole" / "report.json").read_text()
    (docs / "whole" / "report.json").write_text(report.replace('"version": "source ', '"version": "another '))
    status, out, err = run("reproduce", "whole")
    assert status == 0, out + err
    assert "\nConverted in another way:\n  3 documents: converted by mine:whole another " in out
    assert out.index("Converted in another way") < out.index("The documents are as they were.")


def test_converters_are_named_first_where_nothing_can_be_compared(docs, run):
    (docs / "mine.py").write_text(
        "def one(data, name):\n    return data.decode()\n\ndef other(data, name):\n    return data.decode().upper()\n"
    )
    for name in ("one", "other"):
        analyze(run, docs, f"mine:{name}")
        (docs / "results").rename(docs / name)
    status, _, err = run("compare", "one", "other")
    assert status == 3
    assert err.startswith("rag-chunk: 3 documents converted by mine:one source ")


def test_one_line_says_how_much_is_left_out_and_the_report_has_it_at_its_top(docs, run):
    listed = json.loads((docs / "q.json").read_text())
    listed[0]["relevant"] = ["Nowhere at all"]
    listed[1]["relevant"].append("Nowhere at all")
    (docs / "q.json").write_text(json.dumps(listed))
    report, err = analyze(run, docs, "mine:whole", "--missing", "warn")
    said = "2 of 13 pieces of evidence are left out, 1 question wholly: do not compare with runs on other questions."
    assert report["questions"]["left_out"] == {"items": 2, "of": 13, "questions": 1, "sentence": said}
    assert said in err
    assert analyze(run, docs, "mine:whole,mine:lossy", "--missing", "warn")[0]["questions"]["left_out"]["items"] == 2
    for name in ("report.md", "report.html"):
        page = (docs / "results" / name).read_text()
        assert page.index(said) < page.index(report["comparison"]["verdict"][-1][:40])


def test_evidence_that_was_located_in_part_is_recorded_with_its_share(docs, run):
    text = "\n".join(f"{fact} in the usual case of a service that nobody has changed." for fact in FACTS[:4])
    (docs / "docs" / "manual-0.pdf").write_text(text)
    evidence = f"{text}\nAnother line that is in no document at all, whatever it may say of queues"
    (docs / "q.json").write_text(json.dumps([{"id": "a", "question": "?", "relevant": [evidence]}]))
    report, _ = analyze(run, docs, "mine:whole")
    assert 0.7 < report["questions"]["partly_located"]["a"] < 0.95
    assert (
        "Only a part of the evidence is in the documents, and only that part counts: of a ("
        in (docs / "results" / "report.md").read_text()
    )


def test_each_run_is_tracked_with_its_converter(docs, run):
    analyze(run, docs, "mine:whole,mine:lossy")
    contents = Contents(read_results(docs / "results"), TrackingConfig(), lambda _: None)
    params = {each.name: contents.configuration(each).params["converter"] for each in contents.configurations()}
    assert params["sentence-20-5-mine.lossy"] == "mine.lossy"
    assert set(params.values()) == {"mine.whole", "mine.lossy"}
    analyze(run, docs, "mine:whole")
    alone = Contents(read_results(docs / "results"), TrackingConfig(), lambda _: None)
    assert "converter" not in alone.configuration(alone.configurations()[0]).params


def test_the_page_has_the_evidence_in_every_conversion(docs, run):
    analyze(run, docs, "mine:whole,mine:other")
    page = (docs / "results" / "report.html").read_text()
    match = re.search(r'(?s)<script type="application/json" id="data">(.*?)</script>', page)
    assert match
    data = json.loads(match[1])
    names = [each["name"] for each in data["documents"]]
    (item,) = data["questions"][0]["evidence"]
    assert sorted(names[row] for row, _, _ in item) == ["mine.other/manual-0.pdf", "mine.whole/manual-0.pdf"]
