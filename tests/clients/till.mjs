// Starts `till up` for a test, on free ports and a data directory of its own, and stops it again.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readlink, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = process.env.TILL_PROGRAM;
if (!PROGRAM) throw new Error('TILL_PROGRAM must name the till program; `make test-clients` sets it');

export async function freePorts(count) {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => once(server.close(), 'close')));
  return ports;
}

/** Resolves once it is up, with these settings besides: `{ url, ops, gateway, pid, stop() }`. */
export async function startTill(settings = {}) {
  const data = await mkdtemp(join(tmpdir(), 'till-clients-'));
  await chmod(data, 0o755); // the account of Postgres must be able to walk there
  const [api, ops, gateway] = await freePorts(3);
  const { PATH, HOME, PG_BIN } = process.env;
  const child = spawn(PROGRAM, ['up'], {
    env: {
      PATH,
      HOME,
      ...(PG_BIN && { PG_BIN }),
      RUST_LOG: 'warn',
      TILL_DATA_DIR: data,
      TILL_LISTEN: `127.0.0.1:${api}`,
      TILL_OPS_LISTEN: `127.0.0.1:${ops}`,
      TILL_GATEWAY_LISTEN: `127.0.0.1:${gateway}`,
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exit = once(child, 'exit');
  await new Promise((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => line.includes('Ctrl-C') && resolve());
    exit.then(([code]) => reject(new Error(`till up ended with ${code}`)));
  });
  return {
    url: `http://127.0.0.1:${api}`,
    ops: `http://127.0.0.1:${ops}`,
    gateway: `http://127.0.0.1:${gateway}`,
    pid: child.pid,
    async stop() {
      child.kill('SIGINT');
      const [code] = await exit;
      const moved = await readlink(join(data, 'postgres')).catch(() => null);
      for (const path of [moved, data]) if (path) await rm(path, { recursive: true });
      if (code !== 0) throw new Error(`till up ended with ${code}`);
    },
  };
}
