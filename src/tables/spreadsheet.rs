//! Writes tables that people open in a spreadsheet: CSV in which no cell is a formula, whatever somebody typed as a name.

use std::io;

/// The signs with which a spreadsheet takes a cell for a formula, and those that it skips before.
const BEGINNINGS: [char; 10] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '＠'];

/// Returns the rows as CSV (RFC 4180).
pub fn write<R, C>(rows: impl IntoIterator<Item = R>) -> io::Result<Vec<u8>>
where
    R: IntoIterator<Item = C>,
    C: AsRef<str>,
{
    let mut file = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        let cells: Vec<String> = row.into_iter().map(|it| text(it.as_ref())).collect();
        file.write_record(&cells)?;
    }
    file.into_inner().map_err(|it| io::Error::other(it.to_string()))
}

/// Returns a cell that is text. The apostrophe says so to the spreadsheet, which does not show it.
fn text(cell: &str) -> String {
    if cell.trim_start_matches(' ').starts_with(BEGINNINGS) {
        format!("'{cell}")
    } else {
        cell.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let rows = [
            ["=HYPERLINK(\"https://evil.example\")", "a@example.org"],
            [" +1", "-2"],
            ["@SUM(A1)", "Zoë, \"Z\""],
            ["\t=1", "＝1"],
        ];
        let written = String::from_utf8(write(rows).expect("written")).expect("UTF-8");
        assert_eq!(
            written,
            "\"'=HYPERLINK(\"\"https://evil.example\"\")\",a@example.org\r\n\
             ' +1,'-2\r\n\
             '@SUM(A1),\"Zoë, \"\"Z\"\"\"\r\n\
             '\t=1,'＝1\r\n"
        );
    }
}
