//! What is counted of a client, day by day: how many people log in there, and what goes wrong.

use super::organization::words;

words! {
    /// One kind of what is counted.
    CountedUse {
        /// A person logged in there: the client got tokens, or a code in the front channel.
        Login = "login",
        /// A request with an address that is not registered.
        RedirectUri = "redirect_uri",
        /// Any other authorization request that was refused.
        Request = "request",
        /// A wrong secret, or another failed authentication of the client.
        Authentication = "authentication",
        /// A refused request for tokens of the client that was authenticated.
        Token = "token",
    }
}

/// The days that are counted and kept, today among them.
pub const COUNTED_DAYS: u32 = 30;
