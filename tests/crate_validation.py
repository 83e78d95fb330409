"""A validator of Workflow Run RO-Crates that needs no network."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from rocrate_validator.models import Severity
from rocrate_validator.services import validate
from rocrate_validator.utils.http import HttpRequester

# The terms that crates use, as version 1.1 of RO-Crate maps them.
SCHEMA = """
about actionStatus additionalType alternateName ComputerLanguage ControlAction CreateAction CreativeWork
Dataset datePublished description encodingFormat endTime exampleOfWork hasPart HowTo HowToStep identifier instrument
license mainEntity mentions name object OrganizeAction position programmingLanguage PropertyValue result
SoftwareApplication SoftwareSourceCode softwareVersion startTime step url value version workExample
"""
CONTEXT = {term: f"http://schema.org/{term}" for term in SCHEMA.split()} | {
    "File": "http://schema.org/MediaObject",
    "conformsTo": "http://purl.org/dc/terms/conformsTo",
    "ComputationalWorkflow": "https://bioschemas.org/ComputationalWorkflow",
    "FormalParameter": "https://bioschemas.org/FormalParameter",
    "input": "https://bioschemas.org/ComputationalWorkflow#input",
    "output": "https://bioschemas.org/ComputationalWorkflow#output",
}


def issues(folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a validator of the Provenance Run Crate profile, and of those that it rests on, finds at its required level.

    It takes the context from this module: that is all it would fetch.
    """
    response = SimpleNamespace(
        status_code=200, headers={"Content-Type": "application/ld+json"}, json=lambda: {"@context": CONTEXT}
    )
    monkeypatch.setattr(HttpRequester, "get", lambda self, url, **options: response, raising=False)
    settings = {
        "rocrate_uri": str(folder),
        "profile_identifier": "provenance-run-crate",
        "requirement_severity": Severity.REQUIRED,
        "offline": True,
        "cache_path": folder.parent / "cache",
    }
    return [issue.message for issue in validate(settings).get_issues()]
