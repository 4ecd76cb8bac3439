// The page at check_session_iframe tells a service's page whether the login it saw still stands (OpenID
// Connect Session Management 1.0 §3.2). Old JavaScript and a SHA-256 of its own: it has to run wherever a
// service's page runs, also where crypto.subtle is not to be had.
(function () {
  "use strict";
  var cookie = document.currentScript.getAttribute("data-cookie");

  // The constants of FIPS 180-4 §4.2.2, §5.3.3: roots of the first primes.
  var start = [];
  var round = [];
  function fraction(root) { return ((root - Math.floor(root)) * 4294967296) | 0; }
  for (var candidate = 2; round.length < 64; candidate++) {
    var prime = true;
    for (var divisor = 2; divisor * divisor <= candidate; divisor++) {
      if (candidate % divisor === 0) { prime = false; break; }
    }
    if (prime) {
      if (start.length < 8) { start.push(fraction(Math.pow(candidate, 1 / 2))); }
      round.push(fraction(Math.pow(candidate, 1 / 3)));
    }
  }

  function turned(word, bits) { return (word >>> bits) | (word << (32 - bits)); }

  // FIPS 180-4 §6.2, over the octets of a binary string.
  function sha256(text) {
    var words = [];
    var i;
    for (i = 0; i < text.length; i++) { words[i >> 2] |= text.charCodeAt(i) << (24 - 8 * (i % 4)); }
    words[i >> 2] |= 0x80 << (24 - 8 * (i % 4));
    var total = (((text.length + 8) >> 6) + 1) * 16;
    for (i = 0; i < total; i++) { words[i] |= 0; }
    words[total - 1] = text.length * 8;
    var state = start.slice();
    for (var block = 0; block < total; block += 16) {
      var w = words.slice(block, block + 16);
      var s = state.slice();
      for (i = 0; i < 64; i++) {
        if (i >= 16) {
          var early = w[i - 15];
          var late = w[i - 2];
          var low = turned(early, 7) ^ turned(early, 18) ^ (early >>> 3);
          var high = turned(late, 17) ^ turned(late, 19) ^ (late >>> 10);
          w[i] = (w[i - 16] + low + w[i - 7] + high) | 0;
        }
        var sum1 = turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25);
        var choice = (s[4] & s[5]) ^ (~s[4] & s[6]);
        var one = (s[7] + sum1 + choice + round[i] + w[i]) | 0;
        var sum0 = turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22);
        var majority = (s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]);
        s = [(one + sum0 + majority) | 0, s[0], s[1], s[2], (s[3] + one) | 0, s[4], s[5], s[6]];
      }
      for (i = 0; i < 8; i++) { state[i] = (state[i] + s[i]) | 0; }
    }
    return state;
  }

  // As base64url of the 32 octets, without padding.
  function encoded(state) {
    var letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    var text = "";
    for (var bit = 0; bit < 256; bit += 6) {
      var six = 0;
      for (var i = bit; i < bit + 6; i++) {
        six = six * 2 + (i < 256 ? (state[i >> 5] >>> (31 - i % 32)) & 1 : 0);
      }
      text += letters.charAt(six);
    }
    return text;
  }

  // Throws where the browser keeps the cookies from this frame.
  function browserState() {
    var pairs = document.cookie.split(/; */);
    for (var i = 0; i < pairs.length; i++) {
      if (pairs[i].indexOf(cookie + "=") === 0) { return pairs[i].slice(cookie.length + 1); }
    }
    return null;
  }

  // A browser that holds back third-party cookies shows none: that says nothing of the login (§3.2: "error").
  function whetherReadable(then) {
    if (navigator.cookieEnabled === false) { then(false); return; }
    if (typeof document.hasStorageAccess !== "function") { then(true); return; }
    document.hasStorageAccess().then(then, function () { then(false); });
  }

  function answer(message, origin, send) {
    var parts = typeof message === "string" ? /^([\x21-\x7e]+) ([A-Za-z0-9_-]{43})\.([A-Za-z0-9_-]+)$/.exec(message) : null;
    if (!parts) { send("error"); return; }
    var state;
    try { state = browserState(); } catch (_) { send("error"); return; }
    if (state === null) {
      whetherReadable(function (readable) { send(readable ? "changed" : "error"); });
      return;
    }
    var hash = encoded(sha256(parts[1] + " " + origin + " " + state + " " + parts[3]));
    send(hash === parts[2] ? "unchanged" : "changed");
  }

  window.addEventListener("message", function (event) {
    // A page without an origin cannot be answered alone, and no service is one.
    if (!event.source || !event.origin || event.origin === "null") { return; }
    answer(event.data, event.origin, function (status) { event.source.postMessage(status, event.origin); });
  }, false);
}());
