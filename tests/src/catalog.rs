//! Everything an extension has put into a database, in words that do not depend on object ids: to compare two of them.

use std::collections::BTreeMap;

use postgres::Client;

/// One description for each object: `column vioc.calls.status` and what it is.
pub type Catalog = BTreeMap<String, String>;

/// What the catalog says about the members of the extension, and all that belongs to them.
///
/// # Panics
/// If the catalog cannot be read.
pub fn catalog(client: &mut Client) -> Catalog {
    let rows = client.query(include_str!("catalog.sql"), &[]);
    let rows = rows.unwrap_or_else(|error| panic!("the catalog: {error:?}"));
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

/// What differs, in words.
pub fn differences(fresh: &Catalog, upgraded: &Catalog) -> Vec<String> {
    let mut found = Vec::new();
    for (name, wanted) in fresh {
        match upgraded.get(name) {
            None => found.push(format!("{name} is missing after the upgrade")),
            Some(got) if got != wanted => {
                let (wanted, got) = first_difference(wanted, got);
                found.push(format!(
                    "{name} differs\n  installed: {wanted}\n  upgraded:  {got}"
                ));
            }
            Some(_) => {}
        }
    }
    let extra = upgraded.keys().filter(|name| !fresh.contains_key(*name));
    found.extend(extra.map(|name| format!("{name} is left over after the upgrade")));
    found
}

/// Of two texts, the first lines that differ.
fn first_difference<'a>(one: &'a str, other: &'a str) -> (&'a str, &'a str) {
    let lines = |text: &'a str| text.lines().chain(std::iter::repeat("(nothing)"));
    let mut pairs = lines(one).zip(lines(other)).take(one.len() + other.len());
    pairs.find(|(a, b)| a != b).unwrap_or((one, other))
}
