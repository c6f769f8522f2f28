-- The shop on MySQL and MariaDB, for both in one text: the database `shop` (the twin of `shop.sql`), and the database
-- `questions` with the few rows that questions are asked about (the twin of `questions_shop.sql`).

SET NAMES utf8mb4;
SET sql_mode = 'STRICT_TRANS_TABLES';

CREATE TABLE customers (
    id          INT AUTO_INCREMENT PRIMARY KEY,
    name        VARCHAR(80) NOT NULL,
    email       VARCHAR(120) NOT NULL UNIQUE,
    city        VARCHAR(40) NOT NULL,
    country     CHAR(2) NOT NULL,
    vip         BOOLEAN NOT NULL DEFAULT FALSE COMMENT 'Pays by invoice, ships first',
    referred_by INT,
    tags        SET('newsletter', 'wholesale') NOT NULL DEFAULT '',
    created_at  TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP,
    FOREIGN KEY (referred_by) REFERENCES customers (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='People and companies that have bought or may buy';

CREATE TABLE products (
    id         INT AUTO_INCREMENT PRIMARY KEY,
    sku        VARCHAR(20) NOT NULL UNIQUE,
    name       VARCHAR(80) NOT NULL,
    category   VARCHAR(40) NOT NULL,
    price      DECIMAL(10, 2) NOT NULL COMMENT 'Euro, with tax',
    stock      INT NOT NULL DEFAULT 0,
    attributes JSON NOT NULL,
    active     BOOLEAN NOT NULL DEFAULT TRUE,
    CONSTRAINT price_is_not_negative CHECK (price >= 0)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='What is sold';

CREATE TABLE orders (
    id          BIGINT AUTO_INCREMENT PRIMARY KEY,
    customer_id INT NOT NULL,
    status      ENUM('new', 'paid', 'shipped', 'delivered', 'cancelled') NOT NULL DEFAULT 'new',
    total       DECIMAL(12, 2) NOT NULL DEFAULT 0,
    note        TEXT,
    placed_at   DATETIME NOT NULL,
    shipped_at  DATETIME,
    KEY orders_placed_at (placed_at),
    CONSTRAINT orders_customer FOREIGN KEY (customer_id) REFERENCES customers (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='One row for each order, whatever became of it';

CREATE TABLE order_items (
    order_id   BIGINT NOT NULL,
    line       SMALLINT NOT NULL,
    product_id INT NOT NULL,
    quantity   INT NOT NULL,
    unit_price DECIMAL(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line),
    CONSTRAINT items_order FOREIGN KEY (order_id) REFERENCES orders (id) ON DELETE CASCADE,
    CONSTRAINT items_product FOREIGN KEY (product_id) REFERENCES products (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- A duplicate index, and one that nothing uses.
CREATE TABLE payments (
    id        BIGINT UNSIGNED AUTO_INCREMENT PRIMARY KEY,
    order_id  BIGINT NOT NULL,
    method    VARCHAR(20) NOT NULL,
    amount    DECIMAL(12, 2) NOT NULL,
    reference CHAR(32) NOT NULL,
    paid_at   DATETIME NOT NULL,
    KEY payments_order_id (order_id),
    KEY payments_order_id_again (order_id),
    KEY payments_reference (reference),
    CONSTRAINT payments_order FOREIGN KEY (order_id) REFERENCES orders (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

-- Names that must be quoted: mixed case, reserved words, a space, a quote.
CREATE TABLE `Invoice` (
    `Id`         INT PRIMARY KEY,
    `OrderId`    BIGINT,
    `Amount Due` DECIMAL(12, 2) NOT NULL,
    `isOverdue`  BOOLEAN NOT NULL,
    FOREIGN KEY (`OrderId`) REFERENCES orders (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE `order` (id INT PRIMARY KEY, `user` VARCHAR(20) NOT NULL, `select` VARCHAR(20)) DEFAULT CHARSET=utf8mb4;
CREATE TABLE `it's ``odd``` (id INT PRIMARY KEY, `a,b` VARCHAR(20)) DEFAULT CHARSET=utf8mb4;

-- No primary key, a column of every awkward type, another storage engine and charset, and empty.
CREATE TABLE audit_log (
    at      DATETIME(6),
    actor   VARCHAR(40),
    payload LONGBLOB,
    flags   BIT(5),
    took    TIME(3),
    yearly  YEAR,
    spot    POINT,
    detail  JSON
) ENGINE=MyISAM DEFAULT CHARSET=latin1;

CREATE TABLE events (id BIGINT NOT NULL, at DATE NOT NULL, kind VARCHAR(10) NOT NULL) DEFAULT CHARSET=utf8mb4
PARTITION BY RANGE (YEAR(at)) (
    PARTITION events_old VALUES LESS THAN (2026),
    PARTITION events_2026 VALUES LESS THAN (2027),
    PARTITION events_later VALUES LESS THAN MAXVALUE
);

-- Numbers from 1 to 10,000, to compute rows from.
CREATE TEMPORARY TABLE numbers (n INT PRIMARY KEY);
INSERT INTO numbers WITH d AS (
    SELECT 0 AS v UNION ALL SELECT 1 UNION ALL SELECT 2 UNION ALL SELECT 3 UNION ALL SELECT 4
    UNION ALL SELECT 5 UNION ALL SELECT 6 UNION ALL SELECT 7 UNION ALL SELECT 8 UNION ALL SELECT 9
) SELECT 1 + a.v + 10 * b.v + 100 * c.v + 1000 * e.v FROM d AS a, d AS b, d AS c, d AS e;

INSERT INTO customers (name, email, city, country, vip, referred_by, tags, created_at)
SELECT
    CONCAT(ELT(1 + n % 8, 'Ada', 'Björn', 'Chloé', 'Dmitri', 'Elif', 'Femi', 'Grace', 'Hana'), ' ',
        ELT(1 + n % 7, 'Smith', 'Müller', 'Rossi', 'Sato', 'Okafor', 'Novák', 'O''Brien')),
    CONCAT('customer', n, '@example.com'),
    ELT(1 + n % 9, 'Berlin', 'Paris', 'Rome', 'Tokyo', 'Lagos', 'Prague', 'Dublin', 'Lyon', 'Munich'),
    ELT(1 + n % 9, 'DE', 'FR', 'IT', 'JP', 'NG', 'CZ', 'IE', 'FR', 'DE'),
    n % 20 = 0,
    NULL,
    CASE WHEN n % 4 = 0 THEN 'newsletter' WHEN n % 6 = 0 THEN 'newsletter,wholesale' ELSE '' END,
    NOW() - INTERVAL n * 9 HOUR
FROM numbers WHERE n <= 1000 ORDER BY n;
UPDATE customers SET referred_by = id DIV 2 WHERE id % 10 = 3;

INSERT INTO products (sku, name, category, price, stock, attributes, active)
SELECT
    CONCAT('SKU-', LPAD(n, 5, '0')),
    CONCAT(ELT(1 + n % 4, 'Red', 'Blue', 'Green', 'Plain'), ' ', ELT(1 + n % 5, 'mug', 'lamp', 'chair', 'desk', 'book'), ' ', n),
    ELT(1 + n % 5, 'kitchen', 'light', 'furniture', 'furniture', 'books'),
    5 + n * 37 % 500 + 0.99,
    n * 13 % 200,
    JSON_OBJECT('weight_g', 100 + n * 7 % 900, 'fragile', n % 3 = 0),
    n % 25 <> 0
FROM numbers WHERE n <= 200 ORDER BY n;

INSERT INTO orders (customer_id, status, total, note, placed_at, shipped_at)
SELECT
    1 + n * 7 % 950,
    ELT(1 + n % 6, 'delivered', 'delivered', 'shipped', 'paid', 'new', 'cancelled'),
    0,
    CASE WHEN n % 50 = 0 THEN 'leave at the door' END,
    NOW() - INTERVAL n * 45 MINUTE,
    CASE WHEN n % 6 <= 2 THEN NOW() - INTERVAL n * 45 MINUTE + INTERVAL 2 DAY END
FROM numbers WHERE n <= 5000 ORDER BY n;

INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
SELECT o.id, l.n, p.id, 1 + (o.id + l.n) % 3, p.price
FROM orders AS o
JOIN (SELECT n FROM numbers WHERE n <= 3) AS l ON l.n <= 1 + o.id % 3
JOIN products AS p ON p.id = 1 + (o.id * 11 + l.n * 17) % 200;

UPDATE orders JOIN (SELECT order_id, SUM(quantity * unit_price) AS total FROM order_items GROUP BY order_id) AS s
ON s.order_id = orders.id SET orders.total = s.total;

INSERT INTO payments (order_id, method, amount, reference, paid_at)
SELECT id, ELT(1 + id % 4, 'card', 'card', 'transfer', 'paypal'), total, LEFT(SHA2(id, 256), 32), placed_at + INTERVAL 10 MINUTE
FROM orders WHERE status IN ('paid', 'shipped', 'delivered');

INSERT INTO `Invoice` SELECT n, n * 10, n * 12.5, n % 3 = 0 FROM numbers WHERE n <= 120;
INSERT INTO `order` VALUES (1, 'ada', 'first'), (2, 'björn', NULL), (3, 'chloé', '');
INSERT INTO `it's ``odd``` VALUES (1, 'one'), (2, 'two');
INSERT INTO events SELECT n, DATE '2025-07-01' + INTERVAL n DAY, ELT(1 + n % 3, 'login', 'view', 'buy') FROM numbers WHERE n <= 400;
DROP TEMPORARY TABLE numbers;

CREATE VIEW order_totals AS
SELECT o.id AS order_id, c.name AS customer, o.status, SUM(i.quantity * i.unit_price) AS total
FROM orders AS o
JOIN customers AS c ON c.id = o.customer_id
JOIN order_items AS i ON i.order_id = o.id
GROUP BY o.id, c.name, o.status;

CREATE FUNCTION order_count(customer INT) RETURNS BIGINT DETERMINISTIC READS SQL DATA
RETURN (SELECT COUNT(*) FROM orders WHERE customer_id = customer);
CREATE TRIGGER orders_keep_total BEFORE UPDATE ON orders FOR EACH ROW SET NEW.total = COALESCE(NEW.total, 0);
-- A view that runs code of the shop's own: a person has to look at it.
CREATE VIEW busy_customers AS SELECT id, name, order_count(id) AS orders FROM customers;

ANALYZE TABLE customers, products, orders, order_items, payments;

CREATE DATABASE questions CHARACTER SET utf8mb4;
USE questions;
CREATE TABLE categories (id INTEGER PRIMARY KEY, name VARCHAR(40) NOT NULL);
INSERT INTO categories VALUES (1, 'Toys'), (2, 'Books'), (3, 'Garden');

CREATE TABLE products (
    id INTEGER PRIMARY KEY,
    name VARCHAR(60) NOT NULL,
    category_id INTEGER,
    price NUMERIC(10, 2) NOT NULL,
    stock INTEGER NOT NULL,
    discontinued BOOLEAN NOT NULL,
    FOREIGN KEY (category_id) REFERENCES categories (id)
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
    created_at DATETIME NOT NULL
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
    customer_id INTEGER NOT NULL,
    status VARCHAR(20) NOT NULL,
    total NUMERIC(10, 2) NOT NULL,
    note VARCHAR(100),
    created_at DATETIME NOT NULL,
    shipped_at DATETIME,
    FOREIGN KEY (customer_id) REFERENCES customers (id)
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
    order_id INTEGER NOT NULL,
    line INTEGER NOT NULL,
    product_id INTEGER NOT NULL,
    quantity INTEGER NOT NULL,
    unit_price NUMERIC(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line),
    FOREIGN KEY (order_id) REFERENCES orders (id),
    FOREIGN KEY (product_id) REFERENCES products (id)
);
INSERT INTO order_items VALUES
    (1, 1, 1, 2, 25.00), (2, 1, 2, 1, 80.00), (2, 2, 4, 3, 12.00), (3, 1, 4, 2, 12.00), (4, 1, 6, 1, 299.00),
    (5, 1, 3, 1, 45.50), (6, 1, 5, 1, 18.00), (7, 1, 6, 1, 299.00), (8, 1, 1, 4, 25.00), (9, 1, 4, 1, 12.00),
    (10, 1, 2, 2, 80.00), (10, 2, 3, 1, 45.50), (11, 1, 2, 1, 80.00);

CREATE TABLE payments (
    id INTEGER PRIMARY KEY,
    order_id INTEGER NOT NULL,
    method VARCHAR(20) NOT NULL,
    amount NUMERIC(10, 2) NOT NULL,
    paid_on DATE NOT NULL,
    FOREIGN KEY (order_id) REFERENCES orders (id)
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
    manager_id INTEGER,
    hire_date DATE NOT NULL,
    FOREIGN KEY (manager_id) REFERENCES employees (id)
);
INSERT INTO employees VALUES
    (1, 'Grace', 'Hopper', 'Engineering', 9000.00, NULL, '2019-05-01'),
    (2, 'Linus', 'Berg', 'Engineering', 7000.00, 1, '2021-09-15'),
    (3, 'Maya', 'Roth', 'Sales', 5200.00, 1, '2023-01-10'),
    (4, 'Omar', 'Diaz', 'Sales', 4800.00, 3, '2024-04-01'),
    (5, 'Pia', 'Lund', 'Support', 4100.00, 3, '2026-08-03');

-- Names that are words of SQL, of ours, in capitals, with an umlaut, with a space.
CREATE TABLE `Order` (id INTEGER PRIMARY KEY, `select` VARCHAR(20) NOT NULL, `User Name` VARCHAR(20));
INSERT INTO `Order` VALUES (1, 'a', 'x'), (2, 'b', 'y'), (3, 'a', NULL);
CREATE TABLE locks (id INTEGER PRIMARY KEY, maker VARCHAR(20) NOT NULL, width INTEGER NOT NULL);
INSERT INTO locks VALUES (1, 'Abus', 40), (2, 'Yale', 60), (3, 'Abus', 50), (4, 'Burg', 45);
CREATE TABLE settings (name VARCHAR(20) PRIMARY KEY, value VARCHAR(20) NOT NULL);
INSERT INTO settings VALUES ('theme', 'dark'), ('lang', 'en');
CREATE TABLE users (id INTEGER PRIMARY KEY, login VARCHAR(20) NOT NULL, last_seen DATETIME);
INSERT INTO users VALUES (1, 'root', '2026-08-19 10:00:00'), (2, 'guest', NULL), (3, 'alice', '2026-08-01 08:00:00');
CREATE TABLE `Größen` (id INTEGER PRIMARY KEY, kürzel VARCHAR(5) NOT NULL);
INSERT INTO `Größen` VALUES (1, 'S'), (2, 'M');
CREATE TABLE web_sessions (token VARCHAR(20) NOT NULL, `Started At` DATETIME NOT NULL);
INSERT INTO web_sessions VALUES ('t1', '2026-08-19 08:00:00'), ('t2', '2026-08-19 09:00:00');

CREATE VIEW big_orders AS SELECT id, total FROM orders WHERE total > 100;
