# pip install flask authlib requests
import os
from authlib.integrations.flask_client import OAuth
from flask import Flask, redirect, session, url_for

app = Flask(__name__)
app.secret_key = os.environ["SESSION_KEY"]
itu = OAuth(app).register(
    "itu",
    client_id="CLIENT_ID",
    client_secret=os.environ["CLIENT_SECRET"],
    server_metadata_url="ISSUER/.well-known/openid-configuration",
    client_kwargs={"scope": "SCOPES", "code_challenge_method": "S256"},
)

@app.get("/login")
def login():
    return itu.authorize_redirect(url_for("callback", _external=True))

@app.get("/callback")
def callback():
    token = itu.authorize_access_token()  # checks state, nonce, iss, signature
    session["person"] = itu.userinfo(token=token)
    return redirect("/")
