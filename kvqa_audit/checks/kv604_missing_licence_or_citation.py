"""The description comes in; a defect for each of licence and citation that it does not state goes out."""

from __future__ import annotations

from kvqa_audit.checks.base import Checked, Defect, Evidence, check
from kvqa_audit.model import Severity


@check("KV604", Severity.WARNING, needs=(), unit="facts")
def missing_licence_or_citation(evidence: Evidence) -> Checked:
    """The description does not say under which licence the dataset stands, or how it is cited.

    Why: without a licence nobody may use the dataset, however openly it lies; without a citation its makers get no
    credit, and results cannot be traced to it.

    Fix: state `licence: {id, citation, doi}` in the description's dataset.yaml.
    """
    licence = evidence.spec.licence
    stated = {
        "licence": licence is not None,
        "citation": licence is not None and bool(licence.citation.strip() or licence.doi.strip()),
    }
    defects = [
        Defect(
            f"the description states no {fact}",
            evidence={"fact": fact},
            suggestion="State licence: {id: …}" if fact == "licence" else "State licence: {citation: …, doi: …}",
        )
        for fact, is_stated in stated.items()
        if not is_stated
    ]
    return Checked(len(stated), defects)
