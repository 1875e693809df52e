"""The SQL of README.md does what README.md says, with the shop of the quickstart."""
from harness.topics import upsert_state
from quickstart import shop
from quickstart.run import TOPIC, VIEW, readme_statements


def test_the_statements_of_the_readme(engine, kafka, postgres, pg, topic_reader):
    address = f"{postgres.address} dbname={pg.info.dbname}"
    shop.create(address)
    for statement in readme_statements(kafka.port, postgres.port, pg.info.dbname):
        engine.run(statement)
    trade = shop.Trade(address)
    trade.start()
    reader = topic_reader(TOPIC)
    reader.wait_count(20)
    trade.stopping.set()
    trade.join()
    assert trade.failure is None

    def agree(messages):
        rows = {f'{{"id":{row[0]}}}'.encode() for row in engine.run(f"SELECT id FROM {VIEW}")}
        newest = pg.execute("SELECT max(id) FROM orders").fetchone()[0]
        return upsert_state(messages).keys() == rows and any(
            f'"newest_order":{newest},'.encode() in (m.value or b"") for m in messages)
    reader.wait_for(agree, 30)
    state = {key: value.decode() for key, value in upsert_state(reader.messages).items()}
    for row in engine.run(f"SELECT id, name, newest_order, items FROM {VIEW}"):
        value = state[f'{{"id":{row[0]}}}'.encode()]
        assert f'"newest_order":{row[2]},"items":{row[3]},' in value and f'"{row[1]}"' in value
