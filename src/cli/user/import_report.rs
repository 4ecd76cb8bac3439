//! The report of an import: a line that names the import, one for each record in the order of the file, and the counts at
//! the end. It grows with the import, so that a run that was ended goes on with it; nobody else's file is touched.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use anyhow::{Context as _, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::affiliations::accounts_import::{LineOutcome, Outcome, Report};

/// The first line: a run that goes on is of the same import.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Import {
    /// The import, in the audit trail too.
    pub import: String,
    /// The SHA-256 of the file that is imported.
    pub input: String,
    pub mode: String,
    pub addresses_verified: bool,
}

/// What became of a record.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    line: u64,
    outcome: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

#[derive(Debug)]
pub(super) struct ImportReport {
    out: BufWriter<File>,
    import: Import,
    last_line: u64,
    counted: Report,
}

impl ImportReport {
    /// Begins the report, or goes on with that of the same import. Any other file stays as it is. Others do not read it:
    /// reasons repeat what the input has.
    pub(super) fn open(path: &Path, input: &File, import: Import) -> anyhow::Result<Self> {
        let mut options = OpenOptions::new();
        let options = options.read(true).write(true).mode(0o600);
        let file = match options.clone().create_new(true).open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => options.open(path)?,
            Err(error) => return Err(error.into()),
        };
        let (its, of_input) = (file.metadata()?, input.metadata()?);
        ensure!(
            (its.dev(), its.ino()) != (of_input.dev(), of_input.ino()),
            "the report would overwrite the file that is imported"
        );
        ensure!(its.is_file(), "it is no file");
        if file.try_lock().is_err() {
            bail!("another import is writing it");
        }
        let mut report = Self {
            out: BufWriter::new(file.try_clone()?),
            import,
            last_line: 0,
            counted: Report::default(),
        };
        let end = report.read(&file)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        file.set_len(end)?;
        report.out.seek(SeekFrom::Start(end))?;
        if end == 0 {
            let import = report.import.clone();
            report.append(&import)?;
            report.out.flush()?;
        }
        Ok(report)
    }

    /// Reads what is there, and returns where it ends: a line that the process did not finish does not count.
    fn read(&mut self, file: &File) -> anyhow::Result<u64> {
        let mut reader = BufReader::new(file);
        let mut end = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            let length = reader.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? as u64;
            let is_first = end == 0;
            if !line.ends_with(b"\n") {
                ensure!(
                    !is_first || BEGINNING.starts_with(&line[..line.len().min(BEGINNING.len())]),
                    OTHER
                );
                return Ok(end);
            }
            if is_first {
                self.go_on(serde_json::from_slice(&line).context(OTHER)?)?;
            } else {
                let is_finished = serde_json::from_slice::<Report>(&line).is_ok();
                ensure!(
                    !is_finished,
                    "it is the whole report of an import that was finished: name another file"
                );
                self.count(&serde_json::from_slice(&line).context(OTHER)?)?;
            }
            end += length;
        }
    }

    fn go_on(&mut self, before: Import) -> anyhow::Result<()> {
        ensure!(
            before.input == self.import.input,
            "it is the report of another file"
        );
        let options = |it: &Import| (it.mode.clone(), it.addresses_verified);
        ensure!(
            options(&before) == options(&self.import),
            "it is the report of an import with other options"
        );
        self.import = before;
        Ok(())
    }

    fn count(&mut self, entry: &Entry) -> anyhow::Result<()> {
        ensure!(entry.line > self.last_line, OTHER);
        self.last_line = entry.line;
        self.counted.count(&match entry.outcome.as_str() {
            IMPORTED => Outcome::Imported,
            EXISTS => Outcome::Exists,
            REFUSED => Outcome::Refused(String::new()),
            _ => bail!(OTHER),
        });
        Ok(())
    }

    pub(super) const fn import(&self) -> &Import {
        &self.import
    }

    /// The last line of the input of which it says what became of it.
    pub(super) const fn last_line(&self) -> u64 {
        self.last_line
    }

    /// Returns the counts of the runs before this one.
    pub(super) const fn counted(&self) -> Report {
        self.counted
    }

    /// Writes what became of some lines; whatever ends the process afterwards, it stays.
    pub(super) fn write(&mut self, outcomes: &[LineOutcome]) -> io::Result<()> {
        for LineOutcome { line, outcome } in outcomes {
            let (outcome, reason) = match outcome {
                Outcome::Imported => (IMPORTED, None),
                Outcome::Exists => (EXISTS, None),
                Outcome::Refused(reason) => (REFUSED, Some(reason.clone())),
            };
            self.append(&Entry {
                line: *line,
                outcome: outcome.to_owned(),
                reason,
            })?;
        }
        self.out.flush()
    }

    /// Writes the counts: the report is whole.
    pub(super) fn finish(mut self, counted: &Report) -> io::Result<()> {
        self.append(counted)?;
        self.out.flush()?;
        self.out.get_ref().sync_all()
    }

    fn append(&mut self, line: &impl Serialize) -> io::Result<()> {
        serde_json::to_writer(&mut self.out, line)?;
        self.out.write_all(b"\n")
    }
}

