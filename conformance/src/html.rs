//! A page as its forms, read the way HtmlUnit or a person with JavaScript off would use them.

use scraper::{ElementRef, Html, Selector};
use std::sync::LazyLock;
use url::Url;

#[derive(Clone, Debug, Default)]
pub struct Field {
    pub kind: String,
    pub name: String,
    pub id: String,
    pub value: String,
    pub checked: bool,
    pub required: bool,
}

#[derive(Clone, Debug, Default)]
pub struct Button {
    pub name: String,
    pub value: String,
    pub text: String,
    pub id: String,
}

#[derive(Clone, Debug)]
pub struct Form {
    pub action: Url,
    pub post: bool,
    pub fields: Vec<Field>,
    pub buttons: Vec<Button>,
    /// The form is in a header, footer or menu: the page is not about it.
    pub chrome: bool,
    /// The text of the part of the page that the form is in.
    pub surroundings: String,
}

#[derive(Clone, Debug)]
pub struct Page {
    pub url: Url,
    pub status: u16,
    pub retry_after: Option<u64>,
    pub title: String,
    pub text: String,
    pub forms: Vec<Form>,
    pub refresh: Option<Url>,
    /// The addresses of its images and links, as they are written.
    pub images: Vec<String>,
    pub links: Vec<String>,
    /// The addresses that it loads in frames.
    pub frames: Vec<String>,
}

/// Words of buttons that a willing person does not press.
const REFUSALS: [&str; 12] = [
    "cancel", "deny", "abort", "reject", "decline", "refuse", "back", "stay", "another", "resend", "delete",
    "no,",
];
/// Words of buttons that somebody presses who does not want to.
const DENIALS: [&str; 6] = ["cancel", "deny", "abort", "reject", "decline", "refuse"];
/// Words of buttons that a willing person looks for.
const ASSENTS: [&str; 10] = [
    "allow",
    "consent",
    "approve",
    "accept",
    "continue",
    "confirm",
    "authorize",
    "yes",
    "logout",
    "sign me out",
];

macro_rules! selector {
    ($name:ident, $css:literal) => {
        static $name: LazyLock<Selector> =
            LazyLock::new(|| Selector::parse($css).expect("the selector is a constant and valid"));
    };
}
selector!(FORM, "form");
selector!(CONTROL, "input, button, select, textarea");
selector!(OPTION, "option");
selector!(TITLE, "title");
selector!(BODY, "body");
selector!(MAIN, "main");
selector!(IMAGE, "img[src]");
selector!(LINK, "a[href]");
selector!(IFRAME, "iframe[src]");
selector!(REFRESH, "meta[http-equiv]");

fn attributes(document: &Html, which: &Selector, name: &str) -> Vec<String> {
    let found = document.select(which).filter_map(|it| it.attr(name));
    found.map(str::to_owned).collect()
}

impl Page {
    pub fn parse(url: &Url, status: u16, html: &str) -> Self {
        let document = Html::parse_document(html);
        let base = url.clone();
        let forms = document
            .select(&FORM)
            .map(|form| read_form(&document, form, &base))
            .collect();
        let text_of = |it: Option<ElementRef<'_>>| it.map(|it| squeeze(it.text())).unwrap_or_default();
        let refresh = document
            .select(&REFRESH)
            .filter(|meta| {
                meta.attr("http-equiv")
                    .is_some_and(|it| it.eq_ignore_ascii_case("refresh"))
            })
            .filter_map(|meta| {
                meta.attr("content")?
                    .split_once("url=")
                    .or(meta.attr("content")?.split_once("URL="))
            })
            .find_map(|(_, target)| base.join(target.trim_matches(['\'', '"', ' '])).ok());
        Self {
            url: base,
            status,
            retry_after: None,
            title: text_of(document.select(&TITLE).next()),
            text: text_of(
                document
                    .select(&MAIN)
                    .next()
                    .or_else(|| document.select(&BODY).next()),
            ),
            forms,
            refresh,
            images: attributes(&document, &IMAGE, "src"),
            links: attributes(&document, &LINK, "href"),
            frames: attributes(&document, &IFRAME, "src"),
        }
    }

    pub fn login_form(&self) -> Option<&Form> {
        self.forms.iter().find(|it| it.password().is_some())
    }

