"""What the source promises of arrays and of types, read from its syntax."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = sorted(path.name for path in (ROOT / "coldwitness").iterdir() if path.is_symlink())
ALIASES = {
    "FloatArray": "NDArray[np.float64]",
    "IntArray": "NDArray[np.int64]",
    "CodeArray": "NDArray[np.int8]",
    "BoolArray": "NDArray[np.bool_]",
    "Flags": "NDArray[np.bool_]",
}
ANY_ARRAY = ("np.ndarray", "NDArray[Any]")
SHAPE = re.compile(r"\((?:[a-z]|\d+|count|groups)(?: \+ 1)?,(?: (?:[a-z]|\d|…))?(?:, \d)*\)")
"""A shape in a docstring: (n,), (s, 3), (c + 1,); or that of a named argument: (count,)."""


ANY_MOST = 290
FOREIGN = {
    "what loggers, their makers and brokers send, before it is a Reading": (
        "domain/reading.py",
        "domain/reading_table.py",
        "ingest/",
        "simulators/",
    ),
    "manifests as they were sent": (
        "api/http/schemas.py",
        "api/reports/made/evidence.py",
        "api/reports/made/model.py",
        "domain/manifest.py",
        "judging/manifest_versions.py",
    ),
    "a document walked through whatever its blocks hold": ("api/reports/drawn/layout.py",),
    "TOML before it is checked": ("config/",),
    "JSON Schema, OpenAPI and what the web framework gives": (
        "api/app.py",
        "api/http/answers.py",
        "api/http/bodies.py",
        "api/http/problems.py",
        "api/pages/drawing.py",
        "api/pages/reference.py",
        "judging/check_schema.py",
    ),
    "reports and packages of others, which may be false in any way": (
        "api/reports/made/seal.py",
        "api/reports/made/twin.py",
        "api/reports/packed/",
        "storage/archive/backup.py",
        "storage/archive/signatures.py",
    ),
    "what a database or its client answers": (
        "storage/archive/days.py",
        "storage/register/copies.py",
        "storage/register/database.py",
        "storage/register/trips.py",
        "storage/telemetry/",
    ),
    "rows of every kind": ("api/http/readings.py", "cli/", "domain/columns.py"),
    "a struct made by names that config/findings gives": ("judging/told_findings.py",),
}
"""Where `Any` may stand, and for what; nowhere else, so not for results, findings, lines, clues."""
OF_ANY = ("NDArray", "dtype", "integer", "Row")
"""Arrays and rows of any type: their members are no `Any` that could be taken for something."""


def functions(tree: ast.AST, within: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Public functions, and public methods of public classes, by name."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield within + node.name, node
        elif isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            yield from functions(node, f"{node.name}.")


def arrays_in(annotation: ast.expr | None) -> frozenset[str]:
    """The array types that an annotation names, aliases spelt out."""
    if annotation is None:
        return frozenset()
    if isinstance(annotation, ast.Subscript) and ast.unparse(annotation.value) == "NDArray":
        return frozenset({ast.unparse(annotation)})
    if isinstance(annotation, ast.Name) and annotation.id in ALIASES:
        return frozenset({ALIASES[annotation.id]})
    if isinstance(annotation, ast.Attribute) and ast.unparse(annotation) == "np.ndarray":
        return frozenset({"np.ndarray"})
    inner = (
        arrays_in(one) for one in ast.iter_child_nodes(annotation) if isinstance(one, ast.expr)
    )
    return frozenset().union(*inner)


def direct(annotation: ast.expr | None) -> str | None:
    """The array type that a parameter itself is of, None allowed beside it."""
    if isinstance(annotation, ast.BinOp):
        kinds = [direct(side) for side in (annotation.left, annotation.right)]
        return next((kind for kind in kinds if kind is not None), None)
    if isinstance(annotation, ast.Name | ast.Subscript | ast.Attribute):
        named = ast.unparse(annotation)
        if named in ALIASES or named.startswith("NDArray[") or named == "np.ndarray":
            return ALIASES.get(named, named)
    return None


def alike(function: ast.FunctionDef) -> list[str]:
    """Positional parameters that another array could take the place of unseen."""
    arguments = [*function.args.posonlyargs, *function.args.args]
    kinds = {one.arg: kind for one in arguments if (kind := direct(one.annotation)) is not None}
    count = Counter(kinds.values())
    mixed = len(kinds) > 1 and any(kind in ANY_ARRAY for kind in count)
    return [name for name, kind in kinds.items() if mixed or count[kind] > 1]


def takes_or_gives_arrays(function: ast.FunctionDef) -> bool:
    arguments = [*function.args.args, *function.args.kwonlyargs]
    annotations = [*(one.annotation for one in arguments), function.returns]
    return any(arrays_in(annotation) for annotation in annotations)


@dataclass(frozen=True)
class Seen:
    """What is asked of one module, kept instead of its syntax: the trees of the whole house are
    millions of objects, which every later test would pay for."""

    alike: list[str]
    shapeless: list[str]
    any_every: int
    any_loose: int


@cache
def source() -> dict[str, Seen]:
    files = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
    assert len(files) > 300
    return {str(path.relative_to(ROOT)): seen(path.read_text(encoding="utf-8")) for path in files}


def seen(text: str) -> Seen:
    tree = ast.parse(text)
    named = list(functions(tree))
    return Seen(
        [f"{name}({', '.join(names)})" for name, one in named if (names := alike(one))],
        [
            name
            for name, one in named
            if takes_or_gives_arrays(one) and not SHAPE.search(ast.get_docstring(one) or "")
        ],
        *anys(tree),
    )


def test_arrays_of_one_type_are_told_apart_by_name() -> None:
    """Two of them in the wrong order are no error to a type checker, and a crash or worse later."""
    found = [f"{path}: {name}" for path, module in source().items() for name in module.alike]
    assert not found, "\n".join(found)


def test_public_functions_of_analysis_say_the_shapes_of_their_arrays() -> None:
    found = [
        f"{path}: {name}"
        for path, module in source().items()
        if path.startswith("analysis/")
        for name in module.shapeless
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("text", ["x : (n,) [s].", "both (s, 3)", "(c + 1,) offsets", "(k, n)"])
def test_a_shape_is_seen_in_a_docstring(text: str) -> None:
    assert SHAPE.search(text)


@pytest.mark.parametrize("text", ["", "no shape", "in words (as here) only", "f(x)", "sum(…)"])
def test_what_is_no_shape_is_not_taken_for_one(text: str) -> None:
    assert not SHAPE.search(text)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("def f(a: FloatArray, b: FloatArray): ...", ["a", "b"]),
        ("def f(a: FloatArray, b: NDArray[np.float64] | None): ...", ["a", "b"]),
        ("def f(a: np.ndarray, b: IntArray): ...", ["a", "b"]),
        ("def f(a: FloatArray, *, b: FloatArray): ...", []),
        ("def f(a: FloatArray, b: IntArray): ...", []),
        ("def f(a: FloatArray, b: float): ...", []),
    ],
)
def test_the_reader_sees_arrays_that_could_be_mixed_up(text: str, names: list[str]) -> None:
    (function,) = ast.parse(text).body
    assert isinstance(function, ast.FunctionDef)
    assert alike(function) == names


def is_any(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "Any"


def anys(tree: ast.AST) -> tuple[int, int]:
    """How often `Any` stands in a module, and how often other than as member of an array or row."""
    every = members = 0
    for node in ast.walk(tree):
        if is_any(node):
            every += 1
        elif isinstance(node, ast.Subscript) and is_any(node.slice):
            members += ast.unparse(node.value).rpartition(".")[2] in OF_ANY
    return every, every - members


def test_any_stands_seldom_and_only_where_something_foreign_is_read() -> None:
    allowed = tuple(place for places in FOREIGN.values() for place in places)
    found = [
        path
        for path, module in source().items()
        if module.any_loose and not path.startswith(allowed)
    ]
    assert not found, "\n".join(found)
    assert sum(module.any_every for module in source().values()) <= ANY_MOST


def test_every_place_where_any_may_stand_has_one() -> None:
    paths = [path for path, module in source().items() if module.any_loose]
    for place in (place for places in FOREIGN.values() for place in places):
        assert any(path.startswith(place) for path in paths), place


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("def f(a: Any) -> dict[str, Any]: ...", (2, 2)),
        ("def f(a: NDArray[Any], b: Row[Any]): ...", (2, 0)),
        ("from typing import Any", (0, 0)),
        ("x: np.dtype[Any] | Any", (2, 1)),
    ],
)
def test_the_reader_counts_any(text: str, counted: tuple[int, int]) -> None:
    assert anys(ast.parse(text)) == counted
