"""Connections to every kind of listener: the right options work, wrong ones are told by name, at
once, and what is altered takes effect."""
import os
import time

import psycopg
import pytest
from confluent_kafka.admin import (AdminClient, ScramCredentialInfo, ScramMechanism,
                                   UserScramCredentialUpsertion)

from harness.secure_kafka import PASSWORD, USER, SecureKafka
from harness.topics import TopicReader
from stack.processes import wait_until

PATIENCE_S = 60
# What waits for something that does not come waits ten seconds.
AT_ONCE_S = 8


@pytest.fixture(scope="module")
def secure(run_directory):
    broker = SecureKafka(os.path.join(run_directory, "secure")).create()
    broker.up(leash=True)
    admin = AdminClient({"bootstrap.servers": broker.bootstrap})
    credentials = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    user = UserScramCredentialUpsertion(USER, credentials, PASSWORD.encode())
    admin.alter_user_scram_credentials([user])[USER].result(PATIENCE_S)
    yield broker
    broker.kill()


@pytest.fixture
def secrets(engine, secure):
    """The engine with the secrets `password`, `wrong`, `key` and `strange_key`."""
    certificates = secure.certificates
    for name, value in (("password", PASSWORD), ("wrong", "not it"),
                        ("key", certificates.text("client.key")),
                        ("strange_key", certificates.text("stranger.key"))):
        engine.run(f"CREATE SECRET {name} AS '{value}'")
    return engine


def _create(engine, secure, listener, options, name="c"):
    engine.run(f"CREATE CONNECTION {name} TO KAFKA (BROKER '{secure.address(listener)}', {options})")


def _authority(secure, name="ca"):
    return f"SSL CERTIFICATE AUTHORITY '{secure.certificates.text(name + '.crt')}'"


def _identity(secure, name, key):
    return f"SSL CERTIFICATE '{secure.certificates.text(name + '.crt')}', SSL KEY SECRET {key}"


def _sasl(mechanism, password="password"):
    return (f"SASL MECHANISMS '{mechanism}', SASL USERNAME '{USER}',"
            f" SASL PASSWORD SECRET {password}")


def test_every_listener_lets_the_right_options_in(secrets, secure):
    ca = _authority(secure)
    good = [("PLAINTEXT", "SECURITY PROTOCOL PLAINTEXT"), ("TLS", ca),
            ("MUTUAL", f"{ca}, {_identity(secure, 'client', 'key')}"),
            ("SASL", f"SECURITY PROTOCOL SASL_PLAINTEXT, {_sasl('PLAIN')}"),
            ("SASL", f"SECURITY PROTOCOL SASL_PLAINTEXT, {_sasl('scram-sha-512')}"),
            ("SASLTLS", f"{ca}, {_sasl('SCRAM-SHA-512')}")]
    for number, (listener, options) in enumerate(good):
        _create(secrets, secure, listener, options, f"c{number}")
        secrets.run(f"VALIDATE CONNECTION c{number}")


def test_what_does_not_fit_is_told_at_once(secrets, secure):
    ca = _authority(secure)
    plaintext = "SECURITY PROTOCOL PLAINTEXT"
    sasl = "SECURITY PROTOCOL SASL_PLAINTEXT, "
    wrong = [
        ("TLS", plaintext, "Disconnected during handshake; broker might require SSL encryption"),
        ("PLAINTEXT", ca, "Broker does not support SSL connections"),
        ("SASL", plaintext, "SASL authentication required"),
        ("PLAINTEXT", sasl + _sasl("PLAIN"), "Broker does not support SASL authentication"),
        ("TLS", _authority(secure, "other"), "Failed to verify broker certificate: "),
        ("EXPIRED", ca, "Failed to verify broker certificate: certificate has expired"),
        ("ELSEWHERE", ca, "Failed to verify broker certificate: IP address mismatch"),
        ("MUTUAL", ca, "SSL authentication required"),
        ("MUTUAL", f"{ca}, {_identity(secure, 'stranger', 'strange_key')}",
         "SSL handshake failed; broker refused it"),
        ("MUTUAL", f"{ca}, {_identity(secure, 'client', 'strange_key')}", "key values mismatch"),
        ("SASL", sasl + _sasl("PLAIN", "wrong"), "Invalid username or password"),
        ("SASL", sasl + _sasl("SCRAM-SHA-512", "wrong"), "Invalid username or password"),
        ("SASL", sasl + _sasl("SCRAM-SHA-256"),
         "Unsupported SASL mechanism: SCRAM-SHA-256 (the broker offers "),
    ]
    for listener, options, text in wrong:
        begun = time.monotonic()
        with pytest.raises(psycopg.Error) as failed:
            _create(secrets, secure, listener, options)
        assert text in str(failed.value)
        assert secure.address(listener) in str(failed.value)
        assert failed.value.sqlstate == "58000"
        assert time.monotonic() - begun < AT_ONCE_S, text


def test_a_changed_secret_and_an_altered_connection_reach_a_running_sink(secrets, secure, name):
    secrets.run("CREATE TABLE t (id int NOT NULL)", "INSERT INTO t VALUES (1)")
    _create(secrets, secure, "SASLTLS", f"{_authority(secure)}, {_sasl('SCRAM-SHA-512')}")
    secrets.run(f"CREATE SINK s FROM t INTO KAFKA CONNECTION c (TOPIC '{name}') KEY (id) NOT ENFORCED"
                " FORMAT JSON ENVELOPE UPSERT")

    def status(wanted, text=""):
        def reached():
            rows = secrets.run("SELECT status, error FROM mz_internal.mz_sink_statuses"
                               " WHERE name = 's'")
            return rows and rows[0][0] == wanted and text in (rows[0][1] or "")
        wait_until(reached, PATIENCE_S, f"status {wanted} {text}")

    with TopicReader(secure.bootstrap, name) as reader:
        reader.wait_count(1, PATIENCE_S)
        secrets.run("ALTER SECRET password AS 'no more'")
        status("stalled", "Invalid username or password")
        secrets.run("INSERT INTO t VALUES (2)")
        secrets.run(f"ALTER SECRET password AS '{PASSWORD}'")
        status("running")
        assert [m.key_json["id"] for m in reader.wait_count(2, PATIENCE_S)] == [1, 2]
    with pytest.raises(psycopg.Error, match="Disconnected during handshake"):
        secrets.run("ALTER CONNECTION c SET (SECURITY PROTOCOL PLAINTEXT), RESET (SASL USERNAME),"
                    " RESET (SASL PASSWORD), RESET (SASL MECHANISMS),"
                    " RESET (SSL CERTIFICATE AUTHORITY)")
    status("running")
