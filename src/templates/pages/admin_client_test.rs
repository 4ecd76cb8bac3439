//! `/admin/clients/{id}/test`: a test login of a client, before and after it.

use serde::Serialize;

use crate::domain::Time;
use crate::domain::message::Message;
use crate::templates::{FormChoice, FormState, Page};

#[derive(Clone, Debug, Serialize)]
pub struct AdminClientTest {
    pub id: String,
    pub name: String,
    /// The reason why it cannot be tested: `admin.client_test.unfit.<reason>`.
    pub unfit: Option<&'static str>,
    pub response_types: Vec<FormChoice>,
    pub prompts: Vec<FormChoice>,
    /// `admin.client_test.left_out.<what>`
    pub left_out: Vec<&'static str>,
    pub form: FormState,
}

/// A parameter, explained by `admin.client_test.parameter.<name>`; without a value it is a credential.
#[derive(Clone, Debug, Serialize)]
pub struct TestParameter {
    pub name: &'static str,
    pub value: Option<String>,
}

/// `admin.client_test.check.<kind>`
#[derive(Clone, Debug, Serialize)]
pub struct TestCheck {
    pub kind: &'static str,
    pub holds: bool,
}

#[derive(Clone, Debug, Serialize)]
pub struct TestToken {
    pub name: &'static str,
    /// `admin.client_test.form.<form>`
    pub form: &'static str,
    pub header: Option<String>,
    pub claims: Option<String>,
    pub checks: Vec<TestCheck>,
}

#[derive(Clone, Debug, Serialize)]
pub struct TestRefusal {
    pub code: String,
    pub description: String,
    pub lacks: Vec<Message>,
}

#[derive(Clone, Debug, Serialize)]
pub struct TestStep {
    /// `admin.client_test.step.<kind>`
    pub kind: &'static str,
    pub is_good: bool,
    /// The method and the address.
    pub request: Option<(String, String)>,
    pub sent: Vec<TestParameter>,
    pub received: Vec<TestParameter>,
    pub tokens: Vec<TestToken>,
    pub body: Option<String>,
    pub checks: Vec<TestCheck>,
    pub refusal: Option<TestRefusal>,
}

#[derive(Clone, Debug, Serialize)]
pub struct AdminClientTestResult {
    pub id: String,
    pub name: String,
    /// The end of the test; `None`: there is no such test, or its result is not kept any more.
    pub ended_at: Option<Time>,
    pub is_good: bool,
    pub steps: Vec<TestStep>,
    pub left_out: Vec<&'static str>,
}

const LEFT_OUT: [&str; 9] = [
    "redirect_uri",
    "use",
    "authentication",
    "signed_request",
    "dpop",
    "certificate",
    "encrypted_response",
    "encrypted_id_token",
    "encrypted_userinfo",
];

impl Page for AdminClientTest {
    const TEMPLATE: &'static str = "admin_client_test";

    fn samples() -> Vec<Self> {
        let choice = |it: &str| FormChoice::new(it, it);
        let page = Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            unfit: None,
            response_types: vec![choice("code"), choice("code id_token")],
            prompts: vec![choice("login"), choice("none")],
            left_out: LEFT_OUT.to_vec(),
            form: FormState::new([("response_type", "code"), ("scope", "openid email")]),
        };
        let unfit = |reason| Self {
            unfit: Some(reason),
            ..page.clone()
        };
        vec![
            Self {
                response_types: vec![choice("code")],
                left_out: vec!["redirect_uri", "use"],
                ..page.clone()
            },
            Self {
                form: page.form.clone().error("prompt", "error.choose"),
                ..page.clone()
            },
            unfit("disabled"),
            unfit("no_login"),
            page,
        ]
    }
}

impl Page for AdminClientTestResult {
    const TEMPLATE: &'static str = "admin_client_test_result";

