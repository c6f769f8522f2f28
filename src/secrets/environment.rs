//! What the programs that we start inherit: enough to be found, to find their files and to reach their agents. All
//! else stays here, above all passwords of other programs.

use std::collections::BTreeMap;

/// Names of the variables that are passed on. Each says where something is; none is itself a secret.
const PASSED_ON: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TMPDIR",
    "XDG_RUNTIME_DIR",
    "XDG_CONFIG_HOME",
    "XDG_DATA_HOME",
    // Agents and password managers.
    "DBUS_SESSION_BUS_ADDRESS",
    "GNUPGHOME",
    "GPG_AGENT_INFO",
    "SSH_AUTH_SOCK",
    "PASSWORD_STORE_DIR",
    "VAULT_ADDR",
    "KRB5CCNAME",
    "KRB5_CONFIG",
    // Programs of the clouds, which fetch tokens and open tunnels: profiles, regions and files.
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "AWS_CA_BUNDLE",
    "AWS_ROLE_ARN",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "CLOUDSDK_CONFIG",
    "CLOUDSDK_ACTIVE_CONFIG_NAME",
    "CLOUDSDK_CORE_PROJECT",
    "AZURE_CONFIG_DIR",
    "KUBECONFIG",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NO_PROXY",
    "no_proxy",
];

/// The environment of a program that we start.
pub fn for_children(variables: &BTreeMap<String, String>) -> impl Iterator<Item = (&'static str, &str)> {
    PASSED_ON.iter().filter_map(|name| Some((*name, variables.get(*name)?.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_passed_on_and_passwords_are_not() {
        let variables = ["PATH", "PGPASSWORD", "MYSQL_PWD", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "DBA_GPT_HOME"];
        let variables = variables.map(|name| (name.to_owned(), "x".to_owned())).into();
        let names: Vec<&str> = for_children(&variables).map(|(name, _)| name).collect();
        assert_eq!(names, ["PATH", "AWS_PROFILE"]);
        let secret = ["PASSWORD", "PWD", "SECRET", "KEY", "TOKEN"];
        assert!(!PASSED_ON.iter().any(|name| secret.iter().any(|word| name.ends_with(word))));
    }
}
