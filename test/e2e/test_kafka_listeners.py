"""Our client at a listener of every kind: it writes and reads there, and where it may not or cannot, it
says so in words of its own for each cause, and of which broker it speaks."""
import concurrent.futures
import re

import pytest

from harness.kafka_clients import ABORT, COMMIT, KafkaProbe
from harness.probe import ProbeError, ask, listener, read, record, write
from harness.token_issuer import CLIENT, SECRET, TokenIssuer
from harness.topics import create_topic, read_topic
from stack import tokens
from stack.processes import free_ports
from stack.secured_kafka import MECHANISMS, OWNER

NOBODY_KNOWS = "stranger"


@pytest.fixture(scope="module")
def token_file(tmp_path_factory):
    """A function that makes the file of a token."""
    folder = tmp_path_factory.mktemp("tokens")

    def make(token):
        path = folder / str(len(list(folder.iterdir())))
        path.write_text(token)
        return str(path)
    return make


def _served():
    """(listener, mechanism) of all that must work."""
    with_sasl = [(name, mechanism) for name in ("SASL", "SASL_TLS") for mechanism in MECHANISMS]
    return [("TLS", None), ("MUTUAL", None), *with_sasl, ("JWKS", "OAUTHBEARER")]


@pytest.mark.parametrize("place, mechanism", _served())
def test_transactions_are_written_and_read(secured_kafka, token_file, name, place, mechanism):
    create_topic(secured_kafka.bootstrap, name)
    signed = place == "JWKS"
    token = token_file(secured_kafka.tokens.token(OWNER) if signed else tokens.unsecured(OWNER))
    probe = listener(secured_kafka, place, mechanism, token=token)
    ends = write(probe, name, [record(name, "a"), record(name, "b"), COMMIT,
                                 record(name, "gone"), ABORT, record(name, "c"), COMMIT])
    assert [list(end)[0] for end in ends] == ["committed", "aborted", "committed"]
    assert read(probe, name) == ["a", "b", "c"]
    # A client that is not ours sees the same.
    assert [m.value for m in read_topic(secured_kafka.bootstrap, name)] == [b"a", b"b", b"c"]


@pytest.fixture
def token_issuer(secured_kafka):
    with TokenIssuer(lambda: secured_kafka.tokens.token(OWNER)).serving() as issuer:
        yield issuer


def _with_issuer(broker, endpoint, secret=SECRET):
    return listener(broker, "JWKS", "OAUTHBEARER", token_endpoint=endpoint, token_client=CLIENT,
                    token_secret=secret)


def test_tokens_come_from_an_issuer(secured_kafka, token_issuer, name):
    create_topic(secured_kafka.bootstrap, name)
    probe = _with_issuer(secured_kafka, token_issuer.endpoint)
    ends = write(probe, name, [record(name, "a"), COMMIT])
    assert [list(end)[0] for end in ends] == ["committed"]
    # One token served all connections of the producer.
    assert token_issuer.issued == 1
    assert read(probe, name) == ["a"]


def test_an_issuer_that_gives_no_token_is_named(secured_kafka, token_issuer):
    with pytest.raises(ProbeError, match="the token issuer answered with status 401: .*invalid_client"):
        ask(_with_issuer(secured_kafka, token_issuer.endpoint, "a guess"), "brokers")
    with pytest.raises(ProbeError, match="cannot ask the token issuer: .*connect"):
        ask(_with_issuer(secured_kafka, f"http://127.0.0.1:{free_ports(1)[0]}/token"), "brokers")


def _certificate(broker, name):
    return {"certificate": broker.certificate(name + ".crt"),
            "key": broker.certificate(name + ".key")}


def _wrong_credentials(broker, token_file):
    password = r"Invalid username or password"
    token = r"SASL authentication failed: .*invalid_token"
    over = tokens.unsecured(OWNER, -3600)
    over_but_signed = broker.tokens.token(OWNER, -3600)
    return {
        "PLAIN, wrong password": (listener(broker, "SASL", "PLAIN", password="no"), password),
        "PLAIN, unknown user": (listener(broker, "SASL", "PLAIN", NOBODY_KNOWS), password),
        "PLAIN over TLS, wrong password": (
            listener(broker, "SASL_TLS", "PLAIN", password="no"), password),
        "SCRAM-SHA-256, wrong password": (
            listener(broker, "SASL", "SCRAM-SHA-256", password="no"), password),
        "SCRAM-SHA-512, wrong password": (
            listener(broker, "SASL_TLS", "SCRAM-SHA-512", password="no"), password),
        "SCRAM, unknown user": (
            listener(broker, "SASL", "SCRAM-SHA-256", NOBODY_KNOWS), password),
        "no token at all": (
            listener(broker, "SASL", "OAUTHBEARER", token=token_file("x.y.z")), token),
        "token is over": (listener(broker, "SASL", "OAUTHBEARER", token=token_file(over)), token),
        "signed token is over": (
            listener(broker, "JWKS", "OAUTHBEARER", token=token_file(over_but_signed)), token),
        "token is not signed": (
            listener(broker, "JWKS", "OAUTHBEARER", token=token_file(tokens.unsecured(OWNER))),
            token),
    }


