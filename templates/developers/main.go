// go get github.com/coreos/go-oidc/v3/oidc golang.org/x/oauth2
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"os"
	"strings"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

func main() {
	ctx := context.Background()
	provider, err := oidc.NewProvider(ctx, "ISSUER")
	if err != nil {
		panic(err)
	}
	itu := oauth2.Config{
		ClientID: "CLIENT_ID", ClientSecret: os.Getenv("CLIENT_SECRET"), Endpoint: provider.Endpoint(),
		RedirectURL: "https://service.example/callback", Scopes: strings.Fields("SCOPES"),
	}
	keep := func(w http.ResponseWriter, name, value string) {
		http.SetCookie(w, &http.Cookie{Name: "__Host-" + name, Value: value, Path: "/", MaxAge: 600,
			HttpOnly: true, Secure: true, SameSite: http.SameSiteLaxMode})
	}
	kept := func(r *http.Request, name string) string {
		cookie, err := r.Cookie("__Host-" + name)
		if err != nil {
			return ""
		}
		return cookie.Value
	}
	http.HandleFunc("/login", func(w http.ResponseWriter, r *http.Request) {
		state, nonce, verifier := rand.Text(), rand.Text(), oauth2.GenerateVerifier()
		keep(w, "state", state)
		keep(w, "nonce", nonce)
		keep(w, "verifier", verifier)
		to := itu.AuthCodeURL(state, oidc.Nonce(nonce), oauth2.S256ChallengeOption(verifier))
		http.Redirect(w, r, to, http.StatusFound)
	})
	http.HandleFunc("/callback", func(w http.ResponseWriter, r *http.Request) {
		if state := kept(r, "state"); state == "" || state != r.FormValue("state") {
			http.Error(w, "another login", http.StatusBadRequest)
			return
		}
		token, err := itu.Exchange(r.Context(), r.FormValue("code"), oauth2.VerifierOption(kept(r, "verifier")))
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		raw, _ := token.Extra("id_token").(string)
		id, err := provider.Verifier(&oidc.Config{ClientID: itu.ClientID}).Verify(r.Context(), raw)
		if err != nil || id.Nonce != kept(r, "nonce") {
			http.Error(w, "the ID token is not for this login", http.StatusBadGateway)
			return
		}
		fmt.Fprintln(w, "Welcome,", id.Subject)
	})
	panic(http.ListenAndServe(":8080", nil))
}
