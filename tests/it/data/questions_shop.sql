-- The shop about which questions are asked, in SQL that both engines take. Fixed rows, small enough to be counted by
-- eye. "Today" is Wednesday 2026-08-19.

CREATE TABLE categories (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL);
INSERT INTO categories VALUES (1, 'Toys'), (2, 'Books'), (3, 'Garden');

CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    category_id INTEGER REFERENCES categories (id),
    price NUMERIC(10, 2) NOT NULL,
    stock INTEGER NOT NULL,
    discontinued BOOLEAN NOT NULL
);
INSERT INTO products VALUES
    (1, 'Kite', 1, 25.00, 10, FALSE), (2, 'Robot', 1, 80.00, 0, FALSE), (3, 'Atlas', 2, 45.50, 7, FALSE),
    (4, 'Novel', 2, 12.00, 120, FALSE), (5, 'Spade', 3, 18.00, 33, TRUE), (6, 'Mower', 3, 299.00, 2, FALSE),
    (7, 'Mystery box', NULL, 50.00, 5, FALSE);

CREATE TABLE customers (
    id INTEGER PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    email VARCHAR(80),
    city VARCHAR(40),
    country VARCHAR(40) NOT NULL,
    is_active BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL
);
INSERT INTO customers VALUES
    (1, 'Alice Smith', 'alice@example.com', 'Berlin', 'Germany', TRUE, '2024-01-15 09:00:00'),
    (2, 'Bob Jones', NULL, 'Paris', 'France', TRUE, '2024-06-02 10:30:00'),
    (3, 'Chloé Müller', 'chloe@example.com', 'Munich', 'Germany', FALSE, '2025-03-03 12:00:00'),
    (4, 'Dan O''Brien', 'dan@example.org', 'Dublin', 'Ireland', TRUE, '2026-07-20 08:00:00'),
    (5, 'Eve Stone', NULL, 'New York', 'United States', TRUE, '2026-08-11 23:59:00'),
    (6, 'Frank Luxe', 'frank@example.com', 'Luxembourg', 'Luxembourg', FALSE, '2026-08-18 07:15:00');

CREATE TABLE orders (
    id INTEGER PRIMARY KEY,
    customer_id INTEGER NOT NULL REFERENCES customers (id),
    status VARCHAR(20) NOT NULL,
    total NUMERIC(10, 2) NOT NULL,
    note VARCHAR(100),
    created_at TIMESTAMP NOT NULL,
    shipped_at TIMESTAMP
);
INSERT INTO orders VALUES
    (1, 1, 'paid', 50.00, NULL, '2024-02-01 10:00:00', '2024-02-03 09:00:00'),
    (2, 1, 'paid', 120.00, 'gift wrap', '2024-11-20 11:00:00', '2024-11-21 09:00:00'),
    (3, 2, 'cancelled', 30.00, NULL, '2025-01-05 15:00:00', NULL),
    (4, 3, 'paid', 299.00, NULL, '2025-03-10 16:00:00', '2025-03-12 10:00:00'),
    (5, 1, 'pending', 75.50, 'ring twice', '2026-07-31 23:30:00', NULL),
    (6, 4, 'paid', 18.00, NULL, '2026-08-01 00:00:00', '2026-08-12 08:00:00'),
    (7, 4, 'pending', 410.00, NULL, '2026-08-10 09:00:00', NULL),
    (8, 2, 'shipped', 99.99, NULL, '2026-08-13 12:00:00', '2026-08-17 12:00:00'),
    (9, 5, 'pending', 12.00, NULL, '2026-08-17 18:00:00', NULL),
    (10, 1, 'shipped', 205.00, 'gift wrap', '2026-08-18 08:00:00', '2026-08-19 07:00:00'),
    (11, 5, 'paid', 80.00, NULL, '2026-08-19 09:00:00', NULL);

