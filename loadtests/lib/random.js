// Chance that falls the same way each time: the n-th visit of a run is the same visit in every run with the same seed.

/** A generator of numbers for the `number`-th visit under this seed (SplitMix32, after Steele, Lea, Flood 2014). */
export function diceOf(seed, number) {
  let state = (seed ^ Math.imul(number + 1, 0x9e3779b9)) >>> 0;
  const next = () => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
  next();
  return {
    /** True with this chance, 0 to 1. */
    chance: (share) => next() / 4294967296 < share,
    /** A whole number from `least` to `most`. */
    within: (least, most) => least + (next() % (most - least + 1)),
    /** One of these things. */
    pick: (things) => things[next() % things.length],
    /** Seconds with this mean, as often short as people's pauses are (exponential), eight times the mean at most. */
    pause: (mean) => Math.min(-Math.log((next() + 1) / 4294967297) * mean, 8 * mean),
  };
}
