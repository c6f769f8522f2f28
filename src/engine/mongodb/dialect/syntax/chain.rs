//! The shell's chains: `db.orders.find({..}).limit(5)` as names and arguments. What they mean is decided elsewhere.

use super::SyntaxError;
use super::scanner::Scanner;
use super::value::list;
use bson::Bson;

/// One link of a chain.
#[derive(Debug)]
pub(in crate::engine::mongodb::dialect) enum Link {
    /// `.name` or `["name"]`.
    Name(String, usize),
    /// `(arguments)`.
    Arguments(Vec<Bson>, usize),
}

/// The links after the first word, up to the end of the text.
pub(in crate::engine::mongodb::dialect) fn links(scanner: &mut Scanner<'_>) -> Result<Vec<Link>, SyntaxError> {
    let mut links = Vec::new();
    loop {
        match scanner.next_token()? {
            Some('.') => {
                scanner.takes('.')?;
                scanner.next_token()?;
                let at = scanner.at();
                match scanner.word() {
                    "" => return Err(scanner.unexpected("a name after the point")),
                    name => links.push(Link::Name(name.to_owned(), at)),
                }
            }
            Some('[') => {
                let at = scanner.at();
                scanner.takes('[')?;
                let mut inside = list(scanner, ']', "after a name")?;
                match (inside.pop(), inside.is_empty()) {
                    (Some(Bson::String(name)), true) => links.push(Link::Name(name, at)),
                    _ => return Err(SyntaxError::new(at, "a name in quotes is wanted between the brackets")),
                }
            }
            Some('(') => {
                let at = scanner.at();
                scanner.takes('(')?;
                links.push(Link::Arguments(list(scanner, ')', "at the end of the arguments")?, at));
            }
            _ => {
                scanner.end()?;
                return Ok(links);
            }
        }
    }
}
