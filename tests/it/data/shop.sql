-- A shop: the database `shop` of the test servers. Everything is computed from row numbers, so that every run has
-- the same rows; times count back from now, so that "last week" has some.

CREATE EXTENSION pg_stat_statements;

CREATE TYPE order_status AS ENUM ('new', 'paid', 'shipped', 'delivered', 'cancelled');

CREATE TABLE customers (
    id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL,
    email       text NOT NULL UNIQUE,
    city        text NOT NULL,
    country     char(2) NOT NULL,
    vip         boolean NOT NULL DEFAULT false,
    referred_by integer REFERENCES customers (id),
    tags        text[] NOT NULL DEFAULT '{}',
    created_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE customers IS 'People and companies that have bought or may buy';
COMMENT ON COLUMN customers.vip IS 'Pays by invoice, ships first';

CREATE TABLE products (
    id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sku        varchar(20) NOT NULL UNIQUE,
    name       text NOT NULL,
    category   text NOT NULL,
    price      numeric(10, 2) NOT NULL CHECK (price >= 0),
    stock      integer NOT NULL DEFAULT 0,
    attributes jsonb NOT NULL DEFAULT '{}',
    active     boolean NOT NULL DEFAULT true
);
COMMENT ON TABLE products IS 'What is sold';
COMMENT ON COLUMN products.price IS 'Euro, with tax';

CREATE TABLE orders (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    customer_id integer NOT NULL REFERENCES customers (id),
    status      order_status NOT NULL DEFAULT 'new',
    total       numeric(12, 2) NOT NULL DEFAULT 0,
    note        text,
    placed_at   timestamptz NOT NULL DEFAULT now(),
    shipped_at  timestamptz
);
COMMENT ON TABLE orders IS 'One row for each order, whatever became of it';
CREATE INDEX orders_customer_id ON orders (customer_id);
CREATE INDEX orders_placed_at ON orders (placed_at);

-- The foreign key to products has no index: the missing one.
CREATE TABLE order_items (
    order_id   bigint NOT NULL REFERENCES orders (id) ON DELETE CASCADE,
    line       smallint NOT NULL,
    product_id integer NOT NULL REFERENCES products (id),
    quantity   integer NOT NULL CHECK (quantity > 0),
    unit_price numeric(10, 2) NOT NULL,
    PRIMARY KEY (order_id, line)
);

CREATE TABLE payments (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id  bigint NOT NULL REFERENCES orders (id),
    method    text NOT NULL,
    amount    numeric(12, 2) NOT NULL,
    reference uuid NOT NULL,
    paid_at   timestamptz NOT NULL
);
CREATE INDEX payments_order_id ON payments (order_id);
CREATE INDEX payments_order_id_again ON payments (order_id);   -- a duplicate
CREATE INDEX payments_reference ON payments (reference);       -- never used

-- Names that must be quoted: mixed case, a reserved word, a space, a quote.
CREATE TABLE "Invoice" (
    "Id"         integer PRIMARY KEY,
    "OrderId"    bigint REFERENCES orders (id),
    "Amount Due" numeric(12, 2) NOT NULL,
    "isOverdue"  boolean NOT NULL
);
CREATE TABLE "order" (
    id     integer PRIMARY KEY,
    "user" text NOT NULL,
    "select" text
);
CREATE TABLE "it's ""odd""" (id integer PRIMARY KEY, "a,b" text);

-- No primary key, a column of every awkward type, and empty.
CREATE TABLE audit_log (
    at      timestamptz,
    actor   text,
    address inet,
    payload bytea,
    detail  json,
    took    interval
);

CREATE TABLE events (id bigint NOT NULL, at date NOT NULL, kind text NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE events_old PARTITION OF events FOR VALUES FROM (MINVALUE) TO ('2026-01-01');
CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE events_later PARTITION OF events DEFAULT;

-- A second schema, with a table of the same name as one in the first. dbagpt_ro may not look into it.
CREATE SCHEMA archive;
CREATE TABLE archive.orders (
    id          bigint PRIMARY KEY,
    customer_id integer NOT NULL,
    total       numeric(12, 2) NOT NULL,
    placed_at   timestamptz NOT NULL
);
CREATE TABLE archive.returns (
    id       integer PRIMARY KEY,
    order_id bigint NOT NULL REFERENCES archive.orders (id),
    reason   text
);

INSERT INTO customers (name, email, city, country, vip, referred_by, tags, created_at)
SELECT
    (ARRAY['Ada', 'Björn', 'Chloé', 'Dmitri', 'Elif', 'Femi', 'Grace', 'Hana'])[1 + n % 8]
        || ' ' || (ARRAY['Smith', 'Müller', 'Rossi', 'Sato', 'Okafor', 'Novák', 'O''Brien'])[1 + n % 7],
    'customer' || n || '@example.com',
    (ARRAY['Berlin', 'Paris', 'Rome', 'Tokyo', 'Lagos', 'Prague', 'Dublin', 'Lyon', 'Munich'])[1 + n % 9],
    (ARRAY['DE', 'FR', 'IT', 'JP', 'NG', 'CZ', 'IE', 'FR', 'DE'])[1 + n % 9],
    n % 20 = 0,
    CASE WHEN n % 10 = 3 THEN n / 2 END,
    CASE WHEN n % 4 = 0 THEN ARRAY['newsletter'] WHEN n % 6 = 0 THEN ARRAY['newsletter', 'wholesale'] ELSE '{}' END,
    now() - n * interval '9 hours'
FROM generate_series(1, 1000) AS n;

INSERT INTO products (sku, name, category, price, stock, attributes, active)
SELECT
    'SKU-' || lpad(n::text, 5, '0'),
    (ARRAY['Red', 'Blue', 'Green', 'Plain'])[1 + n % 4] || ' ' || (ARRAY['mug', 'lamp', 'chair', 'desk', 'book'])[1 + n % 5] || ' ' || n,
    (ARRAY['kitchen', 'light', 'furniture', 'furniture', 'books'])[1 + n % 5],
    round((5 + n * 37 % 500)::numeric + 0.99, 2),
    n * 13 % 200,
    jsonb_build_object('weight_g', 100 + n * 7 % 900, 'fragile', n % 3 = 0),
    n % 25 <> 0
FROM generate_series(1, 200) AS n;

INSERT INTO orders (customer_id, status, total, note, placed_at, shipped_at)
SELECT
    1 + n * 7 % 950,
    (ARRAY['delivered', 'delivered', 'shipped', 'paid', 'new', 'cancelled']::order_status[])[1 + n % 6],
    0,
    CASE WHEN n % 50 = 0 THEN 'leave at the door' END,
    now() - n * interval '45 minutes',
    CASE WHEN n % 6 <= 2 THEN now() - n * interval '45 minutes' + interval '2 days' END
FROM generate_series(1, 5000) AS n;

INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
SELECT o.id, line, p.id, 1 + (o.id + line) % 3, p.price
FROM orders AS o
CROSS JOIN generate_series(1, 3) AS line
JOIN products AS p ON p.id = 1 + (o.id * 11 + line * 17) % 200
WHERE line <= 1 + o.id % 3;

UPDATE orders SET total = s.total
FROM (SELECT order_id, sum(quantity * unit_price) AS total FROM order_items GROUP BY order_id) AS s
WHERE s.order_id = orders.id;

INSERT INTO payments (order_id, method, amount, reference, paid_at)
SELECT id, (ARRAY['card', 'card', 'transfer', 'paypal'])[1 + id % 4], total, md5(id::text)::uuid,
    placed_at + interval '10 minutes'
FROM orders WHERE status IN ('paid', 'shipped', 'delivered');

INSERT INTO "Invoice" SELECT n, n * 10, n * 12.5, n % 3 = 0 FROM generate_series(1, 120) AS n;
INSERT INTO "order" VALUES (1, 'ada', 'first'), (2, 'björn', NULL), (3, 'chloé', '');
INSERT INTO "it's ""odd""" VALUES (1, 'one'), (2, 'two');
INSERT INTO events SELECT n, date '2025-07-01' + n, (ARRAY['login', 'view', 'buy'])[1 + n % 3]
FROM generate_series(1, 400) AS n;
INSERT INTO archive.orders SELECT n, 1 + n % 900, n * 3.5, now() - interval '2 years' - n * interval '1 hour'
FROM generate_series(1, 800) AS n;
INSERT INTO archive.returns SELECT n, n * 5, CASE n % 2 WHEN 0 THEN 'broken' END FROM generate_series(1, 60) AS n;

CREATE VIEW order_totals AS
SELECT o.id AS order_id, c.name AS customer, o.status, sum(i.quantity * i.unit_price) AS total
FROM orders AS o
JOIN customers AS c ON c.id = o.customer_id
JOIN order_items AS i ON i.order_id = o.id
GROUP BY o.id, c.name, o.status;
COMMENT ON VIEW order_totals IS 'What each order comes to, computed from its items';

CREATE MATERIALIZED VIEW sales_by_day AS
SELECT date_trunc('day', placed_at) AS day, count(*) AS orders, sum(total) AS total FROM orders GROUP BY 1;

CREATE FUNCTION order_count(customer integer) RETURNS bigint LANGUAGE sql STABLE
AS 'SELECT count(*) FROM public.orders WHERE customer_id = customer';

GRANT USAGE ON SCHEMA public TO dbagpt_ro;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO dbagpt_ro;
GRANT SELECT, INSERT ON orders TO shop_staff;

VACUUM ANALYZE;
