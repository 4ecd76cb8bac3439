//! The grammar of filters (RFC 7644 §3.4.2.2): text becomes a tree, whatever attributes there are. `condition` says what
//! the tree means for a resource type.

use std::fmt;

use serde_json::Value;

/// The longest filter, in bytes.
const LONGEST: usize = 4096;
/// The deepest nesting, and the most comparisons: more is no question of a program, and costs.
const DEEPEST: usize = 16;
const MOST: usize = 64;

#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    And(Box<Filter>, Box<Filter>),
    Or(Box<Filter>, Box<Filter>),
    Not(Box<Filter>),
    Present(String),
    Compare(String, Operator, Value),
    /// `emails[value sw "a"]`: one value of the attribute meets the whole filter.
    Values(String, Box<Filter>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    pub const ALL: [Self; 9] = [
        Self::Equal,
        Self::NotEqual,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::Greater,
        Self::GreaterOrEqual,
        Self::Less,
        Self::LessOrEqual,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Contains => "co",
            Self::StartsWith => "sw",
            Self::EndsWith => "ew",
            Self::Greater => "gt",
            Self::GreaterOrEqual => "ge",
            Self::Less => "lt",
            Self::LessOrEqual => "le",
        }
    }
}

/// Says why a filter is refused, in a sentence that is safe to show.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadFilter(pub String);

impl BadFilter {
    pub fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

impl Filter {
    pub fn parse(text: &str) -> Result<Self, BadFilter> {
        if text.len() > LONGEST {
            return Err(BadFilter::new("The filter is too long"));
        }
        let mut parser = Parser {
            text,
            at: 0,
            depth: 0,
            comparisons: 0,
        };
        let filter = parser.any()?;
        parser.skip_spaces();
        if parser.at == text.len() {
            Ok(filter)
        } else {
            Err(parser.expected("and, or, or the end"))
        }
    }
}

/// Writes the filter with every parenthesis, so that it reads as the same tree.
impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(left, right) => write!(f, "({left}) and ({right})"),
            Self::Or(left, right) => write!(f, "({left}) or ({right})"),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Present(path) => write!(f, "{path} pr"),
            Self::Compare(path, operator, value) => write!(f, "{path} {} {value}", operator.as_str()),
            Self::Values(path, inner) => write!(f, "{path}[{inner}]"),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    comparisons: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn skip_spaces(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches(' ').len();
    }

    fn expected(&self, what: &str) -> BadFilter {
        let characters = self.text[..self.at].chars().count();
        BadFilter(format!(
            "At character {} of the filter, {what} is expected",
            characters + 1
        ))
    }

    /// Reads what `or` joins; `and` binds closer (RFC 7644 §3.4.2.2).
    fn any(&mut self) -> Result<Filter, BadFilter> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(BadFilter::new("The filter is nested too deeply"));
        }
        let mut left = self.all()?;
        while self.takes_word("or") {
            left = Filter::Or(Box::new(left), Box::new(self.all()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn all(&mut self) -> Result<Filter, BadFilter> {
        let mut left = self.one()?;
        while self.takes_word("and") {
            left = Filter::And(Box::new(left), Box::new(self.one()?));
        }
        Ok(left)
    }

    fn one(&mut self) -> Result<Filter, BadFilter> {
        self.skip_spaces();
        let start = self.at;
        if self.takes_word("not") {
            self.skip_spaces();
            if self.takes('(') {
                return Ok(Filter::Not(Box::new(self.closed_by(')')?)));
            }
            self.at = start; // an attribute may have the name
        }
        if self.takes('(') {
            return self.closed_by(')');
        }
        let path = self.path()?;
        if self.takes('[') {
            return Ok(Filter::Values(path, Box::new(self.closed_by(']')?)));
        }
        self.comparisons += 1;
        if self.comparisons > MOST {
            return Err(BadFilter::new("The filter has too many comparisons"));
        }
        if self.takes_word("pr") {
            return Ok(Filter::Present(path));
        }
        let found = Operator::ALL.into_iter().find(|it| self.takes_word(it.as_str()));
        let operator = found.ok_or_else(|| self.expected("an operator"))?;
        Ok(Filter::Compare(path, operator, self.value()?))
    }

    fn closed_by(&mut self, end: char) -> Result<Filter, BadFilter> {
        let inner = self.any()?;
        self.skip_spaces();
        if self.takes(end) {
            Ok(inner)
        } else {
            Err(self.expected(&format!("\"{end}\"")))
        }
    }

    fn takes(&mut self, c: char) -> bool {
        let takes = self.rest().starts_with(c);
        if takes {
            self.at += c.len_utf8();
        }
        takes
    }

    /// Takes a word of the grammar, in any case, unless it is only the beginning of a longer one.
    fn takes_word(&mut self, word: &str) -> bool {
        let before = self.at;
        self.skip_spaces();
        let begin = self.rest().split_at_checked(word.len());
        let takes = begin
            .is_some_and(|(begin, rest)| begin.eq_ignore_ascii_case(word) && !rest.starts_with(is_of_path));
        self.at = if takes { self.at + word.len() } else { before };
        takes
    }

    /// Reads an attribute's path: with or without its schema, with or without a sub-attribute (RFC 7644 §3.10).
    fn path(&mut self) -> Result<String, BadFilter> {
        let rest = self.rest();
        let length = rest.find(|c| !is_of_path(c)).unwrap_or(rest.len());
        let path = &rest[..length];
        if !path.starts_with(|c: char| c.is_ascii_alphabetic() || c == '$') {
            return Err(self.expected("an attribute"));
        }
        self.at += length;
        Ok(path.to_owned())
    }

    /// Reads a value: a string, a number, `true`, `false` or `null` of JSON.
    fn value(&mut self) -> Result<Value, BadFilter> {
        if !self.takes(' ') {
            return Err(self.expected("a space"));
        }
        self.skip_spaces();
        let rest = self.rest();
        let length = match rest.strip_prefix('"') {
            Some(inner) => end_of_string(inner).map(|it| it + 2),
            None => Some(rest.find([' ', ')', ']']).unwrap_or(rest.len())),
        };
        let written = length.and_then(|length| rest.get(..length)).unwrap_or("");
        let read = serde_json::from_str(written).ok();
        let value = read.filter(|it: &Value| !it.is_array() && !it.is_object());
        let value = value.ok_or_else(|| self.expected("a value of JSON"))?;
        self.at += written.len();
        Ok(value)
    }
}

fn is_of_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':' | '$')
}