const IMPORTED: &str = "imported";
const EXISTS: &str = "exists";
const REFUSED: &str = "refused";

const BEGINNING: &[u8] = b"{\"import\":\"";
const OTHER: &str = "it exists, and is no report of an import";
/// A reason names a value of the input at most once for each column.
const LONGEST_LINE: u64 = 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn import(input: &str) -> Import {
        Import {
            import: "i".to_owned(),
            input: input.to_owned(),
            mode: "all".to_owned(),
            addresses_verified: false,
        }
    }

    fn outcome(line: u64) -> LineOutcome {
        LineOutcome {
            line,
            outcome: Outcome::Imported,
        }
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn it_goes_on_after_its_last_whole_line_and_is_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report");
        let input = tempfile::tempfile().unwrap();
        let mut report = ImportReport::open(&path, &input, import("a")).unwrap();
        assert_eq!(mode(&path), 0o600); // ST-4
        report.write(&[outcome(2), outcome(5)]).unwrap();
        assert!(
            ImportReport::open(&path, &input, import("a")).is_err(),
            "another import writes it"
        );
        drop(report);
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"line\":6,\"outc");
        std::fs::write(&path, text).unwrap();

        let other = Import {
            import: "another".to_owned(),
            ..import("a")
        };
        let mut report = ImportReport::open(&path, &input, other).unwrap();
        assert_eq!(mode(&path), 0o600); // ST-4
        assert_eq!((report.import().import.as_str(), report.last_line()), ("i", 5));
        assert_eq!(report.counted().imported, 2);
        report.write(&[outcome(6)]).unwrap();
        report.finish(&Report::default()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 5, "{text}");
        let finished = ImportReport::open(&path, &input, import("a")).unwrap_err();
        assert!(finished.to_string().contains("finished"), "{finished}");
    }

    #[test]
    fn no_other_file_is_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("people.csv");
        let begun = "{\"import\":\"i\",\"input\":\"a\",\"mode\":\"all\",\"addresses_verified\":false}\n";
        for (text, input) in [
            ("email,last_name\na@example.org,A\n", "a"),
            ("no line", "a"),
            (begun, "another"),
            (&format!("{begun}{{\"line\":2,\"outcome\":\"lost\"}}\n"), "a"),
            (&format!("{begun}nothing\n"), "a"),
        ] {
            std::fs::write(&path, text).unwrap();
            let other = tempfile::tempfile().unwrap();
            assert!(
                ImportReport::open(&path, &other, import(input)).is_err(),
                "{text}"
            );
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
        // The input itself, by whatever name.
        let link = folder.path().join("link");
        std::fs::hard_link(&path, &link).unwrap();
        std::fs::write(&path, "").unwrap();
        let input = File::open(&path).unwrap();
        let refused = ImportReport::open(&link, &input, import("a")).unwrap_err();
        assert!(refused.to_string().contains("overwrite"), "{refused}");
    }
}
