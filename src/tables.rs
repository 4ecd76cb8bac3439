//! Tables as spreadsheets leave them (contract.md, "Files that go in and out"): a BOM, CRLF, commas or semicolons or
//! tabs, quoted cells with line breaks, empty columns and rows at the end, headers in any case. Cells are text; nothing
//! is judged.

use std::fmt;

/// The problem of a line, in words for the operator.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct Problem {
    pub line: u64,
    pub reason: String,
}

impl Problem {
    fn new(line: u64, reason: impl fmt::Display) -> Self {
        Self {
            line,
            reason: reason.to_string(),
        }
    }
}

/// A row: the line where it begins in the file, and its cells, each with the number of its column among those that
/// there are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub line: u64,
    pub cells: Vec<(usize, String)>,
}

/// The delimiters between cells; the first of equals wins.
const DELIMITERS: [u8; 3] = *b",;\t";

/// Returns the text of a file, or the line with the first byte that is not UTF-8.
pub fn text(file: &[u8]) -> Result<&str, Problem> {
    match std::str::from_utf8(file) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(_) if file.starts_with(b"\xFF\xFE") || file.starts_with(b"\xFE\xFF") => {
            Err(Problem::new(1, "this is UTF-16; save the table as \"CSV UTF-8\""))
        }
        Err(error) => {
            let before = String::from_utf8_lossy(&file[..error.valid_up_to()]);
            Err(Problem::new(1 + line_breaks(&before), "not UTF-8"))
        }
    }
}

/// Returns the rows, and what is wrong with others; or why there is no header to read any by.
pub fn read(text: &str, columns: &[&str]) -> Result<Vec<Result<Row, Problem>>, Problem> {
    let delimiter = delimiter(text, columns);
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut places = Lines::of(text);
    let mut record = csv::StringRecord::new();
    let mut header: Option<Vec<usize>> = None;
    let mut rows = Vec::new();
    loop {
        let at = reader.position().byte();
        let line = places.line_at(at);
        match reader.read_record(&mut record) {
            Ok(false) => break,
            Err(error) => return Err(Problem::new(line, error)),
            Ok(true) if record.iter().all(|it| it.trim().is_empty()) => {}
            Ok(true) => match &header {
                None => header = Some(header_of(&record, columns).map_err(|it| Problem::new(line, it))?),
                Some(header) => rows.push(row(line, &record, header)),
            },
        }
    }
    match header {
        Some(_) => Ok(rows),
        None => Err(Problem::new(1, "there is no header")),
    }
}

fn row(line: u64, record: &csv::StringRecord, header: &[usize]) -> Result<Row, Problem> {
    let cells = record.iter().map(str::trim);
    // A cell that a spreadsheet adds at the end of a row has no column and is ignored if empty.
    let is_surplus = cells.clone().skip(header.len()).any(|it| !it.is_empty());
    if is_surplus || record.len() < header.len() {
        let (here, there) = (record.len(), header.len());
        return Err(Problem::new(
            line,
            format!("{here} cells where the header has {there}"),
        ));
    }
    let cells = header.iter().copied().zip(cells.map(str::to_owned));
    Ok(Row {
        line,
        cells: cells.collect(),
    })
}

fn header_of(record: &csv::StringRecord, columns: &[&str]) -> Result<Vec<usize>, String> {
    let mut header = Vec::new();
    let mut names: Vec<&str> = record.iter().map(str::trim).collect();
    while names.last().is_some_and(|it| it.is_empty()) {
        names.pop();
    }
    for name in names {
        match column(name, columns) {
            Some(at) if header.contains(&at) => return Err(format!("the column {name} stands twice")),
            Some(at) => header.push(at),
            None => return Err(format!("there is no column {name:?}")),
        }
    }
    Ok(header)
}

/// Returns the column of a name: `First Name` is `first_name`.
fn column(name: &str, columns: &[&str]) -> Option<usize> {
    let words: Vec<&str> = name
        .split(|c: char| c.is_whitespace() || c == '_' || c == '-')
        .collect();
    let name = words.join("_").to_ascii_lowercase();
    columns.iter().position(|it| *it == name)
}

