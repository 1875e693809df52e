"""The brokers that tests start are what they are said to be, seen by clients that are not ours."""
import socket
import ssl

import confluent_kafka
import pytest
from confluent_kafka.admin import AdminClient

from harness.acls import grant
from harness.topics import create_topic, leader_of, read_topic
from stack import tokens
from stack.kafka import run_tool
from stack.processes import wait_until
from stack.secured_kafka import GUEST, MECHANISMS, OWNER, password

CERTIFICATE_EXPIRED, WRONG_ADDRESS = 10, 64


def _settings(broker, listener, mechanism=None, user=OWNER, token=None):
    """librdkafka's settings for a listener of the secured broker."""
    settings = {"bootstrap.servers": broker.listeners[listener], "log_level": 2}
    encrypted = listener not in ("SASL", "BRIEF", "JWKS")
    if encrypted:
        settings["ssl.ca.location"] = broker.certificate("authority.crt")
    if mechanism is None:
        return {**settings, "security.protocol": "SSL"}
    settings |= {"security.protocol": "SASL_SSL" if encrypted else "SASL_PLAINTEXT",
                 "sasl.mechanism": mechanism}
    if mechanism == "OAUTHBEARER":
        return {**settings, "oauth_cb": lambda _: (token or tokens.unsecured(user), 2e9)}
    return {**settings, "sasl.username": user, "sasl.password": password(user)}


def _broker_count(settings):
    return len(AdminClient(settings).list_topics(timeout=10).brokers)


def _shake_hands(broker, listener):
    """The TLS handshake of a client that trusts the authority and shows no certificate; what it is
    told afterwards."""
    context = ssl.create_default_context(cafile=broker.certificate("authority.crt"))
    host, port = broker.listeners[listener].split(":")
    with socket.create_connection((host, int(port)), 10) as plain:
        with context.wrap_socket(plain, server_hostname=host) as link:
            link.settimeout(10)
            link.send(b"\0")
            return link.recv(1)


@pytest.mark.parametrize("listener", ["SASL", "SASL_TLS", "BRIEF"])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_every_mechanism_is_served(secured_kafka, listener, mechanism):
    assert _broker_count(_settings(secured_kafka, listener, mechanism)) == 1


def test_tls_is_served(secured_kafka):
    assert _broker_count(_settings(secured_kafka, "TLS")) == 1


def test_a_client_certificate_is_wanted_where_it_is_said_so(secured_kafka):
    with pytest.raises(ssl.SSLError, match="bad certificate|certificate required"):
        _shake_hands(secured_kafka, "MUTUAL")
    assert _broker_count({**_settings(secured_kafka, "MUTUAL"),
                          "ssl.certificate.location": secured_kafka.certificate("client.crt"),
                          "ssl.key.location": secured_kafka.certificate("client.key")}) == 1


@pytest.mark.parametrize("listener, code", [("EXPIRED", CERTIFICATE_EXPIRED),
                                            ("ELSEWHERE", WRONG_ADDRESS)])
def test_bad_certificates_are_bad_in_their_own_way(secured_kafka, listener, code):
    with pytest.raises(ssl.SSLCertVerificationError) as caught:
        _shake_hands(secured_kafka, listener)
    assert caught.value.verify_code == code


def test_tokens_are_verified_by_the_key_set(secured_kafka):
    signed = secured_kafka.tokens.token(OWNER)
    assert _broker_count(_settings(secured_kafka, "JWKS", "OAUTHBEARER", token=signed)) == 1
    with pytest.raises(confluent_kafka.KafkaException):
        AdminClient(_settings(secured_kafka, "JWKS", "OAUTHBEARER")).list_topics(timeout=2)


def test_the_guest_may_do_what_was_granted(secured_kafka, name):
    create_topic(secured_kafka.bootstrap, name)
    guest = AdminClient(_settings(secured_kafka, "SASL", "PLAIN", GUEST))

    def refusal():
        return guest.list_topics(name, timeout=10).topics[name].error
    assert refusal().code() == confluent_kafka.KafkaError.TOPIC_AUTHORIZATION_FAILED
    grant(secured_kafka.bootstrap, GUEST, ("topic", name, "describe"))
    wait_until(lambda: refusal() is None, 10, "the permission")


def test_kafka3_knows_version_1_of_transactions_only(kafka3, name):
    producer = confluent_kafka.Producer({"bootstrap.servers": kafka3.bootstrap,
                                         "transactional.id": name})
    create_topic(kafka3.bootstrap, name)
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(name, value="v")
    producer.commit_transaction(30)
    assert [m.value for m in read_topic(kafka3.bootstrap, name)] == [b"v"]
    features = run_tool("org.apache.kafka.tools.FeatureCommand", "--bootstrap-server",
                        kafka3.bootstrap, "describe")
    assert "metadata.version" in features and "transaction.version" not in features


def _in_sync(admin, topic):
    """How many replicas of the topic's only partition are in sync."""
    found = admin.list_topics(topic, timeout=10).topics[topic].partitions.get(0)
    return found and len(found.isrs)


def _leader(cluster, topic):
    """The node that leads the topic, as those say that are up."""
    return leader_of(",".join(node.bootstrap for node in cluster.nodes.values() if node.pid()), topic)


def test_a_node_of_the_cluster_dies_comes_back_and_leads(kafka_cluster, name):
    admin = AdminClient({"bootstrap.servers": kafka_cluster.bootstrap, "log_level": 0})
    create_topic(kafka_cluster.bootstrap, name)
    wait_until(lambda: _in_sync(admin, name) == 3, 30, "three replicas")
    first = wait_until(lambda: _leader(kafka_cluster, name), 10, "a leader")
    kafka_cluster.nodes[first].kill()
    wait_until(lambda: _leader(kafka_cluster, name) not in (first, None), 30, "another leader")
    kafka_cluster.nodes[first].up(leash=True)
    wait_until(lambda: _in_sync(admin, name) == 3, 30, "all in sync")
    kafka_cluster.move_leaders({(name, 0): first})
    wait_until(lambda: _leader(kafka_cluster, name) == first, 10, "the leader to move")
