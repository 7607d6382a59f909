"""The documentation shows what the program does, and all of it.

What a page shows is made anew in a working folder of its own; see `scripts/generate.py`.
"""

import re
import tomllib

import pytest

from rag_chunk.config import OutputConfig, RunConfig, TrackingConfig
from rag_chunk.config.analysis import AnalysisConfig
from rag_chunk.config.catalog import RETRIEVERS, STRATEGIES
from rag_chunk.config.field_notes import notes_of
from rag_chunk.config.metric_table import DEFAULT_GROUPS, METRIC_GROUPS, METRICS, metrics_of
from rag_chunk.errors import RagChunkError
from tests.support.pages import PAGES, ROOT, TRACKED, assert_is_up_to_date, generate, load_script

_EXTRAS = re.compile(r"rag-chunk\[([\w,-]+)\]")
FOREIGN = {
    "--all-metrics",
    "--chunklab",
    "--command",
    "--fetch-markdown",
    "--counts",
    "--kind",
    "--limit",
    "--megabytes",
    "--more",
    "--nthreads",
    "--nworkers",
    "--only",
    "--results",
    "--size",
    "--sizes",
    "--memory-megabytes",
    "--peer-configurations",
    "--rounds",
    "--units",
    "--markdown",
    "--editable",
    "--check",
    *("--backend-store-uri", "--host", "--port", "--allowed-hosts", "--older-than", "--source", "--target"),  # mlflow
    "--artifacts-destination",
    "--default-artifact-root",
    "--serve-artifacts",
}  # options of other programs that the documentation shows


def _text(*names: str) -> str:
    pages = [ROOT / name for name in names] or [*PAGES, ROOT / "CHANGELOG.md"]
    return "\n".join(page.read_text(encoding="utf-8") for page in pages)


