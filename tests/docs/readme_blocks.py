"""Regenerates the parts of README.md that the program itself prints, and compares; `--write` accepts the new text.

A part stands between `<!-- begin: NAME -->` and `<!-- end: NAME -->`, in a fenced block.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).resolve().parents[2] / "README.md"
COMMANDS = {
    "help": ["--help"],
    "run help": ["run", "--help"],
    "checks": ["checks"],
}


def printed(arguments: list[str]) -> str:
    """What the program prints, on a page 100 columns wide."""
    environment = {**os.environ, "COLUMNS": "100", "TERMINAL_WIDTH": "100", "NO_COLOR": "1"}
    command = [sys.executable, "-m", "kvqa_audit", *arguments]
    output = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    text = "\n".join(line.rstrip() for line in output.strip().splitlines())
    return text.replace("python -m kvqa_audit", "kvqa-audit")


def main() -> int:
    """Gives 0 when every block is as the program prints it."""
    text = README.read_text(encoding="utf-8")
    fresh = text
    for name, arguments in COMMANDS.items():
        pattern = re.compile(rf"(<!-- begin: {name} -->\n```text\n).*?(\n```\n<!-- end: {name} -->)", re.DOTALL)
        if not pattern.search(text):
            print(f"README.md: the block '{name}' is missing")
            return 1
        block = printed(arguments)
        fresh = pattern.sub(lambda m, block=block: m[1] + block + m[2], fresh)
    if fresh == text:
        print("README.md is as the program prints it")
        return 0
    if "--write" in sys.argv:
        README.write_text(fresh, encoding="utf-8")
        print("README.md was written anew")
        return 0
    print("README.md differs from what the program prints; 'nox -s docs -- --write' accepts it")
    return 1


if __name__ == "__main__":
    sys.exit(main())
