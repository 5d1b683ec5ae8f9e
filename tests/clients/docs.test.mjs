// The guides as somebody meets them who looks, who listens, who has a keyboard only, or a phone.
import assert from 'node:assert/strict';
import { mkdir, readFile } from 'node:fs/promises';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { openBrowser } from './browser.mjs';
import { guides } from './guides.mjs';
import { startTill } from './till.mjs';

// For a person to look at.
const SHOTS = new URL('../../target/screenshots/', import.meta.url);
const shot = (name) => ({ path: fileURLToPath(new URL(name, SHOTS)), fullPage: true });

const AXE = await readFile(new URL(import.meta.resolve('axe-core')), 'utf8');
const SIZES = { phone: { width: 375, height: 740 }, desktop: { width: 1280, height: 900 } };
const names = (await guides()).map(({ name }) => (name === 'README' ? '/docs' : `/docs/${name}`));
const PAGES = ['/', ...names, '/docs/errors', '/docs/errors/card_declined', '/docs/no-such-guide'];

let till, browser;

before(async () => {
  await mkdir(SHOTS, { recursive: true });
  till = await startTill({ TILL_RATE_LIMIT_ANONYMOUS: 'off' });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await till?.stop();
});

/** A page in a browser of its own, and what that browser had to complain of. */
async function open(settings) {
  const context = await browser.newContext(settings);
  const page = await context.newPage();
  const complaints = [];
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== till.url) complaints.push(`asks elsewhere: ${request.url()}`);
  });
  return { page, complaints, close: () => context.close() };
}

for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ['light', 'dark']) {
    test(`every page fits and is accessible on a ${size}, ${colorScheme}`, async () => {
      const { page, complaints, close } = await open({ viewport, colorScheme });
      for (const where of PAGES) {
        await page.goto(till.url + where);
        const [needed, given] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
        assert.ok(needed <= given, `${where}: ${needed} px of ${given}`);
        if (['/docs', '/docs/quick-start', '/docs/webhooks', '/docs/errors'].includes(where)) {
          await page.screenshot(shot(`docs-${where.split('/').at(-1)}-${size}-${colorScheme}.png`));
        }
        await page.evaluate(() => document.querySelectorAll('details').forEach((sample) => sample.setAttribute('open', '')));
        await page.evaluate(AXE);
        const { violations } = await page.evaluate(() => globalThis.axe.run());
        const told = violations.map(({ id, nodes }) => `${where} ${id}: ${nodes.map(({ html }) => html).join(' ')}`);
        assert.deepEqual(told, []);
      }
      assert.deepEqual(complaints, []);
      await close();
    });
  }
}

test('every link leads somewhere, anchors included', async () => {
  const { page, close } = await open({ viewport: SIZES.desktop });
  const known = new Map();
  const read = async (where) => {
    if (!known.has(where)) {
      const answer = await fetch(till.url + where);
      known.set(where, { status: answer.status, text: await answer.text() });
    }
    return known.get(where);
  };
  for (const where of PAGES.filter((where) => !where.includes('no-such'))) {
    await page.goto(till.url + where);
    for (const link of await page.locator('a').evaluateAll((all) => all.map((one) => one.href))) {
      const { origin, pathname, hash } = new URL(link);
      if (origin !== till.url) {
        // Places of `till up`, and a few well-known ones that no test asks.
        assert.match(link, /^(http:\/\/127\.0\.0\.1:9090\/|https:\/\/(www\.standardwebhooks\.com|jqlang\.org)\/?$)/, `${where} -> ${link}`);
        if (link.startsWith('http://127.0.0.1:9090/')) {
          assert.equal((await fetch(link.replace('http://127.0.0.1:9090', till.ops))).status, 200, `${where} -> ${link}`);
        }
        continue;
      }
      const { status, text } = await read(pathname);
      assert.equal(status, 200, `${where} -> ${link}`);
      if (hash) assert.ok(text.includes(`id="${decodeURIComponent(hash.slice(1))}"`), `${where} -> ${link}`);
    }
  }
  await close();
});

test('a keyboard reaches every link, sample and table in order, and sees where it is', async () => {
  const { page, close } = await open({ viewport: SIZES.desktop });
  await page.goto(`${till.url}/docs/idempotency`);
  const places = 'a[href], summary, [tabindex="0"]';
  const seen = await page.evaluate((places) => {
    const shown = (element) => element.checkVisibility({ contentVisibilityAuto: true });
    return [...document.querySelectorAll(places)].filter(shown).length;
  }, places);
  for (let step = 0; step < seen; step += 1) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate((places) => {
      const shown = (element) => element.checkVisibility({ contentVisibilityAuto: true });
      const element = document.activeElement;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      return {
        what: `${element.tagName} ${element.textContent.trim().slice(0, 40)}`,
        place: [...document.querySelectorAll(places)].filter(shown).indexOf(element),
        ring: style.outlineStyle !== 'none' && Number.parseFloat(style.outlineWidth) >= 2,
        inView: box.bottom > 0 && box.top < innerHeight && box.right > 0,
      };
    }, places);
    assert.equal(here.place, step, here.what);
    assert.ok(here.ring && here.inView, JSON.stringify(here));
  }
  await page.goto(`${till.url}/docs/idempotency`);
  await page.getByText('Python', { exact: true }).first().focus();
  await page.keyboard.press('Enter');
  assert.ok(await page.locator('details[open] summary', { hasText: 'Python' }).first().isVisible());
  await close();
});

test('the text of a guide is there as Markdown, too', async () => {
  for (const { name, text } of await guides()) {
    const answer = await fetch(`${till.url}/docs/${name}.md`);
    assert.match(answer.headers.get('content-type'), /^text\/markdown/);
    assert.equal(await answer.text(), text);
  }
});
