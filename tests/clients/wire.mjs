// HTTP/1.1 without a library between: what is sent is what a test says, byte for byte, however odd; a library would mend or refuse it.
import { once } from 'node:events';
import { createConnection } from 'node:net';

const PATIENCE = 20_000;

/** A connection that asks one thing after the other, and is opened anew where the service has closed it. */
export class Wire {
  #socket;
  #read = Buffer.alloc(0);
  #waiting;

  constructor(url) {
    const { hostname, port } = new URL(url);
    this.address = { host: hostname, port: Number(port), noDelay: true };
  }

  /** `{ status, headers, body }`; `undefined` where it was closed without an answer. `head` tells that no body follows. */
  async ask(bytes, { head = false } = {}) {
    const fresh = !this.#socket;
    if (fresh) await this.#open();
    this.#socket.write(bytes);
    const answer = await this.#answer(head);
    // A connection that was idle may have been closed before the service saw a byte.
    if (!answer && !fresh) return this.ask(bytes, { head });
    if (!answer || answer.headers.connection === 'close') this.close();
    return answer;
  }

  close() {
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#read = Buffer.alloc(0);
  }

  async #open() {
    const socket = createConnection(this.address);
    await once(socket, 'connect');
    socket.on('data', (bytes) => {
      this.#read = Buffer.concat([this.#read, bytes]);
      this.#waiting?.();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      if (this.#socket === socket) this.#socket = undefined;
      this.#waiting?.();
    });
    this.#socket = socket;
  }

  async #answer(head) {
    const until = Date.now() + PATIENCE;
    for (;;) {
      const parsed = parse(this.#read, head);
      if (parsed) {
        this.#read = this.#read.subarray(parsed.length);
        return parsed.answer;
      }
      if (!this.#socket) return undefined;
      if (Date.now() > until) throw new Error(`no answer within ${PATIENCE} ms`);
      await this.#more(until - Date.now());
    }
  }

  #more(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.max(1, milliseconds));
      this.#waiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** The first answer in these bytes and its length; `undefined` where it is not all there. */
function parse(bytes, head) {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first, ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const status = Number(first.split(' ')[1]);
  const headers = Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]));
  const start = end + 4;
  if (status < 200) {
    const rest = parse(bytes.subarray(start), head);
    return rest && { answer: rest.answer, length: start + rest.length };
  }
  const answer = (body, length) => ({ answer: { status, headers, body }, length });
  if (head || status === 204 || status === 304) return answer('', start);
  if (headers['transfer-encoding'] === 'chunked') return chunks(bytes, start, answer);
  const length = start + Number(headers['content-length'] ?? 0);
  return bytes.length < length ? undefined : answer(bytes.subarray(start, length).toString(), length);
}

function chunks(bytes, start, answer) {
  const parts = [];
  for (let at = start; ; ) {
    const line = bytes.indexOf('\r\n', at);
    if (line < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, line).toString('latin1'), 16);
    const next = line + 2 + size + 2;
    if (bytes.length < next) return undefined;
    if (size === 0) return answer(Buffer.concat(parts).toString(), next);
    parts.push(bytes.subarray(line + 2, line + 2 + size));
    at = next;
  }
}
