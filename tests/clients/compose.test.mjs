// docker-compose.yml without Docker: by the compose specification's own schema, and by what this repository promises of it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { access, copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { parse } from 'yaml';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FILE = join(ROOT, 'docker-compose.yml');
const TOOLS = join(ROOT, 'target/tools/check-jsonschema');
const text = await readFile(FILE, 'utf8');
const compose = parse(text, { merge: true });
const services = Object.entries(compose.services);
const run = promisify(execFile);

/** Made by Docker where it is missing: a report lies there. */
const WRITTEN = ['./target/load'];
/** They run to their end. */
const ONCE = ['migrate', 'seed', 'k6'];
/** Nothing in their images can ask them. */
const UNASKED = ['otel-collector', 'pgbouncer', 'mailpit'];

test('it is a compose file by the specification’s schema', async () => {
  const own = await access(TOOLS).then(
    () => true,
    () => false,
  );
  const program = own ? join(TOOLS, 'bin/check-jsonschema') : 'check-jsonschema';
  const env = { ...process.env, ...(own && { PYTHONPATH: TOOLS }) };
  await run(program, ['--builtin-schema', 'vendor.compose-spec', FILE], { env });
});

test('every file that is mounted exists, and none can be changed from within', async () => {
  const mounts = services.flatMap(([, { volumes = [] }]) => volumes).filter((volume) => volume.startsWith('.'));
  assert.ok(mounts.length >= 6);
  for (const mount of mounts) {
    const [from, , mode] = mount.split(':');
    if (WRITTEN.includes(from)) continue;
    await access(join(ROOT, from));
    assert.equal(mode, 'ro', mount);
  }
});

const yamls = async (folder) => {
  const names = await readdir(join(ROOT, folder)).catch(() => []);
  return Promise.all(names.map(async (name) => parse(await readFile(join(ROOT, folder, name), 'utf8'))));
};

test('Grafana is given what its provisioning names: folders that are mounted, and services on its own network', async () => {
  const targets = compose.services.grafana.volumes.map((volume) => volume.split(':')[1]);
  for (const { providers } of await yamls('deploy/grafana/provisioning/dashboards')) {
    for (const { options } of providers) assert.ok(targets.includes(options.path), options.path);
  }
  const sources = (await yamls('deploy/grafana/provisioning/datasources')).flatMap(({ datasources }) => datasources);
  assert.ok(sources.length > 0);
  for (const { url } of sources) {
    const named = compose.services[new URL(url).hostname];
    assert.ok(named?.networks.includes('watch'), url);
  }
});

test('the collector’s pipelines name parts that are there, and send to a service on its own network', async () => {
  const { service, ...parts } = parse(await readFile(join(ROOT, 'deploy/otel/collector.yaml'), 'utf8'));
  for (const pipeline of Object.values(service.pipelines)) {
    for (const [kind, names] of Object.entries(pipeline))
      for (const name of names) assert.ok(name in parts[kind], `${kind}: ${name}`);
  }
  assert.deepEqual(service.pipelines.traces.processors[0], 'memory_limiter');
  assert.match(parts.receivers.otlp.protocols.http.endpoint, /:4318$/);
  for (const { endpoint } of Object.values(parts.exporters))
    assert.ok(compose.services[endpoint.split(':')[0]].networks.includes('watch'), endpoint);
});

test('every volume that is named is declared, and the other way round', () => {
  const named = services.flatMap(([, { volumes = [] }]) => volumes).map((volume) => volume.split(':')[0]);
  assert.deepEqual([...new Set(named.filter((name) => !name.startsWith('.')))].sort(), Object.keys(compose.volumes).sort());
  const networks = services.flatMap(([, { networks: own }]) => own);
  assert.deepEqual([...new Set(networks)].sort(), Object.keys(compose.networks).sort());
});

test('every image is pinned to a version', () => {
  for (const [name, { image, build }] of services) {
    if (build) assert.equal(image, 'till', name);
    else assert.match(image, /^[\w./-]+:v?\d[\w.-]*$/, `${name}: ${image}`);
  }
});

test('each profile has its services, and the service itself needs none', () => {
  const of = (profile) =>
    services
      .filter(([, { profiles = [] }]) => profiles.includes(profile))
      .map(([name]) => name)
      .sort();
  assert.deepEqual(of('observability'), ['grafana', 'jaeger', 'otel-collector', 'prometheus']);
  assert.deepEqual(of('load'), ['k6']);
  assert.deepEqual(of('pgbouncer'), ['pgbouncer']);
  assert.deepEqual(of('demo'), ['seed']);
  const always = services
    .filter(([, { profiles }]) => !profiles)
    .map(([name]) => name)
    .sort();
  assert.deepEqual(always, ['api', 'gateway', 'mailpit', 'migrate', 'postgres', 'proxy', 'rabbitmq', 'redis', 'worker']);
  for (const name of always) {
    for (const needed of Object.keys(compose.services[name].depends_on ?? {}))
      assert.ok(always.includes(needed), `${name} needs ${needed}`);
  }
});

test('nothing but the proxy is published beyond this machine', () => {
  for (const [name, { ports = [] }] of services) {
    if (name === 'proxy') continue;
    for (const port of ports) assert.match(port, /^127\.0\.0\.1:/, name);
  }
});

