// Takes the samples out of the guides: programs of one language in their order, and the output that the page shows.
//
//   node guides.mjs write    copy the Rust samples of tests/guides/ into the pages
import { readFile, readdir, writeFile } from 'node:fs/promises';

export const GUIDES = new URL('../../docs/guides/', import.meta.url);
const RUST = new URL('../guides/', import.meta.url);
const PROGRAMS = ['sh', 'python', 'ts', 'rust'];

/** Every fenced block: `{ language, words, code, line }`. */
export function blocks(text) {
  const found = [];
  let open = null;
  text.split('\n').forEach((row, index) => {
    if (!row.startsWith('```')) {
      open?.rows.push(row);
    } else if (open) {
      found.push({ ...open, code: open.rows.map((line) => `${line}\n`).join('') });
      open = null;
    } else {
      const [language, ...words] = row.slice(3).trim().split(/\s+/);
      open = { language, words, line: index + 1, rows: [], touches: found.at(-1)?.end === index };
    }
    if (!open && row.startsWith('```') && found.length) found.at(-1).end = index + 1;
  });
  return found;
}

/**
 * What is run, and what it prints where the page says so: the samples of one language after the other, and the groups of
 * one step. A group lacks a language only where its first block says so and why: "```sh lacks python rust: a reason".
 *
 * `{ samples: { sh: [{ language, file, code, shows, line }], … }, groups: [{ line, lacks: […], says: { lacks: […], why } | null }] }`
 */
export function programs(text) {
  const samples = Object.fromEntries(PROGRAMS.map((language) => [language, []]));
  const groups = [];
  let step = [];
  const begin = (block) => {
    step = [];
    const [, languages, why] = block.words.join(' ').match(/\blacks ([a-z ]+): (.+)$/) ?? [];
    groups.push({ line: block.line, samples: step, says: why ? { lacks: languages.split(' ').sort(), why } : null });
  };
  for (const block of blocks(text)) {
    const [first] = block.words;
    if (PROGRAMS.includes(block.language)) {
      if (!block.touches || step.some(({ language }) => language === block.language)) begin(block);
      const file = first?.includes('.') ? first : null;
      const sample = { language: block.language, file, code: block.code, line: block.line, shows: null };
      samples[block.language].push(sample);
      step.push(sample);
    } else if (first === 'output') {
      const only = block.words.slice(1);
      for (const sample of step) if (!only.length || only.includes(sample.language)) sample.shows = block.code;
    }
  }
  const lacking = (step) => PROGRAMS.filter((language) => step.every((sample) => sample.language !== language)).sort();
  return { samples, groups: groups.map(({ line, samples, says }) => ({ line, lacks: lacking(samples), says })) };
}

export async function guides() {
  const names = (await readdir(GUIDES)).filter((name) => name.endsWith('.md')).sort();
  return Promise.all(
    names.map(async (name) => ({ name: name.slice(0, -3), text: await readFile(new URL(name, GUIDES), 'utf8') })),
  );
}

/** What a page shows of a Rust file: all of it, or one piece after the other where a line `// == …` cuts it. */
async function pieces(name) {
  const source = await readFile(new URL(name, RUST), 'utf8');
  return source.split(/^ *\/\/ == .*$/m).map((piece) => piece.replace(/^\n+|\n+$/g, ''));
}

/** The page with each Rust sample as its file has it; throws where the page has more or fewer of them. */
export async function withRust(text) {
  const shown = /^```rust (\S+)(.*)\n[^]*?^```$/gm;
  const left = new Map();
  for (const [, name] of text.matchAll(shown)) if (!left.has(name)) left.set(name, await pieces(name));
  const page = text.replace(shown, (_, name, words) => {
    const piece = left.get(name).shift();
    if (piece === undefined) throw new Error(`${name} has fewer pieces than the page has blocks of it`);
    return `\`\`\`rust ${name}${words}\n${piece}\n\`\`\``;
  });
  for (const [name, rest] of left) if (rest.length) throw new Error(`the page shows not all of ${name}: ${rest}`);
  return page;
}

if (process.argv[2] === 'write') {
  for (const { name, text } of await guides()) await writeFile(new URL(`${name}.md`, GUIDES), await withRust(text));
}
