//! Tests that code and requirements agree: an id that code cites exists in `security.md` or `interoperability.md` of
//! `conformance/requirements`, each requirement there has a test that cites it or says why it has none, and a step or
//! heading of `product.md` and `contract.md` that code cites exists.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Returns ids like `G-2`: the letters of a section, a hyphen, a number. An id is the whole of a word.
fn ids(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
    let words = text.split(|c| !is_part(c)).filter_map(|word| {
        let (letters, number) = word.split_once('-')?;
        let fits = matches!(letters.len(), 1..=2)
            && letters.chars().all(|c| c.is_ascii_uppercase())
            && matches!(number.len(), 1..=2)
            && number.chars().all(|c| c.is_ascii_digit());
        fits.then(|| (letters.to_owned(), number.parse::<u32>().unwrap_or_default()))
    });
    words
        .map(|(letters, number)| format!("{letters}-{number}"))
        .collect()
}

/// Returns the ids, with those between the ends of `LO-1 to LO-4`.
fn cited(text: &str) -> BTreeSet<String> {
    let mut all = ids(text);
    let words: Vec<&str> = text.split_whitespace().collect();
    for three in words.windows(3) {
        let [from, "to", to] = three else { continue };
        let (Some(from), Some(to)) = (ids(from).pop_first(), ids(to).pop_first()) else {
            continue;
        };
        let parts = |id: &str| {
            let (letters, number) = id.split_once('-').unwrap_or_default();
            (letters.to_owned(), number.parse::<u32>().unwrap_or_default())
        };
        let ((letters, first), (others, last)) = (parts(&from), parts(&to));
        if letters == others {
            all.extend((first..=last).map(|number| format!("{letters}-{number}")));
        }
    }
    all
}

/// Returns the text of comments; an identifier of the program is no citation.
fn comments(code: &str) -> String {
    let parts = code.lines().filter_map(|line| Some(line.split_once("//")?.1));
    parts
        .map(|it| it.trim_start_matches(['/', '!']))
        .collect::<Vec<_>>()
        .join("\n")
}

fn sources(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder of the repository") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            found.push((path, text));
        }
    }
}

/// Returns each requirement with its text, of those files whose requirements have ids that code cites.
fn requirements(root: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for (file, mark) in [("security.md", "**"), ("interoperability.md", "## ")] {
        let file = root.join("conformance/requirements").join(file);
        let text = std::fs::read_to_string(file).expect("the requirements");
        for part in text.split("<a id=\"").skip(1) {
            let (id, rest) = part.split_once("\"></a>").expect("an anchor");
            let rest = rest.trim_start();
            assert!(rest.starts_with(&format!("{mark}{id}")), "{id} has no text");
            let rest = rest.split("\n## ").next().unwrap_or_default();
            assert!(all.insert(id.to_owned(), rest.to_owned()).is_none(), "{id} twice");
        }
    }
    all
}

#[test]
fn what_is_cited_is_required_and_what_is_required_is_tested() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let required = requirements(root);
    assert!(required.len() > 100, "{}", required.len());
    let series: BTreeSet<&str> = required
        .keys()
        .filter_map(|it| Some(it.split_once('-')?.0))
        .collect();
    let mut files = Vec::new();
    for folder in ["src", "conformance/src", "migrations"] {
        sources(&root.join(folder), &mut files);
    }
    let (mut unknown, mut tested) = (Vec::new(), BTreeSet::new());
    for (path, text) in &files {
        let said = cited(&comments(text));
        for id in &said {
            let is_ours = id.split_once('-').is_some_and(|it| series.contains(it.0));
            if is_ours && !required.contains_key(id) {
                unknown.push(format!("{id} in {}", path.display()));
            }
        }
        let is_test = path.starts_with(root.join("src/tests"))
            || path.starts_with(root.join("conformance"))
            || path.ends_with("tests.rs");
        let tests = if is_test {
            text.as_str()
        } else {
            text.split("\n#[cfg(test)]\nmod tests").nth(1).unwrap_or_default()
        };
        tested.extend(cited(&comments(tests)));
        // An assertion may name it in its message.
        tested.extend(tests.lines().filter(|it| it.contains("assert")).flat_map(cited));
    }
    assert!(unknown.is_empty(), "cited, and required nowhere: {unknown:?}");
    let untested: Vec<_> = required
        .iter()
        .filter(|(id, text)| tested.contains(*id) == text.contains("Not tested:"))
        .map(|(id, _)| id)
        .collect();
    assert!(
        untested.is_empty(),
        "neither tested nor said why not, or both: {untested:?}"
    );
}

/// Returns the titles of a file's sections: `Step 2: Personal details, /signup`.
fn headings(root: &Path, file: &str) -> BTreeSet<String> {
    let text =
        std::fs::read_to_string(root.join("conformance/requirements").join(file)).expect("the requirements");
    let titles = text.lines().filter(|it| it.starts_with('#'));
    titles
        .map(|it| it.trim_start_matches('#').trim().replace('`', ""))
        .collect()
}

/// Returns the title that a comment cites right after the name of the file: `, "Title"`.
fn cited_heading(rest: &str) -> Option<&str> {
    let (title, _) = rest.strip_prefix(", \"")?.split_once('"')?;
    Some(title)
}

/// Returns the step that a comment cites: `product.md, step 3`, `steps 2 to 4`, or `step 3 (product.md)`.
fn cited_step(before: &str, rest: &str) -> Option<String> {
    let after = rest.strip_prefix(", step").map(|it| it.trim_start_matches('s'));
    let before = before.strip_suffix(" (").and_then(|it| it.rsplit_once("step"));
    let number = after.or(before.map(|it| it.1.trim_start_matches('s')))?;
    let digits: String = number
        .trim_start()
        .chars()
        .take_while(char::is_ascii_digit)
        .collect();
    (!digits.is_empty()).then_some(digits)
}

#[test]
fn a_step_or_heading_that_is_cited_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "conformance/src", "migrations"] {
        sources(&root.join(folder), &mut files);
    }
    let (mut wrong, mut found) = (Vec::new(), 0);
    for file in ["product.md", "contract.md"] {
        let titles = headings(root, file);
        for (path, text) in &files {
            let comments = comments(text).split_whitespace().collect::<Vec<_>>().join(" ");
            for (at, _) in comments.match_indices(file) {
                let rest = &comments[at + file.len()..];
                let heading = cited_heading(rest).map(|it| titles.contains(it));
                let step = cited_step(&comments[..at], rest).map(|it| {
                    titles
                        .iter()
                        .any(|title| title.starts_with(&format!("Step {it}:")))
                });
                found += usize::from(heading.or(step).is_some());
                if heading == Some(false) || step == Some(false) {
                    let cited: String = rest.chars().take(40).collect();
                    wrong.push(format!("{file}{cited} in {}", path.display()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "cited, and not there:\n{}", wrong.join("\n"));
    assert!(found > 15, "{found} citations were recognized");
    assert_eq!(cited_step("", ", steps 2 to 4)").as_deref(), Some("2"));
    assert_eq!(cited_step("of step 3 (", "): it").as_deref(), Some("3"));
    assert_eq!(cited_heading(", \"Pages\")"), Some("Pages"));
}
