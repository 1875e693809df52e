"""OAuth bearer tokens (JWT, RFC 7519) for tests: unsecured ones, and signed ones with their key set."""
import base64
import json
import os
import subprocess
import time

RSA_EXPONENT = b"\x01\x00\x01"


def _base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _unsigned(algorithm, subject, lifetime_s):
    now = time.time()
    # Brokers refuse a token that is used up or not begun; lifetimes may be negative.
    claims = {"sub": subject, "iat": int(min(now, now + lifetime_s - 1)), "exp": now + lifetime_s,
              "scope": "kafka"}
    if algorithm["alg"] != "none":
        claims["exp"] = int(claims["exp"])
    return ".".join(_base64url(json.dumps(part).encode()) for part in (algorithm, claims))


def unsecured(subject, lifetime_s=3600):
    """A token that nobody signed, which a broker takes whose validator is Kafka's own simple one."""
    return _unsigned({"alg": "none"}, subject, lifetime_s) + "."


class SigningKey:
    """An RSA key in `directory` whose tokens a broker takes that knows `key_set`, a file in the
    form of a JWKS (RFC 7517)."""

    def __init__(self, directory):
        os.makedirs(directory, exist_ok=True)
        self.key = os.path.join(directory, "tokens.key")
        self.key_set = os.path.join(directory, "tokens.jwks")

    def create(self):
        """Makes both files."""
        subprocess.run(["openssl", "genrsa", "-out", self.key, "2048"], check=True,
                       stderr=subprocess.DEVNULL)
        said = subprocess.run(["openssl", "rsa", "-in", self.key, "-noout", "-modulus"],
                              check=True, stdout=subprocess.PIPE, text=True).stdout
        modulus = bytes.fromhex(said.strip().removeprefix("Modulus="))
        with open(self.key_set, "w") as out:
            json.dump({"keys": [{"kty": "RSA", "kid": "tests", "use": "sig", "alg": "RS256",
                                 "n": _base64url(modulus), "e": _base64url(RSA_EXPONENT)}]}, out)
        return self

    def token(self, subject, lifetime_s=3600):
        """A signed token of whole seconds."""
        body = _unsigned({"alg": "RS256", "kid": "tests", "typ": "JWT"}, subject, lifetime_s)
        done = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.key],
                              input=body.encode(), check=True, stdout=subprocess.PIPE)
        return f"{body}.{_base64url(done.stdout)}"
