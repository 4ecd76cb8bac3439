//! The operator's own list of passwords that nobody may have, beside the one of breaches that the program contains.

/// Entries by the number that stands for each, in order. A million take 8 MB.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Blocklist(Vec<u64>);

/// The line, counted from one, that is no UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnreadableLine(pub usize);

impl Blocklist {
    /// Reads a file with one entry a line. A line is an entry as it stands, also one that looks like a comment.
    pub fn parse(file: &[u8]) -> Result<Self, UnreadableLine> {
        let file = file.strip_prefix(b"\xef\xbb\xbf").unwrap_or(file);
        let mut keys = Vec::new();
        for (index, line) in file.split(|it| *it == b'\n').enumerate() {
            let line = std::str::from_utf8(line).map_err(|_| UnreadableLine(index + 1))?;
            let line = line.strip_suffix('\r').unwrap_or(line);
            if !line.is_empty() {
                keys.push(breached_passwords::key(&breached_passwords::fold(line)));
            }
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(Self(keys))
    }

    /// Returns `true` if the text with this key is an entry (`breached_passwords::key`).
    pub fn contains(&self, key: u64) -> bool {
        self.0.binary_search(&key).is_ok()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Debug for Blocklist {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Blocklist of {}", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_has_an_entry_a_line() {
        let list = Blocklist::parse("\u{feff}Geneva\r\n\n#lakeside\nＧＥＮＥＶＡ".as_bytes()).unwrap();
        let key = |it: &str| breached_passwords::key(&breached_passwords::fold(it));
        assert_eq!(list.len(), 2);
        assert!(list.contains(key("geneva")) && list.contains(key("#Lakeside")));
        assert!(!list.contains(key("lakeside")) && !list.contains(key("")));
        assert_eq!(Blocklist::parse(b"good\nb\xffd"), Err(UnreadableLine(2)));
        assert!(Blocklist::parse(b"").unwrap().is_empty());
    }
}
