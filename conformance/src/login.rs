//! Completes a login: redeems the code, judges the tokens and userinfo (OpenID Connect Core §3.1.3, §3.2, §3.3, §5.3).

use crate::checks::{id_token, response, token, userinfo};
use crate::client::{Redemption, Request};
use crate::http::Answer;
use crate::journey::Journey;
use crate::relying_party::RelyingParty;
use crate::report::Step;
use anyhow::Context;
use serde_json::Value;

/// Everything that a successful login yields. Fields that the response type does not bring are empty.
pub struct Login {
    pub journey: Journey,
    pub code: String,
    /// The tokens of the token endpoint if there was a code, else those of the authorization endpoint.
    pub tokens: token::Tokens,
    /// The ID token of the same endpoint.
    pub id_token: id_token::IdToken,
    /// The ID token of the authorization endpoint, where another one followed.
    pub front: Option<id_token::IdToken>,
    pub userinfo: Value,
}

impl RelyingParty {
    /// Reads the ID token of the authorization endpoint, which binds the code and the access token beside it.
    fn read_front_id_token(
        &mut self,
        response: &response::Response,
        nonce: Option<&str>,
    ) -> Step<Option<id_token::IdToken>> {
        let Some(raw) = response.get("id_token") else {
            return Ok(None);
        };
        let expected = id_token::Expected {
            issuer: &self.run.provider.issuer,
            client_id: self.client.id(),
            nonce,
            access_token: response.get("access_token"),
            code: response.get("code"),
        };
        let token = id_token::read(raw, &self.run.provider.jwks, &expected, &mut self.run.report)?;
        for (word, name) in [("token", "at_hash"), ("code", "c_hash")] {
            let missing = self.run.variant.has(word) && token.claims.get(name).is_none();
            self.run.report.require(
                !missing,
                "at_hash and c_hash (OpenID Connect Core §3.2.2.10, §3.3.2.11)",
                || format!("{name} is missing in the ID token from the authorization endpoint"),
            );
        }
        Ok(Some(token))
    }

    pub async fn redeem_raw(&mut self, code: &str) -> Step<Answer> {
        let redirect_uri = self.client.settings.redirect_uri.clone();
        let params = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri.as_str()),
        ];
        Ok(self
            .client
            .token_request(&self.run.http, &self.run.provider, &params)
            .await?)
    }

    /// Redeems the code through the library, then makes the checker's own checks of the answer.
    pub async fn redeem(&mut self, redemption: &Redemption<'_>) -> Step<(token::Tokens, id_token::IdToken)> {
        let (answer, complaint) = self
            .client
            .redeem_by_library(&self.run.http, &self.run.provider, redemption)
            .await?;
        let tokens = token::read(&answer, &mut self.run.report)?;
        let id_token = self.read_id_token(&tokens, redemption.nonce, Some(redemption.code))?;
        if let Some(complaint) = complaint {
            self.run
                .report
                .fail("the library openidconnect as relying party", complaint);
        }
        Ok((tokens, id_token))
    }

    pub fn read_id_token(
        &mut self,
        tokens: &token::Tokens,
        nonce: Option<&str>,
        code: Option<&str>,
    ) -> Step<id_token::IdToken> {
        let Some(raw) = &tokens.id_token else {
            return Err(self.run.report.stop(
                "token response (OpenID Connect Core §3.1.3.3)",
                "there is no id_token",
            ));
        };
        let expected = id_token::Expected {
            issuer: &self.run.provider.issuer,
            client_id: self.client.id(),
            nonce,
            access_token: Some(&tokens.access_token),
            code,
        };
        id_token::read(raw, &self.run.provider.jwks, &expected, &mut self.run.report)
    }

    pub async fn userinfo_raw(&mut self, access_token: &str) -> Step<Answer> {
        let endpoint = self.run.endpoint("userinfo_endpoint")?;
        let bearer = format!("Bearer {access_token}");
        Ok(self
            .run
            .http
            .get(&endpoint, &[("authorization", &bearer)])
            .await?)
    }

    /// Logs in: request, pages, response, tokens, userinfo.
    pub async fn login(&mut self, request: &Request) -> Step<Login> {
        let (journey, granted) = self.obtain_response(request).await?;
        self.complete_login(journey, granted, request, None).await
    }

    pub async fn complete_login(
        &mut self,
        journey: Journey,
        granted: response::Response,
        request: &Request,
        verifier: Option<&str>,
    ) -> Step<Login> {
        let mut front = self.read_front_id_token(&granted, request.get("nonce"))?;
        let mut tokens = token::of_front(&granted, &mut self.run.report);
        let code = granted.get("code").unwrap_or_default().to_owned();
        let id_token = if code.is_empty() {
            front.take()
        } else {
            let in_front = std::mem::take(&mut tokens);
            let redemption = Redemption {
                code: &code,
                nonce: request.get("nonce"),
                verifier,
            };
            let (bought, id_token) = self.redeem(&redemption).await?;
            tokens = bought;
            if let Some(front) = &front {
                self.expect_same_subject(front, &id_token);
            }
            self.read_userinfo(&in_front.access_token, &id_token).await?;
            Some(id_token)
        };
        let id_token = id_token.context("there is no ID token")?;
        let userinfo = self.read_userinfo(&tokens.access_token, &id_token).await?;
        Ok(Login {
            journey,
            code,
            tokens,
            id_token,
            front,
            userinfo,
        })
    }

    fn expect_same_subject(&mut self, front: &id_token::IdToken, bought: &id_token::IdToken) {
        for name in ["iss", "sub"] {
            let (one, two) = (&front.claims[name], &bought.claims[name]);
            self.run.report.require(
                one == two,
                "ID tokens of both endpoints (OpenID Connect Core §3.3.3.6)",
                || format!("{name} is {one} in one and {two} in the other"),
            );
        }
    }

    /// Reads userinfo. Returns null if there is no access token.
    async fn read_userinfo(&mut self, access_token: &str, id_token: &id_token::IdToken) -> Step<Value> {
        if access_token.is_empty() {
            return Ok(Value::Null);
        }
        let answer = self.userinfo_raw(access_token).await?;
        userinfo::read(&answer, id_token.claims["sub"].as_str(), &mut self.run.report)
    }
}
