"""Certificates for tests, made by openssl(1): an authority, and those that it signs."""

import contextlib
import dataclasses
import os
import pathlib
import shutil
import ssl
import tempfile

from environment import run, tool


@dataclasses.dataclass
class Identity:
    certificate: pathlib.Path
    key: pathlib.Path


@contextlib.contextmanager
def folder():
    """A folder that a server can still read once it is no longer root."""
    with tempfile.TemporaryDirectory(prefix="baton-tls-") as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


def flags(listener, identity, client_ca=None):
    words = [f"--{listener}-tls-certificate", identity.certificate, f"--{listener}-tls-key", identity.key]
    return words + ([f"--{listener}-tls-client-ca", client_ca] if client_ca else [])


def put(identity, name):
    """The identity as the files of `name`, each of them in place at once; that of a key first."""
    for source, target in ((identity.key, name.key), (identity.certificate, name.certificate)):
        fresh = target.with_suffix(".new")
        shutil.copy(source, fresh)
        fresh.chmod(0o644)
        fresh.rename(target)


class Authority:
    """Signs certificates for localhost."""

    def __init__(self, place, name="authority"):
        self.place = place
        self.name = name
        self.key, self.certificate = place / f"{name}.key", place / f"{name}.crt"
        self._openssl("req", "-x509", *self._new_key(self.key), "-out", self.certificate, "-days", 30,
                      "-subj", f"/CN={name}")

    @staticmethod
    def _openssl(*words):
        run(tool("openssl"), *words)

    @staticmethod
    def _new_key(path, kind=("ec", "-pkeyopt", "ec_paramgen_curve:P-256")):
        return ["-newkey", *kind, "-nodes", "-keyout", path]

    def issue(self, name, days=30, rsa=False):
        """Valid for so many days from now, or expired so many days ago."""
        made = Identity(self.place / f"{name}.crt", self.place / f"{name}.key")
        request = self.place / f"{name}.csr"
        more = self.place / f"{name}.ext"
        more.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n"
                        "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\n")
        kind = {"kind": ("rsa:2048",)} if rsa else {}
        self._openssl("req", "-new", *self._new_key(made.key, **kind), "-out", request, "-subj", f"/CN={name}")
        self._openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                      "-days", days, "-extfile", more, "-out", made.certificate)
        made.key.chmod(0o644)
        return made

    def client(self, identity=None, alpn=(), version=None):
        """What a client trusts that trusts this authority, with a certificate of its own."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if identity is not None:
            context.load_cert_chain(identity.certificate, identity.key)
        if alpn:
            context.set_alpn_protocols(list(alpn))
        if version is not None:
            context.minimum_version = context.maximum_version = version
        return context