    fn samples() -> Vec<Self> {
        let shown = |name, value: &str| TestParameter {
            name,
            value: Some(value.into()),
        };
        let hidden = |name| TestParameter { name, value: None };
        let checks = |kinds: &[&'static str], holds| -> Vec<TestCheck> {
            kinds.iter().map(|kind| TestCheck { kind, holds }).collect()
        };
        let step = |kind| TestStep {
            kind,
            is_good: true,
            request: Some(("GET".into(), "https://id.example.org/authorize".into())),
            sent: vec![],
            received: vec![],
            tokens: vec![],
            body: None,
            checks: vec![],
            refusal: None,
        };
        let token = |name, form| TestToken {
            name,
            form,
            header: Some("{\n  \"alg\": \"RS256\"\n}".into()),
            claims: Some("{\n  \"name\": \"</pre><b>\"\n}".into()),
            checks: checks(
                &["signature", "iss", "aud", "nonce", "exp", "at_hash", "c_hash"],
                true,
            ),
        };
        let push = TestStep {
            sent: vec![
                shown("client_id", "events"),
                shown(
                    "redirect_uri",
                    "https://id.example.org/admin/clients/events/test/result",
                ),
                shown("response_type", "code"),
                shown("response_mode", "jwt"),
                shown("scope", "openid <&>"),
                shown("state", "xyz"),
                shown("nonce", "n-0S6_WzA2Mj"),
                shown("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"),
                shown("code_challenge_method", "S256"),
                shown("prompt", "login"),
            ],
            received: vec![hidden("request_uri"), shown("expires_in", "60")],
            ..step("push")
        };
        let authorization = TestStep {
            sent: vec![shown("client_id", "events"), hidden("request_uri")],
            ..step("authorization")
        };
        let response = TestStep {
            received: vec![
                hidden("code"),
                shown("state", "xyz"),
                shown("iss", "https://id.example.org"),
                hidden("response"),
            ],
            tokens: vec![TestToken {
                claims: None,
                checks: vec![],
                ..token("response", "encrypted")
            }],
            checks: checks(&["state", "iss"], true),
            ..step("response")
        };
        let tokens = TestStep {
            sent: vec![
                shown("grant_type", "authorization_code"),
                hidden("code"),
                hidden("code_verifier"),
                hidden("DPoP"),
            ],
            received: vec![
                hidden("access_token"),
                shown("token_type", "Bearer"),
                shown("expires_in", "600"),
                shown("scope", "openid"),
                hidden("refresh_token"),
                hidden("id_token"),
            ],
            tokens: vec![
                TestToken {
                    header: None,
                    claims: None,
                    checks: vec![],
                    ..token("access_token", "opaque")
                },
                token("id_token", "signed"),
            ],
            ..step("token")
        };
        let userinfo = TestStep {
            sent: vec![hidden("Authorization")],
            body: Some("{\n  \"sub\": \"<&>\"\n}".into()),
            checks: checks(&["sub"], true),
            ..step("userinfo")
        };
        let end = TestStep {
            request: None,
            checks: checks(&["revoked"], true),
            ..step("end")
        };
        let refused = TestStep {
            is_good: false,
            refusal: Some(TestRefusal {
                code: "access_denied".into(),
                description: "The person did not grant access".into(),
                lacks: vec![Message::new("admin.client_people.lack.affiliation")],
            }),
            checks: checks(&["state"], false),
            ..step("response")
        };
        let page = Self {
            id: "events".into(),
            name: "ITU Events <&>".into(),
            ended_at: Some(Time::UNIX_EPOCH),
            is_good: true,
            steps: vec![push, authorization.clone(), response, tokens, userinfo, end],
            left_out: LEFT_OUT.to_vec(),
        };
        vec![
            Self {
                is_good: false,
                steps: vec![authorization, refused],
                ..page.clone()
            },
            Self {
                ended_at: None,
                is_good: false,
                steps: vec![],
                left_out: vec![],
                ..page.clone()
            },
            page,
        ]
    }
}