CREATE TABLE order_items (
    order_id INTEGER NOT NULL REFERENCES orders (id),
    line INTEGER NOT NULL,
    product_id INTEGER NOT NULL REFERENCES products (id),
    quantity INTEGER NOT NULL,
    unit_price NUMERIC(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line)
);
INSERT INTO order_items VALUES
    (1, 1, 1, 2, 25.00), (2, 1, 2, 1, 80.00), (2, 2, 4, 3, 12.00), (3, 1, 4, 2, 12.00), (4, 1, 6, 1, 299.00),
    (5, 1, 3, 1, 45.50), (6, 1, 5, 1, 18.00), (7, 1, 6, 1, 299.00), (8, 1, 1, 4, 25.00), (9, 1, 4, 1, 12.00),
    (10, 1, 2, 2, 80.00), (10, 2, 3, 1, 45.50), (11, 1, 2, 1, 80.00);

CREATE TABLE payments (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    method VARCHAR(20) NOT NULL,
    amount NUMERIC(10, 2) NOT NULL,
    paid_on DATE NOT NULL
);
INSERT INTO payments VALUES
    (1, 1, 'card', 50.00, '2024-02-01'), (2, 2, 'card', 100.00, '2024-11-20'), (3, 2, 'voucher', 20.00, '2024-11-21'),
    (4, 4, 'transfer', 299.00, '2025-03-11'), (5, 6, 'card', 18.00, '2026-08-01'), (6, 8, 'paypal', 99.99, '2026-08-14'),
    (7, 10, 'card', 205.00, '2026-08-18'), (8, 11, 'transfer', 80.00, '2026-08-19');

-- A table that points to itself.
CREATE TABLE employees (
    id INTEGER PRIMARY KEY,
    first_name VARCHAR(40) NOT NULL,
    last_name VARCHAR(40) NOT NULL,
    department VARCHAR(40) NOT NULL,
    salary NUMERIC(10, 2) NOT NULL,
    manager_id INTEGER REFERENCES employees (id),
    hire_date DATE NOT NULL
);
INSERT INTO employees VALUES
    (1, 'Grace', 'Hopper', 'Engineering', 9000.00, NULL, '2019-05-01'),
    (2, 'Linus', 'Berg', 'Engineering', 7000.00, 1, '2021-09-15'),
    (3, 'Maya', 'Roth', 'Sales', 5200.00, 1, '2023-01-10'),
    (4, 'Omar', 'Diaz', 'Sales', 4800.00, 3, '2024-04-01'),
    (5, 'Pia', 'Lund', 'Support', 4100.00, 3, '2026-08-03');

-- Names that are words of SQL, of ours, in capitals, with an umlaut, with a space.
CREATE TABLE "Order" (id INTEGER PRIMARY KEY, "select" VARCHAR(20) NOT NULL, "User Name" VARCHAR(20));
INSERT INTO "Order" VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'a', NULL);
CREATE TABLE locks (id INTEGER PRIMARY KEY, maker VARCHAR(20) NOT NULL, width INTEGER NOT NULL);
INSERT INTO locks VALUES (1, 'Abus', 40), (2, 'Yale', 60), (3, 'Abus', 50), (4, 'Burg', 45);
CREATE TABLE settings (name VARCHAR(20) PRIMARY KEY, value VARCHAR(20) NOT NULL);
INSERT INTO settings VALUES ('theme', 'dark'), ('lang', 'en');
CREATE TABLE users (id INTEGER PRIMARY KEY, login VARCHAR(20) NOT NULL, last_seen TIMESTAMP);
INSERT INTO users VALUES (1, 'root', '2026-08-19 10:00:00'), (2, 'guest', NULL), (3, 'alice', '2026-08-01 08:00:00');
CREATE TABLE "Größen" (id INTEGER PRIMARY KEY, kürzel VARCHAR(5) NOT NULL);
INSERT INTO "Größen" VALUES (1, 'S'), (2, 'M');
CREATE TABLE web_sessions (token VARCHAR(20) NOT NULL, "Started At" TIMESTAMP NOT NULL);
INSERT INTO web_sessions VALUES ('t1', '2026-08-19 08:00:00'), ('t2', '2026-08-19 09:00:00');

CREATE VIEW big_orders AS SELECT id, total FROM orders WHERE total > 100;
CREATE INDEX orders_customer ON orders (customer_id);
