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

/** `{ sh: [{ file, code, shows, line }], python: […], … }`: what is run, and what it prints where the page says so. */
export function programs(text) {
  const all = Object.fromEntries(PROGRAMS.map((language) => [language, []]));
  let step = [];
  for (const block of blocks(text)) {
    if (PROGRAMS.includes(block.language)) {
      if (!block.touches || step.some(({ language }) => language === block.language)) step = [];
      const [file] = block.words;
      const sample = { language: block.language, file, code: block.code, line: block.line, shows: null };
      all[block.language].push(sample);
      step.push(sample);
    } else if (block.words[0] === 'output') {
      const only = block.words[1];
      for (const sample of step) if (!only || only === sample.language) sample.shows = block.code;
    }
  }
  return all;
}

export async function guides() {
  const names = (await readdir(GUIDES)).filter((name) => name.endsWith('.md')).sort();
  return Promise.all(
    names.map(async (name) => ({ name: name.slice(0, -3), text: await readFile(new URL(name, GUIDES), 'utf8') })),
  );
}

/** The page with each Rust sample as its file has it. */
export async function withRust(text) {
  let page = text;
  for (const [, name, shown] of text.matchAll(/^```rust (\S+)\n([^]*?)^```$/gm)) {
    const source = await readFile(new URL(name, RUST), 'utf8');
    page = page.replace(`\`\`\`rust ${name}\n${shown}\`\`\``, () => `\`\`\`rust ${name}\n${source}\`\`\``);
  }
  return page;
}

if (process.argv[2] === 'write') {
  for (const { name, text } of await guides()) await writeFile(new URL(`${name}.md`, GUIDES), await withRust(text));
}
