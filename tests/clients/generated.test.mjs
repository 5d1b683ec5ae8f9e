// Clients for free: what generators make of the document compiles without a warning and buys something.
import assert from 'node:assert/strict';
import { copyFile, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { PYTHON, program } from './python.mjs';
import { run } from './run.mjs';
import { startTill } from './till.mjs';

const path = (where) => fileURLToPath(new URL(where, import.meta.url));
const DOCUMENT = path('../../openapi/v1.json');
const FOLDER = path('../../target/generated-clients/');
const BOUGHT = ['paid succeeded true yes', '402 card_declined'];

let till;

before(async () => {
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  till = await startTill();
});

after(() => till?.stop());

/** Its output, where it ends well. */
async function well(command, args, settings) {
  const { code, out, err } = await run(command, args, { cwd: FOLDER, ...settings });
  assert.equal(code, 0, `${command} ${args.join(' ')}\n${out}${err}`);
  return out + err;
}

test('openapi-typescript and openapi-fetch', async () => {
  const generator = path('node_modules/openapi-typescript/bin/cli.js');
  const told = await well(process.execPath, [generator, DOCUMENT, '-o', 'v1.d.ts']);
  assert.doesNotMatch(told, /warn/i);
  assert.match(await readFile(`${FOLDER}v1.d.ts`, 'utf8'), /place_order/);

  await copyFile(path('generated/buy.ts'), `${FOLDER}buy.ts`);
  await symlink(path('node_modules'), `${FOLDER}node_modules`);
  await writeFile(`${FOLDER}package.json`, '{ "type": "module" }');
  const strict = ['--strict', '--noUncheckedIndexedAccess', '--exactOptionalPropertyTypes', '--noUnusedLocals'];
  const target = ['--target', 'es2022', '--module', 'nodenext', '--rewriteRelativeImportExtensions', '--types', 'node'];
  await well(process.execPath, [path('node_modules/typescript/bin/tsc'), ...strict, ...target, 'buy.ts']);

  const bought = await well(process.execPath, ['buy.js'], { env: { TILL_URL: till.url } });
  assert.deepEqual(bought.trim().split('\n'), BOUGHT);
});

test('openapi-python-client', async () => {
  const asked = ['generate', '--path', DOCUMENT, '--meta', 'none', '--output-path', 'till_client'];
  const config = ['--config', path('generated/python_client.yaml'), '--fail-on-warning'];
  const told = await well(PYTHON.command, [program('openapi-python-client'), ...asked, ...config], { env: PYTHON.env });
  assert.doesNotMatch(told, /warning|skipping|unable/i);

  await copyFile(path('generated/buy.py'), `${FOLDER}buy.py`);
  await well(PYTHON.command, ['-m', 'mypy', '--config-file', path('generated/mypy.ini'), 'buy.py'], { env: PYTHON.env });

  const bought = await well(PYTHON.command, ['buy.py'], { env: { ...PYTHON.env, TILL_URL: till.url } });
  assert.deepEqual(bought.trim().split('\n'), BOUGHT);
});
