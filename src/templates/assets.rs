//! The style sheet and the script: static files under an address that changes with their content,
//! so that a browser may keep them for ever. `find` serves what `url` names.

use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use super::files::FILES;
use crate::paths;

pub struct Asset {
    pub name: String,
    pub content_type: &'static str,
    pub body: &'static [u8],
    /// The path that templates link: `/assets/app.<hash>.css`.
    pub path: String,
}

/// The header by which a browser keeps an asset: its content never changes under its address.
pub const CACHE_CONTROL: &str = "public, max-age=31536000, immutable";

static ASSETS: LazyLock<Vec<Asset>> = LazyLock::new(|| {
    let files = FILES
        .get_dir("assets")
        .into_iter()
        .flat_map(include_dir::Dir::files);
    files.filter_map(asset).collect()
});

fn asset(file: &'static include_dir::File<'static>) -> Option<Asset> {
    let name = file.path().file_name()?.to_str()?;
    let (stem, extension) = name.rsplit_once('.')?;
    let content_type = match extension {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => return None,
    };
    let digest = Sha256::digest(file.contents());
    let hash = base16ct::lower::encode_string(&digest[..8]);
    Some(Asset {
        name: name.to_owned(),
        content_type,
        body: file.contents(),
        path: paths::asset(&format!("{stem}.{hash}.{extension}")),
    })
}

/// Returns the asset at a path, for `/assets/{file}`.
pub fn find(path: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|it| it.path == path)
}

/// Returns the asset of this name.
pub fn named(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|it| it.name == name)
}

/// Implements `asset("app.css")` in templates.
pub(super) fn url(name: &str) -> Result<minijinja::Value, minijinja::Error> {
    named(name)
        .map(|it| minijinja::Value::from_safe_string(it.path.clone()))
        .ok_or_else(|| {
            minijinja::Error::new(
                minijinja::ErrorKind::InvalidOperation,
                format!("no asset `{name}`"),
            )
        })
}

/// Returns all assets, for tests that weigh a page.
pub fn all() -> &'static [Asset] {
    &ASSETS
}
