//! The files of `templates/`, compiled in.

use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};

pub(super) static FILES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");

/// Returns the text of a template.
pub(super) fn source(name: &str) -> Option<&'static str> {
    FILES.get_file(name)?.contents_utf8()
}

/// Returns the Terms of Use and the Privacy Notice that come with the program: by document, version and file name.
pub fn documents() -> BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>> {
    let name = |path: &Path| {
        let name = path.file_name().unwrap_or_default();
        name.to_string_lossy().into_owned()
    };
    let texts = |version: &Dir<'static>| {
        let files = version.files();
        files
            .filter_map(|it| Some((name(it.path()), it.contents_utf8()?.to_owned())))
            .collect()
    };
    let versions = |kind: &Dir<'static>| kind.dirs().map(|it| (name(it.path()), texts(it))).collect();
    let kinds = FILES.get_dir("documents").into_iter().flat_map(Dir::dirs);
    kinds.map(|it| (name(it.path()), versions(it))).collect()
}
