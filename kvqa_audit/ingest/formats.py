"""All formats of tables that are read, in the order in which they are asked."""

from __future__ import annotations

from kvqa_audit.ingest.delimited import DelimitedText
from kvqa_audit.ingest.json_records import JsonRecords
from kvqa_audit.ingest.parquet import Parquet
from kvqa_audit.ingest.saved import SavedFolder
from kvqa_audit.ingest.source_format import SourceFormat

FORMATS: tuple[SourceFormat, ...] = (SavedFolder(), Parquet(), JsonRecords(), DelimitedText())
