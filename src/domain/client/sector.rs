//! The sector of a client: clients of one sector get the same pairwise subject of a person (OpenID Connect Core §8.1).

use url::Url;

use super::Metadata;

impl Metadata {
    /// Returns the host of `sector_identifier_uri`, or the one host of all redirect URIs, or `None` if they have several.
    pub fn sector(&self) -> Option<String> {
        if let Some(uri) = &self.sector_identifier_uri {
            return host(uri);
        }
        let mut hosts = self.redirect_uris.iter().map(|it| host(it));
        let first = hosts.next().flatten()?;
        hosts.all(|it| it.as_ref() == Some(&first)).then_some(first)
    }
}

fn host(uri: &str) -> Option<String> {
    let url = Url::parse(uri).ok()?;
    url.host_str().filter(|it| !it.is_empty()).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sector(uris: &[&str], identifier: Option<&str>) -> Option<String> {
        let metadata = Metadata {
            redirect_uris: uris.iter().map(|it| (*it).to_owned()).collect(),
            sector_identifier_uri: identifier.map(str::to_owned),
            ..Metadata::default()
        };
        metadata.sector()
    }

    #[test]
    fn a_sector_is_one_host() {
        let (one, other) = ("https://a.example/cb", "https://b.example/cb");
        assert_eq!(
            sector(&[one, "https://a.example:444/x"], None),
            Some("a.example".into())
        );
        assert_eq!(sector(&[one, other], None), None);
        assert_eq!(
            sector(&[one, other], Some("https://c.example/s.json")),
            Some("c.example".into())
        );
        assert_eq!(sector(&["org.example:/cb"], None), None);
        assert_eq!(sector(&[], None), None);
    }
}
