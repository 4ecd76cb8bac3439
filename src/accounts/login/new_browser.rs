//! Mails a person about a login with a browser that is new to the account, and names browsers for pages and mails.

use chrono::Duration;

use crate::accounts::Result;
use crate::app::Tx;
use crate::domain::account::Account;
use crate::storage::accounts;
use crate::templates::mails;

/// Mails the person, at most once an hour for each account (LG-4).
pub(super) async fn notify(tx: &Tx, account: &Account) -> Result<()> {
    if !accounts::update_new_browser_mailed(tx, &account.id, tx.now() - Duration::hours(1), tx.now()).await? {
        return Ok(());
    }
    let message = mails::NewSignIn {
        name: account.profile.full_name(),
        at: tx.now(),
        browser: browser_in_words(&tx.context().user_agent),
    };
    Ok(tx.mail(account, &message).await?)
}

/// Returns a name such as `Firefox, Windows`, made of words in this file and never of text that a browser sent.
pub fn browser_in_words(user_agent: &str) -> String {
    let first = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(sign, _)| user_agent.contains(sign))
            .map(|(_, name)| *name)
    };
    let browser = first(&[
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
    ]);
    let system = first(&[
        ("Android", "Android"),
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ]);
    [browser, system]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_named_in_words_of_ours() {
        let firefox = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0";
        assert_eq!(browser_in_words(firefox), "Firefox, Windows");
        assert_eq!(browser_in_words("curl/8 <script>"), "");
    }
}
