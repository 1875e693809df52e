"""Connections to every kind of listener: the right options work and carry a sink's messages, wrong ones
are told by name, at once, and what is altered takes effect."""
import psycopg
import pytest

from harness.acls import grant
from harness.topics import TopicReader, create_topic
from stack.processes import wait_until
from stack.secured_kafka import GUEST, OWNER, password

PATIENCE_S = 60


@pytest.fixture
def secrets(engine, secured_kafka):
    """The engine with the secrets `password`, `guest`, `wrong`, `key` and `strange_key`."""
    for name, value in (("password", password(OWNER)), ("guest", password(GUEST)),
                        ("wrong", "not it"), ("key", _text(secured_kafka, "client.key")),
                        ("strange_key", _text(secured_kafka, "client-stranger.key"))):
        engine.run(f"CREATE SECRET {name} AS '{value}'")
    return engine


def _text(broker, name):
    with open(broker.certificate(name)) as source:
        return source.read()


def _address(broker, listener):
    return broker.bootstrap if listener == "PLAINTEXT" else broker.listeners[listener]


def _create(engine, broker, listener, options, name="c"):
    engine.run(f"CREATE CONNECTION {name} TO KAFKA"
               f" (BROKER '{_address(broker, listener)}', {options})")


def _authority(broker, name="authority"):
    return f"SSL CERTIFICATE AUTHORITY '{_text(broker, name + '.crt')}'"


def _identity(broker, name, key):
    return f"SSL CERTIFICATE '{_text(broker, name + '.crt')}', SSL KEY SECRET {key}"


def _sasl(mechanism, secret="password", user=OWNER):
    return (f"SASL MECHANISMS '{mechanism}', SASL USERNAME '{user}',"
            f" SASL PASSWORD SECRET {secret}")


def _sink(engine, topic, connection="c", sink="s"):
    engine.run(f"CREATE SINK {sink} FROM t INTO KAFKA CONNECTION {connection} (TOPIC '{topic}')"
               " KEY (id) NOT ENFORCED FORMAT JSON ENVELOPE UPSERT")


def _wait_status(engine, wanted, text=""):
    """Waits for the status of the sink `s`, with `text` in its error."""
    def reached():
        rows = engine.run("SELECT status, error FROM mz_internal.mz_sink_statuses WHERE name = 's'")
        return rows and rows[0][0] == wanted and text in (rows[0][1] or "")
    wait_until(reached, PATIENCE_S, f"status {wanted} {text}")


