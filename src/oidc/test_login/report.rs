//! What a test login shows: each step with what was sent and what came back, in values that are no credentials, and what was
//! left out because only the client can do it.

use serde::{Deserialize, Serialize};

use crate::domain::client::Client;
use crate::domain::organization::words;
use crate::domain::{ClientId, SessionId, Time};
use crate::oidc::Error;
use crate::oidc::access_policy::Lack;

words! {
    /// A step of a login, in their order.
    StepKind {
        /// RFC 9126
        Push = "push",
        Authorization = "authorization",
        Response = "response",
        Token = "token",
        Userinfo = "userinfo",
        /// The end of all that was issued.
        End = "end",
    }
}

words! {
    /// A parameter or header of a step.
    Name {
        ClientId = "client_id",
        RedirectUri = "redirect_uri",
        ResponseType = "response_type",
        ResponseMode = "response_mode",
        Scope = "scope",
        State = "state",
        Nonce = "nonce",
        CodeChallenge = "code_challenge",
        CodeChallengeMethod = "code_challenge_method",
        Prompt = "prompt",
        RequestUri = "request_uri",
        Issuer = "iss",
        Response = "response",
        Code = "code",
        GrantType = "grant_type",
        CodeVerifier = "code_verifier",
        Dpop = "DPoP",
        AccessToken = "access_token",
        TokenType = "token_type",
        ExpiresIn = "expires_in",
        RefreshToken = "refresh_token",
        IdToken = "id_token",
        Authorization = "Authorization",
    }
}

words! {
    /// The form of a token.
    Form {
        Signed = "signed",
        /// Only the client can read it.
        Encrypted = "encrypted",
        /// Only this provider can read it.
        Opaque = "opaque",
    }
}

words! {
    /// Something that a client has to check.
    CheckKind {
        Signature = "signature",
        State = "state",
        Issuer = "iss",
        Audience = "aud",
        Nonce = "nonce",
        Expiry = "exp",
        AccessTokenHash = "at_hash",
        CodeHash = "c_hash",
        Subject = "sub",
        Revoked = "revoked",
    }
}

words! {
    /// What a test login cannot do as the client does it, and what it does instead.
    LeftOut {
        RedirectUri = "redirect_uri",
        Use = "use",
        Authentication = "authentication",
        SignedRequest = "signed_request",
        Dpop = "dpop",
        Certificate = "certificate",
        EncryptedResponse = "encrypted_response",
        EncryptedIdToken = "encrypted_id_token",
        EncryptedUserinfo = "encrypted_userinfo",
    }
}

impl LeftOut {
    /// Returns what a test of this client leaves out.
    pub fn of(client: &Client) -> Vec<Self> {
        let metadata = &client.metadata;
        let all = [
            (Self::RedirectUri, true),
            (Self::Use, true),
            (Self::Authentication, !client.is_public()),
            (Self::SignedRequest, client.must_sign_requests()),
            (Self::Dpop, metadata.dpop_bound_access_tokens),
            (
                Self::Certificate,
                metadata.tls_client_certificate_bound_access_tokens,
            ),
            (
                Self::EncryptedResponse,
                metadata.authorization_encryption().is_some(),
            ),
            (Self::EncryptedIdToken, metadata.id_token_encryption().is_some()),
            (Self::EncryptedUserinfo, metadata.userinfo_encryption().is_some()),
        ];
        all.into_iter().filter(|it| it.1).map(|it| it.0).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parameter {
    pub name: Name,
    /// The value; `None`: a credential, which is not shown.
    pub value: Option<String>,
}

impl Parameter {
    pub fn new(name: Name, value: impl Into<String>) -> Self {
        Self {
            name,
            value: Some(value.into()),
        }
    }

    pub const fn hidden(name: Name) -> Self {
        Self { name, value: None }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    pub kind: CheckKind,
    pub holds: bool,
}

/// A token as it is read: decoded, and without what would make it usable.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Token {
    pub name: Name,
    pub form: Form,
    pub header: Option<String>,
    pub claims: Option<String>,
    pub checks: Vec<Check>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Refusal {
    pub code: String,
    pub description: String,
    /// What the person lacks, if the access policy refused them.
    pub lacks: Vec<Lack>,
}

impl Refusal {
    pub fn new(error: &Error) -> Self {
        Self {
            code: error.code().as_str().to_owned(),
            description: error.description().to_owned(),
            lacks: Vec::new(),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    pub kind: StepKind,
    /// The method and address of the request, if there is one.
    pub request: Option<(String, String)>,
    pub sent: Vec<Parameter>,
    pub received: Vec<Parameter>,
    pub tokens: Vec<Token>,
    /// What came back beside parameters, as JSON.
    pub body: Option<String>,
    pub checks: Vec<Check>,
    pub refusal: Option<Refusal>,
}

impl Step {
    pub const fn new(kind: StepKind) -> Self {
        Self {
            kind,
            request: None,
            sent: Vec::new(),
            received: Vec::new(),
            tokens: Vec::new(),
            body: None,
            checks: Vec::new(),
            refusal: None,
        }
    }

    pub fn request(mut self, method: &str, address: String) -> Self {
        self.request = Some((method.to_owned(), address));
        self
    }

    pub fn refused(mut self, error: &Error) -> Self {
        self.refusal = Some(Refusal::new(error));
        self
    }

    /// Returns `true` if nothing was refused in it, and every check holds.
    pub fn is_good(&self) -> bool {
        let in_tokens = self.tokens.iter().flat_map(|it| &it.checks);
        self.refusal.is_none() && self.checks.iter().chain(in_tokens).all(|it| it.holds)
    }
}

/// The result, for the session that began the test.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    pub client: ClientId,
    pub session: SessionId,
    pub ended_at: Time,
    pub steps: Vec<Step>,
    pub left_out: Vec<LeftOut>,
}

impl Report {
    pub fn is_good(&self) -> bool {
        self.steps.iter().all(Step::is_good)
    }

    /// Returns the code of the first refusal.
    pub fn refusal(&self) -> Option<&str> {
        let first = self.steps.iter().find_map(|it| it.refusal.as_ref());
        first.map(|it| it.code.as_str())
    }
}
