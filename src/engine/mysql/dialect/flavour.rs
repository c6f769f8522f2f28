//! MySQL or MariaDB, and which version: told by the number of the server's version.

use crate::domain::schema::Schema;

/// Which of the two a server is. MariaDB counts from 10 on and MySQL is below it, so the number alone tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::engine::mysql) enum Flavour {
    /// MySQL with its version, major * 10000 + minor * 100 + patch.
    Mysql(u32),
    /// MariaDB with its version.
    Mariadb(u32),
}

/// The first version number that is MariaDB's.
const MARIADB: u32 = 100_000;

impl Flavour {
    /// Of the server that a schema was read from. An unknown version is read as the newest MySQL.
    pub(super) fn of(schema: &Schema) -> Self {
        Self::of_version(schema.server_version)
    }

    /// Of the number of a version.
    pub(in crate::engine::mysql) fn of_version(number: u32) -> Self {
        match number {
            0 => Self::Mysql(MARIADB - 1),
            number if number >= MARIADB => Self::Mariadb(number),
            number => Self::Mysql(number),
        }
    }

    /// MariaDB of any version.
    pub(in crate::engine::mysql) fn is_mariadb(self) -> bool {
        matches!(self, Self::Mariadb(_))
    }

    /// MySQL from this version on.
    pub(in crate::engine::mysql) fn is_mysql_since(self, version: u32) -> bool {
        matches!(self, Self::Mysql(number) if number >= version)
    }

    /// The product's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Mysql(_) => "MySQL",
            Self::Mariadb(_) => "MariaDB",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Flavour;
    use crate::domain::schema::Schema;

    #[test]
    fn the_number_tells_the_two_apart() {
        let of = |server_version| Flavour::of(&Schema { server_version, ..Schema::default() });
        assert_eq!(of(80_036), Flavour::Mysql(80_036));
        assert!(of(90_100).is_mysql_since(80_000));
        assert_eq!(of(101_119), Flavour::Mariadb(101_119));
        assert!(of(0).is_mysql_since(90_000));
    }
}
