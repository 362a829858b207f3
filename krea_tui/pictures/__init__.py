"""Pictures on disk: files, decoding, scaling, thumbnails and metadata."""
