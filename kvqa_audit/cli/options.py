"""The options that several commands share."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


def named(text: str) -> str:
    """What somebody named; an empty word, as a variable that is not set leaves it, would mean the current folder."""
    if not text:
        raise typer.BadParameter("it is empty; name a folder or a table, such as '.' for this folder")
    return text


def named_path(text: str) -> Path:
    """The same, as a path."""
    return Path(named(text))


CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
SPEC = Annotated[
    str | None,
    typer.Option(
        "--spec",
        help="Folder (or shipped name) of the dataset's description; auto infers one from the data.",
        show_default="kvasir-vqa where its columns and questions are there, else auto",
    ),
]
AUDITED_SPEC = Annotated[
    str | None,
    typer.Option(
        "--spec",
        help="Folder (or shipped name) of the dataset's description.",
        show_default="the one that the audit was made with",
    ),
]
OUT = Annotated[Path, typer.Option("--out", help="Folder for the report and the files.")]
QUIET = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but errors; run says in one line what is not ready.")
]
GATE = Annotated[
    str | None,
    typer.Option(
        "--gate",
        help="What blocks: a file like release.yaml, or a severity (error, warning, info, never).",
        show_default="release: the description's own release.yaml",
    ),
]
ALSO = Annotated[
    str | None,
    typer.Option(
        "--also",
        help="Write these too, with commas: junit, sarif, summary, badge; github says annotations.",
        show_default=False,
    ),
]
REPORT_URL = Annotated[
    str,
    typer.Option("--report-url", help="Where the report can be opened, for links in the summary.", show_default=False),
]
JSON = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
JOBS = Annotated[
    int, typer.Option("--jobs", "-j", min=1, max=256, help="Worker processes for the images.", show_default="all cores")
]
EMBEDDINGS = Annotated[
    Path | None,
    typer.Option(
        "--embeddings",
        help="Parquet file with a vector for each image (columns img_id, vector), by which pictures are compared.",
        show_default=False,
    ),
]
EMBEDDER = Annotated[
    Path | None,
    typer.Option(
        "--embedder",
        help="ONNX model that gives such a vector; NAME.yaml beside NAME.onnx says how pictures are made for it.",
        show_default=False,
    ),
]
STORE = Annotated[
    str | None,
    typer.Option(
        "--store",
        help="Where runs are kept: an SQLite file, or a URL such as postgresql://user@host/database.",
        show_default="KVQA_AUDIT_STORE, else none",
    ),
]
PROJECT = Annotated[
    str | None,
    typer.Option(
        "--project",
        help="Whose runs these are, where several teams share a store.",
        show_default="KVQA_AUDIT_PROJECT, else default",
    ),
]
DECISIONS = Annotated[
    Path | None,
    typer.Option("--decisions", help="What was decided about findings.", show_default="decisions.yaml of the source"),
]
BLUR_TEXT = Annotated[bool, typer.Option("--blur-text", help="Smear text that is burned into the report's pictures.")]
PAGES = Annotated[
    bool, typer.Option("--pages", help="Write pages beside the report that show every finding with its picture.")
]
NO_IMAGES = Annotated[bool, typer.Option("--no-images", help="Leave all pictures out of the report.")]


class Engine(StrEnum):
    """Who works on the images."""

    LOCAL = "local"
    RAY = "ray"


class Format(StrEnum):
    """How results are told on standard output."""

    TERMINAL = "terminal"
    JSON = "json"
    MARKDOWN = "markdown"


ENGINE = Annotated[Engine, typer.Option("--engine", help="Who works on the images: processes here, or a Ray cluster.")]
RAY_ADDRESS = Annotated[
    str | None,
    typer.Option(
        "--ray-address",
        help="HOST:PORT of the Ray cluster that this machine belongs to; 'local' begins one on this machine alone.",
        show_default=False,
    ),
]
FORMAT = Annotated[Format, typer.Option("--format", help="What goes to standard output.")]
