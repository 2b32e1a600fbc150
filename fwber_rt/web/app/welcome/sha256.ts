/**
 * SHA-256 of a text, in hexadecimal (FIPS 180-4). Browsers have one too, but only where the page is secure; the wording somebody
 * agreed to has the same hash everywhere.
 */
const ROUNDS = 64;

/** The first 32 bits of the fractional parts of roots of the first primes, as the standard defines its constants. */
function constants(root: (prime: number) => number, count: number): Uint32Array {
  const found: number[] = [];
  for (let number = 2; found.length < count; number += 1) {
    if (isPrime(number)) found.push((root(number) % 1) * 2 ** 32);
  }
  return Uint32Array.from(found);
}

const START = constants(Math.sqrt, 8);
const K = constants(Math.cbrt, ROUNDS);

export function sha256(text: string): string {
  const words = padded(new TextEncoder().encode(text));
  const state = Uint32Array.from(START);
  for (let block = 0; block < words.length; block += 16) mix(state, words.subarray(block, block + 16));
  return [...state].map((word) => word.toString(16).padStart(8, "0")).join("");
}

function padded(bytes: Uint8Array): Uint32Array {
  const words = new Uint32Array(((bytes.length + 8) >> 6) * 16 + 16);
  bytes.forEach((byte, place) => { words[place >> 2] = (words[place >> 2] ?? 0) | (byte << (24 - 8 * (place & 3))); });
  const end = bytes.length;
  words[end >> 2] = (words[end >> 2] ?? 0) | (0x80 << (24 - 8 * (end & 3)));
  words[words.length - 2] = Math.floor(end / 2 ** 29);
  words[words.length - 1] = end << 3;
  return words;
}

function mix(state: Uint32Array, block: Uint32Array): void {
  const w = schedule(block);
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let round = 0; round < ROUNDS; round += 1) {
    const s1 = turn(e, 6) ^ turn(e, 11) ^ turn(e, 25);
    const one = (h + s1 + ((e & f) ^ (~e & g)) + (K[round] ?? 0) + (w[round] ?? 0)) | 0;
    const s0 = turn(a, 2) ^ turn(a, 13) ^ turn(a, 22);
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) | 0, c, b, a, (one + two) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, place) => { state[place] = (state[place] ?? 0) + word; });
}

function schedule(block: Uint32Array): Uint32Array {
  const w = new Uint32Array(ROUNDS);
  w.set(block);
  const at = (place: number): number => w[place] ?? 0;
  for (let round = 16; round < ROUNDS; round += 1) {
    const s0 = turn(at(round - 15), 7) ^ turn(at(round - 15), 18) ^ (at(round - 15) >>> 3);
    const s1 = turn(at(round - 2), 17) ^ turn(at(round - 2), 19) ^ (at(round - 2) >>> 10);
    w[round] = at(round - 16) + s0 + at(round - 7) + s1;
  }
  return w;
}

function turn(word: number, by: number): number {
  return (word >>> by) | (word << (32 - by));
}

function isPrime(number: number): boolean {
  for (let factor = 2; factor * factor <= number; factor += 1) if (number % factor === 0) return false;
  return true;
}
