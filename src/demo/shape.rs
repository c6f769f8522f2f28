//! The tables, indexes and views of the shop. One index is missing on purpose (`order_items.product_id`), and one is
//! there twice (`orders_by_customer`), so that there is something to find.

/// The tables, in an order in which foreign keys point backwards.
pub(super) const TABLES: &str = "
CREATE TABLE employees (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  title TEXT NOT NULL,
  manager_id INTEGER REFERENCES employees(id),
  hired_on DATE NOT NULL
);
CREATE TABLE customers (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  city TEXT NOT NULL,
  country TEXT NOT NULL,
  segment TEXT NOT NULL CHECK (segment IN ('consumer', 'business', 'reseller')),
  created_at DATETIME NOT NULL
);
CREATE TABLE addresses (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers(id),
  kind TEXT NOT NULL CHECK (kind IN ('home', 'work')),
  street TEXT NOT NULL,
  postcode TEXT NOT NULL,
  city TEXT NOT NULL,
  country TEXT NOT NULL
);
CREATE TABLE categories (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  parent_id INTEGER REFERENCES categories(id)
);
CREATE TABLE products (
  id INTEGER PRIMARY KEY,
  sku TEXT NOT NULL,
  name TEXT NOT NULL,
  category_id INTEGER NOT NULL REFERENCES categories(id),
  price DECIMAL(10,2) NOT NULL,
  stock INTEGER NOT NULL,
  active BOOLEAN NOT NULL DEFAULT 1,
  created_at DATETIME NOT NULL
);
CREATE TABLE orders (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customers(id),
  employee_id INTEGER REFERENCES employees(id),
  status TEXT NOT NULL CHECK (status IN ('pending', 'paid', 'shipped', 'delivered', 'cancelled', 'returned')),
  total DECIMAL(10,2) NOT NULL,
  ordered_at DATETIME NOT NULL,
  shipped_at DATETIME
);
CREATE TABLE order_items (
  order_id INTEGER NOT NULL REFERENCES orders(id),
  line INTEGER NOT NULL,
  product_id INTEGER NOT NULL REFERENCES products(id),
  quantity INTEGER NOT NULL,
  unit_price DECIMAL(10,2) NOT NULL,
  PRIMARY KEY (order_id, line)
) WITHOUT ROWID;
CREATE TABLE payments (
  id INTEGER PRIMARY KEY,
  order_id INTEGER NOT NULL REFERENCES orders(id),
  method TEXT NOT NULL CHECK (method IN ('card', 'invoice', 'paypal', 'bank transfer')),
  status TEXT NOT NULL CHECK (status IN ('open', 'settled', 'refunded', 'failed')),
  amount DECIMAL(10,2) NOT NULL,
  paid_at DATETIME NOT NULL
);
CREATE TABLE reviews (
  id INTEGER PRIMARY KEY,
  product_id INTEGER NOT NULL REFERENCES products(id),
  customer_id INTEGER NOT NULL REFERENCES customers(id),
  rating INTEGER NOT NULL CHECK (rating BETWEEN 1 AND 5),
  comment TEXT,
  created_at DATETIME NOT NULL
);
";

/// The indexes, built when the tables are full. Each statement is one step of the progress.
pub(super) const INDEXES: &[&str] = &[
    "CREATE INDEX employees_manager ON employees(manager_id)",
    "CREATE UNIQUE INDEX customers_email ON customers(email)",
    "CREATE INDEX customers_country ON customers(country, city)",
    "CREATE INDEX addresses_customer ON addresses(customer_id)",
    "CREATE INDEX categories_parent ON categories(parent_id)",
    "CREATE UNIQUE INDEX products_sku ON products(sku)",
    "CREATE INDEX products_category ON products(category_id)",
    "CREATE INDEX orders_customer ON orders(customer_id)",
    "CREATE INDEX orders_by_customer ON orders(customer_id)",
    "CREATE INDEX orders_employee ON orders(employee_id)",
    "CREATE INDEX orders_ordered_at ON orders(ordered_at)",
    "CREATE INDEX orders_open ON orders(status, ordered_at) WHERE status IN ('pending', 'paid')",
    "CREATE INDEX payments_order ON payments(order_id)",
    "CREATE INDEX reviews_product ON reviews(product_id)",
    "CREATE INDEX reviews_customer ON reviews(customer_id)",
];

/// Two views that people of a shop would make.
pub(super) const VIEWS: &str = "
CREATE VIEW open_orders AS
  SELECT o.id, o.ordered_at, o.status, c.name AS customer, c.country, o.total
  FROM orders o JOIN customers c ON c.id = o.customer_id
  WHERE o.status IN ('pending', 'paid');
CREATE VIEW monthly_sales AS
  SELECT strftime('%Y-%m', ordered_at) AS month, count(*) AS orders, round(sum(total), 2) AS revenue
  FROM orders WHERE status NOT IN ('cancelled', 'returned')
  GROUP BY month;
";
