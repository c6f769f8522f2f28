//! Fills the shop: the same one every time, but for its dates, which end at `now`.

use super::bulk::Bulk;
use super::calendar::{Calendar, DAY, moment, order_moments};
use super::random::Random;
use super::words::{CITIES, COMMENTS, DEPARTMENTS, FINISHES, FIRST_NAMES, LAST_NAMES, STREETS, TITLES};
use rusqlite::types::Null;
use rusqlite::{Connection, Result, params};

/// Rows of the tables whose number is fixed.
pub(super) const CUSTOMERS: i64 = 12_000;
pub(super) const PRODUCTS: i64 = 1_200;
const ORDERS: i64 = 60_000;
const EMPLOYEES: i64 = 120;
const REVIEWS: i64 = 20_000;
/// The first employee who leads nobody: after the director and the heads of the five departments.
const FIRST_STAFF: i64 = 7;
/// Customers that were there before the first order.
const FIRST_CUSTOMERS: i64 = 4_000;

/// Fills all tables. `progress` hears how much of the work is done, from 0 to 1.
pub(super) fn fill(connection: &Connection, now: i64, progress: &mut dyn FnMut(f64)) -> Result<()> {
    let calendar = Calendar::ending(now);
    let mut random = Random::new(0x5109_0e5e_ed00_0001);
    employees(connection, now, &mut random)?;
    let joined = customers(connection, &calendar, now, &mut random)?;
    progress(0.08);
    let prices = products(connection, &calendar, &mut random)?;
    progress(0.1);
    orders(connection, &calendar, now, &joined, &prices, &mut random, &mut |done| progress(0.1 + 0.8 * done))?;
    reviews(connection, &calendar, now, &mut random)?;
    progress(1.0);
    Ok(())
}

/// A person's name, and the address that fits it and a number.
fn person(random: &mut Random) -> String {
    format!("{} {}", random.pick(FIRST_NAMES), random.pick(LAST_NAMES))
}

fn email(name: &str, number: i64, domain: &str) -> String {
    let mailbox = name.to_lowercase().replace(' ', ".");
    format!("{mailbox}{number}@{domain}")
}

