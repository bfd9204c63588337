import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** What happens to bytes and connections on their way: they pass, are swallowed without a word, or are refused. */
type Mode = 'open' | 'silent' | 'closed';

/** PostgreSQL's message that carries a notification. */
const NOTIFICATION_RESPONSE = 'A'.charCodeAt(0);

/** One connection, seen from the proxy. */
interface Carried {
  readonly sockets: readonly [Socket, Socket];
  /** What the client said first: its user, its database, its application name. */
  greeting: string;
}

/** A bad network between a worker and its database: cuts connections, refuses new ones, or swallows what they carry. */
export class TcpProxy {
  private mode: Mode = 'open';
  private readonly sockets = new Set<Socket>();
  private readonly connections = new Set<Carried>();
  /**
   * On connections made from now on notifications do not pass, everything else does, as through a pooler that gives each
   * transaction another session.
   */
  dropsNotifications = false;
  /** Connections that were cut so far. */
  cuts = 0;
  /** Is shown what clients send, as it passes. */
  onSent: (bytes: Buffer) => void = () => undefined;

  private constructor(
    private readonly server: Server,
    private target: URL,
  ) {}

  static async before(databaseUrl: string): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, new URL(databaseUrl));
    server.on('connection', (socket) => proxy.carry(socket));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** The database's URL, through the proxy. */
  get url(): string {
    const url = new URL(this.target);
    url.hostname = '127.0.0.1';
    url.port = String(this.address.port);
    return url.href;
  }

  /** New connections go there. */
  retarget(databaseUrl: string): void {
    this.target = new URL(databaseUrl);
  }

  /** Every connection is reset, in the middle of whatever it does; new ones can be made. */
  cut(): void {
    this.cuts += this.sockets.size;
    for (const socket of this.sockets) socket.resetAndDestroy();
  }

  /** No way through until `open`. */
  close(): void {
    this.mode = 'closed';
    this.cut();
  }

  /** Connections stay up, but nothing arrives any more, in neither direction. */
  silence(): void {
    this.mode = 'silent';
    for (const socket of this.sockets) socket.pause();
  }

  /** The connections that are up now and whose greeting has this text become half-open: nothing arrives any more. */
  silenceThose(greeting: string): number {
    const meant = [...this.connections].filter((one) => one.greeting.includes(greeting));
    for (const { sockets } of meant) for (const socket of sockets) socket.pause();
    return meant.length;
  }

  open(): void {
    this.mode = 'open';
    for (const socket of this.sockets) socket.resume();
  }

  async end(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, 'close');
  }

  private get address(): AddressInfo {
    const address = this.server.address();
    if (address === null || typeof address === 'string') throw new Error('The proxy does not listen');
    return address;
  }

  private carry(client: Socket): void {
    if (this.mode === 'closed') {
      client.resetAndDestroy();
      return;
    }
    const server = connect(Number(this.target.port || 5432), this.target.hostname);
    client.on('data', (bytes) => this.onSent(bytes));
    const carried: Carried = { sockets: [client, server], greeting: '' };
    this.connections.add(carried);
    client.once('data', (greeting) => {
      carried.greeting = greeting.toString('latin1');
    });
    client.on('close', () => this.connections.delete(carried));
    this.join(client, server);
    this.join(server, client, this.dropsNotifications ? withoutNotifications() : undefined);
    if (this.mode === 'silent') for (const socket of [client, server]) socket.pause();
  }

  private join(from: Socket, to: Socket, filter = (chunk: Buffer) => chunk): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (chunk: Buffer) => {
      const passed = filter(chunk);
      if (!to.destroyed && passed.length > 0) to.write(passed);
    });
    from.on('error', () => undefined);
    from.on('end', () => to.end());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}

/** Takes the server's stream apart into messages: a byte that says what it is, four for its length, then the rest. */
function withoutNotifications(): (chunk: Buffer) => Buffer {
  let rest: Buffer = Buffer.alloc(0);
  return (chunk) => {
    const stream = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const passed: Buffer[] = [];
    let start = 0;
    while (stream.length - start >= 5) {
      const end = start + 1 + stream.readInt32BE(start + 1);
      if (end > stream.length) break;
      if (stream[start] !== NOTIFICATION_RESPONSE) passed.push(stream.subarray(start, end));
      start = end;
    }
    rest = stream.subarray(start);
    return Buffer.concat(passed);
  };
}
