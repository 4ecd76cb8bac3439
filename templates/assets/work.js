// A worker solves the challenge of a form beside the page, while the person types (src/proof_of_work.rs): for each of
// sixteen parts, a counter with which SHA-256 of the challenge's own SHA-256, the part and the counter begins with so
// many zero bits. One block each, so a hash of our own is faster than a call into the browser's, which answers later.
"use strict";
const PARTS = 16;
const primes = [];
for (let n = 2; primes.length < 64; n++) if (primes.every((it) => n % it)) primes.push(n);
// FIPS 180-4 §4.2.2, §5.3.3: the first bits of the fractions of roots of primes.
const fraction = (it) => ((it - Math.floor(it)) * 2 ** 32) | 0;
const K = Int32Array.from(primes, (it) => fraction(Math.cbrt(it)));
const H = Int32Array.from(primes.slice(0, 8), (it) => fraction(Math.sqrt(it)));
const W = new Int32Array(64);

// Returns the first word of the hash of the one block that stands in the first sixteen words of W (FIPS 180-4 §6.2.2).
const firstWord = () => {
  for (let i = 16; i < 64; i++) {
    const x = W[i - 15], y = W[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = H;
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
  }
  return (a + H[0]) | 0;
};

onmessage = async ({ data: challenge }) => {
  const bits = Number(challenge.split(".")[0]);
  const prefix = new DataView(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(challenge)));
  const counters = [];
  for (let part = 0; part < PARTS; part++) {
    W.fill(0);
    for (let i = 0; i < 8; i++) W[i] = prefix.getInt32(4 * i);
    W[8] = part;
    W[10] = 1 << 31; // the end of the 40 bytes
    W[15] = 320; // their length in bits
    for (let counter = 0; ; counter++) {
      W[9] = counter;
      if (Math.clz32(firstWord()) >= bits) { counters.push(counter.toString(16)); break; }
    }
  }
  postMessage(challenge + "~" + counters.join("."));
};
