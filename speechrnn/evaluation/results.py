"""RESULTS.md: a Markdown file of tables, a row for each run."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from pathlib import Path

from speechrnn.errors import DataError


@dataclass(frozen=True)
class ResultRow:
    """One run, ready to be read: numbers come with their units and intervals.

    Attributes:
        date: Day of the run, 2025-01-31.
        commit: Commit of the code that ran.
        command: The exact command.
        parameters: Trainable numbers of the model.
        seeds: Seeds of the run.
        metric: The figure, with its interval.
        wall_time: How long it took.
        device: What it ran on.
    """

    date: str
    commit: str
    command: str
    parameters: str
    seeds: str
    metric: str
    wall_time: str
    device: str


def append_result(path: str | Path, table: str, metric_name: str, row: ResultRow) -> None:
    """Add a row to the table under the heading `table`; heading, table and file are made if new.

    Args:
        path: The Markdown file.
        table: Heading; it names corpus, protocol and task, so that a table holds like with like.
        metric_name: Head of the metric's column.
        row: The run.

    Raises:
        DataError: The table there has other columns, so that the figures are not alike.
    """
    path = Path(path)
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else ["# Results"]
    names = ["date", "commit", "command", "parameters", "seeds", metric_name, "wall time", "device"]
    header = _line(names)
    heading = f"## {table}"
    if heading not in lines:
        lines += ["", heading, "", header, _line(["---"] * len(names)), _row(row)]
    else:
        begin = lines.index(heading) + 1
        end = next((i for i in range(begin, len(lines)) if lines[i].startswith("#")), len(lines))
        rows = [i for i in range(begin, end) if lines[i].startswith("|")]
        if not rows:
            lines[end:end] = ["", header, _line(["---"] * len(names)), _row(row), ""]
        elif lines[rows[0]] != header:
            raise DataError(
                f"{path}: the table '{table}' has the columns {lines[rows[0]]}, expected "
                f"{header}; give the run a table of its own"
            )
        else:
            lines.insert(rows[-1] + 1, _row(row))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def replace_section(path: str | Path, heading: str, lines: list[str]) -> None:
    """Put a section into the file in place of an earlier one of that heading, else at the end.

    Args:
        path: The Markdown file; made if missing.
        heading: Without its signs; it names corpus, protocol, task and model.
        lines: What stands under it, as Markdown.
    """
    path = Path(path)
    text = path.read_text(encoding="utf-8") if path.exists() else "# Results\n"
    before, _, rest = f"{text}\n".partition(f"\n## {heading}\n")
    _, mark, after = rest.partition("\n## ")
    section = "\n".join([f"## {heading}", "", *lines])
    rest = f"\n\n## {after.rstrip()}" if mark else ""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{before.rstrip()}\n\n{section}{rest}\n", encoding="utf-8")


def _row(row: ResultRow) -> str:
    cells = [str(cell) for cell in astuple(row)]
    cells[2] = f"`{cells[2]}`"
    return _line(cells)


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(" ".join(cell.replace("|", "\\|").split()) for cell in cells) + " |"
