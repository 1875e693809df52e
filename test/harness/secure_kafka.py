"""A Kafka broker with a listener for each way to be let in, and certificates made on the spot."""
import os
import subprocess

from stack.kafka import Kafka
from stack.processes import free_ports

# Name, protocol, and how its settings differ.
LISTENERS = [
    ("PLAINTEXT", "PLAINTEXT", {}),
    ("TLS", "SSL", {}),
    ("MUTUAL", "SSL", {"ssl.client.auth": "required"}),
    ("EXPIRED", "SSL", {"ssl.keystore.type": "PEM", "ssl.keystore.location": "expired.pem"}),
    ("ELSEWHERE", "SSL", {"ssl.keystore.type": "PEM", "ssl.keystore.location": "elsewhere.pem"}),
    ("SASL", "SASL_PLAINTEXT", {}),
    ("SASLTLS", "SASL_SSL", {}),
]
USER, PASSWORD = "alice", "wonderland"
SASL = {
    "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-512",
    "plain.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required"
                              f' user_{USER}="{PASSWORD}";',
    "scram-sha-512.sasl.jaas.config":
        "org.apache.kafka.common.security.scram.ScramLoginModule required;",
}


class Certificates:
    """PEM texts by name: `ca`, `other` (an authority that signs nobody here), and those of the
    broker and of clients, each with its key."""

    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, exist_ok=True)
        for authority in ("ca", "other"):
            self._run("req", "-x509", *self._new(authority), "-out", f"{authority}.crt")
        self._sign("broker", "IP:127.0.0.1", "30")
        self._sign("elsewhere", "DNS:elsewhere.example", "30")
        self._sign("expired", "IP:127.0.0.1", "-1")
        self._sign("client", "DNS:client", "30")
        self._sign("stranger", "DNS:client", "30", by="other")

    def path(self, name):
        return os.path.join(self.directory, name)

    def text(self, name):
        with open(self.path(name)) as source:
            return source.read()

    def _new(self, name):
        return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                f"/CN={name}", "-keyout", f"{name}.key")

    def _sign(self, name, alternative, days, by="ca"):
        with open(self.path(f"{name}.ext"), "w") as out:
            out.write(f"subjectAltName={alternative}\n")
        self._run("req", *self._new(name), "-out", f"{name}.csr")
        self._run("x509", "-req", "-in", f"{name}.csr", "-CA", f"{by}.crt", "-CAkey", f"{by}.key",
                  "-CAcreateserial", "-days", days, "-extfile", f"{name}.ext",
                  "-out", f"{name}.crt")
        with open(self.path(f"{name}.pem"), "w") as out:
            out.write(self.text(f"{name}.key") + self.text(f"{name}.crt"))

    def _run(self, *arguments):
        subprocess.run(["openssl", *arguments], cwd=self.directory, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


class SecureKafka(Kafka):
    """`address(name)` is where a listener is; `certificates` are those it trusts and shows."""

    def __init__(self, directory):
        super().__init__(os.path.join(directory, "kafka"))
        self.certificates = Certificates(os.path.join(directory, "certificates"))
        self.ports = {}

    def create(self):
        *spare, controller = free_ports(len(LISTENERS) + 1)
        self.ports = {name: port for (name, _, _), port in zip(LISTENERS, spare)}
        listeners = ",".join(f"{name}://{self.address(name)}" for name in self.ports)
        settings = {
            "listeners": f"{listeners},CONTROLLER://127.0.0.1:{controller}",
            "advertised.listeners": listeners,
            "controller.quorum.voters": f"1@127.0.0.1:{controller}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT," + ",".join(
                f"{name}:{protocol}" for name, protocol, _ in LISTENERS),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": self.certificates.path("ca.crt"),
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": self.certificates.path("broker.pem"),
        }
        for name, protocol, own in LISTENERS:
            for key, value in {**own, **(SASL if protocol.startswith("SASL") else {})}.items():
                value = self.certificates.path(value) if value.endswith(".pem") else value
                settings[f"listener.name.{name.lower()}.{key}"] = value
        return super().create(port=self.ports["PLAINTEXT"], settings=settings)

    def address(self, name):
        return f"127.0.0.1:{self.ports[name]}"
