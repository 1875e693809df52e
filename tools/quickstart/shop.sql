-- The shop that bin/quickstart fills and changes.
CREATE TABLE customers (id bigint PRIMARY KEY, name text NOT NULL, city text NOT NULL);
CREATE TABLE orders (id bigint PRIMARY KEY, customer_id bigint NOT NULL, status text NOT NULL);
CREATE TABLE items (order_id bigint, line bigint, product text NOT NULL, quantity bigint NOT NULL,
                    price numeric(10, 2) NOT NULL, PRIMARY KEY (order_id, line));
ALTER TABLE customers REPLICA IDENTITY FULL;
ALTER TABLE orders REPLICA IDENTITY FULL;
ALTER TABLE items REPLICA IDENTITY FULL;
CREATE PUBLICATION shop FOR TABLE customers, orders, items;
