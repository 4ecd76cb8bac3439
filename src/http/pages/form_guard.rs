//! What a form asks of a program, and a person does not notice: the proof of work and the decoy field. Pages with such a
//! form take both from here; what becomes of a form without them is decided by the rooms.

use super::{PageContext, PageError};
use crate::accounts;
use crate::proof_of_work::{self, Effort, Form, Sender};
use crate::templates::FormGuard;

/// Returns the guard of a page's form, and the page's context, which lets its worker run.
pub async fn guard(ctx: PageContext, form: Form) -> (PageContext, FormGuard) {
    let network = ctx.actor_context().network;
    let challenge = proof_of_work::challenge(&ctx.app, form, sender(&ctx, &network)).await;
    let guard = FormGuard {
        has_decoy: form != Form::Login && ctx.app.config.accounts.decoy_field,
        challenge,
    };
    let ctx = if guard.challenge.is_some() {
        ctx.with_worker()
    } else {
        ctx
    };
    (ctx, guard)
}

/// Verifies the work that came with a form.
pub async fn effort(ctx: &PageContext, form: Form, solution: &str) -> Result<Effort, PageError> {
    let network = ctx.actor_context().network;
    let effort = proof_of_work::verify(&ctx.app, form, sender(ctx, &network), solution).await;
    effort.map_err(|unreachable| accounts::Error::from(unreachable).into())
}

/// Returns `true` if a program filled in the field that no person sees.
pub fn is_decoy(ctx: &PageContext, typed: &str) -> bool {
    ctx.app.config.accounts.decoy_field && !typed.is_empty()
}

fn sender<'a>(ctx: &'a PageContext, network: &'a str) -> Sender<'a> {
    Sender {
        network,
        browser: ctx.browser(),
    }
}
