"""The shop in PostgreSQL: its customers order, cancel and move, one transaction after another."""
import os
import random
import threading
import time

import psycopg

HERE = os.path.dirname(os.path.abspath(__file__))
CUSTOMERS = 200
CITIES = ("Aarhus", "Bergen", "Cork", "Delft", "Evora", "Faro", "Gdansk", "Ghent")
NAMES = ("Ada", "Bela", "Cleo", "Dora", "Emil", "Finn", "Gil", "Hana", "Ines", "Jan", "Kim", "Lea")
PRODUCTS = (("bolt", "0.15"), ("hinge", "2.40"), ("plank", "11.90"), ("saw", "24.00"),
            ("drill", "89.50"))
# Orders this much older than the newest may be cancelled: then a customer's newest order only grows.
CANCEL_AGE = 200
PAUSE_S = 0.006


def create(address):
    """Creates the tables and the customers in an empty database."""
    rng = random.Random(1)
    with psycopg.connect(address, autocommit=True) as connection:
        with open(os.path.join(HERE, "shop.sql")) as source:
            connection.execute(source.read())
        with connection.cursor() as cursor:
            cursor.executemany("INSERT INTO customers VALUES (%s, %s, %s)", [
                (number, f"{rng.choice(NAMES)} {number}", rng.choice(CITIES))
                for number in range(1, CUSTOMERS + 1)])


class Trade(threading.Thread):
    """Commits transactions until told to stop. `orders` lists (customer, order, time at which its
    COMMIT was sent), `transactions` counts all; both are only added to."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address = address
        self.orders = []
        self.transactions = 0
        self.failure = None
        self.stopping = threading.Event()
        self._rng = random.Random(2)

    def run(self):
        try:
            with psycopg.connect(self.address) as connection:
                while not self.stopping.is_set():
                    self._trade(connection)
                    self.transactions += 1
                    time.sleep(PAUSE_S * 2 * self._rng.random())
        except psycopg.Error as error:
            self.failure = error

    def _trade(self, connection):
        kind = self._rng.random()
        customer = self._rng.randrange(1, CUSTOMERS + 1)
        newest = len(self.orders)
        if kind < 0.75:
            self._order(connection, customer, newest + 1)
            return
        if kind < 0.9 and newest > CANCEL_AGE:
            connection.execute("UPDATE orders SET status = 'cancelled' WHERE id = %s",
                               [self._rng.randrange(1, newest - CANCEL_AGE + 1)])
        else:
            connection.execute("UPDATE customers SET city = %s WHERE id = %s",
                               [self._rng.choice(CITIES), customer])
        connection.commit()

    def _order(self, connection, customer, order):
        connection.execute("INSERT INTO orders VALUES (%s, %s, 'placed')", [order, customer])
        for line in range(1, self._rng.randrange(1, 4) + 1):
            product, price = self._rng.choice(PRODUCTS)
            connection.execute("INSERT INTO items VALUES (%s, %s, %s, %s, %s)", [
                order, line, product, self._rng.randrange(1, 6), price])
        sent = time.time()
        connection.commit()
        self.orders.append((customer, order, sent))
