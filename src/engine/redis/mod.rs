//! Redis and Valkey as an engine: its line in the registry. One file per concern beside it.

mod connect;
mod diagnose;
mod dialect;
mod fix;
mod hosting;
mod procedures;
mod reports;
mod sample;
mod schema;
mod session;
mod simulate;
mod views;
mod wire;

use crate::domain::target::EngineId;
use crate::engine::EngineSpec;
use crate::engine::gates::Gates;

/// The engine's id.
pub const ID: EngineId = EngineId("redis");

/// The registry line.
pub static SPEC: EngineSpec = EngineSpec {
    id: ID,
    name: "Redis",
    schemes: &["redis", "rediss", "valkey", "valkeys", "redis+unix", "valkey+unix", "unix"],
    file_endings: &[],
    has_sessions: true,
    takes_password: true,
    minimum_version: "Redis 6 or Valkey 7.2",
    least_privilege: include_str!("least_privilege.txt"),
    least_privilege_fix: include_str!("least_privilege_fix.txt"),
    gates: Gates::ROLE_ALONE,
    hosting: &hosting::HOSTING,
    presets: &[],
    dialect: dialect::DIALECT,
    views: views::VIEWS,
    address: connect::address,
    destination: connect::destination,
    connect: connect::connect,
    sample: sample::sample,
    reports: Some(reports::reports),
    fixing: &fix::FIXING,
    examination: &diagnose::EXAMINATION,
    definitions: None,
    simulations: simulate::SIMULATIONS,
    schema: schema::schema,
    with_database: connect::with_database,
    discover: connect::discover,
};

#[cfg(test)]
mod tests {
    use super::SPEC;
    use super::dialect::classify::READS;

    /// What every connection of ours sends before the first question, and HELLO's own relatives.
    const FRAME: &[&str] = &[
        "hello",
        "auth",
        "select",
        "readonly",
        "client|setname",
        "client|setinfo",
        "client|no-evict",
        "client|no-touch",
    ];

    #[test]
    fn the_recommended_login_may_run_what_we_read_and_nothing_else() {
        let granted: Vec<&str> = SPEC
            .least_privilege
            .lines()
            .filter(|line| line.starts_with("ACL SETUSER dbagpt_ro"))
            .flat_map(str::split_ascii_whitespace)
            .filter_map(|word| word.strip_prefix('+'))
            .collect();
        let reads: Vec<String> =
            READS.iter().map(|read| read.full_name().to_ascii_lowercase().replace(' ', "|")).collect();
        for read in &reads {
            assert!(granted.contains(&read.as_str()), "{read} is not granted");
        }
        for word in &granted {
            assert!(reads.iter().any(|read| read == word) || FRAME.contains(word), "{word} is granted for nothing");
        }
        assert!(!SPEC.least_privilege.contains("+@"), "categories change between versions");
    }
}
