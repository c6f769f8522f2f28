//! Settings and limits of roles.

use super::{identifier, setting};

/// One setting for the later sessions of a role; none takes it back.
pub(super) fn set(role: &str, name: &str, value: Option<&str>) -> Result<String, String> {
    setting(&format!("ALTER ROLE {}", identifier(role, "a role")?), name, value)
}

/// How many connections a role may have; none lifts the limit, which the server writes as -1.
pub(super) fn limit(role: &str, most: Option<u32>) -> Result<String, String> {
    let role = identifier(role, "a role")?;
    match most {
        Some(0) => Err("a limit of 0 would lock the role out".into()),
        Some(most) if i32::try_from(most).is_err() => Err(format!("{most} is no limit that the server can keep")),
        Some(most) => Ok(format!("ALTER ROLE {role} CONNECTION LIMIT {most}")),
        None => Ok(format!("ALTER ROLE {role} CONNECTION LIMIT -1")),
    }
}

#[cfg(test)]
mod tests {
    use super::{limit, set};

    #[test]
    fn roles_are_quoted_and_limited_with_sense() {
        assert_eq!(set("app", "work_mem", Some("64MB")).as_deref(), Ok("ALTER ROLE app SET work_mem = '64MB'"));
        assert_eq!(
            set("App \"x\"; DROP", "search_path", Some("app, public")).as_deref(),
            Ok("ALTER ROLE \"App \"\"x\"\"; DROP\" SET search_path = 'app', 'public'")
        );
        assert_eq!(set("app", "work_mem", None).as_deref(), Ok("ALTER ROLE app RESET work_mem"));
        for (role, name) in [("", "work_mem"), ("app", "all"), ("app", "work_mem = 1; --"), ("a\nb", "work_mem")] {
            assert!(set(role, name, None).is_err(), "{role:?} {name}");
        }
        assert!(set("app", "session_preload_libraries", Some("evil")).is_err());

        assert_eq!(limit("app", Some(20)).as_deref(), Ok("ALTER ROLE app CONNECTION LIMIT 20"));
        assert_eq!(limit("app", None).as_deref(), Ok("ALTER ROLE app CONNECTION LIMIT -1"));
        assert!(limit("app", Some(0)).is_err() && limit("app", Some(u32::MAX)).is_err());
    }
}
