"""Certificates of a test's own, made by the openssl program when they are needed; none is ever kept."""

import shutil
import ssl
import subprocess
from pathlib import Path

import pytest

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl makes the certificates")

_CONFIG = """
[ca]
default_ca = here
[here]
database = index.txt
serial = serial
new_certs_dir = .
policy = any
default_md = sha256
unique_subject = no
x509_extensions = names
[any]
commonName = supplied
[names]
subjectAltName = DNS:{host}
basicConstraints = CA:TRUE
[req]
distinguished_name = subject
[subject]
"""
VALID = ("20250101000000Z", "20490101000000Z")
EXPIRED = ("20200101000000Z", "20200201000000Z")
NOT_YET = ("20480101000000Z", "20490101000000Z")


def self_signed(folder: Path, host: str, dates: tuple[str, str] = VALID) -> tuple[Path, Path]:
    """The certificate and the key of a host that nobody but itself vouches for."""
    folder.mkdir(parents=True)
    (folder / "openssl.cnf").write_text(_CONFIG.format(host=host))
    (folder / "index.txt").touch()
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    _openssl(folder, "req", "-new", *curve, "-keyout", "key.pem", "-out", "request.pem", "-subj", f"/CN={host}")
    start, end = dates
    _openssl(
        folder,
        *("ca", "-batch", "-selfsign", "-notext", "-rand_serial", "-keyfile", "key.pem", "-in", "request.pem"),
        *("-out", "certificate.pem", "-startdate", start, "-enddate", end),
    )
    return folder / "certificate.pem", folder / "key.pem"


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def _openssl(folder: Path, command: str, *arguments: str) -> None:
    subprocess.run(
        ["openssl", command, "-config", "openssl.cnf", *arguments], cwd=folder, check=True, capture_output=True
    )
