"""The process: ready, addresses, one per directory, stop and kill."""
import os
import re
import subprocess

import psycopg
import pytest

from stack.engine import binary
from stack.processes import free_ports, wait_until


def test_ready_line_and_api_name_the_chosen_addresses(engine):
    with open(engine.log_file) as source:
        log = source.read()
    for address in (engine.sql, engine.internal_sql, engine.http):
        assert re.fullmatch(r"127\.0\.0\.1:\d+", address)
        assert address in log
    assert engine.get("/health/live") is not None
    assert engine.run("SELECT 1 + 1") == [(2,)]


def test_the_http_port_may_be_chosen_too(make_engine):
    engine = make_engine()
    engine.ports = (*free_ports(2), 0)
    engine.begin()
    try:
        def chosen():
            with open(engine.log_file) as source:
                found = set(re.findall(r"127\.0\.0\.1:(\d+)", source.read()))
            return found - {str(port) for port in engine.ports}
        (port,) = wait_until(chosen, 30, "the ready line")
        engine.http = f"127.0.0.1:{port}"
        assert engine.get("/health/ready") is not None
    finally:
        engine.kill()


def test_stop_ends_with_zero_and_keeps_everything(engine):
    engine.run("CREATE TABLE t (a int)", "INSERT INTO t VALUES (1), (2)",
               "CREATE MATERIALIZED VIEW v AS SELECT sum(a) AS s FROM t",
               "COMMENT ON COLUMN t.a IS 'kept'", "COMMENT ON SCHEMA public IS 'kept, too'")
    engine.restart()
    assert engine.run("SELECT * FROM t ORDER BY a") == [(1,), (2,)]
    assert engine.run("SELECT s FROM v") == [(3,)]
    assert engine.run("SELECT comment FROM mz_internal.mz_comments ORDER BY 1") == [
        ("kept",), ("kept, too",)]


def test_stop_while_clients_are_connected(engine):
    with engine.connect() as one, engine.connect(autocommit=False) as two:
        one.execute("CREATE TABLE t (a int)")
        two.execute("INSERT INTO t VALUES (1)")
        engine.stop()
        with pytest.raises(psycopg.errors.AdminShutdown):
            two.commit()
    engine.up()
    assert engine.run("SELECT count(*) FROM t") == [(0,)]


def test_a_kill_loses_nothing_acknowledged(engine):
    engine.run("CREATE TABLE t (a int)", "CREATE MATERIALIZED VIEW v AS SELECT a, a * 2 AS b FROM t")
    for number in range(20):
        engine.run(f"INSERT INTO t VALUES ({number})")
        if number % 5 == 4:
            engine.crash()
    assert engine.run("SELECT count(*), sum(b) FROM v") == [(20, 380)]


def test_renamed_schemas_and_clusters_are_found_after_a_kill(engine):
    engine.run("CREATE SCHEMA before", "CREATE CLUSTER small SIZE '1'",
               "CREATE TABLE before.t (a int)", "INSERT INTO before.t VALUES (1), (2)",
               "CREATE MATERIALIZED VIEW before.v IN CLUSTER small AS"
               " SELECT sum(a) AS s FROM before.t",
               "ALTER SCHEMA before RENAME TO after", "ALTER CLUSTER small RENAME TO large")
    engine.crash()
    engine.run("INSERT INTO after.t VALUES (3)")
    assert engine.run("SELECT s FROM after.v") == [(6,)]
    (shown,) = engine.run("SHOW CREATE MATERIALIZED VIEW after.v")
    assert "IN CLUSTER large" in shown[1] and "before" not in shown[1]
    assert engine.run("SELECT count(*) FROM mz_schemas WHERE name = 'before'") == [(0,)]


def test_system_parameters_are_known_or_refused(make_engine):
    engine = make_engine("--system-parameter", "max_connections=2").up()
    assert engine.run("SHOW max_connections") == [("2",)]
    with engine.connect(), engine.connect():
        with pytest.raises(psycopg.OperationalError, match=r"would violate max_connections limit "
                           r"\(desired: 3, limit: 2, current: 2\)"):
            engine.connect()
        host, port = engine.internal_sql.split(":")
        with psycopg.connect(host=host, port=port, user="mz_system", autocommit=True) as superuser:
            superuser.execute("ALTER SYSTEM SET max_connections = 3")
            with engine.connect():
                pass
            for statement, state in (("ALTER SYSTEM SET max_connections = 'many'", "22023"),
                                     ("ALTER SYSTEM SET max_retained_bytes = 0", "22023"),
                                     ("ALTER SYSTEM SET nosuch = 1", "42704"),
                                     ("ALTER SYSTEM RESET nosuch", "42704")):
                with pytest.raises(psycopg.Error) as refused:
                    superuser.execute(statement)
                assert refused.value.sqlstate == state


def test_an_unknown_system_parameter_is_refused_at_start(make_engine):
    engine = make_engine("--system-parameter", "nosuch=2")
    engine.begin()
    def said():
        with open(engine.log_file) as source:
            return 'unrecognized configuration parameter "nosuch"' in source.read()
    wait_until(said, 30, "the refusal")


def test_a_second_process_over_a_directory_is_refused(engine):
    ports = [f"127.0.0.1:{port}" for port in free_ports(3)]
    second = subprocess.run(
        [binary(), "--data-directory", engine.mark, "--sql-listen-addr", ports[0],
         "--internal-sql-listen-addr", ports[1], "--http-listen-addr", ports[2]],
        capture_output=True, text=True, timeout=30)
    assert second.returncode != 0
    text = second.stdout + second.stderr
    assert engine.mark in text and str(engine.pid()) in text
    assert engine.run("SELECT 1") == [(1,)]


def test_flags_come_from_the_environment_too(make_engine, tmp_path):
    engine = make_engine(environment={"PENSTOCK_LOG_FORMAT": "json"}).up()
    with open(engine.log_file) as source:
        assert any(line.startswith("{") for line in source)


def test_version_and_help():
    version = subprocess.run([binary(), "--version"], capture_output=True, text=True, timeout=30)
    assert version.returncode == 0 and re.search(r"\d+\.\d+\.\d+", version.stdout)
    text = subprocess.run([binary(), "--help"], capture_output=True, text=True, timeout=30).stdout
    for flag in ("--data-directory", "--sql-listen-addr", "--internal-sql-listen-addr",
                 "--http-listen-addr", "--environment-id", "--bootstrap-database",
                 "--bootstrap-role", "--system-parameter", "--log-level", "--log-format"):
        assert flag in text


@pytest.mark.parametrize("arguments", [["--no-such-flag"], []])
def test_wrong_flags_are_refused(arguments):
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PENSTOCK_")}
    done = subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=30,
                          env=environment)
    assert done.returncode != 0 and done.stderr
