"""A random generator and a case come in; a hostile description or decision, and the command that reads it, go out."""

from __future__ import annotations

import json
import random

from tests.fuzz.accounts import copy_is_complete
from tests.fuzz.case import Case, Try
from tests.fuzz.texts import CODE, mutate_file, mutated, text


def description(random_: random.Random, case: Case) -> Try:
    """A file of the description by mutation: promises, rules, the catalogue, the policy."""
    path = random_.choice(sorted(case.spec.glob("*.yaml")))
    if random_.random() < 0.7:
        mutate_file(random_, path)
    else:
        lines = path.read_text().splitlines()
        at = random_.randrange(len(lines))
        lines[at] = lines[at].partition(":")[0] + ": " + text(random_)
        path.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    if random_.random() < 0.8:
        return Try(["check", str(case.table), "--spec", str(case.spec)])
    return Try(case.run_of_rows(), (case.out,))


_NAMES = ("n_instr", "instr", "abn", "polyp_size", "source", "img_id", "nothing", "*", "'text'", "1", "-1", "1e400")
_FUNCTIONS = (
    "coalesce", "len", "abs", "list_contains", "regexp_matches", "read_text", "getenv", "repeat", "range", "sleep_ms",
    "glob", "query", "current_setting", "lpad", "factorial", "list_transform", "nextval", "pragma_version", "sha256",
)  # fmt: skip
_SIGNS = ("and", "or", "=", "<", "+", "*", "**", "||", "in", "is not distinct from", "::int", "//", ";", "--", "~")


def expression(random_: random.Random, depth: int) -> str:
    """An expression of the rules' language, or nearly one."""
    kind = random_.randrange(7) if depth else 0
    inner = depth - 1
    if kind <= 1:
        return random_.choice((*_NAMES, *CODE)) if random_.random() < 0.2 else random_.choice(_NAMES)
    if kind == 2:
        arguments = ", ".join(expression(random_, inner) for _ in range(random_.randint(0, 3)))
        return f"{random_.choice(_FUNCTIONS)}({arguments})"
    if kind == 3:
        return f"(select {expression(random_, inner)})"
    if kind == 4:
        return f"case when {expression(random_, inner)} then {expression(random_, inner)} end"
    if kind == 5:
        return f"({expression(random_, inner)}) is not null"
    return f"({expression(random_, inner)} {random_.choice(_SIGNS)} {expression(random_, inner)})"


def rule(random_: random.Random, case: Case) -> Try:
    """Rules whose conditions are nearly of the language, deep, long, or of another language."""
    shapes = (
        lambda: expression(random_, random_.randint(1, 5)),
        lambda: f"{expression(random_, 2)} is not null",
        lambda: "abs(" * random_.choice((10, 100, 2_000)) + "1" + ")" * random_.choice((10, 100, 2_000)) + " >= 0",
        lambda: " and ".join(["n_instr >= 0"] * random_.choice((3, 300, 20_000))),
        lambda: f"n_instr in ({', '.join(map(str, range(random_.choice((3, 3_000, 50_000)))))})",
        lambda: f"len(repeat('a', {random_.choice((10, 10**6, 10**12))})) > 0",
        lambda: text(random_),
    )
    rules = [
        {
            "id": f"R{n}",
            "level": random_.choice(("hard", "soft", "no")),
            "when": random_.choice(shapes)(),
            "must": random_.choice(shapes)(),
            "why": text(random_),
        }
        for n in range(random_.randint(1, 3))
    ]
    path = case.spec / "rules.yaml"
    path.write_text(json.dumps({"rules": rules}), encoding="utf-8")
    return Try(case.run_of_rows(), (case.out,))


_EXPECTATIONS = (
    "expect_table_row_count_to_equal", "expect_column_values_to_match_regex", "expect_column_values_to_be_in_set",
    "expect_column_unique_value_count_to_be_between", "expect_column_sum_to_be_between", "expect_column_to_exist",
    "expect_column_values_to_match_regex_list", "expect_column_value_lengths_to_be_between", "expect_query_results",
    "unexpected_rows_expectation", "expect_column_kl_divergence_to_be_less_than", "expect_column_values_to_be_unique",
    "expect_column_values_to_match_like_pattern", "expect_compound_columns_to_be_unique", "__import__",
)  # fmt: skip
_KEYS = ("column", "value", "min_value", "max_value", "value_set", "regex", "mostly", "row_condition", "regex_list",
         "condition_parser", "column_list", "unexpected_rows_query", "strict_min", "like_pattern")  # fmt: skip


