"""Pictures on disk: files, decoding, scaling, thumbnails and metadata."""

import warnings

# Pillow tells of odd metadata by warnings: a file would have its say on a terminal that is painted.
warnings.filterwarnings("ignore", module=r"PIL(\.|$)")
