//! Lists every kind of mail with its samples, for the previews of administrators and of the demo, and for the tests.

use super::*;
use crate::i18n::Locale;
use crate::templates::{Error, MailTemplate, RenderedMail, Templates};

#[derive(Debug)]
pub struct Kind {
    pub name: &'static str,
    render: fn(&Templates, Locale) -> Result<Vec<RenderedMail>, Error>,
    #[cfg(test)]
    pub opening: fn() -> Vec<bool>,
}

impl Kind {
    /// Renders the samples of the kind.
    pub fn samples(&self, templates: &Templates, locale: Locale) -> Result<Vec<RenderedMail>, Error> {
        (self.render)(templates, locale)
    }
}

/// Returns whether each sample of a kind says that it holds something that opens.
#[cfg(test)]
fn opening<M: MailTemplate>() -> Vec<bool> {
    let samples = M::samples();
    samples
        .iter()
        .map(|it| it.opens() != crate::templates::Opens::Nothing)
        .collect()
}

fn samples_of<M: MailTemplate>(templates: &Templates, locale: Locale) -> Result<Vec<RenderedMail>, Error> {
    M::samples().iter().map(|it| templates.mail(it, locale)).collect()
}

macro_rules! kinds {
    ($($mail:ident),+ $(,)?) => {
        pub const ALL: &[Kind] = &[$(Kind {
            name: <$mail as MailTemplate>::NAME,
            render: samples_of::<$mail>,
            #[cfg(test)]
            opening: opening::<$mail>,
        }),+];
    };
}

kinds! {
    VerificationCode, FirstLoginCode, AccountExists, NoAccount, PasswordReset, PasswordChanged, PasswordDisabled,
    NewSignIn, SessionsEnded, AccountAdministered, AccountSecured, SecondFactorChanged, RecoveryRequested, RecoveryWaiting, RecoveryStopped,
    RecoveryDone, EmailChangeCode, EmailChangeTaken, EmailChanged, EmailChangeUndone, AccountTakenOver, DataReady, DataFailed, DeletionMail, AuthenticationRequested, NewsletterSubscribed,
    ClientOwnership, AffiliationRequested, AffiliationChanged, TiesChanged, FocalPointDesignated, FocalPointRemoved, DeputyNamed, DeputyEnded, RequestsDigest,
    RequestsReminder, RequestsOverdue, WeeklyDigest, OrganizationDecided,
}

/// Returns the kind of this name.
pub fn find(name: &str) -> Option<&'static Kind> {
    ALL.iter().find(|it| it.name == name)
}
