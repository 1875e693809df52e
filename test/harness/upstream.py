"""A PostgreSQL that an engine follows: tables in a publication, and a source over it."""


def publish(pg, columns, rows, *tables):
    """Makes the tables, each with the key `id` and these columns and rows, and publication `p` of
    all tables."""
    for table in tables:
        pg.execute(f"CREATE TABLE {table} (id int PRIMARY KEY, {columns})")
        pg.execute(f"ALTER TABLE {table} REPLICA IDENTITY FULL")
        pg.execute(f"INSERT INTO {table} {rows}")
    pg.execute("CREATE PUBLICATION p FOR ALL TABLES")


def connection(port, secret, database="postgres"):
    """The statement that makes connection `pg`."""
    return (f"CREATE CONNECTION pg TO POSTGRES (HOST '127.0.0.1', PORT {port}, USER 'postgres',"
            f" PASSWORD SECRET {secret}, DATABASE '{database}')")


def follow(engine, *tables):
    """Makes source `s` of publication `p` over connection `pg`, and the tables as they are called
    there. Reading one waits for its snapshot."""
    engine.run("CREATE SOURCE s FROM POSTGRES CONNECTION pg (PUBLICATION 'p')",
               *(f"CREATE TABLE {table} FROM SOURCE s (REFERENCE public.{table})"
                 for table in tables))
