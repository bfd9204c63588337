import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { Server, Socket } from 'node:net';

/** A transaction pooler lends a session of the server for a transaction, a session pooler for as long as a client is connected. */
export type PoolMode = 'transaction' | 'session';

/** Messages of the protocol, by their first byte. */
const CODES = { query: 'Q', sync: 'S', terminate: 'X', ready: 'Z', key: 'K' };
const IDLE = 'I';
/** What the pooler says of itself: no process of the server has this number. */
const OWN_PROCESS = 2_000_000_001;
/** AuthenticationOk, BackendKeyData and ReadyForQuery. */
const WELCOME = Buffer.concat([
  message('R', int32(0)),
  message(CODES.key, Buffer.concat([int32(OWN_PROCESS), int32(1)])),
  message(CODES.ready, Buffer.from(IDLE)),
]);

interface Session {
  readonly socket: Socket;
  user: Guest | undefined;
}

interface Guest {
  readonly socket: Socket;
  session: Session | undefined;
  /** Sent while no session was free. */
  waiting: Buffer[];
  /** Answers that are still to come. */
  unanswered: number;
}

/**
 * A pooler as PgBouncer is one: it knows nothing of prepared statements, and refuses a startup parameter that it does not know.
 * The first clients log in to the server; the sessions that they get are those that all clients share.
 */
export class Pooler {
  private readonly sessions = new Set<Session>();
  private readonly free: Session[] = [];
  private readonly queue: Guest[] = [];
  private readonly sockets = new Set<Socket>();

  private constructor(
    private readonly server: Server,
    private readonly target: URL,
    private readonly mode: PoolMode,
    private readonly size: number,
  ) {}

  static async before(databaseUrl: string, mode: PoolMode, size = 3): Promise<Pooler> {
    const server = createServer();
    const pooler = new Pooler(server, new URL(databaseUrl), mode, size);
    server.on('connection', (socket) => pooler.welcome(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return pooler;
  }

  /** The database's URL, through the pooler. */
  get url(): string {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('The pooler does not listen');
    const url = new URL(this.target);
    url.host = `127.0.0.1:${address.port}`;
    return url.href;
  }

  async end(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private welcome(socket: Socket): void {
    this.keep(socket);
    const guest: Guest = { socket, session: undefined, waiting: [], unanswered: 0 };
    socket.once('data', (startup) => {
      if (startup.includes('\0options\0')) {
        const refusal = 'SFATAL\0VFATAL\0C08P01\0Munsupported startup parameter: options\0\0';
        socket.end(message('E', Buffer.from(refusal)));
        return;
      }
      if (this.mode === 'transaction' && this.sessions.size >= this.size) {
        socket.write(WELCOME);
        this.serve(guest);
      } else this.logIn(guest, startup);
    });
    socket.on('close', () => this.leave(guest));
  }

  /** Passes on the client's login; the session is the client's until it is logged in. */
  private logIn(guest: Guest, startup: Buffer): void {
    const session: Session = {
      socket: connect(Number(this.target.port || 5432), this.target.hostname),
      user: guest,
    };
    this.keep(session.socket);
    this.sessions.add(session);
    guest.session = session;
    guest.unanswered = 1;
    session.socket.write(startup);
    const passOn = (bytes: Buffer): void => void session.socket.write(bytes);
    guest.socket.on('data', passOn);
    session.socket.on(
      'data',
      byMessage((code, bytes) => {
        const { user } = session;
        if (code === CODES.key) bytes.writeInt32BE(OWN_PROCESS, 5);
        user?.socket.write(bytes);
        if (code !== CODES.ready || user === undefined) return;
        if (guest.socket.off('data', passOn).listenerCount('data') === 0) this.serve(guest);
        user.unanswered -= 1;
        const over = user.unanswered === 0 && bytes.toString('latin1', 5, 6) === IDLE;
        if (over && this.mode === 'transaction') this.release(session);
      }),
    );
    session.socket.on('close', () => this.sessions.delete(session));
  }

  private serve(guest: Guest): void {
    guest.socket.on(
      'data',
      byMessage((code, bytes) => {
        if (code === CODES.terminate) return;
        if (code === CODES.query || code === CODES.sync) guest.unanswered += 1;
        guest.session ??= this.lend(guest);
        if (guest.session === undefined) guest.waiting.push(bytes);
        else guest.session.socket.write(bytes);
      }),
    );
  }

  private lend(guest: Guest): Session | undefined {
    const session = this.free.pop();
    if (session !== undefined) session.user = guest;
    else if (!this.queue.includes(guest)) this.queue.push(guest);
    return session;
  }

  private release(session: Session): void {
    if (session.user !== undefined) session.user.session = undefined;
    session.user = undefined;
    const next = this.queue.shift();
    if (next === undefined) {
      this.free.push(session);
      return;
    }
    session.user = next;
    next.session = session;
    for (const bytes of next.waiting.splice(0)) session.socket.write(bytes);
  }

  /** What a client leaves in the middle of a transaction ends with its session. */
  private leave(guest: Guest): void {
    guest.session?.socket.destroy();
    const place = this.queue.indexOf(guest);
    if (place >= 0) this.queue.splice(place, 1);
  }

  private keep(socket: Socket): void {
    this.sockets.add(socket);
    socket.setNoDelay(true);
    socket.on('error', () => undefined);
    socket.on('close', () => this.sockets.delete(socket));
  }
}

/** Takes a stream apart into messages: a byte that says what it is, four for its length, then the rest. */
function byMessage(each: (code: string, bytes: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5) {
      const end = 1 + rest.readInt32BE(1);
      if (end > rest.length) return;
      const bytes = rest.subarray(0, end);
      rest = rest.subarray(end);
      each(bytes.toString('latin1', 0, 1), bytes);
    }
  };
}

function message(code: string, content: Buffer): Buffer {
  return Buffer.concat([Buffer.from(code), int32(content.length + 4), content]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}