def test_every_listener_lets_the_right_options_in_and_carries_a_sink(secrets, secured_kafka, name):
    ca = _authority(secured_kafka)
    plain_sasl = "SECURITY PROTOCOL SASL_PLAINTEXT, "
    good = [("PLAINTEXT", "SECURITY PROTOCOL PLAINTEXT"), ("TLS", ca),
            ("MUTUAL", f"{ca}, {_identity(secured_kafka, 'client', 'key')}"),
            *(("SASL", plain_sasl + _sasl(mechanism))
              for mechanism in ("PLAIN", "SCRAM-SHA-256", "scram-sha-512")),
            *(("SASL_TLS", f"{ca}, {_sasl(mechanism)}")
              for mechanism in ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")),
            ("BRIEF", plain_sasl + _sasl("SCRAM-SHA-512"))]
    secrets.run("CREATE TABLE t (id int NOT NULL)", "INSERT INTO t VALUES (1)")
    for number, (listener, options) in enumerate(good):
        _create(secrets, secured_kafka, listener, options, f"c{number}")
        secrets.run(f"VALIDATE CONNECTION c{number}")
        _sink(secrets, f"{name}-{number}", f"c{number}", f"s{number}")
    secrets.run("INSERT INTO t VALUES (2)")
    for number in range(len(good)):
        with TopicReader(secured_kafka.bootstrap, f"{name}-{number}", PATIENCE_S) as reader:
            assert [m.key_json["id"] for m in reader.wait_count(2, PATIENCE_S)] == [1, 2]


def test_what_does_not_fit_is_told_at_once(secrets, secured_kafka):
    ca = _authority(secured_kafka)
    plaintext = "SECURITY PROTOCOL PLAINTEXT"
    sasl = "SECURITY PROTOCOL SASL_PLAINTEXT, "
    wrong = [
        ("TLS", plaintext, "Disconnected during handshake; broker might require SSL encryption"),
        ("PLAINTEXT", ca, "Broker does not support SSL connections"),
        ("SASL", plaintext, "SASL authentication required"),
        ("PLAINTEXT", sasl + _sasl("PLAIN"), "Broker does not support SASL authentication"),
        ("TLS", _authority(secured_kafka, "stranger"), "Failed to verify broker certificate: "),
        ("EXPIRED", ca, "Failed to verify broker certificate: certificate has expired"),
        ("ELSEWHERE", ca, "Failed to verify broker certificate: IP address mismatch"),
        ("MUTUAL", ca, "SSL authentication required"),
        ("MUTUAL", f"{ca}, {_identity(secured_kafka, 'client-stranger', 'strange_key')}",
         "SSL handshake failed; broker refused it"),
        ("MUTUAL", f"{ca}, {_identity(secured_kafka, 'client', 'strange_key')}",
         "key values mismatch"),
        ("SASL", sasl + _sasl("PLAIN", "wrong"), "Invalid username or password"),
        ("SASL", sasl + _sasl("SCRAM-SHA-512", "wrong"), "Invalid username or password"),
        ("JWKS", sasl + _sasl("SCRAM-SHA-256"),
         "Unsupported SASL mechanism: SCRAM-SHA-256 (the broker offers OAUTHBEARER)"),
    ]
    for listener, options, text in wrong:
        with pytest.raises(psycopg.Error) as failed:
            _create(secrets, secured_kafka, listener, options)
        message = failed.value.diag.message_primary
        assert text in message
        # Whoever waits until the time is over says first what it waited for.
        assert message.startswith(f"broker {_address(secured_kafka, listener)}: "), message
        assert failed.value.sqlstate == "58000"


def test_a_connection_is_validated_anew_when_it_is_asked_for(secrets, secured_kafka):
    _create(secrets, secured_kafka, "SASL", "SECURITY PROTOCOL SASL_PLAINTEXT, " + _sasl("PLAIN"))
    secrets.run("VALIDATE CONNECTION c", "ALTER SECRET password AS 'no more'")
    with pytest.raises(psycopg.Error, match="Invalid username or password") as failed:
        secrets.run("VALIDATE CONNECTION c")
    assert secured_kafka.listeners["SASL"] in str(failed.value)


def test_a_sink_waits_for_its_permissions_and_names_them(secrets, secured_kafka, name):
    secrets.run("CREATE TABLE t (id int NOT NULL)", "INSERT INTO t VALUES (1)")
    _create(secrets, secured_kafka, "SASL", "SECURITY PROTOCOL SASL_PLAINTEXT, "
            + _sasl("PLAIN", "guest", GUEST) + f", PROGRESS TOPIC '{name}-progress'")
    create_topic(secured_kafka.bootstrap, name)
    create_topic(secured_kafka.bootstrap, name + "-progress")

    def allow(kind, resource, *operations):
        grant(secured_kafka.bootstrap, GUEST,
              *[(kind, resource, operation) for operation in operations])
    allow("topic", name + "-progress", "read", "write", "describe_configs")
    allow("topic", name, "describe", "describe_configs")
    _sink(secrets, name)
    _wait_status(secrets, "stalled", "Transactional Id authorization failed")
    (transactional_id,), = secrets.run(
        "SELECT 'materialize-' || mz_environment_id() || '-' || connection_id || '-' || id"
        " FROM mz_sinks WHERE name = 's'")
    allow("transactional id", transactional_id, "write", "describe")
    _wait_status(secrets, "stalled", "Topic authorization failed")
    allow("topic", name, "write", "read")
    _wait_status(secrets, "running")
    with TopicReader(secured_kafka.bootstrap, name) as reader:
        assert [m.key_json["id"] for m in reader.wait_count(1, PATIENCE_S)] == [1]


def test_a_changed_secret_and_an_altered_connection_reach_a_running_sink(secrets, secured_kafka,
                                                                         name):
    secrets.run("CREATE TABLE t (id int NOT NULL)", "INSERT INTO t VALUES (1)")
    _create(secrets, secured_kafka, "SASL_TLS",
            f"{_authority(secured_kafka)}, {_sasl('SCRAM-SHA-512')}")
    _sink(secrets, name)
    with TopicReader(secured_kafka.bootstrap, name, PATIENCE_S) as reader:
        reader.wait_count(1, PATIENCE_S)
        secrets.run("ALTER SECRET password AS 'no more'")
        _wait_status(secrets, "stalled", "Invalid username or password")
        secrets.run("INSERT INTO t VALUES (2)")
        secrets.run(f"ALTER SECRET password AS '{password(OWNER)}'")
        _wait_status(secrets, "running")
        assert [m.key_json["id"] for m in reader.wait_count(2, PATIENCE_S)] == [1, 2]
    with pytest.raises(psycopg.Error, match="Disconnected during handshake"):
        secrets.run("ALTER CONNECTION c SET (SECURITY PROTOCOL PLAINTEXT), RESET (SASL USERNAME),"
                    " RESET (SASL PASSWORD), RESET (SASL MECHANISMS),"
                    " RESET (SSL CERTIFICATE AUTHORITY)")
    _wait_status(secrets, "running")