/// Returns the delimiter by which the header has the most columns that there are.
fn delimiter(text: &str, columns: &[&str]) -> u8 {
    let columns_read = |delimiter: u8| {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let mut record = csv::StringRecord::new();
        let is_read = reader.read_record(&mut record).unwrap_or(false);
        let names = record.iter().filter(|it| column(it.trim(), columns).is_some());
        if is_read { names.count() } else { 0 }
    };
    let best = DELIMITERS.into_iter().rev().max_by_key(|it| columns_read(*it));
    best.unwrap_or(DELIMITERS[0])
}

/// Finds the line of a byte of the text, for bytes in order. A line ends with CR LF, LF or CR.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    const fn of(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    /// Returns the line of what follows `byte`, past the rest of a line break and empty lines.
    fn line_at(&mut self, byte: u64) -> u64 {
        let mut to = usize::try_from(byte).unwrap_or(usize::MAX).min(self.text.len());
        let bytes = self.text.as_bytes();
        while bytes.get(to).is_some_and(|it| b"\r\n".contains(it)) {
            to += 1;
        }
        if to > self.at {
            self.line += line_breaks(&self.text[self.at..to]);
            self.at = to;
        }
        self.line
    }
}

/// Counts the line breaks of a piece that does not begin between CR and LF.
fn line_breaks(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let ends =
        |(at, byte): (usize, &u8)| *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
    bytes.iter().enumerate().filter(|it| ends(*it)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [&str; 3] = ["id", "first_name", "note"];

    fn rows(text: &str) -> Vec<(u64, Vec<String>)> {
        let rows = read(text, &COLUMNS).expect("a header");
        let rows = rows.into_iter().map(|it| it.expect("a good row"));
        rows.map(|it| (it.line, it.cells.into_iter().map(|(_, cell)| cell).collect()))
            .collect()
    }

    #[test]
    fn the_same_table_is_read_however_it_was_saved() {
        let expected = vec![
            (2, vec!["1".to_owned(), "Ana".into(), "two\nlines".into()]),
            (5, vec!["2".to_owned(), "Bo".into(), String::new()]),
        ];
        let saved = "id,first_name,note\n1,Ana,\"two\nlines\"\n\n2,Bo,\n";
        assert_eq!(rows(saved), expected);
        for delimiter in [";", "\t"] {
            assert_eq!(rows(&saved.replace(',', delimiter)), expected);
        }
        let untidy = " ID ,First Name,NOTE,,\n1, Ana ,\"two\nlines\",,\n,,,,\n2,Bo,,,\n,,,,\n,,,,\n";
        assert_eq!(rows(untidy), expected);
        for (break_, kept) in [("\r\n", "two\r\nlines"), ("\r", "two\rlines")] {
            let mut expected = expected.clone();
            expected[0].1[2] = kept.into();
            assert_eq!(rows(&saved.replace('\n', break_)), expected, "{break_:?}");
            assert_eq!(rows(&untidy.replace('\n', break_)), expected, "{break_:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_reported_with_its_line() {
        let problem = |text: &str| match read(text, &COLUMNS) {
            Err(problem) => problem.to_string(),
            Ok(rows) => rows
                .into_iter()
                .find_map(Result::err)
                .map_or_else(String::new, |it| it.to_string()),
        };
        for (text, expected) in [
            (
                "id,first_name\r\n1,a\r\n2\r\n",
                "line 3: 1 cells where the header has 2",
            ),
            (
                "id,first_name\r\n\r\n1,a,x\r\n",
                "line 3: 3 cells where the header has 2",
            ),
            ("\r\nid,surname\r\n", "line 2: there is no column \"surname\""),
            ("id,Id\n", "line 1: the column Id stands twice"),
            ("", "line 1: there is no header"),
        ] {
            assert_eq!(problem(text), expected);
        }
        assert_eq!(super::text(b"a\r\nb\r\n\xFF").unwrap_err().line, 3);
        assert_eq!(super::text(b"\xEF\xBB\xBFid").unwrap(), "id");
    }
}
