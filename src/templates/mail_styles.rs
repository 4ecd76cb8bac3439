//! Writes the styles of a mail into its tags: many mail programs read none but those. Templates stay plain, and have one
//! look. What a value brings is escaped before, so that it has no tag.

/// The bare tags of the templates, each with its styles.
const TAGS: [(&str, &str); 6] = [
    ("<p>", "<p style=\"margin:0 0 16px\">"),
    ("<ul>", "<ul style=\"margin:0 0 16px;padding:0 24px\">"),
    ("<ol>", "<ol style=\"margin:0 0 16px;padding:0 24px\">"),
    ("<li>", "<li style=\"margin:0 0 6px\">"),
    ("<strong>", "<strong style=\"font-weight:600\">"),
    ("<a href=", "<a class=\"link\" style=\"color:#005a96\" href="),
];

pub(super) fn inlined(html: &str) -> String {
    let styled = |html: String, (tag, styled): &(&str, &str)| html.replace(tag, styled);
    TAGS.iter().fold(html.to_owned(), styled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_bare_tag_gets_its_style_once() {
        let html = inlined("<p><a href=\"x\">y</a></p><p style=\"z\">");
        assert_eq!(html.matches(" style=").count(), 3);
        assert_eq!(inlined(&html), html);
    }
}
