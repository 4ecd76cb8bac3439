//! The files of `templates/`, compiled in.

use include_dir::{Dir, include_dir};

pub(super) static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Returns the text of a template.
pub(super) fn source(name: &str) -> Option<&'static str> {
    FILES.get_file(name)?.contents_utf8()
}
