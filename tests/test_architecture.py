"""Each room imports only rooms on lower floors; what is public is documented and complete."""

import ast
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import rag_chunk

PACKAGE = Path(rag_chunk.__file__).parent
FLOORS = (
    {"errors", "_version"},
    {"config", "corpus"},
    {"questions", "embedder"},
    {"chunker"},
    {"retriever"},
    {"scorer"},
    {"analysis"},
    {"rendering", "mlflow_tracker"},
    {"workflow"},
    {"cli", "mlflow"},
)
DOORS = {"_version", "mlflow"}  # `rag_chunk.mlflow` only hands out what the tracker makes for applications
FLOOR_OF = {room: number for number, floor in enumerate(FLOORS) for room in floor}


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> Iterator[str]:
    """Yield the rooms that a file imports, also inside functions and for type checkers."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "rag_chunk" else [f"rag_chunk.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        yield from (name.split(".")[1] for name in names if name.startswith("rag_chunk."))


MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE or not path.name.startswith("__"))


def test_there_are_13_rooms_on_10_floors() -> None:
    assert {room_of(path) for path in MODULES} | DOORS == set(FLOOR_OF)
    assert len(set(FLOOR_OF) - DOORS) == 13
    assert len(FLOORS) == 10


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_module_imports_only_rooms_on_lower_floors(path: Path) -> None:
    own = room_of(path)
    others = set(imports_of(path)) - {own}
    above = {room for room in others if FLOOR_OF.get(room, len(FLOORS)) >= FLOOR_OF[own]}
    assert not above, f"{path.relative_to(PACKAGE)} imports {above}, which is not below it"


def test_mlflow_is_imported_by_the_tracker_only_and_inside_functions() -> None:
    for path in MODULES:
        tree = ast.parse(path.read_text())
        named = [
            node
            for node in ast.walk(tree)
            if isinstance(node, (ast.Import, ast.ImportFrom)) and "mlflow" in ast.dump(node)
        ]
        outside = [node for node in named if not ast.unparse(node).startswith("from rag_chunk")]
        assert not outside or room_of(path) == "mlflow_tracker"
        assert not any(node in tree.body for node in outside)


def test_every_public_name_is_there_and_documented() -> None:
    assert sorted(rag_chunk.__all__) == rag_chunk.__all__
    for name in rag_chunk.__all__:
        assert getattr(rag_chunk, name).__doc__, name


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = rag_chunk.nothing


def test_importing_the_package_imports_no_other_package() -> None:
    code = "import sys, rag_chunk; print(sorted({'numpy', 'pydantic', 'typer', 'rich', 'tiktoken', 'mlflow'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def module_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_at_once(body: list[ast.stmt]) -> Iterator[ast.ImportFrom]:
    """Yield what is imported when a module is: not what stands in functions or is for type checkers."""
    for statement in body:
        if isinstance(statement, ast.ImportFrom):
            yield statement
        elif isinstance(statement, ast.If | ast.Try) and "TYPE_CHECKING" not in ast.dump(statement):
            yield from imported_at_once(statement.body)


def test_no_modules_import_each_other_in_a_circle() -> None:
    paths = {module_of(path): path for path in PACKAGE.rglob("*.py")}
    graph = TopologicalSorter[str]()
    for module, path in paths.items():
        for statement in imported_at_once(ast.parse(path.read_text()).body):
            names = (f"{statement.module}.{alias.name}" for alias in statement.names)
            needed = {name if name in paths else str(statement.module) for name in names}
            graph.add(module, *(needed & paths.keys() - {module}))
    graph.prepare()  # raises CycleError


def test_no_two_modules_and_no_two_classes_share_a_name() -> None:
    modules = Counter(path.stem for path in MODULES if path.stem != "__init__")
    trees = (ast.walk(ast.parse(path.read_text())) for path in MODULES)
    classes = Counter(node.name for tree in trees for node in tree if isinstance(node, ast.ClassDef))
    assert [name for names in (modules, classes) for name, count in names.items() if count > 1] == []