/// One head, five heads of department below, and everybody else below those.
fn employees(connection: &Connection, now: i64, random: &mut Random) -> Result<()> {
    let mut insert = connection.prepare("INSERT INTO employees VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?;
    let heads = DEPARTMENTS.iter().map(|department| (format!("Head of {}", department.name), Some(1)));
    let mut leaders = std::iter::once(("Managing Director".to_owned(), None)).chain(heads);
    for id in 1..=EMPLOYEES {
        let (title, manager) = leaders
            .next()
            .unwrap_or_else(|| (random.pick(TITLES).to_owned(), Some(random.between(2, FIRST_STAFF - 1))));
        let name = person(random);
        let hired = moment(now - random.between(60, 4000) * DAY);
        insert.execute(params![id, name, email(&name, id, "shop.example"), title, manager, &hired[..10]])?;
    }
    Ok(())
}

/// Customers with their addresses, in the order in which they joined; returns when that was.
fn customers(connection: &Connection, calendar: &Calendar, now: i64, random: &mut Random) -> Result<Vec<i64>> {
    let mut insert = Bulk::new(connection, "customers", 7)?;
    let mut address = Bulk::new(connection, "addresses", 7)?;
    let places: usize = CITIES.iter().map(|(_, _, weight)| weight).sum();
    let mut joined: Vec<i64> = (0..CUSTOMERS)
        .map(|position| {
            if position < FIRST_CUSTOMERS {
                calendar.start() - random.between(1, 500 * DAY)
            } else {
                random.between(calendar.start(), now)
            }
        })
        .collect();
    joined.sort_unstable();
    let mut buffer = String::new();
    for (id, since) in (1_i64..).zip(&joined) {
        let name = person(random);
        let (city, country) = city(random.below(places));
        let domain = random.pick(&["mail.example", "post.example", "inbox.example"]);
        let segment = random.weighted(&[("consumer", 82), ("business", 14), ("reseller", 4)]);
        insert.row(params![
            id,
            name,
            email(&name, id, domain),
            city,
            country,
            segment,
            calendar.write(*since, &mut buffer)
        ])?;
        for kind in ["home", "work"].iter().take(1 + usize::from(random.percent(18))) {
            let street = format!("{} {}", random.pick(STREETS), random.between(1, 180));
            let postcode = format!("{:05}", random.between(1000, 99_999));
            address.row(params![Null, id, kind, street, postcode, city, country])?;
        }
    }
    insert.finish()?;
    address.finish()?;
    Ok(joined)
}

fn city(mut at: usize) -> (&'static str, &'static str) {
    for (city, country, weight) in CITIES {
        if at < *weight {
            return (city, country);
        }
        at -= weight;
    }
    CITIES.last().map_or(("", ""), |(city, country, _)| (city, country))
}

/// Departments, their sections and their goods; returns each id with its price in cents.
fn products(connection: &Connection, calendar: &Calendar, random: &mut Random) -> Result<Vec<(i64, i64)>> {
    let mut category = connection.prepare("INSERT INTO categories VALUES (?1, ?2, ?3)")?;
    let mut sections = Vec::new();
    let mut next = 1_i64;
    for department in DEPARTMENTS {
        let parent = next;
        category.execute(params![parent, department.name, None::<i64>])?;
        next += 1;
        for (section, goods, price) in department.sections {
            category.execute(params![next, section, parent])?;
            sections.push((next, *section, *goods, *price));
            next += 1;
        }
    }
    let mut insert = connection.prepare("INSERT INTO products VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")?;
    let mut prices = Vec::new();
    let mut buffer = String::new();
    for id in 1..=PRODUCTS {
        let (category_id, section, goods, usual) = sections[random.below(sections.len())];
        let name = format!("{} {}", random.pick(FINISHES), random.pick(goods));
        let sku = format!("{}-{id:05}", section[..3].to_uppercase());
        // Between half and twice the usual price, ending in 90 cents.
        let cents = usual * random.between(50, 200) / 10_000 * 100 + 90;
        let since = calendar.start() - random.between(0, 600 * DAY);
        let stock = if random.percent(4) { 0 } else { random.between(1, 400) };
        let active = !random.percent(6);
        insert.execute(params![
            id,
            sku,
            name,
            category_id,
            money(cents),
            stock,
            active,
            calendar.write(since, &mut buffer)
        ])?;
        prices.push((id, cents));
    }
    Ok(prices)
}

/// Orders in the order of time, each with its lines and its payment.
fn orders(
    connection: &Connection,
    calendar: &Calendar,
    now: i64,
    joined: &[i64],
    prices: &[(i64, i64)],
    random: &mut Random,
    progress: &mut dyn FnMut(f64),
) -> Result<()> {
    let mut order = Bulk::new(connection, "orders", 7)?;
    let mut item = Bulk::new(connection, "order_items", 5)?;
    let mut payment = Bulk::new(connection, "payments", 6)?;
    let (mut ordered, mut shipped) = (String::new(), String::new());
    // Customers who have joined by the moment of the order.
    let mut known = 1;
    for (id, at) in (1_i64..).zip(order_moments(calendar, now, ORDERS, random)) {
        if id % (ORDERS / 20) == 0 {
            progress(id as f64 / ORDERS as f64);
        }
        while joined.get(known).is_some_and(|since| *since <= at) {
            known += 1;
        }
        let customer = random.skewed(i64::try_from(known).unwrap_or(1));
        let employee = random.percent(25).then(|| random.between(FIRST_STAFF, EMPLOYEES));
        let age = (now - at) / DAY;
        let status = status(age, random);
        let lines = LINES[random.below(LINES.len())];
        let mut total = 0;
        for line in 1..=lines {
            let (product, price) = prices[usize::try_from(random.skewed(PRODUCTS) - 1).unwrap_or(0)];
            let quantity = QUANTITIES[random.below(QUANTITIES.len())];
            total += price * quantity;
            item.row(params![id, line, product, quantity, money(price)])?;
        }
        let on_its_way = matches!(status, "shipped" | "delivered" | "returned");
        let sent = (at + random.between(DAY / 6, 3 * DAY)).min(now);
        let sent = on_its_way.then(|| calendar.write(sent, &mut shipped));
        order.row(params![id, customer, employee, status, money(total), calendar.write(at, &mut ordered), sent])?;
        let state = match status {
            "pending" => "open",
            "cancelled" => ["failed", "refunded"][random.below(2)],
            "returned" => "refunded",
            _ => "settled",
        };
        let method = random.weighted(&[("card", 55), ("paypal", 25), ("invoice", 14), ("bank transfer", 6)]);
        let paid = (at + random.between(5, 1800)).min(now);
        payment.row(params![Null, id, method, state, money(total), calendar.write(paid, &mut ordered)])?;
    }
    order.finish()?;
    item.finish()?;
    payment.finish()
}

/// Lines of an order: two and a half on average.
const LINES: &[i64] = &[1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 5, 7];

/// How many of a product are bought at once.
const QUANTITIES: &[i64] = &[1, 1, 1, 1, 1, 2, 2, 3, 4, 6];

/// What becomes of an order in so many days.
fn status(age: i64, random: &mut Random) -> &'static str {
    random.weighted(match age {
        0..=1 => &[("pending", 45), ("paid", 40), ("shipped", 12), ("cancelled", 3)],
        2..=4 => &[("pending", 8), ("paid", 22), ("shipped", 55), ("delivered", 10), ("cancelled", 5)],
        5..=14 => &[("paid", 2), ("shipped", 23), ("delivered", 68), ("cancelled", 5), ("returned", 2)],
        _ => &[("delivered", 88), ("cancelled", 6), ("returned", 6)],
    })
}

fn reviews(connection: &Connection, calendar: &Calendar, now: i64, random: &mut Random) -> Result<()> {
    let mut insert = Bulk::new(connection, "reviews", 6)?;
    let mut buffer = String::new();
    for _ in 0..REVIEWS {
        let (stars, comments) = COMMENTS[[0, 1, 2, 2, 3, 3, 3, 4, 4, 4][random.below(10)]];
        let comment = random.percent(70).then(|| random.pick(comments));
        let (product, customer) = (random.skewed(PRODUCTS), random.skewed(CUSTOMERS));
        let at = random.between(calendar.start(), now);
        insert.row(params![Null, product, customer, stars, comment, calendar.write(at, &mut buffer)])?;
    }
    insert.finish()
}

/// Cents as the decimal that the column holds.
fn money(cents: i64) -> f64 {
    cents as f64 / 100.0
}
