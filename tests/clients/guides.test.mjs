// What the guides show is true: every sample is run as it stands, in its order, and prints what the page says it prints.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { guides, programs, withRust } from './guides.mjs';
import { PYTHON } from './python.mjs';
import { startTill } from './till.mjs';

const RUST = process.env.TILL_GUIDES_PROGRAM;
if (!RUST) throw new Error('TILL_GUIDES_PROGRAM must name the built tests/guides; `make test-clients` sets it');
const TSC = fileURLToPath(new URL('node_modules/typescript/bin/tsc', import.meta.url));
const HERE = fileURLToPath(new URL('.', import.meta.url));
const MARK = '\u0001';

// The sandbox goes last: it moves time.
const all = (await guides()).sort((one, other) => Number(one.name === 'sandbox') - Number(other.name === 'sandbox'));
let till, folder;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'till-guides-'));
  // All samples together sign in more often than a person would.
  till = await startTill({ TILL_RATE_LIMIT_LOGIN: 'sliding_window:1000/60s' });
  await typescript();
});

after(async () => {
  await till?.stop();
  if (folder) await rm(folder, { recursive: true });
});

/** The pages believe it to be where `make run` puts it. */
const here = (code) =>
  code
    .replaceAll('http://127.0.0.1:8080', till.url)
    .replaceAll('http://127.0.0.1:9090', till.ops)
    .replaceAll('http://127.0.0.1:8090', till.gateway);

/** Its output; throws with all of it where it fails. */
async function run(command, args, settings = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...settings,
    env: { ...process.env, TILL: till.url, TILL_OPS: till.ops, TILL_GATEWAY: till.gateway, ...settings.env },
  });
  let out = '';
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (told += text));
  const [code] = await once(child, 'close');
  assert.equal(code, 0, `${command} ${args.join(' ')}\n${out}\n${told}`);
  return out;
}

/** Checks and translates the TypeScript of all guides at once. */
async function typescript() {
  const source = join(folder, 'ts');
  await mkdir(source);
  await writeFile(join(source, 'package.json'), '{ "type": "module" }');
  const files = [];
  for (const { name, text } of all) {
    const samples = programs(text).samples.ts;
    if (!samples.length) continue;
    const marked = samples.map(({ code }, index) => `${here(code)}console.log("\\u0001${index}");\n`);
    await writeFile(join(source, `${name}.ts`), marked.join(''));
    files.push(join(source, `${name}.ts`));
  }
  const strict = ['--strict', '--noUnusedLocals', '--moduleDetection', 'force', '--skipLibCheck', '--erasableSyntaxOnly'];
  const types = ['--types', 'node', '--typeRoots', join(HERE, 'node_modules/@types')];
  const target = ['--target', 'es2022', '--module', 'nodenext', '--outDir', source];
  await run(process.execPath, [TSC, ...strict, ...types, ...target, ...files]);
}

/** What each sample of a program printed. */
const RUNNERS = {
  async sh(samples, cwd) {
    const marked = samples.map(({ code }, index) => `${here(code)}printf '\\n\\001%s\\n' ${index}\n`);
    return apart(await run('bash', ['-euo', 'pipefail', '-c', marked.join('')], { cwd }));
  },
  async python(samples, cwd) {
    const marked = samples.map(({ code }, index) => `${here(code)}\nprint("\\x01${index}")\n`);
    await writeFile(join(cwd, 'sample.py'), marked.join(''));
    return apart(await run(PYTHON.command, ['sample.py'], { cwd, env: PYTHON.env }));
  },
  async ts(_samples, cwd, name) {
    return apart(await run(process.execPath, [join(folder, 'ts', `${name}.js`)], { cwd }));
  },
  async rust(samples, cwd) {
    const printed = [];
    for (const { file } of samples) printed.push(await run(RUST, [basename(file, '.rs')], { cwd }));
    return printed;
  },
};

/** The pieces of one Rust file print what the file prints; where one of them shows nothing, it may print anything. */
function wholeFiles(samples) {
  return [...new Set(samples.map(({ file }) => file))].map((name) => {
    const pieces = samples.filter(({ file }) => file === name);
    const silent = pieces.every(({ shows }) => shows === null);
    return { ...pieces[0], shows: silent ? null : pieces.map(({ shows }) => shows ?? '…').join('') };
  });
}

const apart = (out) => out.split(new RegExp(`\\s*${MARK}\\d+\\n`)).slice(0, -1);

/** White space outside of quotes is the printer's own affair. */
const squeezed = (text) => text.replace(/("(?:[^"\\]|\\.)*")|\s+/g, (_, quoted) => quoted ?? '');

/** `…` stands for anything. */
function assertShows(shown, printed, where) {
  const pattern = squeezed(shown)
    .split('…')
    .map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('[^]*?');
  assert.match(squeezed(printed), new RegExp(`^${pattern}$`), `${where} shows\n${shown}and prints\n${printed}`);
}

test('the Rust samples of the pages are those that are compiled', async () => {
  for (const { name, text } of all) {
    assert.equal(await withRust(text), text, `${name}.md: \`node tests/clients/guides.mjs write\` brings it up to date`);
  }
});

test('every step is there in curl, Python, TypeScript and Rust, or the page says why it is not', () => {
  for (const { name, text } of all) {
    for (const { line, lacks, says } of programs(text).groups) {
      assert.deepEqual(lacks, says?.lacks ?? [], `${name}.md:${line} lacks ${lacks.join(', ') || 'nothing'}`);
    }
  }
});

for (const { name, text } of all) {
  const { samples } = programs(text);
  const languages = Object.keys(samples).filter((language) => samples[language].length);
  test(`${name}: ${languages.join(', ') || 'nothing to run'}`, async () => {
    const cwd = join(folder, name);
    await mkdir(cwd);
    for (const language of languages) {
      const whole = language === 'rust' ? wholeFiles(samples.rust) : samples[language];
      const printed = await RUNNERS[language](whole, cwd, name);
      assert.equal(printed.length, whole.length, `${name} (${language}) stopped early: ${printed}`);
      whole.forEach(({ shows, line }, index) => {
        if (shows !== null) assertShows(shows, printed[index], `${name}.md:${line} (${language})`);
      });
    }
  });
}

test('a new user finds a whole checkout in three languages in the quick start, and its output', () => {
  const quick = programs(all.find(({ name }) => name === 'quick-start').text).samples;
  for (const language of ['ts', 'python', 'rust']) {
    assert.equal(quick[language].length, 1);
    assert.match(quick[language][0].shows, /^paid: /);
    for (const step of ['/v1/users', '/v1/auth/token', '/v1/products', '/v1/orders', '/v1/payments', 'pm_ok']) {
      assert.ok(quick[language][0].code.includes(step), `${language} lacks ${step}`);
    }
  }
});