def _is_named(name: str, text: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", text) is not None


@pytest.mark.parametrize("page", [page for page in PAGES if page.name not in TRACKED], ids=lambda page: page.name)
def test_a_page_shows_what_the_program_prints(page, tmp_path):
    assert_is_up_to_date(page, tmp_path)


def test_the_picture_of_the_budget_is_drawn_from_its_figures():
    picture = load_script("budget_picture")
    assert picture.svg() == picture.TARGET.read_text(encoding="utf-8"), "run `python scripts/budget_picture.py`"
    assert picture.recall(picture.LARGE) < picture.recall(picture.SMALL)


def test_the_picture_of_the_strategies_is_what_they_do():
    picture = load_script("picture")
    assert picture.svg() == picture.TARGET.read_text(encoding="utf-8"), (
        "run `python scripts/picture.py`, and look at it"
    )


def test_a_block_that_is_out_of_date_is_made_anew(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("Before\n\n<!-- run: echo one -->\n\n```console\n$ echo two\ntwo\n```\n\nAfter\n", encoding="utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    assert (
        generate.made(page, folder).text
        == "Before\n\n<!-- run: echo one -->\n\n```console\n$ echo one\none\n```\n\nAfter\n"
    )


def test_a_python_block_that_fails_is_an_error(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python\nraise SystemExit('no')\n```\n", encoding="utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    with pytest.raises(generate.PageError, match="no"):
        generate.made(page, folder)


def test_a_block_whose_package_is_missing_is_left_and_named(tmp_path):
    text = "<!-- run (needs not_a_package): exit 1 -->\n\n```console\nas it was\n```\n\n```python\n# needs: no_such\n1/0\n```\n"
    page = tmp_path / "page.md"
    page.write_text(text, encoding="utf-8")
    folder = tmp_path / "folder"
    folder.mkdir()
    made = generate.made(page, folder)
    assert (made.text, made.lacked) == (text, ["not_a_package", "no_such"])


@pytest.mark.parametrize("command", generate.commands())
def test_every_command_is_in_the_readme_and_its_help_in_the_reference(command):
    assert f"`rag-chunk {command}`" in _text("README.md")
    assert f"rag-chunk {command} --help -->" in _text("docs/cli.md")


def test_every_option_is_documented():
    text = _text()
    options = {option for named in generate.options().values() for options in named.values() for option in options}
    assert {option for option in options if not _is_named(option, text)} == set()


def test_no_option_is_documented_that_is_not_there():
    known = {option for named in generate.options().values() for options in named.values() for option in options}
    known |= {"--help", "--version", "--debug", "--install-completion", "--show-completion"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", _text())) <= known | FOREIGN


@pytest.mark.parametrize(
    "model", [RunConfig, AnalysisConfig, OutputConfig, TrackingConfig], ids=lambda model: model.__name__
)
def test_every_setting_is_in_the_reference(model):
    reference = _text("docs/configuration.md")
    shown = (name for name, info in model.model_fields.items() if notes_of(info).get("option", True))
    assert [name for name in shown if f"| `{name}` |" not in reference] == []


def test_every_strategy_and_retriever_is_described():
    assert [name for name in STRATEGIES if f"### {name}\n" not in _text("docs/strategies.md")] == []
    assert [name for name in RETRIEVERS if f"| `{name}` |" not in _text("docs/configuration.md")] == []


ALL_METRICS = list(METRICS)


def _first_names(start: str) -> set[str]:
    """Return the metrics named at the head of the lines of docs/metrics.md that begin with `start`."""
    heads = re.findall(rf"(?m)^{re.escape(start)}((?:`\w+`(?:, | and | to )?)+)", _text("docs/metrics.md"))
    return {name for head in heads for name in re.findall(r"\w+", head.replace(" and ", " ").replace(" to ", " "))}


def test_every_metric_is_defined_and_explained():
    curve = set(metrics_of("budget")[1:6])  # explained from the first to the last
    assert [name for name in ALL_METRICS if name not in _first_names("| ")] == []
    assert [name for name in ALL_METRICS if name not in _first_names("- ") | curve] == []


def test_every_metric_but_times_and_shuffles_is_worked_out_by_hand():
    shown = "\n".join(re.findall(r"(?ms)^<!-- output -->\n\n```text\n(.*?)^```", _text("docs/metrics.md")))
    by_hand = set(re.findall(r"(?m)^(\w+) .*= .* rag-chunk: ", shown))
    assert set(metrics_of(*METRIC_GROUPS)) - by_hand == {"random_recall"}


def test_every_metric_of_a_report_is_listed():
    page = _text("docs/metrics.md").partition("## All of them")[2]
    listed = page.partition("<!-- output -->")[2].partition("```text\n")[2].partition("```")[0]
    usual = set(metrics_of(*DEFAULT_GROUPS, "time"))
    assert set(re.findall(r"\w+", listed)) == usual


def test_every_exit_status_of_an_error_is_in_the_table():
    table = _text("docs/errors.md")
    statuses = {error.exit_status for error in RagChunkError.__subclasses__()}
    assert {status for status in statuses if f"\n| {status} | " not in table.partition("An error is")[0]} == set()


def test_every_extra_is_in_the_readme():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert [name for name in extras if f"| `{name}` |" not in _text("README.md")] == []


def test_the_extra_all_brings_every_extra_but_fast():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    brought, waiting = set[str](), ["all"]
    while waiting:
        inner = {name for need in extras[waiting.pop()] for group in _EXTRAS.findall(need) for name in group.split(",")}
        waiting += inner - brought
        brought |= inner
    assert set(extras) - brought == {"all", "fast", "office"}  # what office needs is in documents, except on Windows
    assert extras["office"][0] in "".join(extras["documents"])


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CHANGELOG.md"], ids=lambda page: page.name)
def test_links_lead_to_files(page):
    links = re.findall(r"\]\(([^)#\s]+)", re.sub(r"(?ms)^```.*?^```$", "", page.read_text(encoding="utf-8")))
    assert [link for link in links if "://" not in link and not (page.parent / link).exists()] == []


def test_the_reference_of_the_api_has_every_public_name():
    import rag_chunk

    assert set(re.findall(r"(?m)^::: rag_chunk\.(\w+)$", _text("docs/api.md"))) == set(rag_chunk.__all__)
