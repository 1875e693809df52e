"""One broker with a listener of every kind, users of every mechanism, and the standard authorizer.

python3 tools/stack/secured_kafka.py start --dir D
python3 tools/stack/secured_kafka.py stop --dir D
"""
import argparse
import json
import os
import shutil
import sys

if __package__ in (None, ""):
    sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
from stack import certificates
from stack.kafka import Kafka
from stack.kafka_jars import QUICK_JVM, ROOT
from stack.processes import StackError, free_ports
from stack.tokens import SigningKey

# What each is for, beside PLAINTEXT, whose clients are nobody and may do everything.
LISTENERS = {
    "TLS": "SSL",                  # No client certificate.
    "MUTUAL": "SSL",               # Clients without a certificate of the authority are refused.
    "EXPIRED": "SSL",              # The broker's certificate is over.
    "ELSEWHERE": "SSL",            # The broker's certificate is another host's.
    "SASL": "SASL_PLAINTEXT",      # Every mechanism.
    "SASL_TLS": "SASL_SSL",        # Every mechanism.
    "BRIEF": "SASL_PLAINTEXT",     # Every mechanism; sessions end soon.
    "JWKS": "SASL_PLAINTEXT",      # OAUTHBEARER alone, with tokens signed by `tokens`.
}
BRIEF_SESSION_MS = 2000
MECHANISMS = ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]
# The first may do everything, the second only what an ACL says.
OWNER, GUEST = "owner", "guest"
MODULE = "org.apache.kafka.common.security"
TOKEN_VALIDATOR = f"{MODULE}.oauthbearer.OAuthBearerValidatorCallbackHandler"


def password(user):
    """The password of a user, the same for PLAIN and SCRAM."""
    return f"{user}-secret"


def _jaas():
    users = " ".join(f'user_{user}="{password(user)}"' for user in (OWNER, GUEST))
    return {"PLAIN": f"{MODULE}.plain.PlainLoginModule required {users};",
            "SCRAM-SHA-256": f"{MODULE}.scram.ScramLoginModule required;",
            "SCRAM-SHA-512": f"{MODULE}.scram.ScramLoginModule required;",
            "OAUTHBEARER": f"{MODULE}.oauthbearer.OAuthBearerLoginModule required;"}


class SecuredKafka(Kafka):
    """A broker whose `listeners` are addresses by the names of LISTENERS, whose `certificate`
    gives the path of a file of `certificates.make`, and whose `tokens` signs for JWKS."""

    def __init__(self, directory):
        super().__init__(directory)
        # Beside the broker's own folder, which is wiped.
        self._material = directory + "-material"
        self._places = os.path.join(self._material, "listeners.json")
        self.certificate = lambda name: os.path.join(self._material, name)
        self.tokens = SigningKey(self._material)
        self.listeners = {}

    def create(self, **options):
        """As Kafka.create, without `listeners`, `settings` and `format_options`."""
        shutil.rmtree(self._material, ignore_errors=True)
        certificates.make(self._material)
        self.tokens.create()
        ports = dict(zip(LISTENERS, free_ports(len(LISTENERS))))
        with open(self._places, "w") as out:
            json.dump({name: f"127.0.0.1:{port}" for name, port in ports.items()}, out)
        users = [option for user in (OWNER, GUEST) for number in (256, 512) for option in (
            "--add-scram", f"SCRAM-SHA-{number}=[name={user},password={password(user)}]")]
        return super().create(
            listeners={name: (LISTENERS[name], port) for name, port in ports.items()},
            settings=self._settings(), format_options=users, **options)

    def open(self):
        with open(self._places) as source:
            self.listeners = json.load(source)
        return super().open()

    def begin(self, **options):
        # A broker reads keys from such places only that it was told of when it was started.
        allowed = f"-D{MODULE.replace('.common.security', '')}.sasl.oauthbearer.allowed.urls="
        jvm = options.pop("jvm", ()) or QUICK_JVM
        super().begin(jvm=[*jvm, allowed + "file://" + self.tokens.key_set], **options)

    def _settings(self):
        settings = {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": f"User:ANONYMOUS;User:{OWNER};User:CN=client",
            "sasl.enabled.mechanisms": ",".join(MECHANISMS),
            "ssl.keystore.type": "PEM", "ssl.truststore.type": "PEM",
            "ssl.keystore.location": self.certificate("server.pem"),
            "ssl.truststore.location": self.certificate("authority.crt"),
            "listener.name.mutual.ssl.client.auth": "required",
            "listener.name.expired.ssl.keystore.location": self.certificate("expired.pem"),
            "listener.name.elsewhere.ssl.keystore.location": self.certificate("elsewhere.pem"),
            "listener.name.jwks.sasl.enabled.mechanisms": "OAUTHBEARER",
        }
        for name in ("sasl", "sasl_tls", "brief", "jwks"):
            for mechanism, text in _jaas().items():
                prefix = f"listener.name.{name}.{mechanism.lower()}."
                settings[prefix + "sasl.jaas.config"] = text
                if name == "brief":
                    settings[prefix + "connections.max.reauth.ms"] = BRIEF_SESSION_MS
        prefix = "listener.name.jwks.oauthbearer."
        settings[prefix + "sasl.server.callback.handler.class"] = TOKEN_VALIDATOR
        settings[prefix + "sasl.oauthbearer.jwks.endpoint.url"] = "file://" + self.tokens.key_set
        return settings


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["start", "stop"])
    parser.add_argument("--dir", default=os.path.join(ROOT, ".run", "secured-kafka"))
    parser.add_argument("--port", type=int, help="of the listener PLAINTEXT")
    arguments = parser.parse_args()
    kafka = SecuredKafka(os.path.abspath(arguments.dir))
    kafka.end()
    if arguments.command == "start":
        kafka.create(port=arguments.port).up()
        for name, address in {"PLAINTEXT": kafka.bootstrap, **kafka.listeners}.items():
            print(name, address)


if __name__ == "__main__":
    try:
        main()
    except StackError as error:
        sys.exit(str(error))