    /// Returns the form that asks for a decision: a posted one of the page itself, the most assenting first.
    pub fn decision_form(&self) -> Option<&Form> {
        let mut candidates: Vec<&Form> = self
            .forms
            .iter()
            .filter(|it| it.post && !it.chrome && it.password().is_none())
            .collect();
        candidates.sort_by_key(|it| !it.buttons.iter().any(|button| button.mentions(&ASSENTS)));
        candidates.into_iter().next()
    }

    /// Returns the form that a script would send at once, or that only needs its button: `response_mode=form_post`.
    pub fn form_to(&self, is_target: impl Fn(&Url) -> bool) -> Option<&Form> {
        self.forms.iter().find(|it| is_target(&it.action))
    }

    pub fn brief(&self) -> String {
        let text: String = self.text.chars().take(140).collect();
        format!(
            "HTTP {} at {}: {:?} {}",
            self.status,
            self.url.path(),
            self.title,
            text
        )
    }
}

impl Form {
    pub fn password(&self) -> Option<&Field> {
        self.fields
            .iter()
            .find(|it| it.kind == "password" && !it.name.is_empty())
    }

    /// Returns the field that takes the account's name.
    pub fn login(&self) -> Option<&Field> {
        const NAMES: [&str; 6] = ["email", "login", "user", "account", "identifier", "uid"];
        let textual =
            |it: &&Field| matches!(it.kind.as_str(), "" | "text" | "email" | "tel") && !it.name.is_empty();
        let named = |field: &&Field| {
            let name = format!("{} {}", field.name, field.id).to_ascii_lowercase();
            NAMES.iter().any(|word| name.contains(word))
        };
        self.fields
            .iter()
            .find(|it| it.kind == "email")
            .or_else(|| self.fields.iter().filter(textual).find(named))
            .or_else(|| self.fields.iter().find(textual))
    }

    /// Returns the button that a willing person presses.
    pub fn assent(&self) -> Option<&Button> {
        let willing = || self.buttons.iter().filter(|it| !it.mentions(&REFUSALS));
        willing()
            .find(|it| it.mentions(&ASSENTS))
            .or_else(|| willing().next())
    }

    /// Returns the button that a person presses who refuses.
    pub fn denial(&self) -> Option<&Button> {
        self.buttons.iter().find(|it| it.mentions(&DENIALS))
    }

    /// Returns the boxes that a browser would not let stay empty: terms to accept.
    pub fn required_boxes(&self) -> impl Iterator<Item = (String, String)> {
        let demanded =
            |it: &&Field| it.required && it.kind == "checkbox" && !it.checked && !it.name.is_empty();
        self.fields
            .iter()
            .filter(demanded)
            .map(|it| (it.name.clone(), it.value.clone()))
    }

    /// Returns what a browser would send of the untouched form, without buttons.
    pub fn defaults(&self) -> Vec<(String, String)> {
        self.fields
            .iter()
            .filter(|it| !it.name.is_empty())
            .filter(|it| !matches!(it.kind.as_str(), "checkbox" | "radio") || it.checked)
            .filter(|it| !matches!(it.kind.as_str(), "file" | "image" | "reset" | "button"))
            .map(|it| (it.name.clone(), it.value.clone()))
            .collect()
    }
}

impl Button {
    fn mentions(&self, words: &[&str]) -> bool {
        let said = format!("{} {} {} {}", self.name, self.value, self.id, self.text).to_lowercase();
        words.iter().any(|word| said.contains(word))
    }
}

