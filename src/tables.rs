//! Tables as spreadsheets leave them (contract.md, "Files that go in and out"): a BOM, CRLF, commas or semicolons or
//! tabs, quoted cells with line breaks, empty columns and rows at the end, headers in any case. Cells are text; nothing
//! is judged.

pub mod json;
pub mod spreadsheet;

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, Chain, Cursor, Read};

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

pub const BOM: &[u8] = b"\xEF\xBB\xBF";
const UTF16: &str = "this is UTF-16; save the table as \"CSV UTF-8\"";

fn is_utf16(file: &[u8]) -> bool {
    file.starts_with(b"\xFF\xFE") || file.starts_with(b"\xFE\xFF")
}

/// Returns the text of a file, or the line with the first byte that is not UTF-8.
pub fn text(file: &[u8]) -> Result<&str, Problem> {
    match std::str::from_utf8(file) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').unwrap_or(text)),
        Err(_) if is_utf16(file) => Err(Problem::new(1, UTF16)),
        Err(error) => {
            let before = String::from_utf8_lossy(&file[..error.valid_up_to()]);
            Err(Problem::new(1 + line_breaks(&before), "not UTF-8"))
        }
    }
}

/// Returns the rows, and what is wrong with others; or why there is no header to read any by.
pub fn read(text: &str, columns: &[&str]) -> Result<Vec<Result<Row, Problem>>, Problem> {
    Ok(Rows::open(text.as_bytes(), columns)?.collect())
}

/// The largest header, from which the delimiter is known.
const HEAD: u64 = 64 * 1024;

/// The rows of a table, one after the other: a large file is never in memory as a whole.
pub struct Rows<R: Read> {
    csv: csv::Reader<CountedLines<Chain<Cursor<Vec<u8>>, R>>>,
    header: Vec<usize>,
    record: csv::StringRecord,
    is_over: bool,
}

impl<R: Read> Rows<R> {
    /// Reads the header.
    pub fn open(mut file: R, columns: &[&str]) -> Result<Self, Problem> {
        let mut head = Vec::new();
        let read = file.by_ref().take(HEAD).read_to_end(&mut head);
        read.map_err(|it| Problem::new(1, it))?;
        if is_utf16(&head) {
            return Err(Problem::new(1, UTF16));
        }
        let head = head.strip_prefix(BOM).map(<[u8]>::to_vec).unwrap_or(head);
        let delimiter = delimiter(&head, columns);
        let counted = CountedLines::of(Cursor::new(head).chain(file));
        let csv = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(counted);
        let mut rows = Self {
            csv,
            header: Vec::new(),
            record: csv::StringRecord::new(),
            is_over: false,
        };
        let line = rows
            .advance()
            .unwrap_or_else(|| Err(Problem::new(1, "there is no header")))?;
        rows.header = header_of(&rows.record, columns).map_err(|it| Problem::new(line, it))?;
        Ok(rows)
    }

    /// Reads the next row that has a cell, and returns its line.
    fn advance(&mut self) -> Option<Result<u64, Problem>> {
        while !self.is_over {
            let at = self.csv.position().byte();
            let read = self.csv.read_record(&mut self.record);
            let line = self.csv.get_mut().line_at(at);
            match read {
                Ok(false) => self.is_over = true,
                Ok(true) if self.record.iter().all(|it| it.trim().is_empty()) => {}
                Ok(true) => return Some(Ok(line)),
                Err(error) => {
                    let is_utf8 = !matches!(error.kind(), csv::ErrorKind::Utf8 { .. });
                    self.is_over = is_utf8; // the row after one that is not UTF-8 can be read
                    let reason = if is_utf8 {
                        error.to_string()
                    } else {
                        "not UTF-8".to_owned()
                    };
                    return Some(Err(Problem { line, reason }));
                }
            }
        }
        None
    }
}

impl<R: Read> Iterator for Rows<R> {
    type Item = Result<Row, Problem>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.advance()?;
        Some(line.and_then(|line| row(line, &self.record, &self.header)))
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
fn delimiter(text: &[u8], columns: &[&str]) -> u8 {
    let columns_read = |delimiter: u8| {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(delimiter)
            .has_headers(false)
            .flexible(true)
            .from_reader(text);
        let mut record = csv::StringRecord::new();
        let is_read = reader.read_record(&mut record).unwrap_or(false);
        let names = record.iter().filter(|it| column(it.trim(), columns).is_some());
        if is_read { names.count() } else { 0 }
    };
    let best = DELIMITERS.into_iter().rev().max_by_key(|it| columns_read(*it));
    best.unwrap_or(DELIMITERS[0])
}

/// Passes a text on, and finds the line of one of its bytes, for bytes in order. A line ends with CR LF, LF or CR.
struct CountedLines<R> {
    text: R,
    /// The number of bytes that were passed on.
    passed: u64,
    /// Where the breaks begin and end that no line was asked beyond.
    breaks: VecDeque<(u64, u64)>,
    line: u64,
    ends_with_cr: bool,
}

impl<R: Read> Read for CountedLines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.text.read(buffer)?;
        for byte in &buffer[..length] {
            let at = self.passed;
            match (byte, self.breaks.back_mut()) {
                (b'\n', Some(cr)) if self.ends_with_cr => cr.1 = at + 1,
                (b'\r' | b'\n', _) => self.breaks.push_back((at, at + 1)),
                _ => {}
            }
            self.ends_with_cr = *byte == b'\r';
            self.passed += 1;
        }
        Ok(length)
    }
}

impl<R> CountedLines<R> {
    const fn of(text: R) -> Self {
        Self {
            text,
            passed: 0,
            breaks: VecDeque::new(),
            line: 1,
            ends_with_cr: false,
        }
    }

    /// Returns the line of what follows `byte`, past the rest of a line break and empty lines.
    fn line_at(&mut self, byte: u64) -> u64 {
        let mut at = byte;
        while let Some((_, end)) = self.breaks.pop_front_if(|(start, _)| *start <= at) {
            self.line += 1;
            at = at.max(end);
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
