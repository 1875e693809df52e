"""PostgreSQL's JDBC driver: types, parameters, batches, transactions, results in pieces, COPY; with
text and binary transfer, and by the simple protocol."""
import os
import subprocess

import pytest

from harness import ROOT

VERSION = "42.7.4"
PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Jdbc.java")
EXPECTED = """
created: 0
columns: id=int4 c_bool=bool c_int2=int2 c_int4=int4 c_int8=int8 c_float4=float4 c_float8=float8 \
c_numeric=numeric c_text=text c_bytea=bytea c_date=date c_time=time c_timestamp=timestamp \
c_timestamptz=timestamptz c_uuid=uuid c_jsonb=jsonb
round 0: 5 NULLS
round 0: 6 SIX
round 0: 7 NULLS
round 6: 5 NULLS
round 6: 6 SIX
round 6: 7 NULLS
others: 1 2 {1,NULL,3} 0 years 0 mons 1 days 2 hours 0 mins 0.0 secs 8
parameters: int4 text text int4 int4 int4 int8
parameters: 102 ö5!
parameters: 104 ö5!
batch: [1, 2]
batch: 500
batch: 503 430 129756
returning: 2000
update: 2
delete: 501
transactions: 1
pieces: 551775
error: 42703
error: 22012
error: 42601
error: 23502
then: 10
error: 22012
copied in: 2
copied out: 2
copy: 30|a,b;31|\\N;
""".replace("NULLS", " ".join(15 * ["null"])).replace(
    "SIX", "true 3 64 16777216 1.5 0.75 12345678901234567890.125 täxt 6 0x00ff06 2020-02-29"
    " 23:59:58 2020-02-29 12:34:56.789 2020-02-29T12:34:56.789Z a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"
    ' {"a":[6]}').strip().splitlines()


@pytest.fixture(scope="session")
def driver():
    """The driver's jar, fetched once per user."""
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(cache, "penstock", f"pgjdbc-{VERSION}")
    if not os.access(cache, os.W_OK):
        folder = os.path.join(ROOT, ".run", f"pgjdbc-{VERSION}")
    jar = os.path.join(folder, f"postgresql-{VERSION}.jar")
    if not os.path.exists(jar):
        os.makedirs(folder, exist_ok=True)
        subprocess.run(["mvn", "-B", "-ntp", "-q", "-C",
                        "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy",
                        f"-Dartifact=org.postgresql:postgresql:{VERSION}",
                        f"-DoutputDirectory={folder}"], check=True, timeout=300)
    return jar


@pytest.mark.parametrize("options", ["", "&prepareThreshold=1", "&preferQueryMode=simple",
                                     "&binaryTransfer=false"])
def test_a_java_program(engine, driver, options):
    url = f"jdbc:postgresql://{engine.sql}/penstock?user=penstock{options}"
    done = subprocess.run(["java", "-Dstdout.encoding=UTF-8", "-Dfile.encoding=UTF-8", "-cp",
                           driver, PROGRAM, url], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    expected = [line for line in EXPECTED if "simple" not in options or "int4 text" not in line]
    assert done.stdout.splitlines() == expected