fn squeeze<'a>(text: impl Iterator<Item = &'a str>) -> String {
    text.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

fn read_form(document: &Html, form: ElementRef<'_>, base: &Url) -> Form {
    let id = form.attr("id");
    let inside = form
        .select(&CONTROL)
        .filter(|it| it.attr("form").is_none_or(|of| Some(of) == id));
    // HTML: a control may name its form from elsewhere on the page.
    let outside = document
        .select(&CONTROL)
        .filter(|it| id.is_some() && it.attr("form") == id)
        .filter(|it| !it.ancestors().any(|ancestor| ancestor.id() == form.id()));
    let (mut fields, mut buttons) = (Vec::new(), Vec::new());
    for control in inside.chain(outside).filter(|it| it.attr("disabled").is_none()) {
        let get = |name| control.attr(name).unwrap_or_default().to_owned();
        let tag = control.value().name();
        let kind = match (tag, control.attr("type")) {
            ("button", None) => "submit".to_owned(),
            (_, kind) => kind.unwrap_or_default().to_ascii_lowercase(),
        };
        if kind == "submit" || kind == "image" {
            buttons.push(Button {
                name: get("name"),
                value: get("value"),
                text: squeeze(control.text()),
                id: get("id"),
            });
            continue;
        }
        if tag == "button" {
            continue;
        }
        let value = match tag {
            "select" => {
                let options: Vec<_> = control.select(&OPTION).collect();
                let selected = options
                    .iter()
                    .find(|it| it.attr("selected").is_some())
                    .or_else(|| options.first());
                selected
                    .map(|it| it.attr("value").map_or_else(|| squeeze(it.text()), str::to_owned))
                    .unwrap_or_default()
            }
            "textarea" => control.text().collect(),
            _ if matches!(kind.as_str(), "checkbox" | "radio") && control.attr("value").is_none() => {
                "on".into()
            }
            _ => get("value"),
        };
        let [checked, required] = ["checked", "required"].map(|it| control.attr(it).is_some());
        fields.push(Field {
            kind,
            name: get("name"),
            id: get("id"),
            value,
            checked,
            required,
        });
    }
    let action = form.attr("action").unwrap_or_default();
    Form {
        action: base.join(action).unwrap_or_else(|_| base.clone()),
        post: form
            .attr("method")
            .is_some_and(|it| it.eq_ignore_ascii_case("post")),
        fields,
        buttons,
        chrome: form
            .ancestors()
            .filter_map(ElementRef::wrap)
            .any(|it| matches!(it.value().name(), "header" | "footer" | "nav")),
        surroundings: form
            .ancestors()
            .filter_map(ElementRef::wrap)
            .find(|element| {
                matches!(
                    element.value().name(),
                    "section" | "article" | "li" | "tr" | "main" | "body"
                )
            })
            .map(|it| squeeze(it.text()))
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(html: &str) -> Page {
        Page::parse(&Url::parse("https://op.example/login?x=1").unwrap(), 200, html)
    }

    #[test]
    fn a_login_form_is_found_among_others() {
        let page = page(
            r#"<header><form method=post action=/language><button>FR</button></form></header>
            <main><form method="post" action="/login?a=1&amp;b=2"><input type=hidden name=csrf value="a&quot;b">
            <input name=email><input type=password name=pw><input type=checkbox name=keep>
            <button name=decision value=cancel>Cancel</button><button>Log in</button></form></main>"#,
        );
        let form = page.login_form().unwrap();
        assert_eq!(form.action.as_str(), "https://op.example/login?a=1&b=2");
        assert_eq!(form.login().unwrap().name, "email");
        assert_eq!(form.assent().unwrap().text, "Log in");
        assert!(form.defaults().contains(&("csrf".into(), "a\"b".into())));
        assert!(!form.defaults().iter().any(|(name, _)| name == "keep"));
    }

    #[test]
    fn a_button_may_stand_outside_its_form() {
        let page = page(
            r#"<form id="out" method="post" action="/end/confirm"><input type=hidden name=xsrf value=1></form>
            <button type="submit" form="out">No, stay signed in</button>
            <button type="submit" form="out" name="logout" value="yes">Yes, sign me out</button>"#,
        );
        assert_eq!(page.decision_form().unwrap().assent().unwrap().value, "yes");
    }

    #[test]
    fn a_willing_person_ticks_what_is_demanded() {
        let page = page(
            r#"<header>Menu</header><main><h1>Terms</h1><form method=post action=/terms>
            <input type=checkbox name=accept_terms value=yes required><input type=checkbox name=newsletter>
            <button>Continue</button></form></main>"#,
        );
        let boxes: Vec<_> = page.decision_form().unwrap().required_boxes().collect();
        assert_eq!(boxes, [("accept_terms".to_owned(), "yes".to_owned())]);
        assert_eq!(page.text, "Terms Continue");
    }
}