test('who shows dashboards and traces does not reach the database', () => {
  for (const name of ['grafana', 'jaeger']) assert.ok(!compose.services[name].networks.includes('inner'), name);
  for (const name of ['postgres', 'redis', 'rabbitmq']) assert.deepEqual(compose.services[name].networks, ['inner'], name);
});

test('every service that stays has a bound of memory and says how it is', () => {
  for (const [name, { mem_limit: limit, healthcheck }] of services) {
    if (ONCE.includes(name)) continue;
    assert.match(limit ?? '', /^\d+[mg]$/, name);
    assert.equal(Boolean(healthcheck), !UNASKED.includes(name), name);
  }
});

test('what can be read-only is, and nothing gains privileges', () => {
  const stateful = ['postgres', 'redis', 'rabbitmq', 'mailpit', 'pgbouncer'];
  for (const [name, service] of services) {
    if (stateful.includes(name)) continue;
    assert.equal(service.read_only, true, name);
    assert.deepEqual(service.security_opt, ['no-new-privileges:true'], name);
  }
});

test('every secret it wants is made by `make env`, anew each time, and added to a file that lacks it', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'till-env-'));
  await mkdir(join(folder, 'deploy'));
  await copyFile(join(ROOT, 'deploy/make-env.sh'), join(folder, 'deploy/make-env.sh'));
  const make = async () => {
    await run('bash', [join(folder, 'deploy/make-env.sh')]);
    const lines = (await readFile(join(folder, '.env'), 'utf8')).split('\n').filter((line) => /^\w+=/.test(line));
    return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  };
  const wanted = ['GRAFANA_PASSWORD', ...[...text.matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name)];
  const first = await make();
  for (const name of wanted) assert.ok(first[name], `${name} is wanted and not made`);
  assert.deepEqual(await make(), first, 'a second time changes nothing');

  await writeFile(join(folder, '.env'), `TILL_SECRET_KEY=${first.TILL_SECRET_KEY}`);
  const second = await make();
  assert.equal(second.TILL_SECRET_KEY, first.TILL_SECRET_KEY);
  for (const name of wanted) assert.ok(second[name], name);
  for (const name of wanted.filter((name) => /PASSWORD/.test(name))) assert.notEqual(second[name], first[name], name);
  await rm(folder, { recursive: true });
});

test('what a profile alone wants does not stop the shop: Compose asks for every secret of the file', () => {
  const wanted = (chosen) => [...JSON.stringify(chosen).matchAll(/\$\{(\w+):\?/g)].map(([, name]) => name);
  const always = wanted(services.filter(([, { profiles }]) => !profiles));
  assert.ok(always.length > 4);
  for (const [name, service] of services) for (const secret of wanted(service)) assert.ok(always.includes(secret), `${name}: ${secret}`);
});

test('Grafana does not start without a password', async () => {
  const [shell, ...args] = compose.services.grafana.entrypoint;
  const start = async (password) => {
    // As Compose hands it on.
    const handed = args.map((arg) => arg.replaceAll('$$', '$').replace('exec /run.sh', 'echo started'));
    return run(shell, handed, { env: { PATH: process.env.PATH, GF_SECURITY_ADMIN_PASSWORD: password } });
  };
  await assert.rejects(start(''), /GRAFANA_PASSWORD is empty/);
  assert.equal((await start('secret')).stdout, 'started\n');
});

test('every setting of ours that it gives is one that the programs know', async () => {
  const known = new Set(
    [...(await readFile(join(ROOT, '.env.example'), 'utf8')).matchAll(/^#?(\w+)=/gm)].map(([, name]) => name),
  );
  for (const [name, { build, environment = {} }] of services) {
    if (!build) continue;
    for (const setting of Object.keys(environment).filter((key) => key.startsWith('TILL_')))
      assert.ok(known.has(setting), `${name}: ${setting}`);
  }
});

test('docker-compose reads it the same way, where there is one', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'till-compose-'));
  await mkdir(join(folder, 'deploy'));
  await copyFile(FILE, join(folder, 'docker-compose.yml'));
  await copyFile(join(ROOT, 'deploy/make-env.sh'), join(folder, 'deploy/make-env.sh'));
  await run('bash', [join(folder, 'deploy/make-env.sh')]);
  const made = await readFile(join(folder, '.env'), 'utf8');
  // As an older release made it, without what only a profile wants.
  await writeFile(join(folder, '.env'), made.replace(/^GRAFANA_PASSWORD=.*\n/m, ''));
  const forms = [
    ['docker-compose', []],
    ['docker', ['compose']],
  ];
  let found = 0;
  for (const [program, first] of forms) {
    const there = await run(program, [...first, 'version']).then(
      () => true,
      () => false,
    );
    if (!there) continue;
    found += 1;
    const profiles = ['observability', 'load', 'demo', 'pgbouncer'].flatMap((profile) => ['--profile', profile]);
    const { stdout } = await run(program, [...first, ...profiles, 'config', '--services'], { cwd: folder });
    assert.deepEqual(stdout.trim().split('\n').sort(), services.map(([name]) => name).sort());
  }
  await rm(folder, { recursive: true });
  if (!found) context.skip('no docker-compose here');
});
