"""A random generator comes in; hostile texts and values, and bytes that were changed here and there, go out."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

# What would leave a file of this name behind, if anything took it for code.
CANARY = "executed"
CODE = (
    f"__import__('os').system('touch {CANARY}')",
    f"@__import__('pathlib').Path('{CANARY}').touch()",
    f"!!python/object/apply:os.system ['touch {CANARY}']",
    f"COPY (SELECT 1) TO '{CANARY}'",
    f"{{{{ ''.__class__.__mro__[1].__subclasses__() }}}}$(touch {CANARY})",
)
_TEXTS = (
    "", " ", "yes", "0", "-1", "1e999", "nan", "\x00", "\ufeff", "\u202e", "é", "\U0001f600", "\ud83d", "=1+1", "'",
    '"', "\n", ",", "<script>alert(1)</script>", "../../etc/passwd", "a" * 5_000, "(" * 300, "null", "!!bool x",
    "&a *a", '["a", "\\ud800"]', *CODE,
)  # fmt: skip


def text(random_: random.Random) -> str:
    return "".join(random_.choice(_TEXTS) for _ in range(random_.randint(1, 3)))


def path_text(random_: random.Random) -> str:
    """What may stand where a path should, and leads elsewhere, nowhere, or is none."""
    return random_.choice(
        (
            "../x",
            "/etc/passwd",
            "/dev/zero",
            "..",
            ".",
            "",
            "a/../../x",
            "\x00",
            "a\\..\\x",
            "~",
            "x" * 300,
            text(random_),
        )
    )


def name_text(random_: random.Random) -> str:
    """The same in characters that a file's name can be written in."""
    return path_text(random_).encode("utf-8", "replace").decode()


def any_value(random_: random.Random) -> Any:
    """A value of any type that JSON has."""
    numbers = (0, -1, 1e300, 10**30, float("nan"), float("-inf"), -0.0)
    return random_.choice((None, True, *numbers, [], {}, [[]], {"a": {}}, text(random_), text(random_)))


def change_one(random_: random.Random, values: Any) -> None:
    """Puts something else in the place of one value, somewhere below."""
    while True:
        keys = list(values) if isinstance(values, dict) else list(range(len(values)))
        if not keys:
            return
        key = random_.choice(keys)
        if isinstance(values[key], dict | list) and values[key] and random_.random() < 0.8:
            values = values[key]
            continue
        values[key] = any_value(random_)
        return


def mutated(random_: random.Random, data: bytes) -> bytes:
    """The bytes with a few of them changed, taken out, doubled, or hostile words put between."""
    changed = bytearray(data)
    for _ in range(random_.randint(1, 8)):
        at = random_.randrange(len(changed) + 1)
        kind = random_.randrange(5)
        if kind == 0 and at < len(changed):
            changed[at] = random_.randrange(256)
        elif kind == 1:
            del changed[at : at + random_.randint(1, 200)]
        elif kind == 2:
            changed[at:at] = changed[at : at + random_.randint(1, 200)]
        elif kind == 3:
            changed[at:at] = text(random_).encode("utf-8", "surrogatepass")
        else:
            del changed[at:]
    return bytes(changed)


def mutate_file(random_: random.Random, path: Path) -> None:
    path.write_bytes(mutated(random_, path.read_bytes()))
