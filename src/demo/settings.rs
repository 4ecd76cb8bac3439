//! Keeps the ports and client secrets that the demo chose at its first start.

use std::net::TcpListener;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::services::Kind;
use crate::random;

/// The usual ports: provider, events, bookshop, mailing lists.
const PORTS: [u16; 4] = [8400, 8401, 8402, 8403];

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    pub port: u16,
    pub service_ports: [u16; 3],
    pub secrets: [String; 3],
}

impl Settings {
    /// Reads `demo.json` in the data directory, or makes it (mode 0600: it holds client secrets).
    pub fn load(data: &Path, free_ports: bool) -> anyhow::Result<Self> {
        let file = data.join("demo.json");
        if let Ok(text) = std::fs::read_to_string(&file) {
            return Ok(serde_json::from_str(&text)?);
        }
        let [port, service_ports @ ..] = if free_ports { free()? } else { PORTS };
        let settings = Self {
            port,
            service_ports,
            secrets: std::array::from_fn(|_| random::token()),
        };
        write_private(&file, &serde_json::to_vec_pretty(&settings)?)?;
        Ok(settings)
    }

    pub fn issuer(&self) -> String {
        origin(self.port)
    }

    pub fn origin(&self, kind: Kind) -> String {
        origin(self.service_ports[kind as usize])
    }

    pub fn secret(&self, kind: Kind) -> &str {
        &self.secrets[kind as usize]
    }
}

fn origin(port: u16) -> String {
    format!("http://localhost:{port}")
}

/// Returns four free ports, below the range from which a system gives ports to whoever asks for any. One from that
/// range might be given away before the demo listens there.
fn free() -> std::io::Result<[u16; 4]> {
    // All four are held until all are known, so that they differ.
    let mut held = Vec::new();
    for _ in 0..10_000 {
        let port = 12_000 + u16::from_le_bytes(random::bytes()) % 18_000;
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            held.push((port, listener));
        }
        if let [(a, _), (b, _), (c, _), (d, _)] = held[..] {
            return Ok([a, b, c, d]);
        }
    }
    Err(std::io::ErrorKind::AddrInUse.into())
}

/// Writes a file beside it and renames that, so that a kill leaves the whole file or none.
fn write_private(file: &PathBuf, content: &[u8]) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let beside = file.with_extension("new");
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)?;
    out.write_all(content)?;
    out.sync_all()?;
    std::fs::rename(beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_chosen_stays() {
        let data = tempfile::tempdir().unwrap();
        let first = Settings::load(data.path(), true).unwrap();
        let second = Settings::load(data.path(), true).unwrap();
        assert_eq!((first.port, &first.secrets), (second.port, &second.secrets));
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(data.path().join("demo.json"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600); // ST-4
    }
}
