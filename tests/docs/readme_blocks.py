"""Regenerates the parts of README.md and of pages in docs that the program prints; `--write` accepts the new text.

A part stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->`, as a fenced block or a table.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from kvqa_audit.demo import draw_demo

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = {
    "help": ["--help"],
    "run help": ["run", "--help"],
}


SAMPLES = ("rooms", "fragen", "scenes")


def sample_run(name: str) -> str:
    """What one command tells of a sample, up to what could not be checked in it."""
    with tempfile.TemporaryDirectory() as folder:
        told = printed(["run", f"docs/samples/{name}", "--no-cache", "--out", folder])
    return f"$ kvqa-audit run docs/samples/{name}\n{told.partition('Not checked')[0].strip()}"


DECIDE = ("--check", "KV008", "--update", "--add", "accepted", "--reason", "agreed", "--expires", "2099-12-31")
STORY = (
    (["run", "sample", "--subset", "--out", "reports/first"], 9),
    (["review", "reports/first", *DECIDE, "--who", "Ada", "--yes"], 9),
    (["run", "sample", "--subset", "--out", "reports/second"], 3),
    (["gate", "reports/second"], 5),
)


def story() -> str:
    """What the commands from a first audit to the gate print, one after the other, the first lines of each."""
    told = []
    with tempfile.TemporaryDirectory() as folder:
        draw_demo(Path(folder) / "sample")
        for arguments, most in STORY:
            lines = printed(arguments, Path(folder)).replace(f"{folder}/", "").splitlines()
            shown = [re.sub(r"; [\d.]+ s$", "", line) for line in lines[:most]]
            decided = [line for line in lines[most:] if line.startswith("decisions: ")]
            told.append(
                "\n".join([f"$ kvqa-audit {shlex.join(arguments)}", *shown, *(["…"] if lines[most:] else []), *decided])
            )
    return "\n\n".join(told)


def printed(arguments: list[str], place: Path = ROOT) -> str:
    """What the program prints, called in a folder, on a page 100 columns wide."""
    environment = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "kvqa_audit", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment, cwd=place)
    if done.returncode not in (0, 1):
        raise RuntimeError(done.stderr)
    output = done.stdout
    text = "\n".join(line.rstrip() for line in output.strip().splitlines())
    return text.replace("python -m kvqa_audit", "kvqa-audit")


def check_table() -> str:
    """The package's own checks as a table, and how many the description of Kvasir-VQA adds."""
    known = json.loads(printed(["checks", "--json"]))
    own = [check for check in known if "-" not in check["code"]]
    lines = ["| code | severity | what it finds |", "|---|---|---|"]
    lines += [f"| {check['code']} | {check['severity']} | {check['title']} |" for check in own]
    promises = sum(check["code"].startswith("KV02-") for check in known)
    rules = sum(check["code"].startswith("KV30-") for check in known)
    lines.append(f"| KV02-… | by promise | {promises} promises about the whole dataset, from `promises.yaml`. |")
    lines.append(f"| KV30-… | by rule | {rules} rules between the answers about one image, from `rules.yaml`. |")
    return "\n".join(lines)


def main() -> int:
    """Gives 0 when every block is as the program prints it."""
    help_texts = {name: f"```text\n{printed(arguments)}\n```" for name, arguments in COMMANDS.items()}
    samples = {f"sample {name}": f"```text\n{sample_run(name)}\n```" for name in SAMPLES}
    stale = [
        _renewed(name, blocks)
        for name, blocks in (
            ("README.md", samples | {"story": f"```text\n{story()}\n```"}),
            ("docs/options.md", help_texts),
            ("docs/checks.md", {"checks": check_table()}),
        )
    ]
    return max(stale)


def _renewed(name: str, blocks: dict[str, str]) -> int:
    """Compares the blocks of one page, and writes them anew where that is asked for; 1 where they differ or lack."""
    page = ROOT / name
    text = fresh = page.read_text(encoding="utf-8")
    for block, content in blocks.items():
        pattern = re.compile(rf"(<!-- begin: {block} -->\n).*?(\n?<!-- end: {block} -->)", re.DOTALL)
        if not pattern.search(text):
            print(f"{name}: the block '{block}' is missing")
            return 1
        fresh = pattern.sub(lambda m, content=content: m[1] + content + "\n" + m[2].lstrip("\n"), fresh)
    if fresh == text:
        print(f"{name} is as the program prints it")
        return 0
    if "--write" in sys.argv:
        page.write_text(fresh, encoding="utf-8")
        print(f"{name} was written anew")
        return 0
    print(f"{name} differs from what the program prints; 'nox -s docs -- --write' accepts it")
    return 1


if __name__ == "__main__":
    sys.exit(main())