/// Returns the place of the quote that ends a string of JSON.
fn end_of_string(inner: &str) -> Option<usize> {
    let mut is_escaped = false;
    for (place, c) in inner.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return Some(place),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn equal(path: &str, value: &str) -> Filter {
        Filter::Compare(path.into(), Operator::Equal, value.into())
    }

    #[test]
    fn the_examples_of_the_standard_are_read() {
        // RFC 7644 §3.4.2.2, figure 2
        for text in [
            r#"userName eq "bjensen""#,
            r#"name.familyName co "O'Malley""#,
            r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
            "title pr",
            r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
            r#"title pr and userType eq "Employee""#,
            r#"title pr or userType eq "Intern""#,
            r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
            r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
            r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
        ] {
            let read = Filter::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(Filter::parse(&read.to_string()), Ok(read), "{text}");
        }
    }

    #[test]
    fn and_binds_closer_than_or_and_words_ignore_case() {
        let read = Filter::parse(r#"a eq "1" OR b eq "2" And NOT(c Eq "3")"#).expect("a filter");
        let not = Filter::Not(Box::new(equal("c", "3")));
        let and = Filter::And(Box::new(equal("b", "2")), Box::new(not));
        assert_eq!(read, Filter::Or(Box::new(equal("a", "1")), Box::new(and)));
    }

    #[test]
    fn a_string_is_one_of_json() {
        let read = Filter::parse(r#"a eq "x\"] \\ \u00e9 and""#).expect("a filter");
        assert_eq!(read, equal("a", "x\"] \\ é and"));
        assert_eq!(
            Filter::parse("not eq false"),
            Ok(Filter::Compare("not".into(), Operator::Equal, false.into()))
        );
    }

    #[test]
    fn what_is_no_filter_is_refused_with_its_place() {
        for bad in [
            "",
            " ",
            "a",
            "a eq",
            "a eq ",
            r#"a eq"x""#,
            r#"a is "x""#,
            "a eq x",
            r#"a eq "x"#,
            "a pr b pr",
            "(a pr",
            "a pr)",
            "a[b pr",
            "not a pr",
            "1a pr",
            "a eq {}",
            "a eq []",
            "a eq 'x'",
            "and",
            "a pr and",
            "a pr or or b pr",
            "é pr",
            "a eq \"\u{1}\"",
            "a\teq 1",
        ] {
            assert!(Filter::parse(bad).is_err(), "{bad:?}");
        }
        let error = Filter::parse("userName is 1").expect_err("no operator");
        assert_eq!(
            error.to_string(),
            "At character 9 of the filter, an operator is expected"
        );
        assert!(Filter::parse(&"(".repeat(40)).is_err());
        assert!(Filter::parse(&vec!["a pr"; 65].join(" or ")).is_err());
        assert!(Filter::parse(&vec!["a pr"; 64].join(" or ")).is_ok());
        assert!(Filter::parse(&format!("a eq \"{}\"", "x".repeat(LONGEST))).is_err());
    }

    fn filters() -> impl Strategy<Value = Filter> {
        let path = "(urn:a:2\\.0:)?[a-zA-Z$][a-zA-Z0-9_-]{0,8}(\\.[a-zA-Z]{1,5})?";
        let value = prop_oneof![
            any::<String>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            any::<i32>().prop_map(Value::from),
            Just(Value::Null),
        ];
        let operator = prop::sample::select(Operator::ALL.to_vec());
        let leaf = prop_oneof![
            path.prop_map(Filter::Present),
            (path, operator, value)
                .prop_map(|(path, operator, value)| Filter::Compare(path, operator, value)),
        ];
        leaf.prop_recursive(5, 24, 2, |inner| {
            let boxed = || inner.clone().prop_map(Box::new);
            prop_oneof![
                (boxed(), boxed()).prop_map(|(left, right)| Filter::And(left, right)),
                (boxed(), boxed()).prop_map(|(left, right)| Filter::Or(left, right)),
                boxed().prop_map(Filter::Not),
                ("[a-z]{1,6}", boxed()).prop_map(|(path, inner)| Filter::Values(path, inner)),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_filter_reads_as_it_is_written(filter in filters()) {
            prop_assert_eq!(Filter::parse(&filter.to_string()), Ok(filter));
        }

        #[test]
        fn no_text_stops_the_parser(text in any::<String>(), like in "[a-z(\\[\\])\" ]{0,40}") {
            let _ = Filter::parse(&text);
            let _ = Filter::parse(&like);
        }
    }
}
