//! Measures whether the time of an answer shows if an address has an account. It is a benchmark, not a check: it prints
//! medians side by side and leaves the judgement to the reader. The pages are those of ITU User Account.

use crate::browser::{Browser, RedirectResult};
use crate::client::random_text;
use crate::http::Http;
use crate::sign_up::{FORMS as SIGN_UP, Form, VERIFY};
use anyhow::{Context, Result, bail};
use clap::Args;
use std::time::{Duration, Instant};

#[derive(Args)]
pub struct Timing {
    /// The address of the server
    #[arg(long)]
    issuer: String,
    /// The e-mail addresses that have an account; `{n}` counts
    #[arg(long, default_value = "known{n}@bench.example")]
    known: String,
    /// The e-mail addresses whose account has the hash of another platform, if there are any; `{n}` counts
    #[arg(long)]
    former: Option<String>,
    /// The number of addresses; each is used once in each journey, since limits by address would answer otherwise
    #[arg(long, default_value_t = 200)]
    people: usize,
}

/// The password of bench/accounts.csv, which the accounts share.
const RIGHT_LOGIN: &[Form] = &[("/login", &[("password", "Correct-horse-battery-42")])];

/// The forms in which a stranger may type an address, in their order.
const JOURNEYS: [(&str, &[Form]); 3] = [
    ("login", &[("/login", &[("password", "wrong-Harbour-9-violin")])]),
    ("forgotten password", &[("/forgot-password", &[])]),
    (
        "sign-up",
        &[SIGN_UP[0], SIGN_UP[1], (VERIFY, &[("code", "000000")])],
    ),
];

pub async fn run(arguments: &Timing) -> Result<()> {
    let http = Http::new(false)?;
    // Until the first login a hash is the former platform's, and a wrong password costs one of ours beside it.
    for n in 0..arguments.people {
        let email = arguments.known.replace("{n}", &n.to_string());
        let logged_in = fill_in(&http, &arguments.issuer, RIGHT_LOGIN, &email).await?;
        if logged_in.iter().any(|(status, _)| *status != 303) {
            bail!("{email} cannot log in: import bench/accounts.csv as bench/README.md says");
        }
    }
    // The first is what the others are compared with.
    let mut kinds = vec![("unknown", None), ("known", Some(&arguments.known))];
    kinds.extend(arguments.former.as_ref().map(|it| ("former", Some(it))));
    print!("{:<42}", "median of each POST, ms; its ratio");
    for (kind, _) in &kinds {
        print!(" {kind:>10} {:>7}", "");
    }
    println!();
    for (journey, forms) in JOURNEYS {
        // [form][kind]
        let mut times = vec![vec![Vec::new(); kinds.len()]; forms.len()];
        let mut statuses = vec![None; forms.len()];
        for n in 0..arguments.people {
            let addresses = kinds.iter().map(|(_, pattern)| match pattern {
                Some(pattern) => pattern.replace("{n}", &n.to_string()),
                None => format!("unknown{}@bench.example", random_text(10).to_lowercase()),
            });
            let mut turns: Vec<_> = addresses.enumerate().collect();
            // They take turns, so that none is always the first.
            turns.rotate_left(n % kinds.len());
            for (which, email) in turns {
                let taken = fill_in(&http, &arguments.issuer, forms, &email)
                    .await
                    .with_context(|| format!("{journey} of {email}"))?;
                for (at, (status, time)) in taken.into_iter().enumerate() {
                    if *statuses[at].get_or_insert(status) != status {
                        bail!("{journey} of {email}: {} answered {status}", forms[at].0);
                    }
                    times[at][which].push(time);
                }
            }
        }
        for ((path, _), of_kinds) in forms.iter().zip(times) {
            let medians: Vec<f64> = of_kinds.into_iter().map(median).collect();
            print!("{:<42}", format!("{journey}: {path}"));
            for median in &medians {
                print!(" {median:>10.2} {:>7.3}", median / medians[0]);
            }
            println!();
        }
    }
    Ok(())
}

/// Fills in the forms as one person, in a browser of their own. Returns status and time of each.
async fn fill_in(http: &Http, issuer: &str, forms: &[Form], email: &str) -> Result<Vec<(u16, Duration)>> {
    let mut browser = Browser::new(http, Vec::new());
    let mut times = Vec::new();
    for (path, typed) in forms {
        let RedirectResult::Page(page) = browser.open(&format!("{issuer}{path}")).await? else {
            bail!("{path} is no page");
        };
        let Some(form) = page.forms.iter().find(|it| it.post && it.action.path() == *path) else {
            bail!("there is no form on {}", page.brief());
        };
        let mut values: Vec<_> = typed
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()))
            .collect();
        if form.fields.iter().any(|it| it.name == "email") {
            values.push(("email".to_owned(), email.to_owned()));
        }
        let begin = Instant::now();
        let status = browser.send(form, &values).await?;
        times.push((status, begin.elapsed()));
        if status == 429 || status >= 500 {
            bail!("{path} answered {status}: nothing was measured");
        }
    }
    Ok(times)
}

/// Returns the median in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times
        .get(times.len() / 2)
        .map_or(f64::NAN, |it| it.as_secs_f64() * 1000.0)
}