def promise(random_: random.Random, case: Case) -> Try:
    """Promises of types and arguments that are known, unknown or of another kind, with conditions of any sort."""
    conditions = ('source == "Normal"', "answer <> ''", "not (" * 60 + "answer = 'x'" + ")" * 60, *CODE)
    values = ("answer", "question", "images", 0, 3, -1, 1e308, True, None, [], ["yes", 1], [[]], {},
              {"$PARAMETER": "x"}, "(a+)+$", "(\\w+\\s?)+\\$X$", "(?=a)", "(" * 300, *conditions)  # fmt: skip
    fitting = {"column": ("answer", "question", "img_id"), "row_condition": conditions, "regex": ("(a+)+$", "^[a-z]*$")}
    promises = []
    for n in range(random_.randint(1, 3)):
        keys = random_.sample(_KEYS, random_.randint(0, 4))
        kwargs = {key: random_.choice(fitting.get(key, values) if random_.random() < 0.7 else values) for key in keys}
        kind = random_.choice(_EXPECTATIONS)
        promises.append({"id": f"P{n}", "why": "w", "whole_dataset": False, "type": kind, "kwargs": kwargs})
    (case.spec / "promises.yaml").write_text(json.dumps({"promises": promises}))
    return Try(case.run_of_rows(), (case.out,))


def decisions(random_: random.Random, case: Case) -> Try:
    """A file of decisions, as YAML or CSV, by mutation or with a hostile value."""
    entry = {"key": "0" * 16, "check": "KV003", "verdict": "accepted", "reason": "x", "who": "x", "when": "2026-01-01"}
    entry[random_.choice(list(entry))] = text(random_)
    if random_.random() < 0.7:
        path = case.folder / "decisions.yaml"
        content = json.dumps({"decisions": [entry]}, ensure_ascii=False)
    else:
        path = case.folder / "decisions.csv"
        content = ",".join(entry) + "\n" + ",".join(f'"{value}"' for value in entry.values()) + "\n"
    data = content.encode("utf-8", "surrogatepass")
    path.write_bytes(mutated(random_, data) if random_.random() < 0.7 else data)
    given = ["--decisions", str(path)]
    return random_.choice(
        (
            Try(["review", str(case.audit), *given, "--update"], (path,)),
            Try(["review", str(case.audit), *given, "--undo", "--yes"], (path,)),
            Try(["gate", str(case.audit), *given, "--also", "junit,sarif,summary,badge,github"], (case.audit,)),
            Try(["report", str(case.audit), *given, "--no-images"], (case.audit,)),
            Try(case.run_of_rows(*given), (case.out,)),
        )
    )


def fix(random_: random.Random, case: Case) -> Try:
    """A dataset to be corrected, with odd files beside the pictures, and hostile corrections."""
    from tests.fuzz.places import put_something_odd

    if random_.random() < 0.5:
        mutate_file(random_, case.table)
    for n in range(random_.randint(0, 3)):
        place = random_.choice((case.source, case.images, case.source / "more"))
        place.mkdir(exist_ok=True)
        put_something_odd(random_, place / random_.choice((f"notes{n}.txt", f"x{n}.jpg", ".hidden", f"é\n{n}")), case)
    words = ["fix", str(case.source), "--out", str(case.out), "--subset", "--table-only", "-j", "1"]
    for option, header in (("--corrections", "img_id,question,answer"), ("--removals", "img_id")):
        if random_.random() < 0.4:
            path = case.folder / f"{option[2:]}.csv"
            lines = [",".join(text(random_) for _ in header.split(",")) for _ in range(3)]
            names = [picture.stem for picture in case.images.iterdir() if picture.suffix == ".jpg"][:1]
            lines += names if option == "--removals" else []
            path.write_text("\n".join([header, *lines]), encoding="utf-8", errors="surrogatepass")
            words += [option, str(path)]
    words += ["--link"] if random_.random() < 0.3 else []
    return Try(words, (case.out,), accounts=copy_is_complete)
