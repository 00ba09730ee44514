"""The web process imports no engine of the audit, whatever it is asked."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("great_expectations", "sklearn", "pandas", "pandera", "numpy", "scipy", "pyarrow", "PIL", "plotly", "duckdb")
OPEN_EVERYTHING = """
import pkgutil, sys, importlib, kvqa_audit.web
for found in pkgutil.walk_packages(kvqa_audit.web.__path__, "kvqa_audit.web."):
    importlib.import_module(found.name)
print(*sorted({name.partition(".")[0] for name in sys.modules} & set(sys.argv[1:])))
"""


def test_no_module_of_the_web_process_brings_an_engine() -> None:
    told = subprocess.run(
        [sys.executable, "-c", OPEN_EVERYTHING, *HEAVY], check=True, capture_output=True, text=True
    ).stdout
    assert told.split() == []
