//! A QR code as the path of an inline SVG: modules are units, a run of dark ones is one rectangle.

use std::fmt::Write as _;

use qrcode::{Color, EcLevel, QrCode};
use serde::Serialize;

/// The light modules around the code (ISO/IEC 18004 §9.1).
const QUIET: usize = 4;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Qr {
    /// The width of the picture, with its margin.
    pub size: usize,
    pub path: String,
}

impl Qr {
    /// Encodes a text, or returns `None` if a code cannot hold it.
    pub fn of(text: &str) -> Option<Self> {
        let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
        let width = code.width();
        let mut path = String::new();
        for (y, row) in code.to_colors().chunks(width).enumerate() {
            let mut x = 0;
            for run in row.chunk_by(|a, b| a == b) {
                if run.first() == Some(&Color::Dark) {
                    let (left, top, length) = (x + QUIET, y + QUIET, run.len());
                    let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
                }
                x += run.len();
            }
        }
        Some(Self {
            size: width + 2 * QUIET,
            path,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Draws the modules of a path back, with the margin: dark ones are true.
    fn drawn(qr: &Qr) -> Vec<bool> {
        let mut modules = vec![false; qr.size * qr.size];
        for rectangle in qr.path.split('M').skip(1) {
            let (corner, rest) = rectangle.split_once('h').expect("a width");
            let (x, y) = corner.split_once(' ').expect("a corner");
            let (x, y): (usize, usize) = (x.parse().expect("x"), y.parse().expect("y"));
            let width: usize = rest
                .split_once('v')
                .expect("a height")
                .0
                .parse()
                .expect("a width");
            assert_eq!(rest, format!("{width}v1h-{width}z"));
            modules[y * qr.size + x..][..width].fill(true);
        }
        modules
    }

    #[test]
    fn the_picture_is_the_code_and_its_margin() {
        let text = "otpauth://totp/ITU%20User%20Account:john.doe%40company.com?secret=GEZDGNBVGY3TQOJQ";
        let code = QrCode::with_error_correction_level(text, EcLevel::M).expect("short enough");
        let qr = Qr::of(text).expect("short enough");
        let drawn = drawn(&qr);
        for (at, dark) in drawn.iter().enumerate() {
            let inside = |it: usize| it.checked_sub(QUIET).filter(|it| *it < code.width());
            let wanted = match (inside(at % qr.size), inside(at / qr.size)) {
                (Some(x), Some(y)) => code[(x, y)] == Color::Dark,
                _ => false,
            };
            assert_eq!(*dark, wanted, "{at}");
        }
    }

    #[test]
    fn a_code_begins_with_its_corner() {
        let qr = Qr::of("otpauth://totp/x").expect("short enough");
        assert_eq!(qr.size, 25 + 8); // version 2
        // The finder pattern: seven dark modules, then one at each side.
        assert!(qr.path.starts_with("M4 4h7v1h-7z"), "{}", qr.path);
        assert!(qr.path.contains("M4 5h1v1h-1zM10 5h1v1h-1z"));
        assert_eq!(Qr::of(&"x".repeat(5000)), None);
    }
}
