"""Certificates for tests, made by OpenSSL's command line: an authority, and what it and a stranger signed."""
import os
import subprocess

from stack.processes import StackError

DAYS = 3650
SERVER = "serverAuth"
CLIENT = "clientAuth"
HERE = "DNS:localhost,IP:127.0.0.1"
KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def _openssl(*arguments):
    done = subprocess.run(["openssl", *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise StackError(f"openssl {arguments[0]}: {done.stdout}")


class Authority:
    """A certificate authority whose files are `directory`/NAME.crt and NAME.key."""

    def __init__(self, directory, name):
        self.directory = directory
        self.path = os.path.join(directory, name)
        os.makedirs(directory, exist_ok=True)
        _openssl("req", "-x509", *KEY, "-days", str(DAYS), "-subj", f"/CN={name}",
                 "-keyout", self.path + ".key", "-out", self.path + ".crt")

    def sign(self, name, usage, hosts=HERE, days=DAYS):
        """Makes NAME.key, NAME.crt and both and the authority's in NAME.pem, which is what a
        broker takes as its keystore. The subject is CN=NAME; negative `days` make a certificate
        that has expired."""
        path = os.path.join(self.directory, name)
        _openssl("req", "-new", *KEY, "-subj", f"/CN={name}", "-keyout", path + ".key",
                 "-addext", f"subjectAltName={hosts}", "-addext", f"extendedKeyUsage={usage}",
                 "-out", path + ".csr")
        _openssl("x509", "-req", "-in", path + ".csr", "-CA", self.path + ".crt",
                 "-CAkey", self.path + ".key", "-days", str(days), "-copy_extensions", "copyall",
                 "-out", path + ".crt")
        with open(path + ".pem", "w") as out:
            for part in (path + ".key", path + ".crt", self.path + ".crt"):
                with open(part) as source:
                    out.write(source.read())


def make(directory):
    """Makes all of them and returns a function from a name to its path: `authority.crt`,
    `stranger.crt` (an authority that signed nobody's broker), `server`, `expired`, `elsewhere`
    (for another host name), `client`, `client-expired`, and `client-stranger`, each as .crt, .key
    and .pem."""
    authority, stranger = Authority(directory, "authority"), Authority(directory, "stranger")
    authority.sign("server", SERVER)
    authority.sign("expired", SERVER, days=-1)
    authority.sign("elsewhere", SERVER, hosts="DNS:broker.elsewhere.test")
    authority.sign("client", CLIENT)
    authority.sign("client-expired", CLIENT, days=-1)
    stranger.sign("client-stranger", CLIENT)
    return lambda name: os.path.join(directory, name)
