// npm install express express-session openid-client
import express from "express";
import session from "express-session";
import * as oidc from "openid-client";

const itu = await oidc.discovery(new URL("ISSUER"), "CLIENT_ID", process.env.CLIENT_SECRET);
const redirect_uri = "https://service.example/callback";
const app = express();
app.use(session({ secret: process.env.SESSION_KEY, resave: false, saveUninitialized: false }));

app.get("/login", async (req, res) => {
  const verifier = oidc.randomPKCECodeVerifier();
  const [state, nonce] = [oidc.randomState(), oidc.randomNonce()];
  req.session.login = { verifier, state, nonce };
  const code_challenge = await oidc.calculatePKCECodeChallenge(verifier);
  const parameters = { redirect_uri, scope: "SCOPES", state, nonce, code_challenge, code_challenge_method: "S256" };
  res.redirect(oidc.buildAuthorizationUrl(itu, parameters).href);
});

app.get("/callback", async (req, res) => {
  const { verifier, state, nonce } = req.session.login;
  const checks = { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce };
  const tokens = await oidc.authorizationCodeGrant(itu, new URL(req.originalUrl, redirect_uri), checks);
  req.session.person = await oidc.fetchUserInfo(itu, tokens.access_token, tokens.claims().sub);
  res.redirect("/");
});
app.listen(3000);
