"""The official SDK reads the stand-in's image analysis as the real one's."""

import struct

import pytest
from azure.ai.vision.imageanalysis import ImageAnalysisClient
from azure.ai.vision.imageanalysis.models import VisualFeatures
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError, IncompleteReadError

from ai_standin.testing import UNUSED, StandIn

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 640, 480)
FEATURES = [VisualFeatures.CAPTION, VisualFeatures.TAGS, VisualFeatures.READ]


@pytest.fixture
def client(standin: StandIn) -> ImageAnalysisClient:
    return ImageAnalysisClient(standin.url, AzureKeyCredential(UNUSED), retry_total=0)


def test_caption_tags_and_text(client: ImageAnalysisClient) -> None:
    result = client.analyze(PNG, FEATURES)
    assert result.caption is not None
    assert result.tags is not None
    assert result.read is not None
    assert result.caption.text == "a wide PNG image of 640 by 480 pixels"
    assert result.caption.confidence > 0.5
    assert [tag.name for tag in result.tags.list] == ["png", "stand-in", "landscape"]
    assert result.read.blocks[0].lines[0].text == "STAND-IN"
    assert (result.metadata.width, result.metadata.height) == (640, 480)


def test_only_the_asked_features_are_answered(client: ImageAnalysisClient) -> None:
    result = client.analyze(PNG, [VisualFeatures.TAGS])
    assert result.tags is not None
    assert result.caption is None
    assert result.read is None


def test_what_is_no_image_is_refused(client: ImageAnalysisClient) -> None:
    with pytest.raises(HttpResponseError) as caught:
        client.analyze(b"no image", FEATURES)
    assert caught.value.status_code == 400


@pytest.mark.parametrize(("mode", "status"), [("throttle", 429), ("error", 500)])
def test_failures(standin: StandIn, client: ImageAnalysisClient, mode: str, status: int) -> None:
    standin.fail("vision", mode)
    with pytest.raises(HttpResponseError) as caught:
        client.analyze(PNG, FEATURES)
    assert caught.value.status_code == status
    assert standin.control.calls["vision.analyze"] == 1


def test_cut_breaks_the_answer(standin: StandIn, client: ImageAnalysisClient) -> None:
    standin.fail("vision", "cut")
    with pytest.raises(IncompleteReadError):
        client.analyze(PNG, FEATURES)
