"""Pictures for the simulated gateway."""

import io
from collections.abc import Mapping

from PIL import Image

PIXEL_SIZES = {
    "1:1": (1024, 1024),
    "4:3": (1184, 896),
    "3:2": (1248, 832),
    "16:9": (1376, 768),
    "2.35:1": (1568, 672),
    "4:5": (928, 1152),
    "2:3": (832, 1248),
    "9:16": (768, 1376),
}


def draw(body: Mapping[str, object], media_type: str = "image/png") -> bytes:
    """The file of a request's picture; the same request gives the same bytes."""
    size = PIXEL_SIZES[str(body.get("aspect_ratio", "1:1"))]
    picture = Image.linear_gradient("L").resize(size).convert("RGB")
    file = io.BytesIO()
    picture.save(file, media_type.removeprefix("image/"))
    return file.getvalue()
