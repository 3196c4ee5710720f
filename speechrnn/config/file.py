"""Configurations from YAML files, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from speechrnn.config.run import Config
from speechrnn.config.section import parse_section
from speechrnn.errors import ConfigError


def load_config(path: str | Path, overrides: tuple[str, ...] = ()) -> Config:
    """Read and check a YAML file.

    Args:
        path: The file.
        overrides: `section.key=value` each, the value in YAML.

    Raises:
        ConfigError: Missing or unreadable file, unknown key, wrong type, value out of range.
    """
    return parse_config(read_tree(path, overrides), str(path))


def parse_config(tree: dict[str, Any], where: str) -> Config:
    """Check a tree of plain values; `where` names its origin in errors.

    Raises:
        ConfigError: Unknown key, wrong type, value out of range.
    """
    return parse_section(Config, tree, where)


def with_model(config: Config, **changes: Any) -> Config:
    """The same run with another network.

    Args:
        config: The run's settings.
        changes: Settings of `model`, as plain values.

    Raises:
        ConfigError: Unknown key, wrong type, value out of range.
    """
    tree = config.model_dump(mode="json")
    return parse_config({**tree, "model": {**tree["model"], **changes}}, "configuration")


def read_tree(path: str | Path | None, overrides: tuple[str, ...]) -> dict[str, Any]:
    """The plain values of a YAML file, or of none, with overrides as `load_config` takes them.

    Raises:
        ConfigError: Missing or unreadable file, or an override that is none.
    """
    tree = {} if path is None else _read_yaml(path)
    for override in overrides:
        _set(tree, override)
    return tree


def _read_yaml(path: str | Path) -> dict[str, Any]:
    try:
        tree = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as fault:
        raise ConfigError(f"{path}: cannot be read ({fault}); give a YAML file") from None
    except yaml.YAMLError as fault:
        raise ConfigError(f"{path}: not YAML: {' '.join(str(fault).split())}") from None
    tree = {} if tree is None else tree
    if not isinstance(tree, dict):
        raise ConfigError(
            f"{path}: expected sections such as 'model:', got a {type(tree).__name__}"
        )
    return tree


def dump_config(config: Config) -> str:
    """The resolved configuration as YAML that `load_config` reads back."""
    return yaml.safe_dump(config.model_dump(mode="json"), sort_keys=False)


def _set(tree: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals:
        raise ConfigError(f"--set {override}: expected section.key=value")
    *sections, last = key.strip().split(".")
    for section in sections:
        tree = tree.setdefault(section, {})
        if not isinstance(tree, dict):
            raise ConfigError(f"--set {override}: {section} is not a section")
    try:
        tree[last] = yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigError(f"--set {override}: {value!r} is not a YAML value") from None
