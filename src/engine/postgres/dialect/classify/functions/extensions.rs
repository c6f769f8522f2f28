//! Functions of well-known extensions that only read or compute.
//!
//! A name alone proves nothing here: anybody can call a function `similarity`. The schema reader asks the catalogue
//! which functions really belong to an extension, and this list says which of those only read. Labels are believed of
//! these extensions alone, because their sources were looked through: what one of them calls IMMUTABLE computes from
//! its arguments. What it calls STABLE or VOLATILE is listed by name when it only reads.
//!
//! Not on the list, with the reason: amcheck (`bt_index_parent_check` locks out writers, and expressions of indexes
//! run), dblink, `postgres_fdw` and `file_fdw` (other servers, files), lo (large objects), pageinspect, `pg_walinspect`
//! and `pg_logicalinspect` (raw data past the rights on its tables), `pg_prewarm` and `pg_surgery` (act), xml2 (runs a
//! query that is given as text, and its transformations read files).

/// An extension and what of it only reads.
struct Extension {
    name: &'static str,
    /// What it calls IMMUTABLE only computes.
    computes: bool,
    /// The others that only read, by name.
    readers: &'static str,
}

/// All that an extension calls IMMUTABLE, and these besides.
const fn computing(name: &'static str, readers: &'static str) -> Extension {
    Extension { name, computes: true, readers }
}

/// These and no others.
const fn only(name: &'static str, readers: &'static str) -> Extension {
    Extension { name, computes: false, readers }
}

/// Sorted by name.
const EXTENSIONS: &[Extension] = &[
    computing("btree_gin", ""),
    computing("btree_gist", ""),
    computing("citext", ""),
    computing("cube", ""),
    computing("earthdistance", ""),
    computing("fuzzystrmatch", ""),
    computing("hstore", ""),
    computing("intagg", ""),
    computing("intarray", ""),
    // isn_weak() tells, isn_weak(boolean) changes the session.
    computing("isn", ""),
    computing("ltree", ""),
    // Not pg_buffercache_evict*, and not pg_buffercache_numa_pages, which touches every page of the cache.
    only("pg_buffercache", "pg_buffercache_pages pg_buffercache_summary pg_buffercache_usage_counts"),
    only("pg_freespacemap", "pg_freespace"),
    // Not pg_stat_statements_reset.
    only("pg_stat_statements", "pg_stat_statements pg_stat_statements_info"),
    // Not set_limit. The functions of the operators look at the limits, which are settings.
    computing(
        "pg_trgm",
        "show_limit similarity_op strict_word_similarity_commutator_op strict_word_similarity_op \
         word_similarity_commutator_op word_similarity_op",
    ),
    // Not pg_truncate_visibility_map.
    only("pg_visibility", "pg_check_frozen pg_check_visible pg_visibility pg_visibility_map pg_visibility_map_summary"),
    // Its VOLATILE ones draw random numbers, which leaves no mark.
    computing(
        "pgcrypto",
        "fips_mode gen_random_bytes gen_random_uuid gen_salt pgp_pub_encrypt pgp_pub_encrypt_bytea pgp_sym_encrypt \
         pgp_sym_encrypt_bytea",
    ),
    // Looks at the locks of rows and takes none.
    only("pgrowlocks", "pgrowlocks"),
    only("pgstattuple", "pg_relpages pgstatginindex pgstathashindex pgstatindex pgstattuple pgstattuple_approx"),
    // Not what makes tables and columns or reads a table that is named in a text; `acting` names those.
    computing(
        "postgis",
        "find_srid postgis_constraint_dims postgis_constraint_srid postgis_constraint_type st_asgeojson \
         st_clusterkmeans st_estimatedextent st_generatepoints st_symmetricdifference",
    ),
    computing("seg", ""),
    only(
        "sslinfo",
        "ssl_cipher ssl_client_cert_present ssl_client_dn ssl_client_dn_field ssl_client_serial ssl_extension_info \
         ssl_is_used ssl_issuer_dn ssl_issuer_field ssl_version",
    ),
    // Not crosstab* and connectby, which run a query that is given as text.
    only("tablefunc", "normal_rand"),
    computing("unaccent", "unaccent"),
    computing("uuid-ossp", "uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4"),
    computing("vector", ""),
];

fn find(name: &str) -> Option<&'static Extension> {
    EXTENSIONS.binary_search_by(|known| known.name.cmp(name)).ok().map(|at| &EXTENSIONS[at])
}

/// True when the code behind the types of this extension only computes.
pub(in crate::engine::postgres) fn has_plain_types(extension: &str) -> bool {
    find(extension).is_some_and(|known| known.computes)
}

/// True when a function that is known to belong to this extension only reads. `immutable`: the extension says so of
/// every function of this name.
pub(in crate::engine::postgres) fn reads(extension: &str, function: &str, immutable: bool) -> bool {
    super::acting::find(function).is_none()
        && find(extension).is_some_and(|known| {
            (known.computes && immutable) || known.readers.split_ascii_whitespace().any(|reader| reader == function)
        })
}

#[cfg(test)]
mod tests {
    use super::{EXTENSIONS, reads};

    #[test]
    fn the_list_is_sorted_and_holds_nothing_that_acts() {
        assert!(EXTENSIONS.is_sorted_by(|a, b| a.name < b.name));
        for extension in EXTENSIONS {
            for function in extension.readers.split_ascii_whitespace() {
                assert!(reads(extension.name, function, false), "{function} is known to do more than read");
            }
        }
    }

    #[test]
    fn what_an_extension_calls_immutable_is_believed_of_computing_ones_only() {
        assert!(reads("pg_trgm", "similarity", true));
        assert!(!reads("pg_trgm", "similarity", false));
        assert!(!reads("pg_trgm", "set_limit", false));
        assert!(!reads("pg_trgm", "set_limit", true));
        assert!(reads("pg_stat_statements", "pg_stat_statements", false));
        assert!(!reads("pg_stat_statements", "pg_stat_statements_reset", true));
        assert!(!reads("tablefunc", "crosstab", true));
        assert!(!reads("xml2", "xslt_process", true));
        assert!(!reads("mine", "similarity", true));
    }
}
