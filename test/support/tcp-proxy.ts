import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';

/** What happens to bytes and connections on their way: they pass, are swallowed without a word, or are refused. */
type Mode = 'open' | 'silent' | 'closed';

/** A bad network between a worker and its database: cuts connections, refuses new ones, or swallows what they carry. */
export class TcpProxy {
  private mode: Mode = 'open';
  private readonly sockets = new Set<Socket>();
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
    this.join(client, server);
    this.join(server, client);
    if (this.mode === 'silent') for (const socket of [client, server]) socket.pause();
  }

  private join(from: Socket, to: Socket): void {
    this.sockets.add(from);
    from.setNoDelay(true);
    from.on('data', (chunk) => {
      if (!to.destroyed) to.write(chunk);
    });
    from.on('error', () => undefined);
    from.on('end', () => to.end());
    from.on('close', () => {
      this.sockets.delete(from);
      to.destroy();
    });
  }
}
