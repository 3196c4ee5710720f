"""The models that come with the package, found by name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from speechrnn.errors import ModelError

FOLDER = Path(__file__).parents[1] / "packaged"
DEFAULT = "commands"
_FENCE = "---\n"


@dataclass(frozen=True)
class Card:
    """What people should know of a model.

    Attributes:
        facts: The front matter: single lines such as `accuracy` and `license`.
        text: The rest, Markdown.
    """

    facts: dict[str, str]
    text: str


def packaged_models() -> dict[str, Path]:
    """The models' files by their names."""
    return {path.stem: path for path in sorted(FOLDER.glob("*.onnx"))}


def find_model(model: str | Path | None = None) -> Path:
    """The file that is meant.

    Args:
        model: A path, or a name of `packaged_models`; a file of that name goes before. None stands
            for the default model of the package.

    Raises:
        ModelError: A mere name, but of nothing.
    """
    if model is not None and (Path(model).is_file() or Path(model).suffix):
        return Path(model)
    name = DEFAULT if model is None else str(model)
    models = packaged_models()
    if name in models:
        return models[name]
    if Path(name).name != name or Path(name).is_dir():
        return Path(name)
    listed = f"none of the package's models ({', '.join(models)})"
    raise ModelError(
        f"{name}: no file, and {listed if models else 'the package has no models'}; give an .onnx "
        "file that 'speechrnn export' wrote"
    )


def find_own_model(model: str | Path) -> Path:
    """The file that is meant, to be changed.

    Raises:
        ModelError: It belongs to the package, or is a mere name of nothing.
    """
    path = find_model(model)
    if path.resolve().parent == FOLDER.resolve():
        raise ModelError(
            f"{model}: comes with the package and stays as it is; make a copy of your own: "
            f"speechrnn models {path.stem} --copy FILE"
        )
    return path


def read_card(model: Path) -> Card:
    """The card beside a model's file.

    Raises:
        ModelError: Missing or damaged.
    """
    import yaml

    path = model.with_suffix(".md")
    try:
        opening, matter, text = path.read_text(encoding="utf-8").split(_FENCE, 2)
        facts = yaml.safe_load(matter)
        if opening or not isinstance(facts, dict):
            raise ValueError("no table of facts at its head")
    except (OSError, ValueError, yaml.YAMLError) as fault:
        reason = " ".join(str(fault).split())
        raise ModelError(f"{path}: no card of a model ({reason}); install speechrnn anew") from None
    return Card({str(name): str(fact) for name, fact in facts.items()}, text.lstrip("\n"))
