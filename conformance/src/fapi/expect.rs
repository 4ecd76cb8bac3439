//! Says where a mutated flow may end, and makes that a row of a table.

use super::{Flow, FlowEnd, client_credentials, flow, run_flow};
use crate::checks::common::{error_description, json_error};
use crate::http::Answer;
use crate::report::Step;
use crate::run::Run;

const RULE: &str = "what FAPI 2.0 demands of this request";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Success {
    Wanted,
    /// It is certifiable, but the suite warns.
    Odd,
    Fine,
    Wrong,
}

/// The ends that a flow may have. Each list names the error codes that may come from there; an empty list allows none.
#[derive(Clone, Copy, Debug)]
pub struct Expect {
    par: &'static [&'static str],
    /// Makes other codes there a warning.
    any_at_par: bool,
    /// Makes a refusal there a warning.
    odd_at_par: bool,
    callback: &'static [&'static str],
    odd_at_callback: bool,
    page: bool,
    token: &'static [&'static str],
    tls: bool,
    success: Success,
}

const NOWHERE: Expect = Expect {
    par: &[],
    any_at_par: false,
    odd_at_par: false,
    callback: &[],
    odd_at_callback: false,
    page: false,
    token: &[],
    tls: false,
    success: Success::Wrong,
};

impl Expect {
    pub const SUCCESS: Self = Self {
        success: Success::Wanted,
        ..NOWHERE
    };

    pub const fn par(codes: &'static [&'static str]) -> Self {
        Self {
            par: codes,
            ..NOWHERE
        }
    }

    pub const fn callback(codes: &'static [&'static str]) -> Self {
        Self {
            callback: codes,
            ..NOWHERE
        }
    }

    pub const fn token(codes: &'static [&'static str]) -> Self {
        Self {
            token: codes,
            ..NOWHERE
        }
    }

    pub const fn or_callback(self, codes: &'static [&'static str]) -> Self {
        Self {
            callback: codes,
            ..self
        }
    }

    pub const fn or_page(self) -> Self {
        Self { page: true, ..self }
    }

    /// Allows that there is no connection.
    pub const fn or_tls(self) -> Self {
        Self { tls: true, ..self }
    }

    pub const fn or_success(self) -> Self {
        Self {
            success: Success::Fine,
            ..self
        }
    }

    pub const fn or_any_at_par(self) -> Self {
        Self {
            any_at_par: true,
            ..self
        }
    }

    pub const fn or_odd_refusal_at_par(self) -> Self {
        Self {
            odd_at_par: true,
            ..self
        }
    }

    pub const fn or_odd_refusal_at_callback(self) -> Self {
        Self {
            odd_at_callback: true,
            ..self
        }
    }

    pub fn tolerates_success(&self) -> bool {
        self.success != Success::Wrong
    }

    pub const fn or_odd_success(self) -> Self {
        Self {
            success: Success::Odd,
            ..self
        }
    }
}

/// A module in one line: a change of a sound flow, and where the flow may end.
pub struct Row {
    pub change: fn(&mut Flow),
    pub expect: Expect,
}

/// Declares a module of a table: `row!("name", [PrivateKeyJwt, User], |flow| …, Expect::…)`.
macro_rules! row {
    ($name:literal, [$($only:ident),*], $change:expr, $expect:expr) => {
        $crate::module::Module {
            name: concat!("fapi2-security-profile-final-", $name),
            needs: $crate::module::Needs::Fapi,
            on: &["code"],
            only: &[$($crate::fapi::Restriction::$only),*],
            check: $crate::module::Check::Run(|run| Box::pin($crate::fapi::Row { change: $change, expect: $expect }.carry_out(run))),
        }
    };
}
pub(crate) use row;

impl Row {
    pub async fn carry_out(self, run: &mut Run) -> Step {
        let mut flow = flow(run)?;
        (self.change)(&mut flow);
        let end = if flow.fapi.client_credentials {
            client_credentials(run, &flow).await?
        } else {
            run_flow(run, &flow).await?
        };
        judge(run, &end, &self.expect);
        Ok(())
    }
}

/// Requires that the end is one of those expected.
pub fn judge(run: &mut Run, end: &FlowEnd, expect: &Expect) {
    match end {
        FlowEnd::Par(answer) if expect.odd_at_par => {
            run.report
                .warn(RULE, format!("refused when pushed: {}", answer.brief()));
        }
        FlowEnd::Par(answer) if expect.any_at_par => {
            run.report
                .require((400..600).contains(&answer.status), RULE, || answer.brief());
            let code = answer.json().unwrap_or_default()["error"].clone();
            let usual = expect.par.is_empty() || expect.par.iter().any(|it| code == *it);
            run.report.advise(usual, RULE, || {
                format!("the error is {code}, not one of {:?}", expect.par)
            });
        }
        FlowEnd::Par(answer) => refusal(run, answer, expect.par, "when pushed"),
        FlowEnd::Token(answer) => refusal(run, answer, expect.token, "at the token endpoint"),
        FlowEnd::Callback(response) => {
            let code = response.get("error").unwrap_or_default();
            let expected = expect.callback.contains(&code);
            if expected && expect.odd_at_callback {
                run.report.warn(RULE, format!("refused: {}", response.brief()));
            }
            run.report.require(expected, RULE, || {
                format!(
                    "{} came back to the client; expected: {expect:?}",
                    response.brief()
                )
            });
        }
        FlowEnd::Page(page) if expect.page => {
            run.report.require(page.login_form().is_none(), RULE, || {
                format!("a login page instead of an error: {}", page.brief())
            });
            run.report.review(RULE, page.brief());
        }
        FlowEnd::Page(page) => run
            .report
            .fail(RULE, format!("it ended on a page: {}", page.brief())),
        FlowEnd::Tls(detail) => run.report.require(expect.tls, RULE, || {
            format!("no answer at the token endpoint: {detail}")
        }),
        FlowEnd::Resource(answer) => run.report.fail(
            RULE,
            format!("the resource refuses the token: {}", answer.brief()),
        ),
        FlowEnd::Done(_) => match expect.success {
            Success::Wanted | Success::Fine => {}
            Success::Odd => run.report.warn(RULE, "it went through"),
            Success::Wrong => run.report.fail(RULE, "it went through"),
        },
    }
}

/// Requires an error in JSON with one of the codes. The status is 400; `invalid_client` may also be 401.
fn refusal(run: &mut Run, answer: &Answer, codes: &'static [&'static str], place: &str) {
    if codes.is_empty() {
        let description = answer.json().unwrap_or_default()["error_description"].clone();
        error_description(description.as_str().unwrap_or_default(), &mut run.report);
        run.report
            .fail(RULE, format!("it was refused {place}: {}", answer.brief()));
        return;
    }
    let of_the_client = answer.json().is_some_and(|it| it["error"] == "invalid_client");
    let status: &[u16] = if of_the_client { &[400, 401] } else { &[400] };
    json_error(answer, status, codes, RULE, &mut run.report);
}
