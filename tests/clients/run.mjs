// Runs a program to its end.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** `{ code, out, err }`, whatever the code is. */
export async function run(command, args, settings = {}) {
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...settings,
    env: { ...process.env, ...settings.env },
  });
  let out = '';
  let err = '';
  child.stdout.setEncoding('utf8').on('data', (text) => (out += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (err += text));
  const [code] = await once(child, 'close');
  return { code, out, err };
}