def _wrong_certificates(broker):
    untrusted = "Failed to verify broker certificate: "
    shown = "refused .*certificate"
    return {
        "wrong authority": (listener(broker, "TLS", ca=broker.certificate("stranger.crt")),
                            untrusted + "self-signed certificate in certificate chain"),
        "system's authorities": (listener(broker, "TLS", ca=None),
                                 untrusted + "self-signed certificate in certificate chain"),
        "expired": (listener(broker, "EXPIRED"), untrusted + "certificate has expired"),
        "another host's": (listener(broker, "ELSEWHERE"), untrusted + "IP address mismatch"),
        "none of ours": (listener(broker, "MUTUAL", certificate=None, key=None),
                         "SSL authentication required"),
        "ours of a stranger": (
            listener(broker, "MUTUAL", **_certificate(broker, "client-stranger")), shown),
        "ours is over": (
            listener(broker, "MUTUAL", **_certificate(broker, "client-expired")), shown),
        "authority is no certificate": (
            listener(broker, "TLS", ca=broker.certificate("tokens.jwks")),
            r"Invalid CA certificate: failed to read certificate #0 from ssl\.ca\.pem:"
            r" not in PEM format\?"),
        "key is none": (
            listener(broker, "MUTUAL", key=broker.certificate("client.crt")),
            r"ssl\.key\.pem failed: not in PEM format\?"),
        "key of another": (
            listener(broker, "MUTUAL", key=broker.certificate("server.key")),
            "key values mismatch"),
    }


def _wrong_protocols(broker):
    encrypted = "Disconnected during handshake; broker might require SSL encryption"
    plain = "Broker does not support SSL connections"
    authenticated = "SASL authentication required"
    ca = {"ca": broker.certificate("authority.crt")}
    at = broker.listeners
    return {
        "plain to TLS": (KafkaProbe(at["TLS"]), encrypted),
        "plain to SASL over TLS": (KafkaProbe(at["SASL_TLS"]), encrypted),
        "SASL to SASL over TLS": (
            listener(broker, "SASL_TLS", "PLAIN", protocol="sasl_plaintext", ca=None), encrypted),
        "TLS to plain": (
            listener(broker, "TLS", bootstrap=broker.bootstrap), plain),
        "SASL over TLS to SASL": (
            listener(broker, "SASL", "PLAIN", protocol="sasl_ssl", **ca), plain),
        "plain to SASL": (KafkaProbe(at["SASL"]), authenticated),
        "TLS to SASL over TLS": (listener(broker, "SASL_TLS", protocol="ssl"), authenticated),
        "SASL to plain": (
            listener(broker, "SASL", "PLAIN", bootstrap=broker.bootstrap),
            "Broker does not support SASL"),
        "SASL over TLS to TLS": (
            listener(broker, "SASL_TLS", "PLAIN", bootstrap=at["TLS"]),
            "Broker does not support SASL"),
        "mechanism that the broker has not": (
            listener(broker, "JWKS", "SCRAM-SHA-256"),
            r"Unsupported SASL mechanism: SCRAM-SHA-256 \(the broker offers OAUTHBEARER\)"),
    }


def _unreachable():
    return {"nobody listens": (KafkaProbe(f"127.0.0.1:{free_ports(1)[0]}"), "Connection refused"),
            "no such host": (KafkaProbe("nowhere.invalid:9092"), "Failed to resolve hostname")}


def _refusals(broker, token_file):
    return {**_wrong_credentials(broker, token_file), **_wrong_certificates(broker),
            **_wrong_protocols(broker), **_unreachable()}


def _error_of(probe):
    try:
        return ask(probe, "partition-count", "anything")
    except ProbeError as error:
        return error


def test_each_refusal_says_why_and_of_which_broker(secured_kafka, token_file):
    refusals = _refusals(secured_kafka, token_file)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        errors = dict(zip(refusals, pool.map(lambda case: _error_of(case[0]), refusals.values())))
    wrong = {}
    for case, (probe, text) in refusals.items():
        said = errors[case]
        if not (isinstance(said, ProbeError) and re.search(
                f"broker {re.escape(probe.bootstrap)}: .*{text}", said.message)):
            wrong[case] = f"{said!r}, not: broker {probe.bootstrap}: ... {text}"
    assert wrong == {}


def test_an_unknown_mechanism_needs_no_broker(secured_kafka):
    with pytest.raises(ProbeError, match="Unsupported SASL mechanism: NTLM"):
        ask(listener(secured_kafka, "SASL", "NTLM"), "brokers")


def test_no_password_is_repeated(secured_kafka, token_file):
    secret = "a-password-of-mine"
    for mechanism in MECHANISMS[:3]:
        error = _error_of(listener(secured_kafka, "SASL", mechanism, password=secret))
        assert secret not in error.message
    bad = tokens.unsecured(OWNER, -3600)
    error = _error_of(listener(secured_kafka, "SASL", "OAUTHBEARER", token=token_file(bad)))
    assert bad not in error.message
