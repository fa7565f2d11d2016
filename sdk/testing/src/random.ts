/**
 * Seeded pseudo-random numbers: the only source of chance in a simulation, so that a seed replays exactly. The generator is
 * sfc32 (Chris Doty-Humphrey's Small Fast Counter), its state filled by splitmix32.
 */

export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A whole number, both ends included. */
  int(min: number, max: number): number;
  /** Uniform in [min, max). */
  between(min: number, max: number): number;
  /** True with this probability. Draws nothing where the answer is certain. */
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** A new array in random order. */
  shuffle<T>(items: readonly T[]): T[];
  /** An independent generator; the same label of the same parent state answers the same stream. */
  fork(label: string): Random;
}

function splitmix32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

function sfc32(a: number, b: number, c: number, counter: number): () => number {
  return () => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
}

/** FNV-1a over the UTF-16 code units: turns labels into seeds. */
export function hashText(text: string, basis = 0x811c9dc5): number {
  let hash = basis >>> 0;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193) >>> 0;
  return hash;
}

/** `seed`: any whole number; its low 53 bits count. */
export function createRandom(seed: number): Random {
  const mix = splitmix32((seed ^ Math.floor(seed / 2 ** 32)) >>> 0);
  const word = sfc32(mix(), mix(), mix(), 1);
  for (let i = 0; i < 12; i++) word();
  return fromWords(word);
}

function fromWords(word: () => number): Random {
  const next = () => word() / 2 ** 32;
  const random: Random = {
    next,
    int: (min, max) => min + Math.floor(next() * (max - min + 1)),
    between: (min, max) => min + next() * (max - min),
    chance: (probability) => probability > 0 && (probability >= 1 || next() < probability),
    pick(choices) {
      if (choices.length === 0) throw new RangeError('nothing to pick from');
      return choices[Math.floor(next() * choices.length)] as (typeof choices)[number];
    },
    shuffle(items) {
      const out = [...items];
      for (let i = out.length - 1; i > 0; i--) {
        const j = Math.floor(next() * (i + 1));
        const swapped = out[i] as (typeof out)[number];
        out[i] = out[j] as (typeof out)[number];
        out[j] = swapped;
      }
      return out;
    },
    fork: (label) => createRandom(word() ^ hashText(label)),
  };
  return random;
}
