"""The layers of the package: imports point downwards, and a few names stay in few places."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "gait_demo"

LAYERS = {
    "errors": 0,
    "joints": 0,
    "types": 0,
    "options": 0,
    "workspace": 0,
    "imaging": 1,
    "video": 1,
    "weights": 1,
    "datasets": 1,
    "silhouettes": 2,
    "models": 2,
    "background": 2,
    "people": 3,
    "anonymization": 3,
    "rendering": 4,
    "pipeline": 5,
    "synthesis": 5,
    "training": 5,
    "evaluation": 6,
    "mos": 6,
    "serving": 7,
    "batch": 8,
    "cli": 9,
    "ui": 9,
    "__main__": 9,
}
MAY_SHARE_A_LAYER = {0, 9}  # the folders of one stage never import each other
ONLY_IN = {
    "gradio": {"ui", "app"},
    "ultralytics": {"people", "training"},
    "ai_edge_litert": {"people"},
    "ray": {"batch"},
    "fsspec": {"batch"},
}
MAY_TOUCH_ENVIRONMENT = {
    "weights",
    "__main__",
    "app",
    "cli",
    "people",
}  # people: YOLO stays offline


def room(path: Path) -> str:
    """The first name below the package: `video`, `models`, ...; `app` for app.py."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return parts[1] if parts[0] == PACKAGE else parts[0]


def modules() -> list[Path]:
    inside = [p for p in (ROOT / PACKAGE).rglob("*.py") if p != ROOT / PACKAGE / "__init__.py"]
    return sorted(inside) + [ROOT / "app.py"]


def imports(path: Path) -> set[str]:
    """Absolute dotted names of all modules imported anywhere in a file, lazily or not."""
    package = path.relative_to(ROOT).parent.parts
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else ()
            base = ".".join((*above, *([node.module] if node.module else [])))
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_module_keeps_to_its_layer(path):
    here = room(path)
    level = 10 if here == "app" else LAYERS[here]
    for name in imports(path):
        head, _, rest = name.partition(".")
        if head in ONLY_IN:
            assert here in ONLY_IN[head], f"only {sorted(ONLY_IN[head])} may import {head}"
        there = rest.split(".")[0]
        if head != PACKAGE or there not in LAYERS or there == here:
            continue
        assert LAYERS[there] <= level, f"{here} (L{level}) imports {there} (L{LAYERS[there]})"
        if LAYERS[there] == level:
            assert level in MAY_SHARE_A_LAYER, f"{here} and {there} are neighbours in L{level}"


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_edges_touch_the_environment(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    reads = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]
    assert not reads or room(path) in MAY_TOUCH_ENVIRONMENT, f"os.environ on lines {reads}"


def test_every_module_has_a_layer():
    unknown = {room(path) for path in modules()} - LAYERS.keys() - {"app"}
    assert not unknown, f"give a layer to {sorted(unknown)}"
