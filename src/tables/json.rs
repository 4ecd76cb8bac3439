//! Lists as JSON files have them, `{"clients": [ … ]}`: each element with the line where it begins. Elements are text;
//! nothing in them is judged.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::Problem;

/// An element of a list, as its file has it.
#[derive(Clone, Copy, Debug)]
pub struct Element<'a> {
    file: &'a str,
    text: &'a str,
}

impl<'a> Element<'a> {
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// Returns the line of the file where the element begins.
    pub fn line(&self) -> u64 {
        line_of(self.file, self.text)
    }

    /// Returns the line of the value that the element has under a name; without such a member, that of the element.
    pub fn line_of_member(&self, name: &str) -> u64 {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(self.text).unwrap_or_default();
        let value = members.get(name).map_or(self.text, |it| it.get());
        line_of(self.file, value)
    }

    /// Says what is wrong with a member of the element.
    pub fn problem(&self, name: &str, reason: impl std::fmt::Display) -> Problem {
        Problem {
            line: self.line_of_member(name),
            reason: format!("{name} {reason}"),
        }
    }
}

/// Reads the one list of a file, which has nothing beside it.
pub fn elements<'a>(file: &'a str, name: &str) -> Result<Vec<Element<'a>>, Problem> {
    let text = file.strip_prefix('\u{feff}').unwrap_or(file);
    let members: Result<BTreeMap<String, &RawValue>, _> = serde_json::from_str(text);
    let members = members.map_err(|error| unreadable(&error, name))?;
    let list = members.get(name).filter(|_| members.len() == 1);
    let list = list.ok_or_else(|| other_form(1, name))?;
    let elements: Result<Vec<&RawValue>, _> = serde_json::from_str(list.get());
    let elements = elements.map_err(|_| other_form(line_of(file, list.get()), name))?;
    let elements = elements.into_iter().map(|it| Element { file, text: it.get() });
    Ok(elements.collect())
}

fn unreadable(error: &serde_json::Error, name: &str) -> Problem {
    if error.is_data() {
        return other_form(1, name);
    }
    let text = error.to_string();
    Problem {
        line: error.line().max(1) as u64,
        reason: text.split(" at line ").next().unwrap_or_default().to_owned(),
    }
}

fn other_form(line: u64, name: &str) -> Problem {
    Problem {
        line,
        reason: format!("the file is not {{\"{name}\": [ … ]}}"),
    }
}

/// Returns the line of a part of the file, by its place in memory.
fn line_of(file: &str, part: &str) -> u64 {
    let at = (part.as_ptr() as usize).saturating_sub(file.as_ptr() as usize);
    let before = file.as_bytes().get(..at).unwrap_or_default();
    1 + before.iter().filter(|it| **it == b'\n').count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_have_the_lines_where_they_begin() {
        let file = "\u{feff}{ \"clients\": [\n  {\"id\": \"a\"},\n\n  {\n    \"id\": \"b\",\n    \"name\": 1\n  }\n] }";
        let read = elements(file, "clients").expect("a list");
        let lines: Vec<u64> = read.iter().map(Element::line).collect();
        assert_eq!(lines, [2, 4]);
        assert_eq!(read[1].line_of_member("name"), 6);
        assert_eq!(read[1].line_of_member("absent"), 4);
        assert_eq!(
            read[1].problem("name", "is not text").to_string(),
            "line 6: name is not text"
        );
    }

    #[test]
    fn another_form_is_refused() {
        for (file, line) in [
            ("", 1),
            ("{\"clients\": [\n1,\n}", 3),
            ("[]", 1),
            ("{\"clients\": [], \"more\": 1}", 1),
            ("\n{\"clients\":\n {}}", 3),
            ("{\"rights\": []}", 1),
        ] {
            assert_eq!(
                elements(file, "clients").expect_err("refused").line,
                line,
                "{file}"
            );
        }
    }
}
