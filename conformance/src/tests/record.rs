//! Shows that `load --record` and `verify` find a provider that does not keep what it told.

use super::keeping::{Fault, Keeping};
use crate::client::random_text;
use crate::load::figures::Figures;
use crate::load::ledger::Ledger;
use crate::load::operations::{Operation, Workload};
use crate::load::record::{self, Record};
use crate::load::settings::{Scope, Settings};
use crate::load::verify::{Asked, Findings, ask};
use crate::load::{Plan, measure};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A run of the drill, and its record.
struct Drill {
    settings: Settings,
    path: PathBuf,
    figures: Figures,
}

impl Drop for Drill {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

impl Drill {
    async fn at(provider: &Keeping) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let settings = Settings {
            name: "mock".to_owned(),
            issuer: provider.issuer.clone(),
            client_id: "one".to_owned(),
            client_secret: "secret".to_owned(),
            redirect_uri: "http://127.0.0.1:1/cb".to_owned(),
            scope: "openid".to_owned(),
            user_email: "alice".to_owned(),
            user_password: "secret".to_owned(),
            user_count: 1,
            client_credentials: Scope::default(),
            refresh: Scope {
                scope: Some("openid offline_access".to_owned()),
            },
        };
        let path = std::env::temp_dir().join(format!("drill-{}", random_text(12)));
        let plan = Plan {
            workload: Workload::Drill,
            workers: 2,
            warm_up: Duration::ZERO,
            measured: Duration::from_secs(1),
            interval: Some(Duration::from_millis(15)),
            trust_any: false,
            record: Some(Arc::new(Record::open(&path).unwrap())),
        };
        let figures = measure(settings.clone(), plan).await.expect("it runs");
        Self {
            settings,
            path,
            figures,
        }
    }

    async fn verify(&self) -> Findings {
        let ledger = Ledger::of(&record::read(&self.path).unwrap());
        assert!(ledger.grants.len() > 10 && !ledger.sign_ups.is_empty());
        let asked = Asked {
            record: Some(Arc::new(Record::open(&self.path).unwrap())),
            mails: None,
            codes_may_be_lost: false,
            workers: 2,
            trust_any: false,
        };
        ask(&self.settings, ledger, &asked).await.expect("it asks")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_keeps_what_it_told_has_no_violation() {
    let provider = Keeping::start(Fault::None).await;
    let drill = Drill::at(&provider).await;
    assert!(drill.figures.is_right(), "{:?}", drill.figures);
    // What the first one did is part of the record.
    for _ in 0..2 {
        let findings = drill.verify().await;
        assert!(findings.wrong.is_empty(), "{findings:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_under_load_is_a_failure() {
    for (fault, operation) in [
        (Fault::CodesLast, Operation::CodeTwice),
        (Fault::ReplayEndsNothing, Operation::CodeTwice),
        (Fault::RefreshTokensLast, Operation::RefreshTwice),
        (Fault::ForgetsRevocation, Operation::Revocation),
        (Fault::ForgetsRotation, Operation::RefreshTwice),
        (Fault::OtherPerson, Operation::Refresh),
    ] {
        let drill = Drill::at(&*Keeping::start(fault).await).await;
        let (_, failed) = drill.figures.number(operation);
        assert!(failed > 0, "{fault:?}: {:?}", drill.figures);
        let findings = drill.verify().await;
        assert!(!findings.wrong.is_empty(), "{fault:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_lost_afterwards_is_a_violation() {
    type Loss = fn(&Keeping);
    let losses: [(Loss, &str); 3] = [
        (Keeping::loses_refresh_tokens, "refresh tokens that are good"),
        (Keeping::loses_sign_ups, "sign-ups that wait for a code"),
        (Keeping::forgets_redemptions, "codes that were redeemed"),
    ];
    for (loss, kind) in losses {
        let provider = Keeping::start(Fault::None).await;
        let drill = Drill::at(&provider).await;
        loss(&provider);
        let findings = drill.verify().await;
        assert!(findings.wrong.contains_key(kind), "{kind}: {findings:?}");
    }
}
