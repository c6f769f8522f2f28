//! The shape of the program, kept true: who may import whom, who may read a clock, where engines are named, how long
//! a file may be. The rules read `src/` as text and are themselves tested on small wrong snippets.

mod rules;
mod source;

use source::SourceFile;
use std::path::Path;

/// Every file of the crate.
fn crate_files() -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let name = path.strip_prefix(&root).unwrap().to_string_lossy().replace('\\', "/");
                files.push(SourceFile::new(&name, &std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

#[test]
fn the_code_keeps_the_rules_of_the_house() {
    let files = crate_files();
    assert!(files.iter().any(|file| file.path == "lib.rs"), "src/ was not read");
    let complaints: Vec<String> = files.iter().flat_map(rules::complaints).collect();
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn the_map_in_lib_rs_names_every_module() {
    let files = crate_files();
    let map = &files.iter().find(|file| file.path == "lib.rs").unwrap().text;
    let picture: String = map.lines().filter(|line| line.starts_with("//!")).collect();
    let words: Vec<&str> = picture.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    for layer in files.iter().filter(|file| file.path.contains('/')).map(SourceFile::layer) {
        assert!(words.contains(&layer), "the map at the head of src/lib.rs does not name `{layer}`");
    }
}

/// Whoever wrote a statement that a log or a digest shows is nobody that the program knows.
#[test]
fn a_statement_of_others_is_judged_as_a_models() {
    let files = crate_files();
    let text = |path: &str| &files.iter().find(|file| file.path == path).unwrap().text;
    for path in ["runtime/examine/gather.rs", "engine/postgres/fix/verify/statements.rs"] {
        assert!(text(path).contains("Author::Model") && !text(path).contains("Author::Person"), "{path}");
    }
    let asks = text("engine/mysql/fix/asks.rs");
    let plans: Vec<&str> = asks.lines().filter(|line| line.contains("EXPLAIN")).collect();
    assert!(plans.len() == 1 && plans[0].contains("Author::Model"), "{plans:?}");
    assert!(!text("engine/mysql/fix/verify.rs").contains("EXPLAIN"), "it asks for plans by the one way that there is");
}
