//! Lists in pages (security.md AD-4).

use serde::Serialize;

#[derive(Clone, Debug, Serialize)]
pub struct Paging {
    /// The number of the page, from 1.
    pub page: u64,
    pub pages: u64,
    pub total: u64,
    /// The path and query of this page.
    pub here: String,
    /// The paths and queries of the neighbours, made by the door that has the filters.
    pub previous: Option<String>,
    pub next: Option<String>,
}

impl Paging {
    /// Builds the links. `query` has the filters that stay, empty ones too: a missing filter may mean another list.
    pub fn new(page: u64, size: u64, total: u64, path: &str, query: &[(&str, &str)]) -> Self {
        let pages = total.div_ceil(size.max(1)).max(1);
        let page = page.clamp(1, pages);
        let link = |to: u64| {
            let query = form_urlencoded::Serializer::new(String::new())
                .extend_pairs(query)
                .append_pair("page", &to.to_string())
                .finish();
            format!("{path}?{query}")
        };
        Self {
            page,
            pages,
            total,
            here: link(page),
            previous: (page > 1).then(|| link(page - 1)),
            next: (page < pages).then(|| link(page + 1)),
        }
    }

    /// Returns the number of rows before this page.
    pub fn offset(&self, size: u64) -> u64 {
        (self.page - 1) * size
    }
}

#[cfg(test)]
mod tests {
    use super::Paging;

    #[test]
    fn the_neighbours_keep_the_filters() {
        let paging = Paging::new(2, 25, 60, "/people", &[("q", "a&b"), ("status", "")]);
        assert_eq!(paging.next.as_deref(), Some("/people?q=a%26b&status=&page=3"));
        assert_eq!((paging.pages, paging.offset(25)), (3, 25));
        assert_eq!(Paging::new(9, 25, 0, "/people", &[]).page, 1);
    }
}
