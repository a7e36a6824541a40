"""A replica that is told to stop ends its requests first: code, images and platform agree."""

import re
from importlib import import_module
from pathlib import Path

import pytest

from ai_runtime.middleware import STREAM_GRACE_SECONDS
from ai_runtime.settings import MAX_REQUEST_SECONDS, Settings
from ai_runtime.telemetry import FLUSH_SECONDS
from harness import ROOT

INGRESS_SECONDS = 240
"""The ingress of Container Apps gives a request up after this time."""
LONGEST_GRACE_SECONDS = 600
"""Container Apps accepts no longer time before a replica is killed."""

every_image = pytest.mark.parametrize(
    "image",
    [*ROOT.glob("api-gateway/Dockerfile"), *ROOT.glob("services/*/Dockerfile")],
    ids=lambda path: path.parent.name,
)


def number(pattern: str, text: str) -> int:
    (found,) = re.findall(pattern, text)
    return int(found)


def settings_of(image: Path) -> type[Settings]:
    """Return the settings of the app that an image runs."""
    (package,) = re.findall(r'"(\w+)\.main:create_app"', image.read_text())
    (found,) = (
        value
        for value in vars(import_module(f"{package}.main")).values()
        if isinstance(value, type)
        and issubclass(value, Settings)
        and value.__module__.startswith(package)
    )
    return found


@every_image
def test_the_time_to_stop_covers_the_longest_request(image: Path) -> None:
    shutdown = number(r'"--timeout-graceful-shutdown", "(\d+)"', image.read_text())
    assert MAX_REQUEST_SECONDS + STREAM_GRACE_SECONDS <= shutdown <= INGRESS_SECONDS
    app = (ROOT / "infra" / "core" / "host" / "container-app.bicep").read_text()
    grace = number(r"terminationGracePeriodSeconds = (\d+)", app)
    # Traces, metrics and logs are sent one after the other once the last request has ended.
    assert shutdown + 3 * FLUSH_SECONDS <= grace <= LONGEST_GRACE_SECONDS


@every_image
def test_no_setting_makes_a_request_longer(image: Path) -> None:
    settings = settings_of(image)
    field = settings.model_fields["request_timeout_seconds"]
    assert [bound.le for bound in field.metadata if hasattr(bound, "le")] == [MAX_REQUEST_SECONDS]


@every_image
def test_a_service_gives_up_before_the_gateway(image: Path) -> None:
    if image.parent.name == "api-gateway":
        return
    gateway = settings_of(ROOT / "api-gateway" / "Dockerfile")
    deadlines = [
        settings.model_fields["request_timeout_seconds"].default
        for settings in (settings_of(image), gateway)
    ]
    assert deadlines[0] + STREAM_GRACE_SECONDS <= deadlines[1]
